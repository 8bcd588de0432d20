//! A policy in a configuration file.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Policy, PolicyBuilder, PolicyErrors};
use crate::enforce::Enforcement;

/// A policy in a configuration file or in the environment: TOML, JSON, YAML, and whatever else `serde` reads.
///
/// ```
/// let config: tower_cors::PolicyConfig = toml::from_str(r#"
///     origins = ["https://app.example.com", "https://*.example.com"]   # or "*"
///     methods = ["PUT", "DELETE"]          # or "*"
///     headers = ["authorization"]          # or "*"
///     expose  = ["etag"]                   # or "*"
///     credentials = true
///     max_age = 600                        # seconds; 0 says "do not cache"
///     null_origin = false
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
/// Every key is optional, but the policy must allow some origin. A list may also be one text with commas, as in an
/// environment variable. Unknown keys are rejected.
///
/// It serializes to the keys that differ from the default, so that what it writes is what it reads.
///
/// # Errors
///
/// A value of the wrong type, and a number that is no status, are errors of `serde`. All other mistakes are reported by
/// [`build`](Self::build), all at once, each with its key.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields, expecting = "a CORS policy")]
pub struct PolicyConfig {
    #[serde(skip_serializing_if = "is_default")]
    origins: List,
    #[serde(skip_serializing_if = "is_default")]
    methods: List,
    #[serde(skip_serializing_if = "is_default")]
    headers: List,
    #[serde(skip_serializing_if = "is_default")]
    expose: List,
    #[serde(skip_serializing_if = "is_default")]
    credentials: bool,
    #[serde(skip_serializing_if = "is_default")]
    max_age: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    null_origin: bool,
    #[serde(skip_serializing_if = "is_default")]
    mcp_parameters: bool,
    #[serde(skip_serializing_if = "is_default")]
    private_network: bool,
    #[serde(skip_serializing_if = "is_default")]
    timing: bool,
    #[serde(skip_serializing_if = "is_default")]
    preflight_status: Option<Status>,
    #[serde(skip_serializing_if = "is_default")]
    enforcement: Enforcement,
    #[serde(skip_serializing_if = "is_default")]
    hosts: Option<List>,
    #[serde(skip_serializing_if = "is_default")]
    read_only: bool,
    #[serde(skip_serializing_if = "is_default")]
    trust_same_origin: Option<bool>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl PolicyConfig {
    /// Builds the policy.
    ///
    /// # Errors
    ///
    /// The same as of [`PolicyBuilder::build`], each mistake with its key.
    pub fn build(self) -> Result<Policy, PolicyErrors> {
        self.into_builder().build().map_err(PolicyErrors::by_key)
    }

    /// Converts it into a builder, to customise in code.
    pub fn into_builder(self) -> PolicyBuilder {
        let mut builder = Policy::builder()
            .allow_credentials(self.credentials)
            .allow_null_origin(self.null_origin)
            .allow_mcp_parameters(self.mcp_parameters)
            .allow_private_network(self.private_network)
            .allow_timing(self.timing)
            .enforce(self.enforcement)
            .read_only(self.read_only)
            .trust_same_origin(self.trust_same_origin.unwrap_or(true));
        builder = match self.origins {
            List::Any => builder.allow_any_origin(),
            List::Only(origins) => builder.allow_origins(origins),
        };
        builder = match self.methods {
            List::Any => builder.allow_any_method(),
            List::Only(methods) => builder.allow_methods(methods),
        };
        builder = match self.headers {
            List::Any => builder.allow_any_header(),
            List::Only(headers) => builder.allow_headers(headers),
        };
        builder = match self.expose {
            List::Any => builder.expose_any_header(),
            List::Only(headers) => builder.expose_headers(headers),
        };
        builder = match self.hosts {
            None => builder,
            // It is no host, and the mistake says so.
            Some(List::Any) => builder.hosts(["*"]),
            Some(List::Only(hosts)) => builder.hosts(hosts),
        };
        if let Some(seconds) = self.max_age {
            builder = builder.max_age(Duration::from_secs(seconds));
        }
        if let Some(Status(status)) = self.preflight_status {
            builder = builder.preflight_status(status);
        }
        builder
    }
}

/// `"*"`, a list of texts, or one text with commas. The builder parses the texts.
#[derive(Clone, PartialEq, Eq, Debug)]
enum List {
    Any,
    Only(Vec<String>),
}

impl Default for List {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl FromIterator<String> for List {
    fn from_iter<I: IntoIterator<Item = String>>(texts: I) -> Self {
        let texts: Vec<String> = texts
            .into_iter()
            .map(|text| text.trim().to_owned())
            .collect();
        match texts.as_slice() {
            [any] if any == "*" => Self::Any,
            _ => Self::Only(texts),
        }
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"*\" or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<List, E> {
                if text.trim().is_empty() {
                    return Ok(List::default());
                }
                Ok(text.split(',').map(str::to_owned).collect())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<List, A::Error> {
                std::iter::from_fn(|| texts.next_element::<String>().transpose()).collect()
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("*"),
            Self::Only(texts) => texts.serialize(serializer),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Status(StatusCode);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        match StatusCode::from_u16(number) {
            Ok(status) => Ok(Self(status)),
            Err(_) => Err(D::Error::custom(format_args!(
                "{number} is no status; write one from 200 to 299"
            ))),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0.as_u16())
    }
}
