//! The response to come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::headers::Grant;
use crate::layer::Shared;
use crate::service::Verdict;
use crate::source::Lookup;

pin_project! {
    /// The future of a [`Cors`](crate::Cors) service's response.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        /// The inner service is at work, and what its response is given has been decided.
        Serving { #[pin] response: S::Future, grant: Grant },
        /// A request has its answer without the inner service.
        Answered { status: StatusCode, headers: HeaderMap },
        /// The inner service is at work while a lookup decides what its response is given.
        Beside { #[pin] response: S::Future, rest: Box<Beside<S::Response, S::Error>> },
        /// The inner service waits for a lookup to decide whether it runs.
        Waiting { rest: Option<Box<Waiting<S, B>>> },
    }
}

/// Boxed, so that the requests that wait for no lookup pay nothing for those that do.
struct Beside<R, E> {
    lookup: Lookup,
    finished: Option<Result<R, E>>,
    grant: Option<Grant>,
    head: Request<()>,
    shared: Arc<Shared>,
}

struct Waiting<S, B> {
    lookup: Lookup,
    inner: S,
    request: Request<B>,
    shared: Arc<Shared>,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(crate) fn serving(response: S::Future, grant: Grant) -> Self {
        Self {
            state: State::Serving { response, grant },
        }
    }

    pub(crate) fn answered(status: StatusCode, request: Request<B>) -> Self {
        Self {
            state: State::answered(status, request),
        }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn beside(
        lookup: Lookup,
        response: S::Future,
        head: Request<()>,
        shared: Arc<Shared>,
    ) -> Self {
        let rest = Box::new(Beside {
            lookup,
            finished: None,
            grant: None,
            head,
            shared,
        });
        Self {
            state: State::Beside { response, rest },
        }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn waiting(
        lookup: Lookup,
        inner: S,
        request: Request<B>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            state: State::Waiting {
                rest: Some(Box::new(Waiting {
                    lookup,
                    inner,
                    request,
                    shared,
                })),
            },
        }
    }
}

impl<S, B> State<S, B>
where
    S: Service<Request<B>>,
{
    /// The headers of the request have become those of the answer.
    fn answered(status: StatusCode, mut request: Request<B>) -> Self {
        let headers = std::mem::take(request.headers_mut());
        Self::Answered { status, headers }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut state = self.as_mut().project().state;
            let next = match state.as_mut().project() {
                StateProjection::Serving { response, grant } => {
                    // Written in place, for a response is large to move.
                    let mut polled = response.poll(cx);
                    if let Poll::Ready(Ok(response)) = &mut polled {
                        grant.write(response.headers_mut());
                    }
                    return polled;
                }
                StateProjection::Answered { status, headers } => {
                    let mut response = Response::new(R::default());
                    *response.status_mut() = *status;
                    *response.headers_mut() = std::mem::take(headers);
                    return Poll::Ready(Ok(response));
                }
                StateProjection::Beside { response, rest } => return rest.poll(response, cx),
                StateProjection::Waiting { rest } => {
                    let Some(waiting) = rest.as_mut() else {
                        return Poll::Pending;
                    };
                    let answered = ready!(Pin::new(&mut waiting.lookup).poll(cx));
                    let verdict = waiting
                        .shared
                        .decide_among(answered.candidates(), &mut waiting.request);
                    match (verdict, rest.take()) {
                        (Verdict::Serve(grant), Some(mut waiting)) => State::Serving {
                            response: waiting.inner.call(waiting.request),
                            grant,
                        },
                        (Verdict::Answer(status), Some(waiting)) => {
                            State::answered(status, waiting.request)
                        }
                        (_, None) => return Poll::Pending,
                    }
                }
            };
            state.set(next);
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
                    Verdict::Answer(..) => Some(Grant::nothing(true)),
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

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
