//! The least that a layer can do, written by hand for one policy: what a scenario is measured against.
//!
//! It is no CORS layer: it does not look at what the application set, merges no `Vary`, takes the first of two `Origin`
//! lines, and has no reason for a rejection.

use std::collections::HashSet;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use rustc_hash::FxBuildHasher;
use tower::{Layer, Service};

type Origins = HashSet<Box<[u8]>, FxBuildHasher>;

/// What a preflight is answered beside its origin.
pub(crate) trait Lists {
    fn methods(&self) -> HeaderValue;
    fn headers(&self) -> HeaderValue;
    fn max_age(&self) -> HeaderValue;
}

/// Lists that stand in the program.
pub(crate) struct Constant;

impl Lists for Constant {
    fn methods(&self) -> HeaderValue {
        HeaderValue::from_static("PUT")
    }

    fn headers(&self) -> HeaderValue {
        HeaderValue::from_static("content-type")
    }

    fn max_age(&self) -> HeaderValue {
        HeaderValue::from_static("600")
    }
}

/// Lists that were made when the program ran, as those of any layer that is configured are: each answer clones them.
pub(crate) struct Configured {
    methods: HeaderValue,
    headers: HeaderValue,
    max_age: HeaderValue,
}

impl Lists for Configured {
    fn methods(&self) -> HeaderValue {
        self.methods.clone()
    }

    fn headers(&self) -> HeaderValue {
        self.headers.clone()
    }

    fn max_age(&self) -> HeaderValue {
        self.max_age.clone()
    }
}

/// A policy of listed origins, one method and one header.
pub(crate) struct Plan<L> {
    origins: Origins,
    lists: L,
}

#[derive(Clone)]
pub(crate) struct Hand<P = Arc<Plan<Constant>>>(P);

impl<L> Hand<Arc<Plan<L>>> {
    fn of(origins: impl IntoIterator<Item = String>, lists: L) -> Self {
        let origins = origins.into_iter().map(|origin| origin.into_bytes().into());
        Self(Arc::new(Plan {
            origins: origins.collect(),
            lists,
        }))
    }
}

impl Hand {
    pub(crate) fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self::of(origins, Constant)
    }

    /// The same without a count of references, which all threads would share.
    pub(crate) fn leaked(self) -> Hand<&'static Plan<Constant>> {
        Hand(&**Box::leak(Box::new(self.0)))
    }
}

impl Hand<Arc<Plan<Configured>>> {
    pub(crate) fn configured(origins: impl IntoIterator<Item = String>) -> Self {
        let value = |text: &str| HeaderValue::try_from(text.to_owned()).expect("a value");
        let lists = Configured {
            methods: value("PUT"),
            headers: value("content-type"),
            max_age: value("600"),
        };
        Self::of(origins, lists)
    }
}

impl<S, P: Clone> Layer<S> for Hand<P> {
    type Service = HandService<S, P>;

    fn layer(&self, inner: S) -> HandService<S, P> {
        HandService {
            inner,
            plan: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct HandService<S, P> {
    inner: S,
    plan: P,
}

impl<S, P, L, B, R> Service<Request<B>> for HandService<S, P>
where
    P: Deref<Target = Plan<L>>,
    L: Lists,
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HandFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let origin = request.headers().get(ORIGIN);
        let allowed = origin
            .filter(|origin| self.plan.origins.contains(origin.as_bytes()))
            .cloned();
        if request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            let (parts, _body) = request.into_parts();
            let mut headers = parts.headers;
            headers.clear();
            headers.append(VARY, HeaderValue::from_static("Origin"));
            let status = if let Some(origin) = allowed {
                headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.append(ACCESS_CONTROL_ALLOW_METHODS, self.plan.lists.methods());
                headers.append(ACCESS_CONTROL_ALLOW_HEADERS, self.plan.lists.headers());
                headers.append(ACCESS_CONTROL_MAX_AGE, self.plan.lists.max_age());
                StatusCode::NO_CONTENT
            } else {
                StatusCode::FORBIDDEN
            };
            return HandFuture::Answered {
                headers: Some(headers),
                status,
            };
        }
        HandFuture::Serving {
            granted: Granted {
                allowed,
                response: self.inner.call(request),
            },
        }
    }
}

pin_project_lite::pin_project! {
    #[project = Projection]
    pub(crate) enum HandFuture<F> {
        Serving { #[pin] granted: Granted<F> },
        Answered { headers: Option<HeaderMap>, status: StatusCode },
    }
}

pin_project_lite::pin_project! {
    #[repr(C)]
    pub(crate) struct Granted<F> { allowed: Option<HeaderValue>, #[pin] response: F }
}

impl<F, R, E> Future for HandFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projection::Serving { granted } => {
                let granted = granted.project();
                let mut polled = granted.response.poll(cx);
                if let Poll::Ready(Ok(response)) = &mut polled {
                    let headers = response.headers_mut();
                    if let Some(origin) = granted.allowed.take() {
                        headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                    }
                    headers.append(VARY, HeaderValue::from_static("Origin"));
                }
                polled
            }
            Projection::Answered { headers, status } => {
                let Some(headers) = headers.take() else {
                    return Poll::Pending;
                };
                let mut response = Response::new(R::default());
                // It holds nothing that would have to be dropped.
                std::mem::forget(std::mem::replace(response.headers_mut(), headers));
                *response.status_mut() = *status;
                Poll::Ready(Ok(response))
            }
        }
    }
}
