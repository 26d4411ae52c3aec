//! Files to keep: CSVs that the browser saves instead of showing them. Not here: what is in them.

use crate::web::page;
use axum::response::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

/// What a page is before it becomes a file: it lends the strict headers of pages.
#[derive(askama::Template)]
#[template(source = "{{ text|safe }}", ext = "html")]
struct Text<'a> {
    text: &'a str,
}

/// A CSV under this name, which is one of ours: letters, digits, dashes and a dot.
#[must_use]
pub fn csv(name: &str, text: &str) -> Response {
    let mut response = page::html(StatusCode::OK, &Text { text });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}

/// A field as a CSV for spreadsheets has it: quoted where it has to be, and never a formula.
#[must_use]
pub fn field(text: &str) -> String {
    let looks_like_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if looks_like_a_formula { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) || looks_like_a_formula {
        return format!("\"{guard}{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        for (text, written) in [
            ("a@example.com", "a@example.com"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
        ] {
            assert_eq!(field(text), written);
        }
    }
}
