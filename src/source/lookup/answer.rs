//! The answer of a lookup, and the future of it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;

use crate::cache::{Entry, InFlightLookup, LookupFailed, PolicyCache};
use crate::clock::Instant;
use crate::decision::Rejection;
use crate::evaluate::{LookedUp, PolicySet};
use crate::protection::Protection;

/// The answer of a lookup, now or earlier.
pub(crate) struct LookupAnswer(Result<LookedUp, Rejected>);

struct Rejected {
    rejection: Rejection,
    trusts_same_origin: bool,
}

impl LookupAnswer {
    pub(super) fn new(entry: Entry, now: Instant) -> Self {
        match entry {
            Entry::Allowed {
                policy, expires, ..
            } => Self(Ok(LookedUp {
                policy,
                remaining: expires.saturating_duration_since(now),
            })),
            Entry::Rejected {
                trusts_same_origin, ..
            } => Self(Err(Rejected {
                rejection: Rejection::OriginNotAllowed,
                trusts_same_origin,
            })),
        }
    }

    /// The answer to a request that starts no lookup.
    pub(super) fn not_allowed() -> Self {
        Self::rejected(Rejection::OriginNotAllowed)
    }

    fn rejected(rejection: Rejection) -> Self {
        Self(Err(Rejected {
            rejection,
            trusts_same_origin: true,
        }))
    }

    pub(crate) fn policies(&self) -> PolicySet<'_> {
        match &self.0 {
            Ok(found) => PolicySet::LookedUp(found),
            Err(rejected) => PolicySet::None(rejected.rejection),
        }
    }

    /// Returns what the looked-up policy adds to the protection of the source.
    pub(crate) fn protection(&self) -> &Protection {
        match &self.0 {
            Ok(found) => &found.policy.compiled().protection,
            Err(rejected) if rejected.trusts_same_origin => &Protection::OFF,
            Err(_) => &Protection::OFF_WITHOUT_TRUST,
        }
    }
}

/// A lookup in flight.
#[derive(Clone)]
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
            Err(LookupFailed) => LookupAnswer::rejected(Rejection::LookupFailed),
        })
    }
}
