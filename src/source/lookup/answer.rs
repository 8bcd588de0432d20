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
pub(crate) struct LookupAnswer {
    found: Result<LookedUp, Rejected>,
    /// Set if the policy can add to the protection of the source, which otherwise contains it already.
    adds_protection: bool,
}

struct Rejected {
    rejection: Rejection,
    trusts_same_origin: bool,
}

impl LookupAnswer {
    pub(super) fn new(entry: Entry, now: Instant, adds_protection: bool) -> Self {
        let found = match entry {
            Entry::Allowed {
                policy, expires, ..
            } => Ok(LookedUp {
                policy,
                remaining: expires.saturating_duration_since(now),
            }),
            Entry::Rejected {
                trusts_same_origin, ..
            } => Err(Rejected {
                rejection: Rejection::OriginNotAllowed,
                trusts_same_origin,
            }),
        };
        Self {
            found,
            adds_protection,
        }
    }

    /// The answer to a request that starts no lookup.
    pub(super) fn not_allowed() -> Self {
        Self::rejected(Rejection::OriginNotAllowed)
    }

    fn rejected(rejection: Rejection) -> Self {
        let trusts_same_origin = true;
        Self {
            found: Err(Rejected {
                rejection,
                trusts_same_origin,
            }),
            adds_protection: false,
        }
    }

    pub(crate) fn policies(&self) -> PolicySet<'_> {
        match &self.found {
            Ok(found) => PolicySet::LookedUp(found),
            Err(rejected) => PolicySet::None(rejected.rejection),
        }
    }

    /// Returns what the looked-up policy adds to the protection of the source.
    pub(crate) fn protection(&self) -> &Protection {
        match &self.found {
            Ok(found) if self.adds_protection => &found.policy.compiled().protection,
            Ok(_) => &Protection::OFF,
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
    adds_protection: bool,
}

impl Lookup {
    pub(super) fn new(lookup: InFlightLookup, cache: PolicyCache, adds_protection: bool) -> Self {
        Self {
            lookup,
            cache,
            adds_protection,
        }
    }
}

impl Future for Lookup {
    type Output = LookupAnswer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LookupAnswer> {
        let result = std::task::ready!(self.lookup.poll_unpin(cx));
        Poll::Ready(match result {
            Ok(entry) => LookupAnswer::new(entry, self.cache.now(), self.adds_protection),
            Err(LookupFailed) => LookupAnswer::rejected(Rejection::LookupFailed),
        })
    }
}
