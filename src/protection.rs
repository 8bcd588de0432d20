//! Protection: the settings that stop requests before the service, of a policy, of a source and of a layer.

use http::{HeaderMap, Uri};

use crate::decision::Rejection;
use crate::enforce::Enforcement;
use crate::host::{self, HostSet};
use crate::request;

/// The settings that stop requests before the service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Protection {
    pub(crate) enforcement: Enforcement,
    /// The hosts by which the service is reached. Without them every host is served.
    pub(crate) hosts: Option<HostSet>,
    /// Set if requests to other hosts are rejected although the enforcement only reports.
    pub(crate) always_blocks_hosts: bool,
    /// Set if requests of the service's own pages pass although no policy allows their origin.
    pub(crate) trusts_same_origin: bool,
}

impl Protection {
    /// Stops nothing.
    pub(crate) const OFF: Self = Self {
        enforcement: Enforcement::Off,
        hosts: None,
        always_blocks_hosts: false,
        trusts_same_origin: true,
    };

    /// Stops nothing. If something else blocks requests, it also blocks those of the service's own pages.
    #[cfg(feature = "cache")]
    pub(crate) const OFF_WITHOUT_TRUST: Self = Self {
        trusts_same_origin: false,
        ..Self::OFF
    };

    pub(crate) fn is_off(&self) -> bool {
        self.enforcement == Enforcement::Off && self.hosts.is_none()
    }

    /// Returns whether requests to other hosts are rejected, and not only reported.
    fn blocks_hosts(&self) -> bool {
        let blocks = self.enforcement != Enforcement::Report || self.always_blocks_hosts;
        self.hosts.is_some() && blocks
    }

    /// Returns the strictest of the protections of alternatives, such as the policies of a list. The service is reached
    /// by the hosts of all of them.
    pub(crate) fn strictest<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        all.into_iter().fold(Self::OFF, |strictest, next| Self {
            enforcement: strictest.enforcement.max(next.enforcement),
            always_blocks_hosts: strictest.blocks_hosts() || next.blocks_hosts(),
            hosts: match (strictest.hosts, &next.hosts) {
                (Some(hosts), Some(next)) => Some(hosts.union(next)),
                (hosts, next) => hosts.or_else(|| next.clone()),
            },
            trusts_same_origin: strictest.trusts_same_origin && next.trusts_same_origin,
        })
    }

    /// Returns whether every request that `other` stops because of its origin or its host can be stopped by this too.
    #[cfg(feature = "cache")]
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.enforcement >= other.enforcement && (self.hosts.is_some() || other.hosts.is_none())
    }
}

/// The protections that apply to a request: of the layer, of the source, and of a looked-up policy. All of them must let it
/// pass.
#[derive(Clone, Copy)]
pub(crate) struct Protections<'a> {
    pub(crate) enforcement: Enforcement,
    pub(crate) trusts_same_origin: bool,
    all: [&'a Protection; 3],
}

/// A request to a host that is none of the service's.
#[derive(Clone, Copy)]
pub(crate) struct OtherHost {
    pub(crate) rejection: Rejection,
    /// Set if the request is rejected, and not only reported.
    pub(crate) is_blocked: bool,
}

impl<'a> Protections<'a> {
    /// Nothing stops the request.
    pub(crate) const OFF: Self = Self {
        enforcement: Enforcement::Off,
        trusts_same_origin: true,
        all: [&Protection::OFF; 3],
    };

    #[inline]
    pub(crate) fn of(layer: &'a Protection, [source, policy]: [&'a Protection; 2]) -> Self {
        let enforcement = layer.enforcement.max(source.enforcement);
        Self {
            enforcement: enforcement.max(policy.enforcement),
            trusts_same_origin: layer.trusts_same_origin
                && source.trusts_same_origin
                && policy.trusts_same_origin,
            all: [layer, source, policy],
        }
    }

    /// Returns whether some request may not reach the service.
    #[cfg(feature = "cache")]
    pub(crate) fn may_block(&self) -> bool {
        let mut all = self.all.iter();
        self.enforcement >= Enforcement::BlockUnsafe
            || all.any(|protection| protection.blocks_hosts())
    }

    /// Returns why a request is rejected whose host is none of the service's.
    #[inline(always)]
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Option<OtherHost> {
        if self.all.iter().all(|protection| protection.hosts.is_none()) {
            return None;
        }
        let target = request::target(uri, headers);
        let is_other = |protection: &&Protection| {
            let hosts = protection.hosts.as_ref();
            hosts.is_some_and(|hosts| !target.is_some_and(|target| hosts.contains_bytes(target)))
        };
        if !self.all.iter().any(is_other) {
            return None;
        }
        // Hosts are only reported if what lists them only reports, and nothing blocks.
        let is_blocked = self.enforcement >= Enforcement::BlockUnsafe
            || (self.all.iter().filter(|protection| is_other(protection)))
                .any(|protection| protection.blocks_hosts());
        Some(OtherHost {
            rejection: target.map_or(Rejection::HostMalformed, rejection_of),
            is_blocked,
        })
    }
}

#[cold]
fn rejection_of(target: &[u8]) -> Rejection {
    if host::is_well_formed(target) {
        Rejection::HostNotAllowed
    } else {
        Rejection::HostMalformed
    }
}
