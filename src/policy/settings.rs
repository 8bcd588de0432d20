//! The settings of a policy, as a builder collects them.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};

use super::Predicate;
use crate::enforce::Enforcement;
use crate::host::HostPattern;
use crate::origin::OriginPattern;

/// The settings of a policy, not checked yet.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) origins: Vec<OriginPattern>,
    pub(super) any_origin: bool,
    pub(super) null_origin: bool,
    pub(super) predicate: Option<Predicate>,
    pub(super) methods: Vec<Method>,
    pub(super) any_method: bool,
    pub(super) headers: Vec<HeaderName>,
    pub(super) any_header: bool,
    pub(super) mcp_parameters: bool,
    pub(super) exposed: Vec<HeaderName>,
    pub(super) expose_any: bool,
    pub(super) credentials: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) preflight_status: StatusCode,
    pub(super) private_network: bool,
    pub(super) timing: bool,
    pub(super) enforcement: Enforcement,
    pub(super) hosts: Option<Vec<HostPattern>>,
    /// Set by presets that are not safe without hosts.
    pub(super) requires_hosts: bool,
    pub(super) read_only: bool,
    pub(super) trust_same_origin: bool,
    pub(super) insecure_origins: bool,
    pub(super) public_suffixes: bool,
}

impl Default for Settings {
    /// Allows nothing.
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            any_origin: false,
            null_origin: false,
            predicate: None,
            methods: Vec::new(),
            any_method: false,
            headers: Vec::new(),
            any_header: false,
            mcp_parameters: false,
            exposed: Vec::new(),
            expose_any: false,
            credentials: false,
            max_age: None,
            preflight_status: StatusCode::NO_CONTENT,
            private_network: false,
            timing: false,
            enforcement: Enforcement::Off,
            hosts: None,
            requires_hosts: false,
            read_only: false,
            trust_same_origin: true,
            insecure_origins: false,
            public_suffixes: false,
        }
    }
}
