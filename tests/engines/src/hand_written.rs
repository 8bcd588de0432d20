//! A CORS middleware of a few lines, as services have them, and mistakes that such have: what the engines must find.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::description::{Description, Names, Origins, Scheme};
use crate::layers::is_meant;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// A domain is compared with the end of the origin, so that `evilshop.test` is below `shop.test`.
    SuffixMatch,
    /// The answers differ by origin and do not say so.
    NoVary,
    /// Every origin is allowed with `*`, and credentials too.
    WildcardWithCredentials,
}

pub(crate) fn around(
    policy: Description,
    scheme: Scheme,
    mistake: Option<Mistake>,
    routes: Router,
) -> Router {
    routes.layer(from_fn(move |request, next| {
        answer(policy, scheme, mistake, request, next)
    }))
}

async fn answer(
    policy: Description,
    scheme: Scheme,
    mistake: Option<Mistake>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && origin.is_some()
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if let Some(origin) = origin.filter(|origin| is_allowed(&policy, scheme, mistake, origin)) {
        grant(&policy, mistake, origin, headers);
    }
    if mistake != Some(Mistake::NoVary) {
        headers.insert(VARY, HeaderValue::from_name(ORIGIN));
    }
    response
}

fn is_allowed(
    policy: &Description,
    scheme: Scheme,
    mistake: Option<Mistake>,
    origin: &HeaderValue,
) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let is_allowed = |origins: &Origins| match (mistake, origins) {
        (Some(Mistake::SuffixMatch), Origins::Below(domain)) => origin.ends_with(domain),
        _ => is_meant(*origins, scheme, origin),
    };
    policy.origins.iter().any(is_allowed)
}

fn grant(
    policy: &Description,
    mistake: Option<Mistake>,
    origin: HeaderValue,
    headers: &mut HeaderMap,
) {
    let origin = match mistake {
        Some(Mistake::WildcardWithCredentials) => HeaderValue::from_static("*"),
        _ => origin,
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if policy.credentials {
        let permitted = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, permitted);
    }
    for (name, names) in [
        (ACCESS_CONTROL_ALLOW_METHODS, policy.methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, policy.headers),
        (ACCESS_CONTROL_EXPOSE_HEADERS, policy.exposed),
    ] {
        list(name, names, headers);
    }
}

/// Every name is said with `*`, so it has no policy that means every name with credentials.
fn list(name: HeaderName, names: Names, headers: &mut HeaderMap) {
    let names = match names {
        Names::Listed(names) => names.join(", "),
        Names::Every => "*, authorization".to_owned(),
    };
    let names = HeaderValue::try_from(names).expect("names are a header value");
    headers.insert(name, names);
}
