//! A policy in a configuration file.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde::ser::{Error, Serializer};

use super::list::List;
use super::{Policy, PolicyBuilder, PolicyError, PolicyErrors};
use crate::enforce::Enforcement;
use crate::origin::OriginPattern;

mod preset;
mod read;
mod value;

use preset::Preset;

/// A policy in a configuration file or in the environment: TOML, JSON, YAML, and whatever else `serde` reads.
///
/// ```
/// let config: tower_cors::PolicyConfig = toml::from_str(r#"
///     origins = ["https://app.example.com", "https://*.example.com"]   # or "*", or "none"
///     methods = ["PUT", "DELETE"]          # or "*", or "none"
///     headers = ["authorization"]          # or "*", or "none"
///     expose  = ["etag"]                   # or "*", or "none"
///     credentials = true
///     max_age = 600                        # seconds; 0 says "do not cache"
///     null_origin = false
///     file_origin = false
///     local_network = false                # any page of the local network, without credentials
///     mcp_parameters = false               # `Mcp-Param-*` of a tool server
///     private_network = false
///     timing = false
///     preflight_status = 204
///     enforcement = "block"                # or "off", "report", "block-unsafe"
///     hosts = ["api.example.com"]          # rejects DNS rebinding
///     read_only = false
///     trust_same_origin = true
/// "#)?;
/// let policy = config.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every key is optional, but the policy must allow some origin. Four more keys are for special policies:
///
/// | key | meaning |
/// |---|---|
/// | `preset = "mcp"` | starts with a preset: `"public"`, `"localhost"`, `"grpc-web"`, `"connect"` or `"mcp"`. Lists add to it, and other keys replace its values |
/// | `dangerously_allow_insecure_origins = ["http://nas"]` | also allows these `http` origins with credentials. It lets a network attacker impersonate your users |
/// | `dangerously_allow_public_suffixes = ["https://*.github.io"]` | also allows these patterns with credentials. It lets third parties who own such a subdomain impersonate your users |
/// | `dangerously_allow_whole_schemes = ["moz-extension://*"]` | also allows every host of these schemes with credentials. It lets every extension or app with such a scheme impersonate your users |
///
/// # Text
///
/// Environment variables are texts, so a text can stand for every value:
///
/// - A list is one text with commas, semicolons, spaces or newlines between the items, or a JSON array. Blank items are
///   skipped.
/// - `"true"`, `"false"` and a number in a text are what they say.
/// - Quotes around a value or an item are removed, because some container runtimes keep them.
///
/// No other text is guessed at: `"yes"`, `"1"` and `"10m"` are mistakes.
///
/// # Writing
///
/// It serializes to the keys that differ from the default, so that what it writes is what it reads. A configuration with
/// mistakes of names or types does not serialize.
///
/// # Errors
///
/// Only what is no table of keys is an error of `serde`. All other mistakes are reported by [`build`](Self::build), all at
/// once, each with its key: unknown keys, values of the wrong type, and the mistakes of the policy.
///
/// ```
/// let config: tower_cors::PolicyConfig = toml::from_str(r#"
///     origin = "https://app.example.com"
///     max_age = "10m"
/// "#)?;
/// let errors = config.build().unwrap_err().to_string();
/// assert!(errors.contains("origin: unknown key; help: write `origins`"));
/// assert!(errors.contains("max_age: `\"10m\"` is not a number of seconds; help: write `max_age = 600`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct PolicyConfig {
    // `None` is what the preset says.
    #[serde(skip_serializing_if = "Option::is_none")]
    preset: Option<Preset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origins: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    methods: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    null_origin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_origin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_network: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcp_parameters: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_network: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timing: Option<bool>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_status"
    )]
    preflight_status: Option<StatusCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforcement: Option<Enforcement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<List>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_same_origin: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dangerously_allow_insecure_origins: Vec<OriginPattern>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dangerously_allow_public_suffixes: Vec<OriginPattern>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dangerously_allow_whole_schemes: Vec<OriginPattern>,
    /// The mistakes of names and types. The builder finds the others.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "serialize_mistakes"
    )]
    mistakes: Vec<PolicyError>,
}

fn serialize_status<S: Serializer>(
    status: &Option<StatusCode>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    status.map(|status| status.as_u16()).serialize(serializer)
}

fn serialize_mistakes<S: Serializer>(mistakes: &[PolicyError], _: S) -> Result<S::Ok, S::Error> {
    match PolicyErrors::check(mistakes.to_vec()) {
        Ok(()) => Err(S::Error::custom("the CORS policy has mistakes")),
        Err(errors) => Err(S::Error::custom(errors.by_key())),
    }
}

impl PolicyConfig {
    /// Builds the policy.
    ///
    /// # Errors
    ///
    /// The mistakes of names and types, and those of [`PolicyBuilder::build`], each with its key and in the words of the
    /// file.
    pub fn build(self) -> Result<Policy, PolicyErrors> {
        self.into_builder().build().map_err(PolicyErrors::by_key)
    }

    /// Converts it into a builder, to customise in code. The builder reports the mistakes of names and types too.
    pub fn into_builder(self) -> PolicyBuilder {
        let mut builder = self.base();
        builder.mistakes.extend(self.mistakes);
        builder = match self.origins {
            None => builder,
            Some(origins) => builder.allow_origin_list(origins),
        };
        let insecure = self.dangerously_allow_insecure_origins;
        let strangers = self.dangerously_allow_public_suffixes;
        for pattern in &insecure {
            builder = builder.dangerously_allow_insecure_origin(pattern.as_str());
        }
        for pattern in &strangers {
            builder = builder.allow_origin(pattern.as_str());
        }
        builder.settings.public_suffix_exceptions.extend(strangers);
        for pattern in &self.dangerously_allow_whole_schemes {
            builder = builder.dangerously_allow_whole_scheme(pattern.as_str());
        }
        builder = match self.methods.map(List::of_names) {
            None => builder,
            Some(List::Any) => builder.allow_any_method(),
            Some(List::Only(methods)) => builder.allow_methods(methods),
        };
        builder = match self.headers.map(List::of_names) {
            None => builder,
            Some(List::Any) => builder.allow_any_header(),
            Some(List::Only(headers)) => builder.allow_headers(headers),
        };
        builder = match self.expose.map(List::of_names) {
            None => builder,
            Some(List::Any) => builder.expose_any_header(),
            Some(List::Only(headers)) => builder.expose_headers(headers),
        };
        builder = match self.hosts.map(List::of_names) {
            None => builder,
            // It is no host, and the mistake says so.
            Some(List::Any) => builder.hosts(["*"]),
            Some(List::Only(hosts)) => builder.hosts(hosts),
        };
        if let Some(allow) = self.credentials {
            builder = builder.allow_credentials(allow);
        }
        if let Some(seconds) = self.max_age {
            builder = builder.max_age(Duration::from_secs(seconds));
        }
        if let Some(allow) = self.null_origin {
            builder = builder.allow_null_origin(allow);
        }
        if let Some(allow) = self.file_origin {
            builder = builder.allow_file_origin(allow);
        }
        if let Some(allow) = self.local_network {
            builder = builder.allow_local_network(allow);
        }
        if let Some(allow) = self.mcp_parameters {
            builder = builder.allow_mcp_parameters(allow);
        }
        if let Some(allow) = self.private_network {
            builder = builder.allow_private_network(allow);
        }
        if let Some(allow) = self.timing {
            builder = builder.allow_timing(allow);
        }
        if let Some(status) = self.preflight_status {
            builder = builder.preflight_status(status);
        }
        if let Some(enforcement) = self.enforcement {
            builder = builder.enforce(enforcement);
        }
        if let Some(read_only) = self.read_only {
            builder = builder.read_only(read_only);
        }
        if let Some(trust) = self.trust_same_origin {
            builder = builder.trust_same_origin(trust);
        }
        builder
    }

    /// Returns the builder to which the keys add.
    fn base(&self) -> PolicyBuilder {
        self.preset.map(Preset::builder).unwrap_or_default()
    }
}
