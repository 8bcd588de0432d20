//! Actix Web with actix-cors.

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, web};
use futures_util::FutureExt;
use http::Request;

use crate::{METHODS, OwnHeaders, Policy, Visitor, head};

pub(crate) fn show(policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
    let served = move || async move {
        let mut response = HttpResponse::Ok();
        for header in own {
            response.append_header(*header);
        }
        response.body("served")
    };
    let ask = |request: &Request<()>| {
        let mut asked = TestRequest::with_uri("/").method(method(request));
        for (name, value) in request.headers() {
            asked = asked.append_header((name_of(name), value_of(value)));
        }
        asked.to_request()
    };
    let app = App::new().route("/", web::route().to(served));
    let ready = "an application is made without waiting";
    match policy {
        None => show_service(
            &init_service(app).now_or_never().expect(ready),
            &ask,
            visitor,
        ),
        Some(policy) => {
            let app = init_service(app.wrap(cors(policy)));
            show_service(&app.now_or_never().expect(ready), &ask, visitor);
        }
    }
}

fn cors(policy: &Policy) -> Cors {
    let mut cors = Cors::default()
        .allowed_methods(METHODS)
        .allowed_header(policy.header);
    if let Some(seconds) = policy.max_age {
        cors = cors.max_age(seconds as usize);
    }
    if policy.credentials {
        cors = cors.supports_credentials();
    }
    let origins = policy.origins.iter();
    origins.fold(cors, |cors, origin| cors.allowed_origin(origin))
}

fn show_service<Q, B: MessageBody>(
    service: &impl Service<Q, Response = ServiceResponse<B>, Error = actix_web::Error>,
    ask: &impl Fn(&Request<()>) -> Q,
    visitor: &mut impl Visitor,
) {
    visitor.visit(
        ask,
        |request| {
            let answer = service.call(request).now_or_never();
            answer.expect("nothing waits")
        },
        |answer| {
            let response = answer.expect("an answer");
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
            head(response.status().as_u16(), headers)
        },
    );
}

// Actix has the types of `http` 0.2.

fn method(request: &Request<()>) -> Method {
    request.method().as_str().parse().expect("a method")
}

fn name_of(name: &http::HeaderName) -> HeaderName {
    name.as_str().parse().expect("a name")
}

/// Shares the buffer that it was read into, so that cloning it is a reference count.
fn value_of(value: &http::HeaderValue) -> HeaderValue {
    let owned = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
    drop(owned.clone());
    owned
}
