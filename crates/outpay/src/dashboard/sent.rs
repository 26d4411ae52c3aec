//! What stands in the query of a page's address: filters and places in lists.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// See the module.
pub struct Sent(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Sent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().take(50).collect()))
    }
}

impl Sent {
    /// A parameter without white space around it; empty where it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        // Nothing that is looked for has a NUL, which PostgreSQL would not take.
        found.unwrap_or_default().replace('\0', "\u{fffd}")
    }
}

/// A path with these parameters; empty ones are left out.
#[must_use]
pub fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
