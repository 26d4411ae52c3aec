//! Cookies with the name prefix `__Host-`: browsers accept them only over TLS (or from localhost), for this host alone and all of its
//! paths. Not here: their content; a value consists of letters, digits, `-`, `_`, `.` or `=`.

use axum::response::Response;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

const PREFIX: &str = "__Host-";

/// The value of a cookie. `None` where it is sent twice with different values: another site may have set one of them.
#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| key.strip_prefix(PREFIX) == Some(name)).map(|(_, value)| value);
    let first = values.next()?;
    values.all(|other| other == first).then_some(first).filter(|value| !value.is_empty())
}

/// Sets a cookie: until the browser is closed, or for this many seconds.
pub fn set(response: &mut Response, name: &str, value: &str, max_age_seconds: Option<i64>) {
    let age = max_age_seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{PREFIX}{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte);
    match HeaderValue::from_str(&text) {
        Ok(text) if value.bytes().all(fits) => {
            response.headers_mut().append(SET_COOKIE, text);
        }
        _ => tracing::error!(name, "a cookie was not set: its value has characters that cookies do not take"),
    }
}

/// Takes a cookie away.
pub fn clear(response: &mut Response, name: &str) {
    set(response, name, "", Some(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|text| (COOKIE, HeaderValue::from_str(text).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = sent(&["a=1; __Host-claim=abc.d-e_f; __Host-other=2"]);
        assert_eq!(read(&headers, "claim"), Some("abc.d-e_f"));
        assert_eq!(read(&headers, "other"), Some("2"));
        assert_eq!(read(&headers, "a"), None, "without the prefix it is not ours");
        assert_eq!(read(&sent(&["x=1", "__Host-claim=2"]), "claim"), Some("2"));
        assert_eq!(read(&sent(&["__Host-claim="]), "claim"), None);
        assert_eq!(read(&HeaderMap::new(), "claim"), None);
    }

    #[test]
    fn of_two_values_none_counts() {
        assert_eq!(read(&sent(&["__Host-claim=1; __Host-claim=2"]), "claim"), None);
        assert_eq!(read(&sent(&["__Host-claim=1; __Host-claim=1"]), "claim"), Some("1"));
    }

    #[test]
    fn attributes_are_strict() {
        let mut response = Response::default();
        set(&mut response, "claim", "v", None);
        set(&mut response, "lang", "de", Some(60));
        clear(&mut response, "notice");
        set(&mut response, "bad", "a; Domain=example.com", None);
        let set: Vec<_> =
            response.headers().get_all(SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(
            set,
            [
                "__Host-claim=v; Path=/; Secure; HttpOnly; SameSite=Lax",
                "__Host-lang=de; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60",
                "__Host-notice=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
