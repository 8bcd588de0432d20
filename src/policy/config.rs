//! A policy as it stands in a configuration file.

use std::fmt;
use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::{Policy, PolicyBuilder, PolicyErrors};

/// A policy as it stands in a configuration file or in the environment: TOML, JSON, YAML, whatever `serde` reads.
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
///     private_network = false
///     timing = false
///     preflight_status = 204
/// "#)?;
/// let policy = config.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every key may be left out, but something must say which origins are allowed. A list may also be written as one text
/// with commas, as in an environment variable. Keys that are not among these are rejected.
///
/// # Errors
///
/// What is no method, header name or status is an error of `serde` that names the key; all else is found by
/// [`build`](Self::build), all at once, each mistake with its key.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a CORS policy")]
pub struct PolicyConfig {
    origins: Listed<Text>,
    methods: Listed<Method>,
    headers: Listed<HeaderName>,
    expose: Listed<HeaderName>,
    credentials: bool,
    max_age: Option<u64>,
    null_origin: bool,
    private_network: bool,
    timing: bool,
    preflight_status: Option<Status>,
}

impl PolicyConfig {
    /// The policy.
    ///
    /// # Errors
    ///
    /// As [`PolicyBuilder::build`], each mistake behind the key where it stands.
    pub fn build(self) -> Result<Policy, PolicyErrors> {
        self.into_builder().build().map_err(PolicyErrors::by_key)
    }

    /// The same as a builder, to go on with in code.
    pub fn into_builder(self) -> PolicyBuilder {
        let mut builder = Policy::builder()
            .allow_credentials(self.credentials)
            .allow_null_origin(self.null_origin)
            .allow_private_network(self.private_network)
            .allow_timing(self.timing);
        builder = match self.origins {
            Listed::Any => builder.allow_any_origin(),
            Listed::These(origins) => {
                builder.allow_origins(origins.into_iter().map(|Text(origin)| origin))
            }
        };
        builder = match self.methods {
            Listed::Any => builder.allow_any_method(),
            Listed::These(methods) => builder.allow_methods(methods),
        };
        builder = match self.headers {
            Listed::Any => builder.allow_any_header(),
            Listed::These(headers) => builder.allow_headers(headers),
        };
        builder = match self.expose {
            Listed::Any => builder.expose_any_header(),
            Listed::These(headers) => builder.expose_headers(headers),
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

/// `"*"`, a list, or a text with commas.
#[derive(Clone, Debug)]
enum Listed<T> {
    Any,
    These(Vec<T>),
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// What stands in a list.
trait Item: Sized {
    /// What the list is of, for the error.
    const WHAT: &'static str;

    fn parse(text: &str) -> Option<Self>;
}

/// An origin, which the builder parses.
#[derive(Clone, Debug)]
struct Text(String);

impl Item for Text {
    const WHAT: &'static str = "origin";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl Item for Method {
    const WHAT: &'static str = "method";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Item for HeaderName {
    const WHAT: &'static str = "header name";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl<'de, T: Item> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts<T>(std::marker::PhantomData<T>);

        impl<'de, T: Item> Visitor<'de> for Texts<T> {
            type Value = Listed<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\"*\" or a list of {}s", T::WHAT)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Listed<T>, E> {
                match text.trim() {
                    "*" => Ok(Listed::Any),
                    "" => Ok(Listed::default()),
                    list => list
                        .split(',')
                        .map(item)
                        .collect::<Result<_, E>>()
                        .map(Listed::These),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Listed<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(text) = texts.next_element::<String>()? {
                    items.push(text);
                }
                match items.as_slice() {
                    [star] if star == "*" => Ok(Listed::Any),
                    items => items
                        .iter()
                        .map(|text| item(text))
                        .collect::<Result<_, _>>()
                        .map(Listed::These),
                }
            }
        }

        deserializer.deserialize_any(Texts(std::marker::PhantomData))
    }
}

fn item<T: Item, E: Error>(text: &str) -> Result<T, E> {
    T::parse(text.trim())
        .ok_or_else(|| E::custom(format_args!("`{}` is no {}", text.escape_debug(), T::WHAT)))
}

#[derive(Clone, Copy, Debug)]
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
