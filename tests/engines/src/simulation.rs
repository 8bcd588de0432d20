//! What the crate's test browser makes of the cases.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{Method, Request};
use tower_cors::testing::{Browser, Credentials, Fetch, Profile};

use crate::layers::Layers;
use crate::matrix::is_of_the_service;
use crate::{Case, CredentialsMode, Matrix, PageOrigin, Seen, Verdict};

/// The verdicts on these cases of the matrix, as a browser of this profile.
pub async fn of(
    matrix: &Matrix,
    cases: &[Case],
    layers: Layers,
    profile: &Profile,
) -> Vec<Verdict> {
    let mut site = matrix.site(layers);
    let mut verdicts = Vec::new();
    for cases in cases.chunk_by(|one, next| one.page == next.page) {
        let mut browser = match cases[0].page {
            page @ (PageOrigin::Tuple(..) | PageOrigin::Secure(..)) => {
                Browser::at(&page.to_string())
            }
            PageOrigin::Opaque => Browser::opaque(),
        }
        .like(profile.clone());
        for case in cases {
            let outcome = browser.fetch(&mut site.router, fetch(case)).await;
            let seen = match outcome.into_response() {
                Some(response) => Some(see(response).await),
                None => None,
            };
            verdicts.push(site.log().verdict(case, seen));
        }
    }
    verdicts
}

async fn see(response: Response) -> Seen {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let names = head.headers.keys().map(|name| name.as_str().to_owned());
    Seen {
        status: head.status.as_u16(),
        headers: names.filter(|name| is_of_the_service(name)).collect(),
        body: String::from_utf8_lossy(&body.expect("the body is at hand")).into_owned(),
    }
}

fn fetch(case: &Case) -> Fetch<Body> {
    let method = Method::from_bytes(case.request.method.as_bytes());
    let mut request = Request::builder().uri(case.url());
    if let Ok(method) = method {
        request = request.method(method);
    }
    for (name, value) in case.request.headers {
        request = request.header(*name, *value);
    }
    Fetch::from(request.body(Body::empty())).credentials(match case.request.credentials {
        CredentialsMode::Omit => Credentials::Omit,
        CredentialsMode::SameOrigin => Credentials::SameOrigin,
        CredentialsMode::Include => Credentials::Include,
    })
}
