//! The settings of a policy, as a builder collects them.

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};

use super::predicate::PredicateFn;
use crate::enforce::Enforcement;
use crate::host::HostPattern;
use crate::origin::OriginPattern;

/// The settings of a policy, not checked yet.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) origins: Vec<OriginPattern>,
    pub(super) any_origin: bool,
    pub(super) null_origin: bool,
    pub(super) file_origin: bool,
    pub(super) local_network: bool,
    pub(super) predicate: Option<PredicateFn>,
    pub(super) methods: Vec<Method>,
    /// How many of the methods a preset listed.
    pub(super) preset_methods: usize,
    pub(super) any_method: bool,
    pub(super) headers: Vec<HeaderName>,
    pub(super) any_header: bool,
    pub(super) mcp_parameters: bool,
    /// Set if not only a preset allows parameters of MCP.
    pub(super) mcp_parameters_by_caller: bool,
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
    /// Set if not only a preset does not trust the service's own origin.
    pub(super) distrusts_by_caller: bool,
    /// Origins that are allowed although they are insecure.
    pub(super) listed_insecure: Vec<OriginPattern>,
    pub(super) insecure_origins: bool,
    pub(super) file_origin_with_credentials: bool,
    pub(super) public_suffixes: bool,
    /// The patterns whose subdomains may belong to third parties with credentials.
    pub(super) public_suffix_exceptions: Vec<OriginPattern>,
    /// The patterns of whole schemes that are allowed with credentials.
    pub(super) whole_scheme_exceptions: Vec<OriginPattern>,
    /// Set if nobody is allowed on purpose.
    pub(super) nobody: bool,
    /// Set if the predicate accepts everyone on purpose.
    pub(super) everyone_on_purpose: bool,
    pub(super) origins_choice: Choice,
    pub(super) methods_choice: Choice,
    pub(super) headers_choice: Choice,
    pub(super) exposed_choice: Choice,
}

/// How a list and "any" of the same thing were chosen.
#[derive(Clone, Copy, Default)]
pub(super) struct Choice {
    /// Set if a preset chose "any". A list replaces it.
    any_by_preset: bool,
    /// Set if the caller listed something. "Any" replaces the list of a preset only.
    listed_by_caller: bool,
    /// Set if the caller chose both.
    contradicts: bool,
}

impl Choice {
    /// Notes that the caller lists something, or nothing.
    pub(super) fn list(&mut self, any: &mut bool, is_empty: bool) {
        if *any && self.any_by_preset {
            *any = false;
        }
        self.contradicts |= *any;
        self.listed_by_caller |= !is_empty;
    }

    /// Notes that the caller allows any.
    pub(super) fn any<T>(&mut self, any: &mut bool, listed: &mut Vec<T>) {
        if self.listed_by_caller {
            self.contradicts = true;
        } else {
            listed.clear();
        }
        *any = true;
        self.any_by_preset = false;
    }

    pub(super) fn contradicts(self) -> bool {
        self.contradicts
    }

    fn by_preset(any: bool) -> Self {
        Self {
            any_by_preset: any,
            ..Self::default()
        }
    }
}

impl Settings {
    /// Marks all choices so far as those of a preset, which later calls can narrow and widen.
    pub(super) fn into_preset(self) -> Self {
        Self {
            origins_choice: Choice::by_preset(self.any_origin),
            methods_choice: Choice::by_preset(self.any_method),
            headers_choice: Choice::by_preset(self.any_header),
            exposed_choice: Choice::by_preset(self.expose_any),
            preset_methods: self.methods.len(),
            mcp_parameters_by_caller: false,
            distrusts_by_caller: false,
            ..self
        }
    }
}

impl Default for Settings {
    /// Allows nothing.
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            any_origin: false,
            null_origin: false,
            file_origin: false,
            local_network: false,
            predicate: None,
            methods: Vec::new(),
            preset_methods: 0,
            any_method: false,
            headers: Vec::new(),
            any_header: false,
            mcp_parameters: false,
            mcp_parameters_by_caller: false,
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
            distrusts_by_caller: false,
            listed_insecure: Vec::new(),
            insecure_origins: false,
            file_origin_with_credentials: false,
            public_suffixes: false,
            public_suffix_exceptions: Vec::new(),
            whole_scheme_exceptions: Vec::new(),
            nobody: false,
            everyone_on_purpose: false,
            origins_choice: Choice::default(),
            methods_choice: Choice::default(),
            headers_choice: Choice::default(),
            exposed_choice: Choice::default(),
        }
    }
}
