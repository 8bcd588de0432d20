//! Warp with its filter.

use std::convert::Infallible;

use futures_util::FutureExt;
use tower::Service;
use warp::Filter;
use warp::filters::cors::Builder;
use warp::http::{Request, Response};

use crate::{METHODS, OwnHeaders, Policy, Visitor, head_of, with_body};

pub(crate) fn show(policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
    let served = warp::any().map(move || {
        let mut response = Response::builder();
        for (name, value) in own {
            response = response.header(*name, *value);
        }
        response.body("served")
    });
    match policy {
        None => show_service(&warp::service(served), visitor),
        Some(policy) => show_service(&warp::service(served.with(cors(policy))), visitor),
    }
}

fn cors(policy: &Policy) -> Builder {
    let cors = warp::cors()
        .allow_origins(policy.origins.iter().map(String::as_str))
        .allow_methods(METHODS)
        .allow_header(policy.header)
        .allow_credentials(policy.credentials);
    match policy.max_age {
        None => cors,
        Some(seconds) => cors.max_age(seconds),
    }
}

/// Cloned for each request, as Hyper's adapter does under Warp's server.
fn show_service<S, B>(service: &S, visitor: &mut impl Visitor)
where
    S: Service<Request<String>, Response = Response<B>, Error = Infallible> + Clone,
{
    visitor.visit(
        |request| with_body(request, String::new()),
        |request| {
            let answer = service.clone().call(request).now_or_never();
            answer.expect("nothing waits")
        },
        |answer| {
            let Ok(response) = answer;
            head_of(response)
        },
    );
}
