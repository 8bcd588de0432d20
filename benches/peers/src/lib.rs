//! One application with one policy in each framework, to be asked the same and to be measured alike.

mod framework;

use http::{HeaderMap, Request, Response};

/// What is allowed, in words that every framework has: GET and PUT, and one header of requests.
pub struct Policy {
    pub origins: Vec<String>,
    pub header: &'static str,
    pub credentials: bool,
    pub max_age: Option<u32>,
}

const METHODS: [&str; 2] = ["GET", "PUT"];

/// The headers that the application sets itself, beside its body `served`, on every response.
pub type OwnHeaders = &'static [(&'static str, &'static str)];

/// Is shown an application in its framework's own types: nothing is measured that a server would not do.
pub trait Visitor {
    /// `ask` makes the framework's request, `call` is the way through the application, `read` tells what it answered.
    fn visit<Q, R>(
        &mut self,
        ask: impl Fn(&Request<()>) -> Q,
        call: impl Fn(Q) -> R,
        read: impl Fn(R) -> Response<()>,
    );
}

#[derive(Clone, Copy, PartialEq)]
pub enum Middleware {
    TowerCors,
    /// The layer around the router instead of in it.
    TowerCorsAround,
    TowerHttp,
    /// A layer of Tower that does nothing, which Axum boxes like any other.
    Nothing,
    ActixCors,
    Poem,
    Warp,
    Salvo,
    RocketCors,
}

impl Middleware {
    pub const ALL: [Self; 9] = [
        Self::TowerCors,
        Self::TowerCorsAround,
        Self::TowerHttp,
        Self::Nothing,
        Self::ActixCors,
        Self::Poem,
        Self::Warp,
        Self::Salvo,
        Self::RocketCors,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::TowerCors => "tower-cors",
            Self::TowerCorsAround => "tower-cors, around the router",
            Self::TowerHttp => "tower-http",
            Self::Nothing => "a layer that does nothing",
            Self::ActixCors => "actix-cors",
            Self::Poem => "poem",
            Self::Warp => "warp",
            Self::Salvo => "salvo",
            Self::RocketCors => "rocket_cors",
        }
    }

    /// Shows the application with the policy, or without CORS.
    pub fn show(self, policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
        match (self, policy) {
            (Self::TowerCors, Some(policy)) => framework::axum::tower_cors(policy, own, visitor),
            (Self::TowerCorsAround, Some(policy)) => framework::axum::around(policy, own, visitor),
            (Self::TowerHttp, Some(policy)) => framework::axum::tower_http(policy, own, visitor),
            (Self::Nothing, Some(_)) => framework::axum::nothing(own, visitor),
            (Self::TowerCors | Self::TowerCorsAround | Self::TowerHttp | Self::Nothing, None) => {
                framework::axum::without(own, visitor);
            }
            (Self::ActixCors, policy) => framework::actix::show(policy, own, visitor),
            (Self::Poem, policy) => framework::poem::show(policy, own, visitor),
            (Self::Warp, policy) => framework::warp::show(policy, own, visitor),
            (Self::Salvo, policy) => framework::salvo::show(policy, own, visitor),
            (Self::RocketCors, policy) => framework::rocket::show(policy, own, visitor),
        }
    }
}

/// The same request with another body.
fn with_body<B>(request: &Request<()>, body: B) -> Request<B> {
    let (parts, ()) = request.clone().into_parts();
    Request::from_parts(parts, body)
}

fn head_of<B>(response: Response<B>) -> Response<()> {
    response.map(drop)
}

/// A response of a framework that has types of its own.
fn head<'a>(status: u16, headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = status.try_into().expect("a status");
    let map: &mut HeaderMap = response.headers_mut();
    for (name, value) in headers {
        map.append(
            http::HeaderName::try_from(name).expect("a name"),
            http::HeaderValue::from_bytes(value).expect("a value"),
        );
    }
    response
}
