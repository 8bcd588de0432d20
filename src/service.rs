//! The service that a layer makes.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::bounds::{CloneService, EmptyBody};
use crate::config::LayerConfig;
#[cfg(feature = "cache")]
use crate::decide::Answer;
use crate::decide::{Action, decide};
use crate::future::ResponseFuture;
#[cfg(feature = "cache")]
use crate::future::{LookupContext, LookupFuture};
use crate::observe::Silent;
#[cfg(feature = "cache")]
use crate::protection::Protection;
use crate::protection::Protections;
use crate::request::RequestOrigin;
use crate::source::PolicySource;

/// A service with CORS, made by a [`CorsLayer`](crate::CorsLayer).
#[derive(Clone)]
pub struct Cors<S> {
    inner: S,
    config: Arc<LayerConfig>,
}

impl<S> Cors<S> {
    /// Wraps a service, as [`CorsLayer::new`](crate::CorsLayer::new) with the same source does.
    pub fn new(inner: S, source: impl Into<PolicySource>) -> Self {
        let config = LayerConfig::new(source.into());
        config.report_mistakes();
        Self::with_config(inner, Arc::new(config))
    }

    pub(crate) fn with_config(inner: S, config: Arc<LayerConfig>) -> Self {
        Self { inner, config }
    }

    /// Returns the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service, without CORS.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

#[cfg(feature = "cache")]
impl<S: Clone> Cors<S> {
    /// Takes the inner service that is ready, and leaves a clone, which is not ready.
    fn take_ready(&mut self) -> S {
        let clone = self.inner.clone();
        std::mem::replace(&mut self.inner, clone)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Cors<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + CloneService,
    ResBody: EmptyBody,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Some(policies) = self.config.silent_policies() else {
            return self.call_any(request);
        };
        let origin = || RequestOrigin::of(request.headers());
        match decide(policies, Protections::OFF, &Silent, &request, origin) {
            Action::Forward(headers) => {
                ResponseFuture::forwarded(self.inner.call(request), headers)
            }
            Action::Respond(answer) => {
                release(&mut self.inner);
                ResponseFuture::answered(answer.into_response(&Silent, request))
            }
        }
    }
}

impl<S: Clone> Cors<S> {
    /// Handles a request of any source. It is a call so that the code of the usual case stays small.
    #[inline(never)]
    fn call_any<B, R>(&mut self, request: Request<B>) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: Default,
    {
        let config = &*self.config;
        let origin = RequestOrigin::of(request.headers());
        let resolved = config.source().resolve(&request, origin);
        let protections = config.protections(resolved.protections());
        match resolved.policies() {
            Ok(policies) => {
                let observer = config.observer();
                match decide(policies, protections, &observer, &request, || origin) {
                    Action::Forward(headers) => {
                        ResponseFuture::forwarded(self.inner.call(request), headers)
                    }
                    Action::Respond(answer) => {
                        release(&mut self.inner);
                        ResponseFuture::answered(answer.into_response(&observer, request))
                    }
                }
            }
            #[cfg(feature = "cache")]
            Err(lookup) => {
                let source = resolved.into_protection();
                self.wait_for(lookup, source, request)
            }
        }
    }
}

/// Releases what `poll_ready` of the inner service reserved, such as a permit of a concurrency limit, because the service
/// is not called. Otherwise it would keep the permit until the next request that reaches it.
#[inline(always)]
fn release<S: Clone>(inner: &mut S) {
    *inner = inner.clone();
}

#[cfg(feature = "cache")]
impl<S: Clone> Cors<S> {
    /// Answers a request to another host at once, so that it starts no lookup. Other requests wait for the lookup:
    /// concurrently with the inner service if they reach it whatever the lookup finds, otherwise before.
    #[cold]
    fn wait_for<B, R>(
        &mut self,
        lookup: crate::source::Lookup,
        source: Protection,
        request: Request<B>,
    ) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: Default,
    {
        let may_block = {
            let protections = self.config.protections([&source, &Protection::OFF]);
            let observer = self.config.observer();
            let answer = Answer::to_other_host(protections, &observer, &request);
            if let Some(answer) = answer {
                release(&mut self.inner);
                return ResponseFuture::answered(answer.into_response(&observer, request));
            }
            protections.may_block()
        };
        let context = LookupContext::new(lookup, source, Arc::clone(&self.config));
        ResponseFuture::looking_up(
            if crate::request::is_preflight(request.method(), request.headers()) {
                release(&mut self.inner);
                LookupFuture::preflight(context, request)
            } else if may_block {
                LookupFuture::deferred(context, self.take_ready(), request)
            } else {
                let mut head = Request::new(());
                *head.method_mut() = request.method().clone();
                *head.uri_mut() = request.uri().clone();
                *head.headers_mut() = request.headers().clone();
                LookupFuture::concurrent(context, self.inner.call(request), head)
            },
        )
    }
}

impl<S: fmt::Debug> fmt::Debug for Cors<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config
            .fmt_fields(f.debug_struct("Cors").field("inner", &self.inner))
    }
}
