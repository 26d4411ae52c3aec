//! Query-string extractor.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// The parameters of a query string, in order.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = parts.uri.query().unwrap_or_default();
        // PostgreSQL refuses NUL in a text, and no stored text has one.
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let pairs =
            form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (clean(&name), clean(&value)));
        Ok(Self(pairs.collect()))
    }
}

impl Query {
    /// The first value of a parameter without surrounding white space; empty where it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a parameter, without surrounding white space.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }
}

/// A path with these parameters as its query string; empty ones are left out.
#[must_use]
pub fn path(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
impl Query {
    /// What this query string says.
    pub fn of(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }
}
