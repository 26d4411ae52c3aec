//! Static files of the pages, in the binary: one style sheet, its typeface, the mark and a few small scripts. Each has a digest of its content in its URL,
//! so browsers may cache it without limit and get a new version at once. A new file is one line in the table.

use super::fixed_text::FixedText;
use super::page;
use crate::platform::Platform;
use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use data_encoding::HEXLOWER;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const FONT: &str = "font/woff2";
/// Name, type of content, content.
const FILES: &[(&str, &str, &[u8])] = &[
    ("style.css", CSS, include_bytes!("../../assets/style.css")),
    ("mark.svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
    ("outpay-sans.woff2", FONT, include_bytes!("../../assets/fonts/outpay-sans.woff2")),
    ("outpay-sans-ext.woff2", FONT, include_bytes!("../../assets/fonts/outpay-sans-ext.woff2")),
    ("page.js", SCRIPT, include_bytes!("../../assets/page.js")),
    ("claim-enter.js", SCRIPT, include_bytes!("../../assets/claim-enter.js")),
    ("claim-print.js", SCRIPT, include_bytes!("../../assets/claim-print.js")),
    ("claim-search.js", SCRIPT, include_bytes!("../../assets/claim-search.js")),
    ("claim-follow.js", SCRIPT, include_bytes!("../../assets/claim-follow.js")),
    ("passkey.js", SCRIPT, include_bytes!("../../assets/passkey.js")),
    ("review.js", SCRIPT, include_bytes!("../../assets/review.js")),
    ("invitation.js", SCRIPT, include_bytes!("../../assets/invitation.js")),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().copied().map(Asset::new).collect());

struct Asset {
    name: &'static str,
    url: String,
    text: FixedText,
}

impl Asset {
    fn new((name, media, text): (&'static str, &'static str, &'static [u8])) -> Self {
        let digest = HEXLOWER.encode(&Sha256::digest(text)[..4]);
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, "txt"));
        Self { name, url: format!("/assets/{stem}.{digest}.{kind}"), text: FixedText::new(media, text) }
    }
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
    let mut response = asset.text.response(&asked);
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(CACHE_CONTROL, for_ever);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use http::header::CONTENT_ENCODING;

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
    fn no_file_asks_another_host_for_anything() {
        for (name, media, text) in FILES.iter().filter(|file| file.1 != FONT) {
            let text = std::str::from_utf8(text).unwrap().replace("http://www.w3.org/2000/svg", "");
            for word in ["http://", "https://", "@import", "eval(", "innerHTML"] {
                assert!(!text.contains(word), "{name}: {word}");
            }
            let addresses = text.matches("url(").count();
            assert_eq!(addresses, if *media == CSS { 2 } else { 0 }, "{name}");
        }
    }

    /// The style sheet is one fixed text, so it has the digests of the typeface's files written out.
    #[test]
    fn the_style_sheet_names_the_typeface_by_its_digest() {
        let sheet = FILES.iter().find(|file| file.0 == "style.css").unwrap().2;
        let sheet = std::str::from_utf8(sheet).unwrap();
        let mut bytes = 0;
        for (name, _, content) in FILES.iter().filter(|file| file.1 == FONT) {
            let address = format!("url(\"{}\")", url(name));
            assert!(sheet.contains(&address), "style.css has to name {address}");
            if name == &"outpay-sans.woff2" {
                let docs = include_str!("../http/docs/page.css");
                assert!(docs.contains(&address), "the page of /docs has to name {address}");
            }
            bytes += content.len();
        }
        assert!(bytes <= 40 * 1024, "the typeface has {bytes} bytes");
    }
}
