//! Protection against cross-site request forgery: a token that only pages of this session have, and the headers in which
//! browsers name the origin of a post. Nothing is stored: the token is a MAC with a key from the master key.

use crate::auth::Secrets;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderMap;
use http::header::{HOST, ORIGIN};

const PURPOSE: &str = "csrf";

/// The token for this session.
#[must_use]
pub fn token(secrets: &Secrets, session: &str) -> String {
    BASE64URL_NOPAD.encode(&secrets.page_mac(PURPOSE, session))
}

/// The form field `csrf` (`sent`) fits the session, and the request is from the same origin.
#[must_use]
pub fn check(secrets: &Secrets, session: &str, headers: &HeaderMap, sent: &str) -> bool {
    let sent = BASE64URL_NOPAD.decode(sent.as_bytes()).unwrap_or_default();
    secrets.page_mac_fits(PURPOSE, session, &sent) && same_origin(headers)
}

/// The header part alone: `Sec-Fetch-Site`, where the browser sends it, is `same-origin` or `none`; without it, the host of `Origin`
/// is the `Host`. Where both are missing, or the origin is `null` (which browsers send from our own pages, because these forbid
/// referrers), the token alone decides.
#[must_use]
pub fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match text(ORIGIN.as_str()) {
        None | Some("null") => true,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(|host| text(HOST.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(host)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_token_fits_its_session_alone() {
        let (secrets, none) = (Secrets::derive(&[7; 32]), HeaderMap::new());
        let good = token(&secrets, "session a");
        assert!(check(&secrets, "session a", &none, &good));
        assert!(!check(&secrets, "session b", &none, &good));
        assert!(!check(&Secrets::derive(&[8; 32]), "session a", &none, &good));
        for wrong in ["", "x", &good[1..], &format!("{good}A"), &good.to_uppercase()] {
            assert!(!check(&secrets, "session a", &none, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_post_from_elsewhere_is_not_taken_even_with_the_token() {
        let secrets = Secrets::derive(&[7; 32]);
        let good = token(&secrets, "s");
        let check = |pairs: &[(&'static str, &'static str)]| check(&secrets, "s", &headers(pairs), &good);
        assert!(check(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(check(&[("sec-fetch-site", "none")]));
        assert!(!check(&[("sec-fetch-site", "cross-site")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(check(&[("origin", "https://pay.example:8443"), ("host", "PAY.example:8443")]));
        assert!(!check(&[("origin", "https://pay.example"), ("host", "pay.example:8443")]));
        assert!(!check(&[("origin", "https://evil.example"), ("host", "pay.example")]));
        assert!(!check(&[("origin", "pay.example"), ("host", "pay.example")]));
        assert!(!check(&[("origin", "https://pay.example")]));
        assert!(check(&[("origin", "null"), ("host", "pay.example")]));
        assert!(check(&[]));
    }
}
