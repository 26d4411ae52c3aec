//! What HTTP asks of a request before it has a meaning: one host, no coding that the server does not undo. Not here: what the
//! parser refuses (connections/unparsed.rs).

use super::error_code::ErrorCode;
use super::problem::Problem;
use axum::extract::Request;
use http::header::{CONTENT_ENCODING, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, StatusCode, Version};

/// # Errors
/// Names the rule that the request breaks.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if !has_one_host(headers, request.version()) {
        let sentence = "The request needs one valid Host header.".to_owned();
        return Err(Problem::Coded(StatusCode::BAD_REQUEST, sentence, ErrorCode::InvalidHost));
    }
    if codings(headers, &TRANSFER_ENCODING).any(|coding| !coding.eq_ignore_ascii_case("chunked")) {
        let sentence = "The only transfer coding is chunked.".to_owned();
        return Err(Problem::Coded(
            StatusCode::NOT_IMPLEMENTED,
            sentence,
            ErrorCode::UnsupportedTransferCoding,
        ));
    }
    if codings(headers, &CONTENT_ENCODING).any(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(Problem::EncodedBody);
    }
    Ok(())
}

/// RFC 9112, 3.2: an HTTP/1.1 request has exactly one, and an invalid one is refused.
fn has_one_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version <= Version::HTTP_10,
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes());
            authority.is_ok_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
        }
        (Some(_), Some(_)) => false,
    }
}

/// The members of a list header. A value that is no text is a coding that nothing knows.
fn codings<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|coding| !coding.is_empty())
}

/// The host that a request names in its target has precedence over its `Host` (RFC 9112, 3.2.2); in HTTP/2 it is the only one
/// (RFC 9113, 8.3.1). What reads the host later reads the header.
pub(super) fn settle_host(request: &mut Request) {
    let Some(authority) = request.uri().authority() else { return };
    let is_refused =
        request.version() < Version::HTTP_2 && request.headers().get_all(HOST).iter().count() != 1;
    if let Ok(host) = http::HeaderValue::from_str(authority.as_str())
        && !is_refused
    {
        request.headers_mut().insert(HOST, host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(version: Version, target: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = http::Request::builder().version(version).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    fn is_valid(version: Version, headers: &[(&str, &str)]) -> bool {
        check(&request(version, "/balance", headers)).is_ok()
    }

    #[test]
    fn a_request_has_one_host() {
        for host in ["example.com", "localhost:8080", "127.0.0.1", "[::1]:8443", "EXAMPLE.com."] {
            assert!(is_valid(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        for host in ["", "a b", "a/b", "user@example.com", "http://example.com"] {
            assert!(!is_valid(Version::HTTP_11, &[("host", host)]), "{host}");
        }
        assert!(!is_valid(Version::HTTP_11, &[]));
        assert!(!is_valid(Version::HTTP_2, &[]));
        assert!(is_valid(Version::HTTP_10, &[]));
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert!(!is_valid(version, &[("host", "a"), ("host", "a")]));
        }
    }

    #[test]
    fn only_codings_that_change_nothing_are_taken() {
        let with = |name: &str, value: &str| is_valid(Version::HTTP_11, &[("host", "a"), (name, value)]);
        assert!(with("transfer-encoding", "chunked") && with("transfer-encoding", "Chunked"));
        for value in ["gzip, chunked", "gzip,chunked", "identity, chunked", "x"] {
            assert!(!with("transfer-encoding", value), "{value}");
        }
        assert!(with("content-encoding", "identity") && with("content-encoding", ""));
        for value in ["gzip", "identity, gzip", "br", "aes128gcm"] {
            assert!(!with("content-encoding", value), "{value}");
        }
    }

    #[test]
    fn the_host_of_the_target_has_precedence() {
        let settled = |version, target: &str, headers: &[(&str, &str)]| {
            let mut request = request(version, target, headers);
            settle_host(&mut request);
            let hosts = request.headers().get_all(HOST).iter();
            hosts.map(|host| host.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(settled(Version::HTTP_11, "/", &[("host", "a.example")]), ["a.example"]);
        assert_eq!(settled(Version::HTTP_11, "http://b.example/", &[("host", "a.example")]), ["b.example"]);
        assert_eq!(settled(Version::HTTP_2, "https://b.example/", &[]), ["b.example"]);
        assert_eq!(settled(Version::HTTP_2, "https://b.example/", &[("host", "a")]), ["b.example"]);
        // A request without a host, or with two, is refused later, whatever its target says.
        assert!(settled(Version::HTTP_11, "http://b.example/", &[]).is_empty());
        let two = [("host", "a"), ("host", "b")];
        assert_eq!(settled(Version::HTTP_11, "http://b.example/", &two).len(), 2);
    }
}
