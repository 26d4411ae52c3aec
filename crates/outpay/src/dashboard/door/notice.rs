//! Flash messages: a sentence that an action leaves for the next page, in a short-lived cookie. The cookie is signed, so that no
//! other site can make the dashboard show a text. The action attaches the sentence to its response; [`carry`], a middleware
//! around all routes, has the key and sets the cookie. The page that shows it clears it.

use crate::auth::Secrets;
use crate::platform::Platform;
use crate::web::cookie;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use http::HeaderMap;

const COOKIE: &str = "outpay_notice";
const SECONDS: i64 = 60;
/// In bytes: a cookie has room for no more.
const LONGEST: usize = 1_000;

/// Travels in the response's extensions.
#[derive(Clone)]
struct Left(String);

/// Leaves a sentence for the next page.
pub fn leave(response: &mut Response, text: impl Into<String>) {
    let mut text: String = text.into();
    while text.len() > LONGEST {
        text.pop();
    }
    response.extensions_mut().insert(Left(text));
}

/// The sentence that was left; `None` where the signature does not fit.
pub(crate) fn pick_up(secrets: &Secrets, headers: &HeaderMap) -> Option<String> {
    let (text, signature) = cookie::read(headers, COOKIE)?.split_once('.')?;
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    secrets.page_mac_fits("notice", &text, &signature).then_some(text)
}

/// Middleware around all routes of the dashboard.
pub(crate) async fn carry(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let is_waiting = cookie::read(request.headers(), COOKIE).is_some();
    let mut response = next.run(request).await;
    if let Some(Left(text)) = response.extensions_mut().remove::<Left>() {
        let signature = platform.secrets.page_mac("notice", &text);
        let (text, signature) = (BASE64URL_NOPAD.encode(text.as_bytes()), BASE64URL_NOPAD.encode(&signature));
        cookie::set(&mut response, COOKIE, &format!("{text}.{signature}"), Some(SECONDS));
    } else if is_waiting && response.status().is_success() {
        cookie::clear(&mut response, COOKIE);
    }
    response
}
