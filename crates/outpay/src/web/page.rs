//! HTML responses, all with the same strict headers, and plain error pages: unknown path, wrong method, too many requests.
//! Invariant: no page allows an inline script or style, another host or a cache, and only sites that its business allows can frame it.

use askama::Template;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const NO_FRAMES: &str = "frame-ancestors 'none'";
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), \
                           geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                           picture-in-picture=(), publickey-credentials-get=(self), screen-wake-lock=(), usb=(), \
                           web-share=(), xr-spatial-tracking=()";

/// The headers of every page.
const STRICT: [(HeaderName, &str); 8] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
];

/// A page that says one thing.
#[derive(Template)]
#[template(path = "web/plain.html")]
struct Plain<'a> {
    title: &'a str,
    sentence: &'a str,
}

/// An HTML answer with the strict headers.
pub fn html(status: StatusCode, template: &impl Template) -> Response {
    let Ok(text) = template.render() else {
        // A template fails only where a value's `Display` fails.
        tracing::error!("a page could not be written");
        return with_headers(StatusCode::INTERNAL_SERVER_ERROR, String::new());
    };
    with_headers(status, text)
}

/// True for a page that no site may frame so far.
#[must_use]
pub fn forbids_frames(response: &Response) -> bool {
    response.headers().get(CONTENT_SECURITY_POLICY).is_some_and(|policy| policy == POLICY)
}

/// Lets these origins (separated by spaces) frame a page; any other response stays as it is.
pub fn allow_frames(response: &mut Response, origins: &str) {
    let is_page = forbids_frames(response);
    let policy = POLICY.replace(NO_FRAMES, &format!("frame-ancestors {origins}"));
    match HeaderValue::from_str(&policy) {
        Ok(policy) if is_page && !origins.is_empty() => {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        _ => {}
    }
}

/// 303 to a path of our own.
#[must_use]
pub fn see_other(path: &str) -> Response {
    let mut response = with_headers(StatusCode::SEE_OTHER, String::new());
    // `//host` would lead elsewhere, and so does a backslash in some browsers.
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    let location = HeaderValue::from_str(if own { path } else { "/" });
    response.headers_mut().insert(LOCATION, location.unwrap_or(HeaderValue::from_static("/")));
    response
}

/// Tells the browser that a session has ended: it forgets the pages of it that it has kept, those of its history too.
/// Source: <https://www.w3.org/TR/clear-site-data/>
pub fn forget(response: &mut Response) {
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static("\"cache\""));
}

/// A page that says one thing: a title and a sentence, in English.
#[must_use]
pub fn plain(status: StatusCode, title: &str, sentence: &str) -> Response {
    html(status, &Plain { title, sentence })
}

/// Is this a path of the claim page or the dashboard, where errors are pages?
#[must_use]
pub fn is_page(path: &str) -> bool {
    let under =
        |room: &str| path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    under("/p") || under("/dashboard") || under("/assets")
}

/// 404.
#[must_use]
pub fn not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "Nothing here", "There is no page under this address.")
}

/// 405, with the methods that the path takes.
#[must_use]
pub fn wrong_method(allowed: Option<HeaderValue>) -> Response {
    let sentence = "This address does not take requests of this kind.";
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "That does not work here", sentence);
    if let Some(allowed) = allowed {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// 429; worth another try in this many seconds.
#[must_use]
pub fn too_many(seconds: u64) -> Response {
    let sentence = "There were too many requests from your network. Please wait a moment and try again.";
    let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "One moment, please", sentence);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn with_headers(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    for (name, value) in STRICT {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_the_strict_headers() {
        for response in [plain(StatusCode::OK, "a", "b"), see_other("/p"), not_found(), wrong_method(None)] {
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            let policy = header("content-security-policy");
            for part in
                ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
            {
                assert!(policy.contains(part), "{part}");
            }
            assert!(!policy.contains("unsafe"));
            assert_eq!(header("cache-control"), "no-store");
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("cross-origin-opener-policy"), "same-origin");
            assert!(header("permissions-policy").contains("camera=()"));
        }
    }

    #[test]
    fn frames_are_allowed_by_name() {
        let policy = |origins: &str, mut response: Response| {
            allow_frames(&mut response, origins);
            let policy = response.headers().get(CONTENT_SECURITY_POLICY);
            policy.map(|policy| policy.to_str().unwrap().to_owned())
        };
        assert_eq!(policy("", not_found()).as_deref(), Some(POLICY));
        let framed = policy("https://a.example https://b.example", not_found()).unwrap();
        assert!(framed.ends_with("; frame-ancestors https://a.example https://b.example"), "{framed}");
        assert!(framed.starts_with(POLICY.strip_suffix(NO_FRAMES).unwrap()), "{framed}");
        assert_eq!(
            policy("https://a.example", Response::default()),
            None,
            "other responses stay as they are"
        );
    }

    #[test]
    fn a_way_leads_to_a_path_of_our_own_only() {
        for (path, expected) in [
            ("/p/home", "/p/home"),
            ("/dashboard/users?status=active", "/dashboard/users?status=active"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/p\r\nX: y", "/"),
            ("", "/"),
        ] {
            let response = see_other(path);
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(response.headers()[LOCATION], expected, "{path:?}");
        }
    }

    #[test]
    fn texts_are_escaped() {
        let page = Plain { title: "<b>", sentence: "\"&'" }.render().unwrap();
        assert!(page.contains("&#60;b&#62;") && !page.contains("<b>"));
    }

    #[test]
    fn pages_are_known_by_their_paths() {
        for path in ["/p", "/p/", "/p/home", "/dashboard", "/dashboard/users", "/assets/style.css"] {
            assert!(is_page(path), "{path}");
        }
        for path in ["/payout/create", "/", "/balance", "/docs", "/pp", "/dashboards"] {
            assert!(!is_page(path), "{path}");
        }
    }
}
