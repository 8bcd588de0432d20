//! Salvo with its middleware, on the service as its documentation asks.

use std::time::Duration;

use futures_util::FutureExt;
use http::uri::Scheme;
use http::{HeaderName, HeaderValue, Method};
use hyper::service::Service as _;
use salvo::conn::SocketAddr;
use salvo::cors::Cors;
use salvo::http::ReqBody;
use salvo::prelude::{ConnCtrl, Depot, FlowCtrl, Request, Response, Router, Service, Text};
use salvo::{Handler, async_trait};

use crate::{METHODS, OwnHeaders, Policy, Visitor, head_of, with_body};

struct Served(OwnHeaders);

#[async_trait]
impl Handler for Served {
    async fn handle(
        &self,
        _: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        for (name, value) in self.0 {
            let value = HeaderValue::from_static(value);
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
        response.render(Text::Plain("served"));
    }
}

pub(crate) fn show(policy: Option<&Policy>, own: OwnHeaders, visitor: &mut impl Visitor) {
    let service = Service::new(Router::new().goal(Served(own)));
    let service = match policy {
        None => service,
        Some(policy) => service.hoop(cors(policy).into_handler()),
    };
    let address = || SocketAddr::Unknown;
    let scheme = Scheme::HTTP;
    let handler = service.hyper_handler(address(), address(), scheme, None, ConnCtrl::new(), None);
    visitor.visit(
        |request| with_body(request, ReqBody::None),
        |request| {
            let answer = handler.call(request).now_or_never();
            answer.expect("nothing waits")
        },
        |answer| head_of(answer.expect("an answer")),
    );
}

fn cors(policy: &Policy) -> Cors {
    let cors = Cors::new()
        .allow_origin(&policy.origins)
        .allow_methods(METHODS.map(|method| method.parse::<Method>().expect("a method")))
        .allow_headers([HeaderName::from_static(policy.header)])
        .allow_credentials(policy.credentials);
    match policy.max_age {
        None => cors,
        Some(seconds) => cors.max_age(Duration::from_secs(seconds.into())),
    }
}
