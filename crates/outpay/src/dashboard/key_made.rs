//! The page that shows a new key, this once: it is the answer to the form that made it, and nothing else can show it.

use super::frame::Frame;
use super::signed_in::SignedIn;
use crate::auth::keys::MadeKey;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use secrecy::ExposeSecret;

#[derive(askama::Template)]
#[template(path = "dashboard/key_made.html")]
struct KeyMadePage<'a> {
    frame: Frame,
    id: &'a str,
    key: &'a str,
    expires_at: Option<Micros>,
    /// For a roll: when the old key ends.
    old_ends_at: Option<Micros>,
}

pub(super) fn show(who: &SignedIn, id: &str, made: &MadeKey, old_ends_at: Option<Micros>) -> Response {
    let key = made.text.expose_secret();
    let frame = Frame::new(who, "keys", "Your new API key");
    page::html(StatusCode::OK, &KeyMadePage { frame, id, key, expires_at: made.expires_at, old_ends_at })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&KeyMadePage {
        frame: Frame::sample("keys", "Your new API key"),
        id: "key_0d7f0f0e-0000-8000-8000-000000000001",
        key: "sk_live_example",
        expires_at: None,
        old_ends_at: Some(1_800_086_400_000_000),
    })
}
