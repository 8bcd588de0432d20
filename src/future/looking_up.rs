//! The way of a request whose policy is being looked up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::headers::Grant;
use crate::layer::Shared;
use crate::service::Verdict;
use crate::source::Lookup;

pin_project! {
    #[project = Projection]
    pub(crate) enum LookingUp<S, B>
    where
        S: Service<Request<B>>,
    {
        /// The inner service is at work while a lookup decides what its response is given.
        Beside { #[pin] response: S::Future, rest: Beside<S::Response, S::Error> },
        /// The inner service waits for a lookup to decide whether it runs.
        Waiting { lookup: Lookup, call: Option<(S, Request<B>)>, shared: Arc<Shared> },
        /// It waited, and is at work.
        Serving { #[pin] response: S::Future, grant: Grant },
    }
}

pub(crate) struct Beside<R, E> {
    lookup: Lookup,
    finished: Option<Result<R, E>>,
    grant: Option<Grant>,
    head: Request<()>,
    shared: Arc<Shared>,
}

#[cfg(feature = "cache")]
impl<S, B> LookingUp<S, B>
where
    S: Service<Request<B>>,
{
    pub(crate) fn beside(
        lookup: Lookup,
        response: S::Future,
        head: Request<()>,
        shared: Arc<Shared>,
    ) -> Self {
        let rest = Beside {
            lookup,
            finished: None,
            grant: None,
            head,
            shared,
        };
        Self::Beside { response, rest }
    }

    pub(crate) fn waiting(
        lookup: Lookup,
        inner: S,
        request: Request<B>,
        shared: Arc<Shared>,
    ) -> Self {
        Self::Waiting {
            lookup,
            call: Some((inner, request)),
            shared,
        }
    }
}

impl<S, B, R> LookingUp<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    /// Polls it with a call that writes where it is told: were its response to come out of the same place as that of a
    /// request that waits for nothing, the compiler would move that one time more.
    #[cold]
    #[inline(never)]
    pub(crate) fn poll_into(
        self: Pin<&mut Self>,
        polled: &mut Poll<Result<Response<R>, S::Error>>,
        cx: &mut Context<'_>,
    ) {
        *polled = self.poll(cx);
    }
}

impl<S, B, R> Future for LookingUp<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Projection::Beside { response, rest } => return rest.poll(response, cx),
                Projection::Waiting {
                    lookup,
                    call,
                    shared,
                } => {
                    let answered = ready!(Pin::new(lookup).poll(cx));
                    let Some((mut inner, mut request)) = call.take() else {
                        return Poll::Pending;
                    };
                    match shared.decide_among(answered.candidates(), &mut request) {
                        Verdict::Serve(grant) => Self::Serving {
                            response: inner.call(request),
                            grant,
                        },
                        Verdict::Answer(status) => {
                            let headers = std::mem::take(request.headers_mut());
                            return Poll::Ready(Ok(super::answer(status, headers)));
                        }
                    }
                }
                Projection::Serving { response, grant } => return grant.poll(response, cx),
            };
            self.set(next);
        }
    }
}

impl<R, E> Beside<Response<R>, E> {
    /// Polls the lookup and the inner service, and gives the response when both are done.
    fn poll<F>(
        &mut self,
        response: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<R>, E>>
    where
        F: Future<Output = Result<Response<R>, E>>,
    {
        if self.grant.is_none() {
            if let Poll::Ready(answered) = Pin::new(&mut self.lookup).poll(cx) {
                self.grant = match self
                    .shared
                    .decide_among(answered.candidates(), &mut self.head)
                {
                    Verdict::Serve(grant) => Some(grant),
                    // Only what blocks or is a preflight is answered here, and that waits.
                    Verdict::Answer(..) => Some(Grant::nothing()),
                };
            }
        }
        if self.finished.is_none() {
            if let Poll::Ready(result) = response.poll(cx) {
                self.finished = Some(result);
            }
        }
        match (&mut self.finished, &mut self.grant) {
            // An error has no headers to write, so it need not wait.
            (Some(Err(_)), _) | (Some(_), Some(_)) => {}
            _ => return Poll::Pending,
        }
        let Some(result) = self.finished.take() else {
            return Poll::Pending;
        };
        Poll::Ready(result.map(|mut response| {
            if let Some(grant) = &mut self.grant {
                grant.write(response.headers_mut());
            }
            response
        }))
    }
}
