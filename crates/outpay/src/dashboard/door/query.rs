//! What stands behind the question mark of an address. Names and values are read as forms write them.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// The fields of a query, in order.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = parts.uri.query().unwrap_or_default();
        // PostgreSQL looks for no text with a NUL, and none is stored.
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let pairs =
            form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (clean(&name), clean(&value)));
        Ok(Self(pairs.collect()))
    }
}

impl Query {
    /// A field without white space around it; empty where it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }
}

/// A path with those of these fields that are not empty.
#[must_use]
pub fn path(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
