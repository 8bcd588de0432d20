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
pub(crate) struct LookupAnswer(Result<LookedUp, Rejected>);

struct Rejected {
    rejection: Rejection,
    trusts_same_origin: bool,
}

impl LookupAnswer {
    pub(super) fn new(entry: Entry, now: Instant, source_trusts_same_origin: bool) -> Self {
        match entry {
            Entry::Allowed {
                policy, expires, ..
            } => Self(Ok(LookedUp {
                policy,
                remaining: expires.saturating_duration_since(now),
            })),
            Entry::Rejected {
                trusts_same_origin, ..
            } => Self::rejected(
                Rejection::OriginNotAllowed,
                trusts_same_origin && source_trusts_same_origin,
            ),
        }
    }

    pub(super) fn rejected(rejection: Rejection, trusts_same_origin: bool) -> Self {
        Self(Err(Rejected {
            rejection,
            trusts_same_origin,
        }))
    }

    pub(crate) fn policies(&self) -> PolicySet<'_> {
        match &self.0 {
            Ok(found) => PolicySet::LookedUp(found),
            Err(rejected) => PolicySet::None {
                rejection: rejected.rejection,
                trusts_same_origin: rejected.trusts_same_origin,
            },
        }
    }
}

/// A lookup in flight.
#[derive(Clone)]
pub(crate) struct Lookup {
    lookup: InFlightLookup,
    cache: PolicyCache,
    trusts_same_origin: bool,
}

impl Lookup {
    pub(super) fn new(
        lookup: InFlightLookup,
        cache: PolicyCache,
        trusts_same_origin: bool,
    ) -> Self {
        Self {
            lookup,
            cache,
            trusts_same_origin,
        }
    }
}

impl Future for Lookup {
    type Output = LookupAnswer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LookupAnswer> {
        let result = std::task::ready!(self.lookup.poll_unpin(cx));
        Poll::Ready(match result {
            Ok(entry) => LookupAnswer::new(entry, self.cache.now(), self.trusts_same_origin),
            Err(LookupFailed) => {
                LookupAnswer::rejected(Rejection::LookupFailed, self.trusts_same_origin)
            }
        })
    }
}
