//! A text that is the same for all who ask: made once, plain and compressed, with an entity tag (RFC 9110, 8.8.3) for each form.
//! Pages with anything secret are never sent compressed, because the length of a compressed page leaks it (BREACH, 2013).

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use std::io::Write;

/// A text with its compressed form.
pub struct FixedText {
    media: &'static str,
    plain: TextForm,
    gzip: TextForm,
}

struct TextForm {
    bytes: Bytes,
    etag: HeaderValue,
}

impl FixedText {
    /// Compresses the text.
    pub fn new(media: &'static str, text: impl Into<Bytes>) -> Self {
        let bytes = text.into();
        let digest = HEXLOWER.encode(&Sha256::digest(&bytes)[..8]);
        let form = |bytes: Bytes, end: &str| {
            let etag = HeaderValue::from_str(&format!("\"{digest}{end}\""));
            TextForm { bytes, etag: etag.expect("hexadecimal digits are a header value") }
        };
        let gzip = form(gzip(&bytes).into(), "-gzip");
        Self { media, plain: form(bytes, ""), gzip }
    }

    /// The text in the form that the client takes; 304 where it has this form already.
    pub fn response(&self, asked: &HeaderMap) -> Response {
        let is_gzip = takes_gzip(asked);
        let form = if is_gzip { &self.gzip } else { &self.plain };
        let fixed = [
            (ETAG, form.etag.clone()),
            (VARY, HeaderValue::from_static("accept-encoding")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        if is_known(asked, &form.etag) {
            return (StatusCode::NOT_MODIFIED, fixed).into_response();
        }
        let mut response = (fixed, form.bytes.clone()).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.media));
        if is_gzip {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

/// RFC 9110, 12.5.3; without a `*`, which no browser sends.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut codings = values(headers, &ACCEPT_ENCODING);
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// RFC 9110, 13.1.2: a weak comparison.
fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let mut tags = values(headers, &IF_NONE_MATCH);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
}

fn values<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> impl Iterator<Item = &'a str> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn asked(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn gzip_is_sent_to_clients_that_accept_it() {
        for (text, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip; q=0.001", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0", false),
            ("x-gzip", false),
            ("gzip;level=9", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&asked(&[(ACCEPT_ENCODING, text)])), takes, "{text}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_form_that_the_client_has_is_not_sent_again() {
        let text = FixedText::new("text/plain", "the same ".repeat(100));
        let mut read = String::new();
        flate2::read::GzDecoder::new(&*text.gzip.bytes).read_to_string(&mut read).unwrap();
        assert_eq!(read.as_bytes(), &*text.plain.bytes);
        let plain = text.response(&HeaderMap::new());
        assert_eq!(plain.status(), StatusCode::OK);
        assert!(!plain.headers().contains_key(CONTENT_ENCODING));
        let etag = plain.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
            let again = text.response(&asked(&[(IF_NONE_MATCH, &known)]));
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[ETAG].to_str().unwrap(), etag);
        }
        let compressed = text.response(&asked(&[(IF_NONE_MATCH, &etag), (ACCEPT_ENCODING, "gzip")]));
        assert_eq!(compressed.status(), StatusCode::OK, "another form");
        assert_eq!(compressed.headers()[CONTENT_ENCODING], "gzip");
    }
}
