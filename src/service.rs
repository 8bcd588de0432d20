//! The way of a request.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use tower_service::Service;

use crate::decision::Decision;
use crate::future::ResponseFuture;
use crate::headers;
use crate::layer::Shared;
use crate::request::is_preflight;
use crate::telemetry;

/// A service with CORS, made by a [`CorsLayer`](crate::CorsLayer).
#[derive(Clone)]
pub struct Cors<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Cors<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Cors<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if is_preflight(request.method(), request.headers()) {
            return self.shared.answer(request);
        }
        let (mut grant, decision) = self.shared.source.grant(request.headers());
        if self.shared.is_observed() {
            grant.note = self.shared.observe(&request, decision);
        }
        ResponseFuture::actual(self.inner.call(request), grant)
    }
}

impl Shared {
    /// Answers a preflight in the place of the inner service.
    fn answer<F, B>(&self, mut request: Request<B>) -> ResponseFuture<F> {
        let permitted = self.source.permit(request.headers());
        let decision = match &permitted {
            Ok(_) => Decision::Allowed,
            Err((refusal, _)) => Decision::Refused(*refusal),
        };
        let note = if self.is_observed() {
            self.observe(&request, decision)
        } else {
            None
        };
        let headers = request.headers_mut();
        let status = match permitted {
            Ok(permission) => {
                let status = permission.policy.compiled().preflight_status;
                permission.write(headers);
                status
            }
            Err((_, judged)) => {
                headers::write_refusal(headers, judged);
                StatusCode::FORBIDDEN
            }
        };
        if let Some(decision) = note {
            headers::write_note(headers, decision);
        }
        ResponseFuture::answered(status, std::mem::take(headers))
    }

    /// Whether anyone wants to know what is decided.
    fn is_observed(&self) -> bool {
        self.explain_in_response || telemetry::listens()
    }

    /// Tells those who listen, and returns what the response is to tell.
    #[cold]
    fn observe<B>(&self, request: &Request<B>, decision: Decision) -> Option<Decision> {
        let (method, headers) = (request.method(), request.headers());
        let decision = self.source.foresee(method, headers, decision);
        telemetry::decided(method, headers, decision);
        self.explain_in_response.then_some(decision)
    }
}

impl<S: fmt::Debug> fmt::Debug for Cors<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cors")
            .field("inner", &self.inner)
            .field("source", &self.shared.source)
            .finish()
    }
}
