//! The response to come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::headers::Grant;

mod looking_up;

pub(crate) use looking_up::LookingUp;

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
        /// The inner service is at work.
        Serving { #[pin] serving: Serving<S::Future> },
        Apart { apart: Apart<S, B> },
    }
}

pin_project! {
    /// The inner service at work, and what its response is given.
    ///
    /// The grant lies first, so that the compiler moves it by its fields, and the rest in a piece that is short: a future
    /// is moved once for each layer around it, and copying costs twice as much beyond 256 bytes.
    #[repr(C)]
    struct Serving<F> {
        grant: Grant,
        #[pin]
        response: F,
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    #[inline(always)]
    pub(crate) fn serving(response: S::Future, grant: Grant) -> Self {
        Self {
            state: State::Serving {
                serving: Serving { grant, response },
            },
        }
    }

    #[inline(always)]
    pub(crate) fn answered(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            state: State::Apart {
                apart: Apart::Answered {
                    headers: Some(headers),
                    status,
                },
            },
        }
    }

    #[cfg(feature = "cache")]
    #[inline(always)]
    pub(crate) fn looking_up(way: Pin<Box<LookingUp<S, B>>>) -> Self {
        Self {
            state: State::Apart {
                apart: Apart::LookingUp { way },
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
            StateProjection::Serving { serving } => {
                let serving = serving.project();
                serving.grant.poll(serving.response, cx)
            }
            StateProjection::Apart { apart } => apart.poll(cx),
        }
    }
}

/// What is not the inner service at work. It stands apart, for where the way splits in two, and again in two, the compiler
/// moves the response less often than where it splits in three.
enum Apart<S, B>
where
    S: Service<Request<B>>,
{
    /// A request has its answer without the inner service.
    Answered {
        headers: Option<HeaderMap>,
        status: StatusCode,
    },
    /// Boxed, so that the requests that wait for no lookup pay nothing for those that do.
    #[cfg_attr(
        not(feature = "cache"),
        expect(dead_code, reason = "there is nothing to look up")
    )]
    LookingUp { way: Pin<Box<LookingUp<S, B>>> },
}

impl<S, B> Apart<S, B>
where
    S: Service<Request<B>>,
{
    #[inline(always)]
    fn poll<R: Default>(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<R>, S::Error>>
    where
        S: Service<Request<B>, Response = Response<R>>,
    {
        match self {
            // It is ready once.
            Self::Answered { headers, status } => match headers.take() {
                Some(headers) => Poll::Ready(Ok(answer(*status, headers))),
                None => Poll::Pending,
            },
            Self::LookingUp { way } => {
                let mut polled = Poll::Pending;
                way.as_mut().poll_into(&mut polled, cx);
                polled
            }
        }
    }
}

impl Grant {
    /// Polls the inner service's future, and writes into the response.
    #[inline(always)]
    fn poll<F, R, E>(
        &mut self,
        response: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<R>, E>>
    where
        F: Future<Output = Result<Response<R>, E>>,
    {
        // Written in place, for a response is large to move.
        let mut polled = response.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut polled {
            self.write(response.headers_mut());
        }
        polled
    }
}

/// The layer's own answer.
#[inline(always)]
pub(crate) fn answer<R: Default>(status: StatusCode, headers: HeaderMap) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = status;
    // What is replaced is the map of a new response, which holds nothing: forgetting it loses nothing, and spares the 77
    // instructions that dropping it takes.
    std::mem::forget(std::mem::replace(response.headers_mut(), headers));
    response
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
