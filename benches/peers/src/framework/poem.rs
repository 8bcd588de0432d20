//! Poem with its middleware.

use futures_util::FutureExt;
use http::{HeaderName, Method};
use poem::endpoint::make_sync;
use poem::middleware::Cors;
use poem::{Endpoint, EndpointExt, Response, Route};

use crate::{METHODS, OwnHeaders, Policy, Visitor};

pub(crate) fn show(policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
    let served = make_sync(move |_| {
        let mut response = Response::builder();
        for (name, value) in own {
            response = response.header(*name, *value);
        }
        response.body("served")
    });
    let app = Route::new().at("/", served);
    match policy {
        None => show_endpoint(&app, visitor),
        Some(policy) => show_endpoint(&app.with(cors(policy)), visitor),
    }
}

fn cors(policy: &Policy) -> Cors {
    let cors = Cors::new()
        .allow_origins(&policy.origins)
        .allow_methods(METHODS.map(|method| method.parse::<Method>().expect("a method")))
        .allow_header(HeaderName::from_static(policy.header))
        .allow_credentials(policy.credentials);
    match policy.max_age {
        None => cors,
        Some(seconds) => cors.max_age(seconds.try_into().expect("less than 68 years")),
    }
}

fn show_endpoint(app: &impl Endpoint, visitor: &mut impl Visitor) {
    visitor.visit(
        |request| {
            let asked = poem::Request::builder().method(request.method().clone());
            let mut asked = asked.finish();
            *asked.headers_mut() = request.headers().clone();
            asked
        },
        |request| {
            let answer = app.get_response(request).now_or_never();
            answer.expect("nothing waits")
        },
        |response| {
            let (parts, _) = response.into_parts();
            let mut response = http::Response::new(());
            *response.status_mut() = parts.status;
            *response.headers_mut() = parts.headers;
            response
        },
    );
}
