//! The future of a response whose policy is being looked up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::config::LayerConfig;
use crate::decide::{Action, Answer, decide};
use crate::request::RequestOrigin;
use crate::response::ResponseHeaders;
use crate::source::Lookup;

pin_project! {
    /// The future of a response whose policy is being looked up.
    #[project = Projection]
    pub(crate) enum LookupFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        /// The inner service responds while the lookup decides which headers its response gets.
        Concurrent { #[pin] response: S::Future, rest: Concurrent<S::Response, S::Error> },
        /// A preflight waits for the lookup. The inner service is not needed.
        Preflight { lookup: Lookup, request: Option<Request<B>>, config: Arc<LayerConfig> },
        /// The ready inner service waits until the lookup decides whether the request reaches it.
        Deferred { lookup: Lookup, call: Option<(S, Request<B>)>, config: Arc<LayerConfig> },
        /// It waited, and responds.
        Forwarded { #[pin] response: S::Future, headers: ResponseHeaders },
    }
}

pub(crate) struct Concurrent<R, E> {
    lookup: Lookup,
    head: Request<()>,
    config: Arc<LayerConfig>,
    headers: Option<ResponseHeaders>,
    result: Option<Result<R, E>>,
}

impl<S, B> LookupFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(crate) fn concurrent(
        lookup: Lookup,
        response: S::Future,
        head: Request<()>,
        config: Arc<LayerConfig>,
    ) -> Self {
        let rest = Concurrent {
            lookup,
            head,
            config,
            headers: None,
            result: None,
        };
        Self::Concurrent { response, rest }
    }

    pub(crate) fn preflight(lookup: Lookup, request: Request<B>, config: Arc<LayerConfig>) -> Self {
        Self::Preflight {
            lookup,
            request: Some(request),
            config,
        }
    }

    pub(crate) fn deferred(
        lookup: Lookup,
        inner: S,
        request: Request<B>,
        config: Arc<LayerConfig>,
    ) -> Self {
        Self::Deferred {
            lookup,
            call: Some((inner, request)),
            config,
        }
    }
}

impl<S, B, R> Future for LookupFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    /// Not inlined, so that requests without a lookup do not carry its code: 26 instructions of "Axum, GET allowed" in
    /// `benches/run`.
    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Projection::Concurrent { response, rest } => return rest.poll(response, cx),
                Projection::Preflight {
                    lookup,
                    request,
                    config,
                } => {
                    let found = ready!(Pin::new(lookup).poll(cx));
                    let Some(request) = request.take() else {
                        panic!("`ResponseFuture` polled after completion");
                    };
                    let answer = Answer::to_preflight(found.policies(), request.headers());
                    let response = answer.into_response(&config.observer(), request);
                    return Poll::Ready(Ok(response));
                }
                Projection::Deferred {
                    lookup,
                    call,
                    config,
                } => {
                    let found = ready!(Pin::new(lookup).poll(cx));
                    let Some((mut inner, request)) = call.take() else {
                        panic!("`ResponseFuture` polled after completion");
                    };
                    let (enforcement, observer) = (config.enforcement(), config.observer());
                    let origin = || RequestOrigin::of(request.headers());
                    match decide(found.policies(), enforcement, &observer, &request, origin) {
                        Action::Forward(headers) => Self::Forwarded {
                            response: inner.call(request),
                            headers,
                        },
                        Action::Respond(answer) => {
                            let response = answer.into_response(&observer, request);
                            return Poll::Ready(Ok(response));
                        }
                    }
                }
                Projection::Forwarded { response, headers } => {
                    return headers.poll(response, cx);
                }
            };
            self.set(next);
        }
    }
}

impl<R, E> Concurrent<Response<R>, E> {
    /// Polls the lookup and the inner service, and is ready when both are.
    fn poll<F>(
        &mut self,
        response: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<R>, E>>
    where
        F: Future<Output = Result<Response<R>, E>>,
    {
        if self.headers.is_none() {
            if let Poll::Ready(found) = Pin::new(&mut self.lookup).poll(cx) {
                let (enforcement, observer) = (self.config.enforcement(), self.config.observer());
                let origin = || RequestOrigin::of(self.head.headers());
                let policies = found.policies();
                let action = decide(policies, enforcement, &observer, &self.head, origin);
                self.headers = Some(match action {
                    Action::Forward(headers) => headers,
                    // Requests that are blocked or are preflights wait for the lookup, so the layer never responds here.
                    Action::Respond(_) => ResponseHeaders::none(),
                });
            }
        }
        if self.result.is_none() {
            if let Poll::Ready(result) = response.poll(cx) {
                self.result = Some(result);
            }
        }
        match (self.result.take(), &mut self.headers) {
            // An error has no headers, so it does not wait for the lookup.
            (Some(Err(error)), _) => Poll::Ready(Err(error)),
            (Some(Ok(mut response)), Some(headers)) => {
                headers.write(response.headers_mut());
                Poll::Ready(Ok(response))
            }
            (result, _) => {
                self.result = result;
                Poll::Pending
            }
        }
    }
}
