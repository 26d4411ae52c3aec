//! Which language a request asks for: by a link (`?lang=`), else by the cookie that remembers such a link, else by the browser's
//! `Accept-Language` (RFC 9110, 12.5.4).

use super::cookie;
use crate::language::Language;
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, Uri};

/// The cookie that remembers a choice.
pub const COOKIE: &str = "lang";

/// The language of a request, and whether a link has chosen it just now.
#[must_use]
pub fn chosen_language(headers: &HeaderMap, uri: &Uri) -> (Language, bool) {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let chosen = query.into_iter().find(|(name, _)| name == "lang");
    if let Some(language) = chosen.and_then(|(_, tag)| Language::from_tag(&tag)) {
        return (language, true);
    }
    let remembered = cookie::read(headers, COOKIE).and_then(Language::from_tag);
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    (remembered.or_else(|| preferred(asked)).unwrap_or(Language::English), false)
}

/// The language of `de-AT,de;q=0.9,en;q=0.8` with the greatest weight among those that exist.
fn preferred(asked: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for part in asked.split(',').take(20) {
        let (range, rest) = part.split_once(';').unwrap_or((part, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.trim().parse().ok());
        let Some(language) = Language::from_tag(range.trim()) else { continue };
        let weight: f32 = weight.unwrap_or(0.0);
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_language_is_chosen_remembered_or_preferred() {
        let headers = |cookie: &str, asked: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", HeaderValue::from_str(cookie).unwrap());
            headers.insert("accept-language", HeaderValue::from_str(asked).unwrap());
            headers
        };
        let of = |uri: &str, cookie: &str, asked: &str| {
            chosen_language(&headers(cookie, asked), &uri.parse().unwrap())
        };
        assert_eq!(of("/p?lang=es", "__Host-lang=de", "en"), (Language::Spanish, true));
        assert_eq!(of("/p?lang=xx", "__Host-lang=de", "en"), (Language::German, false));
        assert_eq!(of("/p", "", "de-AT,de;q=0.9,en;q=0.8"), (Language::German, false));
        assert_eq!(of("/p", "", "nl;q=0.9, es;q=0.5, en;q=0.4"), (Language::Spanish, false));
        assert_eq!(of("/p", "", "de;q=0, en;q=0.1"), (Language::English, false));
        assert_eq!(of("/p", "", "pt-BR, en;q=0.9"), (Language::Portuguese, false));
        assert_eq!(of("/p", "", "nl"), (Language::English, false));
    }
}
