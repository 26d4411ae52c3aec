//! JSON as it comes in, read strictly: no duplicate keys at any depth, no byte order mark, valid UTF-8, one object.
//! Integers and floats are distinguished, since `100.0` is not an amount. Not here: what fields mean.

use super::problem::Problem;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that fits.
    Integer(i64),
    /// A whole number above `i64::MAX`.
    TooLarge,
    /// A whole number below `i64::MIN`.
    TooSmall,
    /// A number with a fraction or an exponent.
    Float,
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Self>),
    /// An object; keys are distinct.
    Object(Object),
}

/// An object's fields in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// Reads a body that must be one JSON object.
    ///
    /// # Errors
    /// [`Problem::MalformedJson`] for everything else.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Json::Object(object)) => Ok(object),
            _ => Err(Problem::MalformedJson),
        }
    }

    /// The same in the general form, for those who know their own fields; `None` where a number in it is no whole number
    /// of 64 bits. Leaving such a number out would drop a limit that was set.
    #[must_use]
    pub fn to_plain(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        self.0.iter().map(|(name, value)| Some((name.clone(), value.to_plain()?))).collect()
    }

    /// All fields, in the order in which they came.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names of all fields, those that are `null` too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The field's value, `null` too.
    #[must_use]
    pub fn sent(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The field's value; `None` where it is missing or `null`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.sent(key).filter(|value| **value != Json::Null)
    }
}

impl Json {
    fn to_plain(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::TooLarge | Self::TooSmall | Self::Float => return None,
            Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Integer(number) => (*number).into(),
            Self::String(text) => text.as_str().into(),
            Self::Array(items) => return items.iter().map(Self::to_plain).collect(),
            Self::Object(object) => object.to_plain()?.into(),
        })
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

/// Few enough keys to compare each with each; more are hashed, so that many keys cannot cost quadratic time.
const FEW_KEYS: usize = 16;

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::TooLarge, Json::Integer))
    }

    /// serde_json also gives whole numbers beyond 64 bits as floats; no float of that size has a fraction.
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        let bound = 9_223_372_036_854_775_808.0;
        Ok(if value >= bound {
            Json::TooLarge
        } else if value <= -bound {
            Json::TooSmall
        } else {
            Json::Float
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        while let Some((key, value)) = fields.next_entry::<String, Json>()? {
            if object.len() == FEW_KEYS {
                seen = object.iter().map(|(key, _)| key.clone()).collect();
            }
            let few = object.len() < FEW_KEYS;
            let duplicate =
                if few { object.iter().any(|(other, _)| *other == key) } else { !seen.insert(key.clone()) };
            if duplicate {
                return Err(serde::de::Error::custom("duplicate key"));
            }
            object.push((key, value));
        }
        Ok(Json::Object(Object(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_strict_object_is_malformed() {
        let many: String = (0..40).map(|number| format!("\"k{number}\":1,")).collect();
        for body in [
            "",
            " ",
            "null",
            "1",
            "\"a\"",
            "[]",
            "[{}]",
            "{",
            "{}{}",
            "{} x",
            "{\"a\":1,\"a\":1}",
            "{\"a\":{\"b\":1,\"b\":2}}",
            "{\"a\":[{\"b\":1,\"b\":2}]}",
            "\u{feff}{}",
            "{\"a\":01}",
            "{'a':1}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":NaN}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{}\0",
            "{\"a\u{0}\":1}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\ud800\"}",
            &format!("{{{many}\"k3\":1}}"),
        ] {
            assert!(matches!(Object::parse(body.as_bytes()), Err(Problem::MalformedJson)), "{body:?}");
        }
        assert!(matches!(Object::parse(b"{\"a\":\"\xff\"}"), Err(Problem::MalformedJson)));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
        assert!(matches!(Object::parse(deep.as_bytes()), Err(Problem::MalformedJson)));
        assert!(Object::parse(format!("{{{many}\"z\":1}}").as_bytes()).is_ok());
    }

    #[test]
    fn numbers_are_what_they_are_written_as() {
        for (text, value) in [
            ("100", Json::Integer(100)),
            ("-1", Json::Integer(-1)),
            ("9223372036854775807", Json::Integer(i64::MAX)),
            ("9223372036854775808", Json::TooLarge),
            ("18446744073709551615", Json::TooLarge),
            ("18446744073709551616", Json::TooLarge),
            ("-9223372036854775809", Json::TooSmall),
            ("100.0", Json::Float),
            ("1e2", Json::Float),
            ("1.5", Json::Float),
            ("true", Json::Bool(true)),
            ("\"100\"", Json::String("100".to_owned())),
        ] {
            let object = Object::parse(format!("{{\"a\":{text}}}").as_bytes()).unwrap();
            assert_eq!(object.get("a"), Some(&value), "{text}");
        }
        assert_eq!(Object::parse(b"{\"a\":null}").unwrap().get("a"), None);
    }
}
