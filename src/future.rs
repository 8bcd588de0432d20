//! The response to come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response, StatusCode};
use pin_project_lite::pin_project;

use crate::headers::Grant;

pin_project! {
    /// The future of a [`Cors`](crate::Cors) service's response.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        /// The inner service is at work on an actual request.
        Actual { #[pin] response: F, grant: Grant },
        /// A preflight has its answer.
        Answered { status: StatusCode, headers: HeaderMap },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn actual(response: F, grant: Grant) -> Self {
        Self {
            state: State::Actual { response, grant },
        }
    }

    pub(crate) fn answered(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            state: State::Answered { status, headers },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Actual { response, grant } => {
                let mut response = ready!(response.poll(cx))?;
                grant.write(response.headers_mut());
                Poll::Ready(Ok(response))
            }
            StateProjection::Answered { status, headers } => {
                let mut response = Response::new(B::default());
                *response.status_mut() = *status;
                *response.headers_mut() = std::mem::take(headers);
                Poll::Ready(Ok(response))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
