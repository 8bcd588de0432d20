//! A value in a configuration file, of whatever type it is.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess};
use serde::de::{SeqAccess, Visitor};

/// The longest part of a value that a message shows.
const MAX_SHOWN: usize = 80;

/// The key of the map by which `serde_json` passes on a number, if its feature `arbitrary_precision` is on.
const JSON_NUMBER: &str = "$serde_json::private::Number";

/// A value of any type, so that a wrong one is a mistake with a key instead of the end of reading.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// The lists in a list are read as empty.
    List(Vec<Self>),
    Table,
    Bytes,
}

impl fmt::Display for Value {
    /// Shows the value in backticks, or names what cannot be shown in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("`null`"),
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Integer(value) => write!(f, "`{value}`"),
            Self::Float(value) => write!(f, "`{value:?}`"),
            Self::Text(text) => match text.char_indices().nth(MAX_SHOWN) {
                None => write!(f, "`{text:?}`"),
                Some((end, _)) => write!(f, "a text that begins with `{:?}`", &text[..end]),
            },
            Self::List(_) => f.write_str("a list"),
            Self::Table => f.write_str("a table"),
            Self::Bytes => f.write_str("a sequence of bytes"),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader { in_list: false }.deserialize(deserializer)
    }
}

/// Reads a value. It skips the lists in a list, so its own depth is bounded.
#[derive(Clone, Copy)]
struct Reader {
    in_list: bool,
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Integer(value.try_into().unwrap_or(i128::MAX)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        if self.in_list {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::List(Vec::new()));
        }
        let item = Self { in_list: true };
        std::iter::from_fn(|| seq.next_element_seed(item).transpose())
            .collect::<Result<_, _>>()
            .map(Value::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let key = Self { in_list: true };
        while let Some(key) = map.next_key_seed(key)? {
            if matches!(&key, Value::Text(key) if key == JSON_NUMBER) {
                return Ok(json_number(&map.next_value::<String>()?));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Value::Table)
    }
}

fn json_number(text: &str) -> Value {
    match (text.parse(), text.parse()) {
        (Ok(integer), _) => Value::Integer(integer),
        (_, Ok(float)) => Value::Float(float),
        _ => Value::Text(text.to_owned()),
    }
}
