//! The answer of a lookup, and the future of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt;

use crate::cache::{Entry, InFlightLookup, LookupFailed, PolicyCache};
use crate::decision::Rejection;
use crate::evaluate::{LookedUp, PolicySet};

/// What a lookup answered, now or earlier.
pub(crate) struct LookupAnswer(Result<LookedUp, Rejection>);

impl LookupAnswer {
    pub(super) fn new(entry: Entry, now: Instant) -> Self {
        let remaining = entry.remaining(now);
        let found = entry.policy.map(|policy| LookedUp { policy, remaining });
        Self(found.ok_or(Rejection::OriginNotAllowed))
    }

    /// The answer to a request whose origin is not looked up.
    pub(super) fn not_allowed() -> Self {
        Self(Err(Rejection::OriginNotAllowed))
    }

    pub(crate) fn policies(&self) -> PolicySet<'_> {
        match &self.0 {
            Ok(found) => PolicySet::LookedUp(found),
            Err(rejection) => PolicySet::None(*rejection),
        }
    }
}

/// A lookup in flight.
pub(crate) struct Lookup {
    lookup: InFlightLookup,
    cache: PolicyCache,
}

impl Lookup {
    pub(super) fn new(lookup: InFlightLookup, cache: PolicyCache) -> Self {
        Self { lookup, cache }
    }
}

impl Future for Lookup {
    type Output = LookupAnswer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LookupAnswer> {
        let result = std::task::ready!(self.lookup.poll_unpin(cx));
        Poll::Ready(match result {
            Ok(entry) => LookupAnswer::new(entry, self.cache.now()),
            Err(LookupFailed) => LookupAnswer(Err(Rejection::LookupFailed)),
        })
    }
}
