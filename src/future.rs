//! The future of a response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::response::ResponseHeaders;

#[cfg(feature = "cache")]
mod lookup;

#[cfg(feature = "cache")]
pub(crate) use lookup::{LookupContext, LookupFuture};

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
        /// The inner service responds, and its response gets these headers.
        Forwarded { headers: ResponseHeaders, #[pin] response: S::Future },
        /// The layer responds, or a lookup comes first.
        Intercepted { intercepted: Intercepted<S, B> },
    }
}

struct Intercepted<S, B>
where
    S: Service<Request<B>>,
{
    /// The lookup that finds the result. It is boxed, so that other requests do not carry its size.
    #[cfg(feature = "cache")]
    lookup: Option<Pin<Box<LookupFuture<S, B>>>>,
    result: Option<Result<S::Response, S::Error>>,
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

    /// The layer's own response.
    #[inline(always)]
    pub(crate) fn answered(response: S::Response) -> Self {
        Self {
            state: State::Intercepted {
                intercepted: Intercepted {
                    #[cfg(feature = "cache")]
                    lookup: None,
                    result: Some(Ok(response)),
                },
            },
        }
    }

    #[cfg(feature = "cache")]
    pub(crate) fn looking_up(lookup: LookupFuture<S, B>) -> Self {
        Self {
            state: State::Intercepted {
                intercepted: Intercepted {
                    lookup: Some(Box::pin(lookup)),
                    result: None,
                },
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
            StateProjection::Intercepted { intercepted } => {
                #[cfg(feature = "cache")]
                if let Some(lookup) = &mut intercepted.lookup {
                    intercepted.result = Some(std::task::ready!(lookup.as_mut().poll(cx)));
                    intercepted.lookup = None;
                }
                match intercepted.result.take() {
                    Some(result) => Poll::Ready(result),
                    None => panic!("`ResponseFuture` polled after completion"),
                }
            }
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
