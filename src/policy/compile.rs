//! The headers of a policy's responses, written once when it is built.

use std::collections::HashSet;
use std::sync::Arc;

use http::HeaderValue;

use super::predicate::Predicate;
use super::settings::Settings;
use super::{AllowList, AllowedOrigins, Compiled, ExtraHeaders, MaxAge, Policy, PreflightVary};
use crate::origin::OriginSet;
use crate::protection::Protection;

impl Policy {
    /// Compiles settings that were checked.
    pub(super) fn compile(mut settings: Settings) -> Self {
        let origins = std::mem::take(&mut settings.origins).into_iter();
        let insecure = std::mem::take(&mut settings.listed_insecure);
        Self::compile_with(settings, origins.chain(insecure).collect())
    }

    /// Compiles settings that were checked, with these origins.
    pub(super) fn compile_with(settings: Settings, origins: OriginSet) -> Self {
        let predicate = settings.predicate.as_ref().map(|accepts| {
            let needs_tls = settings.credentials && !settings.insecure_origins;
            let predicate = Predicate::new(Arc::clone(accepts), needs_tls);
            Box::new(if settings.credentials && !settings.everyone_on_purpose {
                predicate.checking_neighbors(settings.public_suffixes)
            } else {
                predicate
            })
        });
        let Settings {
            any_method,
            any_header,
            credentials,
            timing,
            private_network,
            ..
        } = settings;
        let origins = if settings.any_origin {
            AllowedOrigins::Any
        } else {
            AllowedOrigins::Some {
                set: origins,
                predicate,
                null: settings.null_origin,
                file: settings.file_origin,
                local_network: settings.local_network,
            }
        };
        // Any header includes them.
        let mcp_parameters = settings.mcp_parameters && !any_header;
        let any = HeaderValue::from_static("*");
        // `*` alone does not cover `Authorization`: <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
        let any_with_authorization = HeaderValue::from_static("*, authorization");
        // With credentials browsers treat `*` literally, so the requested names are echoed instead.
        let methods = AllowList::new(settings.methods, any_method, credentials, any.clone());
        let headers = AllowList::new(
            settings.headers,
            any_header,
            credentials,
            any_with_authorization,
        );
        let exposed = AllowList::new(settings.exposed, settings.expose_any, false, any);
        let extra = ExtraHeaders {
            exposed: exposed.constant().cloned(),
            timing,
        };
        Self(Arc::new(Compiled {
            origins,
            credentials,
            extra: Some(extra).filter(|extra| *extra != ExtraHeaders::default()),
            exposed,
            max_age: settings.max_age.map(|max_age| MaxAge {
                seconds: max_age.as_secs(),
                value: max_age.as_secs().into(),
            }),
            preflight_status: settings.preflight_status,
            preflight_vary: preflight_vary(
                any_method && credentials,
                mcp_parameters || (any_header && credentials),
                private_network,
            ),
            methods,
            headers,
            mcp_parameters,
            private_network,
            protection: Protection {
                enforcement: settings.enforcement,
                hosts: settings.hosts.map(|hosts| hosts.into_iter().collect()),
                always_blocks_hosts: false,
                trusts_same_origin: settings.trust_same_origin,
            },
            read_only: settings.read_only,
        }))
    }
}

impl<T: AsRef<str>> AllowList<T> {
    fn new(names: Vec<T>, any: bool, echo_any: bool, wildcard: HeaderValue) -> Self {
        match (any, echo_any) {
            (true, true) => Self::Echo,
            (true, false) => Self::Constant {
                value: Some(wildcard),
                listed: Box::default(),
                any,
            },
            (false, _) => {
                let mut seen = HashSet::new();
                let listed: Vec<T> = names
                    .into_iter()
                    .filter(|name| seen.insert(name.as_ref().to_owned()))
                    .collect();
                Self::Constant {
                    value: join(&listed),
                    listed: listed.into(),
                    any,
                }
            }
        }
    }
}

/// Joins names to the value of a header. Returns `None` if there are none.
fn join<T: AsRef<str>>(names: &[T]) -> Option<HeaderValue> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() {
        return None;
    }
    // Methods and header names are tokens, so their list is always a value.
    HeaderValue::try_from(names.join(",")).ok()
}

/// Returns the `Vary` of preflights whose answer depends on request headers other than `Origin`.
fn preflight_vary(methods: bool, headers: bool, private_network: bool) -> Option<PreflightVary> {
    let names = [
        (methods, "Access-Control-Request-Method"),
        (headers, "Access-Control-Request-Headers"),
        (private_network, "Access-Control-Request-Private-Network"),
    ];
    let others: Vec<&str> = names
        .into_iter()
        .filter_map(|(depends, name)| depends.then_some(name))
        .collect();
    let others = others.join(", ");
    // Joined header names are always a value, so the fallback is never used.
    let value =
        |names: String| HeaderValue::try_from(names).unwrap_or(HeaderValue::from_static("*"));
    (!others.is_empty()).then(|| PreflightVary {
        origin_and_others: value(format!("Origin, {others}")),
        others: value(others),
    })
}
