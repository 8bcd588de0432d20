//! A replica: the crate's own layer and cache.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tower_cors::{Cors, CorsLayer, DynamicPolicies, PolicyCache, ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use crate::fleet::{Fault, Settings};
use crate::source::Source;
use crate::time::VirtualTime;

/// A service that answers at once.
#[derive(Clone, Debug)]
pub(crate) struct App;

impl Service<Request<()>> for App {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

/// A lookup that runs in the background.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lookups that were given away to be run in the background. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Spawned(Arc<Mutex<Vec<Task>>>);

impl Spawned {
    fn add(&self, task: Task) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.push(task);
    }

    pub(crate) fn take(&self) -> Vec<Task> {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut tasks)
    }
}

/// A request that a replica answers.
pub(crate) type Answering = ResponseFuture<App, ()>;

pub(crate) struct Replica {
    pub(crate) cache: PolicyCache,
    service: Cors<App>,
}

impl Replica {
    /// Starts a replica with an empty cache.
    pub(crate) fn start(
        settings: &Settings,
        source: &Source,
        time: &VirtualTime,
        offset: Duration,
        slow: f64,
        index: usize,
        spawned: &Spawned,
    ) -> Self {
        let clock = time.clock(offset, slow);
        let cache = PolicyCache::builder()
            .capacity(settings.capacity)
            .negative_ttl(Duration::from_secs_f64(settings.negative_ttl));
        let cache = match settings.fault {
            // Its clock stands still, so it replays each decision with the whole Max-Age.
            Some(Fault::ReplaysMaxAge) => {
                let start = clock();
                cache.clock(move || start)
            }
            None => cache.clock(clock),
        };
        let cache = if settings.background {
            let spawned = spawned.clone();
            cache.spawn(move |lookup| spawned.add(lookup)).build()
        } else {
            cache.build()
        };
        let source = source.clone();
        let policies = DynamicPolicies::new(move |origin, _| source.lookup(&origin, index));
        let layer = CorsLayer::new(policies.cache(cache.clone()));
        Self {
            cache,
            service: layer.layer(App),
        }
    }

    pub(crate) fn call(&mut self, request: Request<()>) -> Answering {
        self.service.call(request)
    }
}
