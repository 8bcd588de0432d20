//! The user's predicate, and what it must not accept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::neighbors::{self, Checked};
use crate::decision::Rejection;
use crate::origin::Origin;

/// The user's function that returns whether an origin is allowed.
pub(super) type PredicateFn = Arc<dyn Fn(&Origin) -> bool + Send + Sync>;

/// A predicate that is held to the rules of lists.
pub(crate) struct Predicate {
    accepts: PredicateFn,
    /// Set if it cannot allow `http` origins, except on the user's machine.
    needs_tls: bool,
    /// Set if it must not accept [neighbors](neighbors::neighbors) of the origins that it accepts.
    neighbors: Option<Checked>,
    /// Set if it may accept names that third parties register.
    suffixes: bool,
}

impl Predicate {
    pub(super) fn new(accepts: PredicateFn, needs_tls: bool) -> Self {
        Self {
            accepts,
            needs_tls,
            neighbors: None,
            suffixes: false,
        }
    }

    /// Rejects origins whose neighbors the predicate accepts too. With `suffixes`, it may accept names of third parties.
    pub(super) fn checking_neighbors(self, suffixes: bool) -> Self {
        Self {
            neighbors: Some(Checked::new()),
            suffixes,
            ..self
        }
    }

    /// Checks an origin that no list allows. It is a call because few requests need it.
    #[inline(never)]
    pub(super) fn check(&self, origin: &Origin) -> Result<(), Rejection> {
        match self.ask(origin) {
            Some(true) if self.is_insecure(origin) => Err(Rejection::InsecureOriginNotAllowed),
            Some(true) => match &self.neighbors {
                Some(checked)
                    if !checked.check(origin, || self.accepted_neighbor(origin).is_none()) =>
                {
                    Err(Rejection::PredicateAcceptsStrangers)
                }
                _ => Ok(()),
            },
            Some(false) => Err(Rejection::OriginNotAllowed),
            None => Err(Rejection::PredicatePanicked),
        }
    }

    /// Returns the first neighbor of an accepted origin that would be allowed too.
    pub(super) fn accepted_neighbor(&self, origin: &Origin) -> Option<Origin> {
        self.neighbors.as_ref()?;
        neighbors::neighbors(origin, self.suffixes)
            .filter(|neighbor| !self.is_insecure(neighbor))
            .find(|neighbor| self.ask(neighbor) == Some(true))
    }

    fn is_insecure(&self, origin: &Origin) -> bool {
        self.needs_tls && origin.is_insecure()
    }

    /// Calls the predicate. Returns `None` if it panics, because a client must not be able to close the connection.
    fn ask(&self, origin: &Origin) -> Option<bool> {
        catch_unwind(AssertUnwindSafe(|| (self.accepts)(origin))).ok()
    }
}
