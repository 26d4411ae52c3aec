//! Static files of the pages, in the binary: one style sheet and a few small scripts. Each has a digest of its content in its URL,
//! so browsers may cache it without limit and get a new version at once. A new file is one line in the table. They are sent
//! compressed; pages never are, because the length of a compressed page leaks its secrets (BREACH, 2013).

use super::page;
use crate::platform::Platform;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::LazyLock;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Name, type of content, content.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("../../assets/style.css")),
    ("claim-enter.js", SCRIPT, include_str!("../../assets/claim-enter.js")),
    ("claim-follow.js", SCRIPT, include_str!("../../assets/claim-follow.js")),
    ("invitation.js", SCRIPT, include_str!("../../assets/invitation.js")),
];

/// Name, address, content type, content.
static ASSETS: LazyLock<Vec<Asset>> =
    LazyLock::new(|| FILES.iter().map(|(name, media, text)| Asset::new(name, media, text)).collect());

struct Asset {
    name: &'static str,
    url: String,
    media: &'static str,
    text: &'static str,
    gzip: Vec<u8>,
}

impl Asset {
    fn new(name: &'static str, media: &'static str, text: &'static str) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..4]);
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, "txt"));
        Self { name, url: format!("/assets/{stem}.{digest}.{kind}"), media, text, gzip: gzip(text) }
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail")
}

/// RFC 9110, 12.5.3; without a `*`, which no browser sends.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = texts.flat_map(|text| text.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// The address of a file of the table, for example `/assets/style.1a2b3c4d.css`.
///
/// # Panics
/// When there is no such file: a template names one that was never added.
#[must_use]
pub fn url(name: &'static str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    &found.expect("every asset that a template names is in the table").url
}

/// `/assets/{name}`
pub fn router() -> Router<Platform> {
    Router::new().route("/assets/{name}", get(file))
}

async fn file(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let found = ASSETS.iter().find(|asset| asset.url.strip_prefix("/assets/") == Some(&name));
    let Some(asset) = found else { return page::not_found() };
    let headers = [
        (CONTENT_TYPE, asset.media),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (VARY, "accept-encoding"),
    ];
    if takes_gzip(&asked) {
        return (headers, [(CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response();
    }
    (headers, asset.text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use std::io::Read;

    #[tokio::test]
    async fn a_file_is_found_under_its_digest_and_kept_for_ever() {
        let url = url("style.css");
        assert!(url.starts_with("/assets/style.") && url.ends_with(".css") && url.len() == 26, "{url}");
        let response = file(Path(url["/assets/".len()..].to_owned()), HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key(CONTENT_ENCODING));
        assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        for name in ["style.css", "style.00000000.css", "", "../style.css"] {
            assert_eq!(
                file(Path(name.to_owned()), HeaderMap::new()).await.status(),
                StatusCode::NOT_FOUND,
                "{name}"
            );
        }
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
            let headers = [(ACCEPT_ENCODING, text.parse().unwrap())].into_iter().collect();
            assert_eq!(takes_gzip(&headers), takes, "{text}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
        for asset in ASSETS.iter() {
            let mut text = String::new();
            flate2::read::GzDecoder::new(asset.gzip.as_slice()).read_to_string(&mut text).unwrap();
            assert_eq!(text, asset.text, "{}", asset.name);
            assert!(asset.gzip.len() < text.len(), "{}", asset.name);
        }
    }

    #[test]
    fn no_file_asks_another_host_for_anything() {
        for (name, _, text) in FILES {
            for word in ["http://", "https://", "@import", "url(", "eval(", "innerHTML"] {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
    }
}
