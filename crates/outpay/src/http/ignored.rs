//! The fields of a body that an endpoint ignores, as its answer names them in a header, so that a misspelt field can be found.

use super::json::Object;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const HEADER: HeaderName = HeaderName::from_static("outpay-ignored-fields");
const MOST_NAMES: usize = 10;
const MOST_BYTES: usize = 512;
/// Everything but the unreserved characters (RFC 3986, 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The header's value; empty where nothing was ignored.
#[derive(Default)]
pub(super) struct Ignored(String);

impl Ignored {
    /// The fields that are not among `known`.
    pub(super) fn of(sent: &Object, known: &[&str]) -> Self {
        let mut names = String::new();
        for name in sent.names().filter(|name| !known.contains(name)).take(MOST_NAMES) {
            let name = utf8_percent_encode(name, ENCODED).to_string();
            let comma = usize::from(!names.is_empty());
            if names.len() + comma + name.len() > MOST_BYTES {
                continue;
            }
            names += if comma == 1 { "," } else { "" };
            names += &name;
        }
        Self(names)
    }

    /// The answer with the header, where something was ignored.
    pub(super) fn told(&self, mut response: Response) -> Response {
        if let Some(value) = HeaderValue::from_str(&self.0).ok().filter(|value| !value.is_empty()) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> String {
        Ignored::of(&Object::parse(body.as_bytes()).unwrap(), &["email"]).0
    }

    #[test]
    fn names_are_encoded_and_few() {
        assert_eq!(told(r#"{"email":"a"}"#), "");
        assert_eq!(told(r#"{"email":"a","note":1,"a b,\r\n":null,"ü":1}"#), "note,a%20b%2C%0D%0A,%C3%BC");
        let many: Vec<String> = (0..40).map(|number| format!("\"n{number}\":1")).collect();
        assert_eq!(told(&format!("{{{}}}", many.join(","))), "n0,n1,n2,n3,n4,n5,n6,n7,n8,n9");
        let long = |length| "x".repeat(length);
        assert_eq!(told(&format!(r#"{{"{}":1,"b":1}}"#, long(510))), format!("{},b", long(510)));
        assert_eq!(told(&format!(r#"{{"{}":1,"b":1}}"#, long(511))), long(511));
        assert_eq!(told(&format!(r#"{{"{}":1,"b":1}}"#, long(513))), "b");
        assert!(told(&format!(r#"{{"a":1,"{}":1}}"#, "ü".repeat(90))).len() <= MOST_BYTES);
    }
}
