//! Reading a policy from a configuration file.

use std::fmt;

use http::StatusCode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::PolicyConfig;
use super::preset::Preset;
use super::value::Value;
use crate::enforce::Enforcement;
use crate::origin::OriginPattern;
use crate::policy::PolicyError;
use crate::policy::keys::{self, KEYS};
use crate::policy::list::{self, List};

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("PolicyConfig", &KEYS, Keys)
    }
}

/// The most unknown keys for which the nearest key is searched. A file with more is no configuration of a policy.
const COMPARED: usize = 16;

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = PolicyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a CORS policy: a table of keys, such as `origins`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyConfig, A::Error> {
        let mut config = PolicyConfig::default();
        let mut seen = Vec::new();
        let mut unknown = 0;
        while let Some(name) = map.next_key::<String>()? {
            let value: Value = map.next_value()?;
            match keys::find(&name) {
                Some(key) if seen.contains(&key) => {
                    config.mistakes.push(PolicyError::RepeatedKey(key));
                }
                Some(key) => {
                    seen.push(key);
                    config.read(key, &value);
                }
                None => {
                    unknown += 1;
                    let is_compared = unknown <= COMPARED;
                    config.mistakes.push(PolicyError::UnknownKey {
                        nearest: is_compared.then(|| keys::nearest(&name)).flatten(),
                        key: name,
                    });
                }
            }
        }
        config.forget_defaults();
        Ok(config)
    }
}

impl PolicyConfig {
    /// Reads the value of a key. A value that does not fit is a mistake, which `build` reports with all others.
    fn read(&mut self, key: &'static str, value: &Value) {
        if let Err(unfit) = self.try_read(key, value) {
            self.mistakes
                .extend(unfit.into_iter().map(|unfit| PolicyError::UnfitValue {
                    key,
                    value: unfit.value,
                    expected: unfit.expected,
                    line: unfit.line,
                }));
        }
    }

    fn try_read(&mut self, key: &'static str, value: &Value) -> Result<(), Vec<Unfit>> {
        let list = |example| read_list(key, example, value);
        let flag = || read_flag(key, value).map(Some).map_err(one);
        const ORIGIN: &str = "[\"https://app.example.com\"]";
        match key {
            "preset" => {
                // So a typing error here does not make mistakes of what the preset would have set.
                self.preset = meant_preset(value);
                self.preset = Some(read_preset(value).map_err(one)?);
            }
            "origins" => self.origins = Some(list(ORIGIN)?),
            "methods" => self.methods = Some(list("[\"PUT\"]")?),
            "headers" => self.headers = Some(list("[\"content-type\"]")?),
            "expose" => self.expose = Some(list("[\"etag\"]")?),
            "credentials" => self.credentials = flag()?,
            "max_age" => self.max_age = Some(read_seconds(value).map_err(one)?),
            "null_origin" => self.null_origin = flag()?,
            "file_origin" => self.file_origin = flag()?,
            "local_network" => self.local_network = flag()?,
            "mcp_parameters" => self.mcp_parameters = flag()?,
            "private_network" => self.private_network = flag()?,
            "timing" => self.timing = flag()?,
            "preflight_status" => {
                self.preflight_status = Some(read_status(value).map_err(one)?);
            }
            "enforcement" => {
                let read = read_enforcement(value);
                // So a mistake here does not make the keys that need enforcement mistakes too.
                self.enforcement = Some(read.as_ref().copied().unwrap_or(Enforcement::Block));
                read.map_err(one)?;
            }
            "hosts" => self.hosts = Some(list("[\"api.example.com\"]")?),
            "read_only" => self.read_only = flag()?,
            "trust_same_origin" => self.trust_same_origin = flag()?,
            "dangerously_allow_insecure_origins" => {
                self.dangerously_allow_insecure_origins = read_patterns(key, "http://nas", value)?;
            }
            "dangerously_allow_public_suffixes" => {
                self.dangerously_allow_public_suffixes =
                    read_patterns(key, "https://*.github.io", value)?;
            }
            "dangerously_allow_whole_schemes" => {
                self.dangerously_allow_whole_schemes =
                    read_patterns(key, "moz-extension://*", value)?;
            }
            // `keys::find` returns no other.
            _ => {}
        }
        Ok(())
    }

    /// Forgets the values that are those of the preset anyway, so that configurations are equal if they mean the same.
    fn forget_defaults(&mut self) {
        fn forget<T: PartialEq>(value: &mut Option<T>, default: &T) {
            if value.as_ref() == Some(default) {
                *value = None;
            }
        }
        let settings = self.base().settings;
        if self.preset.is_none() {
            for list in [
                &mut self.origins,
                &mut self.methods,
                &mut self.headers,
                &mut self.expose,
            ] {
                forget(list, &List::Only(Vec::new()));
            }
        }
        forget(&mut self.credentials, &settings.credentials);
        forget(&mut self.null_origin, &settings.null_origin);
        forget(&mut self.file_origin, &settings.file_origin);
        forget(&mut self.local_network, &settings.local_network);
        forget(&mut self.mcp_parameters, &settings.mcp_parameters);
        forget(&mut self.private_network, &settings.private_network);
        forget(&mut self.timing, &settings.timing);
        forget(&mut self.enforcement, &settings.enforcement);
        forget(&mut self.read_only, &settings.read_only);
        forget(&mut self.trust_same_origin, &settings.trust_same_origin);
    }
}

/// A value that does not fit its key.
struct Unfit {
    value: String,
    expected: &'static str,
    /// The line to write, without backticks.
    line: String,
}

impl Unfit {
    fn new(value: &Value, expected: &'static str, line: String) -> Self {
        Self {
            value: value.to_string(),
            expected,
            line,
        }
    }
}

fn one(unfit: Unfit) -> Vec<Unfit> {
    vec![unfit]
}

fn read_list(key: &str, example: &str, value: &Value) -> Result<List, Vec<Unfit>> {
    let unfit = |value, expected| Unfit::new(value, expected, format!("`{key} = {example}`"));
    match value {
        Value::Text(text) => Ok(List::of_text(text)),
        Value::List(items) => {
            let mut texts = Vec::new();
            let mut wrong = Vec::new();
            for item in items {
                match item {
                    Value::Text(text) => texts.push(text.as_str()),
                    _ => wrong.push(unfit(item, "a text")),
                }
            }
            if wrong.is_empty() {
                Ok(List::of_items(texts))
            } else {
                Err(wrong)
            }
        }
        _ => Err(one(unfit(value, "a list of texts"))),
    }
}

/// Reads origins that are checked less than those of `origins`, so they are parsed here, and each must need its key.
fn read_patterns(
    key: &str,
    example: &str,
    value: &Value,
) -> Result<Vec<OriginPattern>, Vec<Unfit>> {
    let texts = match read_list(key, &format!("[{example:?}]"), value)? {
        List::Any => vec!["*".to_owned()],
        List::Only(texts) => texts,
    };
    let mut patterns = Vec::new();
    let mut wrong = Vec::new();
    for text in texts {
        let line = |key: &str, origin: &str| {
            // A line that repeats a long list of ports helps nobody.
            let shown = Some(origin).filter(|origin| origin.len() <= 256);
            format!("`{key} = [{:?}]`", shown.unwrap_or(example))
        };
        let (expected, line) = match text.parse::<OriginPattern>() {
            Err(error) => {
                let meant = error.suggestion().unwrap_or(example);
                ("an origin pattern", line(key, meant))
            }
            Ok(pattern) if key.ends_with("insecure_origins") && !pattern.is_insecure() => {
                ("an insecure origin", line("origins", &text))
            }
            Ok(pattern) if key.ends_with("public_suffixes") && pattern.base_domain().is_none() => {
                ("a pattern of subdomains", line("origins", &text))
            }
            Ok(pattern) if key.ends_with("whole_schemes") && !pattern.is_whole_scheme() => {
                ("a pattern of a whole scheme", line("origins", &text))
            }
            Ok(pattern) => {
                patterns.push(pattern);
                continue;
            }
        };
        wrong.push(Unfit::new(&Value::Text(text), expected, line));
    }
    if wrong.is_empty() {
        Ok(patterns)
    } else {
        Err(wrong)
    }
}

fn read_flag(key: &str, value: &Value) -> Result<bool, Unfit> {
    let read = match value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) => {
            let text = list::unquoted(text);
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            (is("true") || is("false")).then(|| is("true"))
        }
        _ => None,
    };
    read.ok_or_else(|| {
        Unfit::new(
            value,
            "`true` or `false`",
            format!("`{key} = true` or `{key} = false`"),
        )
    })
}

fn read_seconds(value: &Value) -> Result<u64, Unfit> {
    let read = match value {
        Value::Integer(seconds) if *seconds >= 0 => {
            Some(u64::try_from(*seconds).unwrap_or(u64::MAX))
        }
        Value::Text(text) => digits(text),
        _ => None,
    };
    read.ok_or_else(|| {
        let line = match (value, seconds_meant(value)) {
            (_, Some(seconds)) => format!("`max_age = {seconds}`"),
            (Value::Integer(_), None) => "`max_age = 0`, which forbids caching".into(),
            _ => "`max_age = 600`, or leave the key out".into(),
        };
        Unfit::new(value, "a number of seconds", line)
    })
}

/// Returns the number that the digits of a text are. Too large a number is the largest.
fn digits(text: &str) -> Option<u64> {
    let text = list::unquoted(text);
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Returns the seconds of a duration such as `10m` or `1.5 hours`, or of a whole number with a point.
fn seconds_meant(value: &Value) -> Option<u64> {
    let (number, unit) = match value {
        Value::Float(number) => (*number, 1.0),
        Value::Text(text) => {
            let text = list::unquoted(text);
            let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
            let (number, unit) = text.split_at(end.unwrap_or(text.len()));
            let unit = match unit.trim().to_ascii_lowercase().as_str() {
                "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
                "ms" | "millis" | "milliseconds" => 0.001,
                "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
                "h" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                _ => return None,
            };
            (number.parse().ok()?, unit)
        }
        _ => return None,
    };
    let seconds = number * unit;
    let is_whole = (0.0..=86_400.0).contains(&seconds) && seconds.fract() == 0.0;
    is_whole.then_some(seconds as u64)
}

fn read_status(value: &Value) -> Result<StatusCode, Unfit> {
    let number = match value {
        Value::Integer(number) => u16::try_from(*number).ok(),
        Value::Text(text) => digits(text).and_then(|number| u16::try_from(number).ok()),
        _ => None,
    };
    number
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or_else(|| {
            Unfit::new(
                value,
                "a status from 200 to 299",
                "`preflight_status = 200`, or leave the key out for 204".into(),
            )
        })
}

fn read_enforcement(value: &Value) -> Result<Enforcement, Unfit> {
    let read = match value {
        Value::Text(text) => list::unquoted(text).parse().ok(),
        _ => None,
    };
    read.ok_or_else(|| {
        Unfit::new(
            value,
            "an enforcement",
            "`enforcement = \"block\"`, `\"block-unsafe\"`, `\"report\"` or `\"off\"`".into(),
        )
    })
}

fn meant_preset(value: &Value) -> Option<Preset> {
    match value {
        Value::Text(text) => Preset::nearest(list::unquoted(text)),
        _ => None,
    }
}

fn read_preset(value: &Value) -> Result<Preset, Unfit> {
    let read = match value {
        Value::Text(text) => Preset::of(list::unquoted(text)),
        _ => None,
    };
    read.ok_or_else(|| {
        let first = meant_preset(value).map_or(Preset::NAMES[0], Preset::name);
        let others = Preset::NAMES.into_iter().filter(|name| *name != first);
        let others: Vec<_> = others.map(|name| format!("`\"{name}\"`")).collect();
        let others = others.join(", ");
        Unfit::new(
            value,
            "a preset",
            format!("`preset = \"{first}\"`, or one of {others}"),
        )
    })
}
