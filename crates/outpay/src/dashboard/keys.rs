//! `/dashboard/keys`: the API keys of this mode with how they are used, and the form for a new one.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::usage_chart::Numbers;
use crate::auth::keys::{self, KeyError};
use crate::members::Permission;
use crate::store::{ApiKey, CredentialKind, UsageCounts};
use crate::web::{format, page};
use axum::response::Response;
use http::StatusCode;
use ledger::{Micros, Mode};
use std::collections::HashMap;

/// The numbers of the list are those of so many days.
const WINDOW: Micros = 7 * 86_400_000_000;

#[derive(askama::Template)]
#[template(path = "dashboard/keys.html")]
struct KeysPage {
    frame: Frame,
    manages: bool,
    keys: Vec<Shown>,
    draft: Draft,
    error: Option<String>,
}

/// A key as pages show it.
pub struct Shown {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) hint: String,
    pub(super) kind: &'static str,
    pub(super) mode: &'static str,
    pub(super) status: &'static str,
    pub(super) created_at: Micros,
    pub(super) expires_at: Option<Micros>,
    pub(super) revoked_at: Option<Micros>,
    pub(super) last_used_at: Option<Micros>,
    pub(super) allowed: Option<String>,
    pub(super) ceiling: Option<String>,
    pub(super) numbers: Numbers,
}

/// What was typed into the form for a new key.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) days: String,
    pub(super) allowed: String,
    pub(super) ceiling: String,
    pub(super) is_public: bool,
    pub(super) is_test: bool,
}

impl Shown {
    pub(super) fn new(who: &SignedIn, key: &ApiKey, counts: &UsageCounts) -> Self {
        Self {
            id: keys::id(&who.platform, key.book, key.number),
            name: key.name.clone(),
            hint: key.hint.clone(),
            kind: if key.kind == CredentialKind::PublicKey { "public" } else { "secret" },
            mode: key.book.mode().word(),
            status: key.status(who.platform.clock.now()),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            allowed: key.limits.allowed.as_ref().map(ToString::to_string),
            ceiling: key.limits.max_amount.map(|most| format::money(most.0)),
            numbers: Numbers::of(counts),
        }
    }
}

impl From<KeyError> for Stop {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::NotFound,
            KeyError::Failure(failure) => Self::Failure(failure),
            refused => Self::sentence(capitalized(&refused.to_string())),
        }
    }
}

/// The sentences of verbs begin small, as an operator's terminal shows them.
pub(super) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let end = if text.ends_with('.') { "" } else { "." };
    first.into_iter().flatten().chain(characters).collect::<String>() + end
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    let is_test = who.mode == Mode::Test;
    show(StatusCode::OK, &who, Draft { is_test, ..Draft::empty() }, None).await
}

impl Draft {
    fn empty() -> Self {
        let none = String::new;
        Self {
            name: none(),
            days: none(),
            allowed: none(),
            ceiling: none(),
            is_public: false,
            is_test: false,
        }
    }
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    draft: Draft,
    error: Option<String>,
) -> Result<Response, Stop> {
    let platform = &who.platform;
    platform.requests.write().await?;
    let from = platform.clock.now() - WINDOW;
    let usage: HashMap<i64, UsageCounts> =
        platform.store.usage_of_keys(who.book, from).await?.into_iter().collect();
    let mut found = platform.store.keys(who.book).await?;
    // What works stands first, the newest of it at the top.
    let now = platform.clock.now();
    found.sort_by_key(|key| (key.status(now) != "active", std::cmp::Reverse(key.number)));
    let shown = |key: &ApiKey| Shown::new(who, key, &usage.get(&key.number).copied().unwrap_or_default());
    let page = KeysPage {
        frame: Frame::new(who, "keys", "API keys"),
        manages: who.may(Permission::ManageKeys),
        keys: found.iter().map(shown).collect(),
        draft,
        error,
    };
    Ok(page::html(status, &page))
}

/// An invented key, for snapshots.
pub(super) fn sample_key(name: &str, status: &'static str) -> Shown {
    let within = [1_200, 300, 40, 8, 2, 0, 0, 0];
    let counts = UsageCounts {
        requests: 1_550,
        client_errors: 12,
        server_errors: 1,
        micros: 1_900_000,
        within,
        moved: 1_234_500,
    };
    Shown {
        id: "key_0d7f0f0e-0000-8000-8000-000000000001".to_owned(),
        name: name.to_owned(),
        hint: "sk_live_…abcd".to_owned(),
        kind: "secret",
        mode: "live",
        status,
        created_at: 1_800_000_000_000_000,
        expires_at: (status == "expired").then_some(1_800_000_600_000_000),
        revoked_at: (status == "revoked").then_some(1_800_000_600_000_000),
        last_used_at: (status == "active").then_some(1_800_000_500_000_000),
        allowed: Some("203.0.113.7 2001:db8::/32".to_owned()),
        ceiling: Some(format::money(50_000)),
        numbers: Numbers::of(&counts),
    }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&KeysPage {
        frame: Frame::sample("keys", "API keys"),
        manages: true,
        keys: vec![sample_key("Payroll", "active"), sample_key("Old server", "revoked")],
        draft: Draft { name: "Shop".to_owned(), ceiling: "500".to_owned(), ..Draft::empty() },
        error: Some("Give a kind of key.".to_owned()),
    })
}
