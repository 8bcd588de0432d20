//! The future of a response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::response::{ResponseHeaders, empty_response};

#[cfg(feature = "cache")]
mod lookup;

#[cfg(feature = "cache")]
pub(crate) use lookup::LookupFuture;

/// Without the feature `cache` nothing is looked up.
#[cfg(not(feature = "cache"))]
struct LookupFuture<S, B>(std::convert::Infallible, std::marker::PhantomData<fn(S, B)>);

pin_project! {
    /// The future of a [`Cors`](crate::Cors) service's response.
    ///
    /// # Panics
    ///
    /// If it is polled after it is ready.
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
        /// The inner service responds.
        Forwarded { headers: ResponseHeaders, #[pin] response: S::Future },
        /// The layer responds.
        Answered { answer: Option<Answer> },
        /// A lookup decides. It is boxed, so that other requests do not carry its size.
        LookingUp { lookup: Pin<Box<LookupFuture<S, B>>> },
    }
}

/// The layer's own answer. A whole response would be the largest state.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    /// The response of the inner service, which gets these headers.
    #[inline(always)]
    pub(crate) fn forwarded(response: S::Future, headers: ResponseHeaders) -> Self {
        Self {
            state: State::Forwarded { headers, response },
        }
    }

    /// The layer's own answer. Its headers have been written into the request.
    #[inline(always)]
    pub(crate) fn answered(status: StatusCode, request: Request<B>) -> Self {
        let (parts, _body) = request.into_parts();
        Self {
            state: State::Answered {
                answer: Some(Answer {
                    status,
                    headers: parts.headers,
                }),
            },
        }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn looking_up(lookup: LookupFuture<S, B>) -> Self {
        Self {
            state: State::LookingUp {
                lookup: Box::pin(lookup),
            },
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Forwarded { headers, response } => headers.poll(response, cx),
            StateProjection::Answered { answer } => match answer.take() {
                Some(Answer { status, headers }) => {
                    Poll::Ready(Ok(empty_response(status, headers)))
                }
                None => panic!("`ResponseFuture` polled after completion"),
            },
            #[cfg(feature = "cache")]
            StateProjection::LookingUp { lookup } => lookup.as_mut().poll(cx),
            #[cfg(not(feature = "cache"))]
            StateProjection::LookingUp { lookup } => match lookup.0 {},
        }
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
