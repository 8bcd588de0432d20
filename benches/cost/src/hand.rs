//! The least that a layer can do, written by hand for one policy: what a scenario is measured against.
//!
//! It is no CORS layer: it does not look at what the application set, merges no `Vary`, takes the first of two `Origin`
//! lines, and has no reason for a refusal.

use std::collections::HashSet;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use rustc_hash::FxBuildHasher;
use tower::{Layer, Service};

type Origins = HashSet<Box<[u8]>, FxBuildHasher>;

/// A policy of listed origins, one method and one header.
#[derive(Clone)]
pub(crate) struct Hand<P = Arc<Origins>>(P);

impl Hand {
    pub(crate) fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(
            origins
                .into_iter()
                .map(|origin| origin.into_bytes().into())
                .collect(),
        ))
    }
}

impl Hand {
    /// The same without a count of references, which all threads would share.
    pub(crate) fn leaked(self) -> Hand<&'static Origins> {
        Hand(&**Box::leak(Box::new(self.0)))
    }
}

impl<S, P: Clone> Layer<S> for Hand<P> {
    type Service = HandService<S, P>;

    fn layer(&self, inner: S) -> HandService<S, P> {
        HandService {
            inner,
            origins: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct HandService<S, P> {
    inner: S,
    origins: P,
}

impl<S, P, B, R> Service<Request<B>> for HandService<S, P>
where
    P: Deref<Target = Origins>,
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HandFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let origin = request.headers().get(ORIGIN);
        let allowed = origin
            .filter(|origin| self.origins.contains(origin.as_bytes()))
            .cloned();
        if request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            let mut headers = std::mem::take(request.headers_mut());
            headers.clear();
            headers.insert(VARY, HeaderValue::from_static("Origin"));
            let status = if let Some(origin) = allowed {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(
                    ACCESS_CONTROL_ALLOW_METHODS,
                    HeaderValue::from_static("PUT"),
                );
                headers.insert(
                    ACCESS_CONTROL_ALLOW_HEADERS,
                    HeaderValue::from_static("content-type"),
                );
                headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
                StatusCode::NO_CONTENT
            } else {
                StatusCode::FORBIDDEN
            };
            return HandFuture::Answered { headers, status };
        }
        HandFuture::Serving {
            response: self.inner.call(request),
            allowed,
        }
    }
}

pin_project_lite::pin_project! {
    #[project = Projection]
    pub(crate) enum HandFuture<F> {
        Serving { #[pin] response: F, allowed: Option<HeaderValue> },
        Answered { headers: HeaderMap, status: StatusCode },
    }
}

impl<F, R, E> Future for HandFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projection::Serving { response, allowed } => {
                let mut response = ready!(response.poll(cx))?;
                let headers = response.headers_mut();
                if let Some(origin) = allowed.take() {
                    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                }
                headers.insert(VARY, HeaderValue::from_static("Origin"));
                Poll::Ready(Ok(response))
            }
            Projection::Answered { headers, status } => {
                let mut response = Response::new(R::default());
                *response.headers_mut() = std::mem::take(headers);
                *response.status_mut() = *status;
                Poll::Ready(Ok(response))
            }
        }
    }
}
