//! Origins and patterns in configuration files and messages: as text.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::parse::parse;
use super::suggest::suggest;
use super::{Origin, OriginPattern};
use crate::escaped::EscapedText;

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Origin {
    /// Reads a text. The error names the text, the mistake, and the origin that was probably meant.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            let what = format!("`{}` is not an origin: {error}", EscapedText(&text));
            match suggest(&text, |text| parse(text.as_bytes()).map(|_| ())) {
                Some(meant) => D::Error::custom(format_args!("{what}; write `{meant}`")),
                None => D::Error::custom(what),
            }
        })
    }
}

impl Serialize for OriginPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for OriginPattern {
    /// Reads a text. The error names the text, the mistake, and the pattern that was probably meant.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
