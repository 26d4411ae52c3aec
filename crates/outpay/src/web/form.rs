//! Posted forms (`application/x-www-form-urlencoded`), bounded in size and time. Not here: multipart uploads, the meaning of the
//! fields.

use super::page;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

const LARGEST: usize = 64 * 1024;
const MOST_FIELDS: usize = 2_000;
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The fields of a form, in the order in which they were sent.
#[derive(Debug, Default)]
pub struct Form(Vec<(String, String)>);

/// Why a body could not be read as a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// Another type of content.
    NotAForm,
    /// Too many bytes or fields.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// Cut off, or with characters that no text has.
    Malformed,
}

impl Form {
    /// Reads the body.
    pub async fn read(parts: &Parts, body: Body) -> Result<Self, BadForm> {
        let declared =
            parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = declared.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(BadForm::NotAForm);
        }
        let collected = tokio::time::timeout(LONGEST_WAIT, Limited::new(body, LARGEST).collect()).await;
        match collected.map_err(|_| BadForm::TooSlow)? {
            Ok(body) => Self::parse(&body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(BadForm::TooLarge),
            // The browser has closed the connection; the response may reach no client.
            Err(_) => Err(BadForm::Malformed),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, BadForm> {
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(bytes).into_owned().take(MOST_FIELDS + 1).collect();
        if fields.len() > MOST_FIELDS {
            return Err(BadForm::TooLarge);
        }
        // No field can hold a NUL, and PostgreSQL stores none.
        let is_text = |text: &String| !text.contains('\0');
        if !fields.iter().all(|(name, value)| is_text(name) && is_text(value)) {
            return Err(BadForm::Malformed);
        }
        Ok(Self(fields))
    }

    /// The value of a field without white space around it; the first one where it is repeated, empty where it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The value of a field to the letter, as a password needs it; empty where it is missing.
    #[must_use]
    pub fn untrimmed(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// All values of a field, without white space around them.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// All fields, in the order in which they were sent.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.trim()))
    }

    /// Was the field sent, even if empty?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl BadForm {
    /// What to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for BadForm {
    fn into_response(self) -> Response {
        page::plain(self.status(), "That form did not arrive", "Please go back, and send it again.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, body: impl Into<Body>) -> Result<Form, BadForm> {
        let request = http::Request::post("/p").header(CONTENT_TYPE, content_type).body(()).unwrap();
        Form::read(&request.into_parts().0, body.into()).await
    }

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    #[tokio::test]
    async fn fields_are_read_and_trimmed() {
        let form =
            read("application/X-WWW-form-urlencoded; charset=UTF-8", "a=+1%2B1+&b=x&b=y&c=&%C3%BC=%E2%82%AC");
        let form = form.await.unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c"), form.get("d")), ("1+1", "x", "", ""));
        assert_eq!((form.untrimmed("a"), form.untrimmed("b"), form.untrimmed("d")), (" 1+1 ", "x", ""));
        assert_eq!(form.all("b").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(form.get("ü"), "€");
        assert!(form.has("c") && !form.has("d"));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        assert_eq!(read("application/json", "{}").await.unwrap_err(), BadForm::NotAForm);
        assert_eq!(read("text/plain", "a=b").await.unwrap_err(), BadForm::NotAForm);
        let long = format!("a={}", "x".repeat(LARGEST));
        assert_eq!(read(URLENCODED, long).await.unwrap_err(), BadForm::TooLarge);
        assert_eq!(read(URLENCODED, "a&".repeat(MOST_FIELDS + 1)).await.unwrap_err(), BadForm::TooLarge);
        assert_eq!(read(URLENCODED, "a=b%00").await.unwrap_err(), BadForm::Malformed);
        assert!(read(URLENCODED, format!("a={}", "x".repeat(LARGEST - 2))).await.is_ok());
        assert!(!read(URLENCODED, "").await.unwrap().has("a"));
    }
}
