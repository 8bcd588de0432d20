//! The future of a response whose policy is being looked up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::config::LayerConfig;
use crate::decide::Action;
use crate::response::{ResponseHeaders, empty_response};
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
        Preflight { lookup: Lookup, headers: HeaderMap, config: Arc<LayerConfig> },
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
        let (parts, _body) = request.into_parts();
        Self::Preflight {
            lookup,
            headers: parts.headers,
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Projection::Concurrent { response, rest } => return rest.poll(response, cx),
                Projection::Preflight {
                    lookup,
                    headers,
                    config,
                } => {
                    let answer = ready!(Pin::new(lookup).poll(cx));
                    let status = config.answer_preflight_among(answer.policies(), headers);
                    let headers = std::mem::take(headers);
                    return Poll::Ready(Ok(empty_response(status, headers)));
                }
                Projection::Deferred {
                    lookup,
                    call,
                    config,
                } => {
                    let answer = ready!(Pin::new(lookup).poll(cx));
                    let Some((mut inner, mut request)) = call.take() else {
                        panic!("`ResponseFuture` polled after completion");
                    };
                    match config.decide_among(answer.policies(), &mut request) {
                        Action::Forward(headers) => Self::Forwarded {
                            response: inner.call(request),
                            headers,
                        },
                        Action::Respond(status) => {
                            let headers = std::mem::take(request.headers_mut());
                            return Poll::Ready(Ok(empty_response(status, headers)));
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
            if let Poll::Ready(answer) = Pin::new(&mut self.lookup).poll(cx) {
                self.headers = match self.config.decide_among(answer.policies(), &mut self.head) {
                    Action::Forward(headers) => Some(headers),
                    // Requests that are blocked or are preflights wait for the lookup, so the layer never responds here.
                    Action::Respond(_) => Some(ResponseHeaders::none()),
                };
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
