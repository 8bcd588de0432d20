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
use crate::protection::{Protection, Protections};
use crate::request::RequestOrigin;
use crate::response::ResponseHeaders;
use crate::source::{Lookup, LookupAnswer};

/// A lookup, and what is needed to decide when it ends.
pub(crate) struct LookupContext {
    lookup: Lookup,
    /// The protection of the source when the request came.
    source: Protection,
    config: Arc<LayerConfig>,
}

impl LookupContext {
    pub(crate) fn new(lookup: Lookup, source: Protection, config: Arc<LayerConfig>) -> Self {
        Self {
            lookup,
            source,
            config,
        }
    }

    /// Returns the protections of a request for which the lookup found this.
    fn protections<'a>(&'a self, found: &'a LookupAnswer) -> Protections<'a> {
        self.config.protections([&self.source, found.protection()])
    }
}

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
        Preflight { context: LookupContext, request: Option<Request<B>> },
        /// The ready inner service waits until the lookup decides whether the request reaches it.
        Deferred { context: LookupContext, call: Option<(S, Request<B>)> },
        /// It waited, and responds.
        Forwarded { #[pin] response: S::Future, headers: ResponseHeaders },
    }
}

pub(crate) struct Concurrent<R, E> {
    context: LookupContext,
    head: Request<()>,
    headers: Option<ResponseHeaders>,
    result: Option<Result<R, E>>,
}

impl<S, B> LookupFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(crate) fn concurrent(
        context: LookupContext,
        response: S::Future,
        head: Request<()>,
    ) -> Self {
        let rest = Concurrent {
            context,
            head,
            headers: None,
            result: None,
        };
        Self::Concurrent { response, rest }
    }

    pub(crate) fn preflight(context: LookupContext, request: Request<B>) -> Self {
        Self::Preflight {
            context,
            request: Some(request),
        }
    }

    pub(crate) fn deferred(context: LookupContext, inner: S, request: Request<B>) -> Self {
        Self::Deferred {
            context,
            call: Some((inner, request)),
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
                Projection::Preflight { context, request } => {
                    let found = ready!(Pin::new(&mut context.lookup).poll(cx));
                    let Some(request) = request.take() else {
                        panic!("`ResponseFuture` polled after completion");
                    };
                    let observer = context.config.observer();
                    let protections = context.protections(&found);
                    let policies = found.policies();
                    let answer = Answer::to_preflight(policies, protections, &observer, &request);
                    return Poll::Ready(Ok(answer.into_response(&observer, request)));
                }
                Projection::Deferred { context, call } => {
                    let found = ready!(Pin::new(&mut context.lookup).poll(cx));
                    let Some((mut inner, request)) = call.take() else {
                        panic!("`ResponseFuture` polled after completion");
                    };
                    let observer = context.config.observer();
                    let protections = context.protections(&found);
                    let origin = || RequestOrigin::of(request.headers());
                    match decide(found.policies(), protections, &observer, &request, origin) {
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
            if let Poll::Ready(found) = Pin::new(&mut self.context.lookup).poll(cx) {
                let observer = self.context.config.observer();
                let protections = self.context.protections(&found);
                let origin = || RequestOrigin::of(self.head.headers());
                let policies = found.policies();
                let action = decide(policies, protections, &observer, &self.head, origin);
                self.headers = Some(match action {
                    Action::Forward(headers) => headers,
                    // Requests that can be blocked and preflights wait for the lookup, and a looked-up policy enforces no
                    // more than its source, so the layer never responds here.
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
