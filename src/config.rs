//! The configuration that a layer shares with its services.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::enforce::Enforcement;
use crate::evaluate::PolicySet;
use crate::host::HostSet;
use crate::observe::{self, Observed};
use crate::policy::Policy;
use crate::protection::{Protection, Protections};
use crate::source::PolicySource;
use crate::telemetry;

/// The configuration that a layer shares with its services.
#[derive(Clone)]
pub(crate) struct LayerConfig {
    source: PolicySource,
    debug_header: bool,
    /// The protection of every request, whatever its policy says.
    protection: Protection,
    /// The policies, if they never change, nothing is protected, and the debug header is off. Otherwise it is empty.
    ///
    /// It enables the fast path: a request asks for one slice instead of the source and all settings. "bare, GET, first of
    /// two" of `benches/run` is 335 instructions cheaper since lists take it.
    silent_policies: Box<[Policy]>,
    /// Set until it is reported that enforcement rejects nothing.
    enforces_in_vain: Arc<AtomicBool>,
}

impl LayerConfig {
    pub(crate) fn new(source: PolicySource) -> Self {
        Self {
            source,
            debug_header: false,
            protection: Protection::OFF,
            silent_policies: Box::default(),
            enforces_in_vain: Arc::default(),
        }
        .updated()
    }

    pub(crate) fn with_debug_header(self, debug_header: bool) -> Self {
        Self {
            debug_header,
            ..self
        }
        .updated()
    }

    pub(crate) fn with_enforcement(mut self, enforcement: Enforcement) -> Self {
        self.protection.enforcement = enforcement;
        self.updated()
    }

    pub(crate) fn with_hosts(mut self, hosts: HostSet) -> Self {
        self.protection.hosts = Some(hosts);
        self.updated()
    }

    fn updated(mut self) -> Self {
        let is_plain = self.protection.is_off() && !self.debug_header;
        let is_off = |policy: &Policy| policy.compiled().protection.is_off();
        let constant = self.source.constant_policies();
        self.silent_policies = constant
            .filter(|policies| is_plain && policies.iter().all(is_off))
            .unwrap_or_default()
            .into();
        self.enforces_in_vain = Arc::new(AtomicBool::new(self.rejects_nothing()));
        self
    }

    /// Returns whether something is enforced although the policies allow any origin, whatever the request does.
    fn rejects_nothing(&self) -> bool {
        let Some(policies) = self.source.constant_policies() else {
            return false;
        };
        let protections = policies.iter().map(|policy| &policy.compiled().protection);
        let all = Protection::strictest(protections.chain([&self.protection]));
        let is_open = |policy: &Policy| policy.allows_any_origin() && !policy.is_read_only();
        let enforces = all.enforcement != Enforcement::Off && all.hosts.is_none();
        enforces && policies.iter().any(is_open)
    }

    /// Reports once that enforcement rejects nothing, if so.
    pub(crate) fn report_mistakes(&self) {
        if self.enforces_in_vain.load(Ordering::Relaxed)
            && self.enforces_in_vain.swap(false, Ordering::Relaxed)
        {
            telemetry::enforces_in_vain();
        }
    }

    /// Prints the fields that a user set.
    pub(crate) fn fmt_fields(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("source", &self.source)
            .field("debug_header", &self.debug_header)
            .field("enforcement", &self.protection.enforcement)
            .field("hosts", &self.protection.hosts)
            .finish()
    }

    pub(crate) fn source(&self) -> &PolicySource {
        &self.source
    }

    /// Returns the observer of decisions, if there is one.
    pub(crate) fn observer(&self) -> Option<Observed> {
        let debug_header = self.debug_header;
        (debug_header || observe::is_enabled()).then_some(Observed { debug_header })
    }

    /// Returns the protections of a request whose source and looked-up policy have these.
    #[inline]
    pub(crate) fn protections<'a>(&'a self, others: [&'a Protection; 2]) -> Protections<'a> {
        Protections::of(&self.protection, others)
    }

    /// Returns the policies, if they never change, nothing is protected, and nobody observes.
    #[inline(always)]
    pub(crate) fn silent_policies(&self) -> Option<PolicySet<'_>> {
        let policies = &*self.silent_policies;
        (!policies.is_empty() && !observe::is_enabled()).then_some(PolicySet::FirstOf(policies))
    }
}
