//! `/dashboard/keys`: the API keys of this mode with how they are used, and the form for a new one.

use crate::api_keys;
use crate::api_keys::{KeyError, KeyOrder, MadeKey};
use crate::dashboard::developer::usage_chart::Numbers;
use crate::dashboard::door::amount;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::format;
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use crate::roles::Permission;
use crate::store::{ApiKey, CredentialKind, UsageCounts};
use crate::web::form::Form;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{BookId, Micros, Mode};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::sync::Arc;

/// Usage window: 7 days.
const WINDOW: Micros = 7 * 86_400_000_000;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/keys.html")]
struct KeysPage {
    frame: Frame,
    manages: bool,
    keys: Vec<ShownKey>,
    draft: KeyForm,
    error: Option<String>,
}

/// A key as pages show it.
pub struct ShownKey {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) hint: String,
    pub(crate) kind: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) status: &'static str,
    pub(crate) created_at: Micros,
    pub(crate) expires_at: Option<Micros>,
    pub(crate) revoked_at: Option<Micros>,
    pub(crate) last_used_at: Option<Micros>,
    pub(crate) allowed: Option<String>,
    pub(crate) ceiling: Option<String>,
    pub(crate) numbers: Numbers,
}

/// What was typed into the form for a new key.
pub(crate) struct KeyForm {
    pub(crate) name: String,
    pub(crate) days: String,
    pub(crate) allowed: String,
    pub(crate) ceiling: String,
    pub(crate) is_public: bool,
    pub(crate) is_test: bool,
}

impl ShownKey {
    pub(crate) fn new(who: &SignedIn, key: &ApiKey, counts: &UsageCounts) -> Self {
        Self {
            id: api_keys::id(&who.platform, key.book, key.number),
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

impl From<KeyError> for Declined {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::NotFound,
            KeyError::Failure(failure) => Self::Failure(failure),
            refused => Self::sentence(capitalized(&refused.to_string())),
        }
    }
}

/// Verbs give sentences in lower case without a full stop, for the operator's terminal.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    let end = if text.ends_with('.') { "" } else { "." };
    first.into_iter().flatten().chain(characters).collect::<String>() + end
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let is_test = who.mode == Mode::Test;
    show(StatusCode::OK, &who, KeyForm { is_test, ..KeyForm::empty() }, None).await
}

impl KeyForm {
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

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    draft: KeyForm,
    error: Option<String>,
) -> Result<Response, Declined> {
    let platform = &who.platform;
    platform.requests.write().await?;
    let from = platform.clock.now() - WINDOW;
    let usage: HashMap<i64, UsageCounts> =
        platform.store.usage_of_keys(who.book, from).await?.into_iter().collect();
    let mut found = platform.store.keys(who.book).await?;
    // Active keys first, newest at the top.
    let now = platform.clock.now();
    found.sort_by_key(|key| (key.status(now) != "active", std::cmp::Reverse(key.number)));
    let shown = |key: &ApiKey| ShownKey::new(who, key, &usage.get(&key.number).copied().unwrap_or_default());
    let page = KeysPage {
        frame: Frame::new(who, "keys", "API keys"),
        manages: who.may(Permission::ManageKeys),
        keys: found.iter().map(shown).collect(),
        draft,
        error,
    };
    Ok(page::html(status, &page))
}

const DAY: Micros = 86_400_000_000;
const MOST_DAYS: i64 = 36_500;

/// A new API key. The answer is the one page that shows it.
pub async fn create(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let order = match order(who.business.number, &form) {
        Ok(order) => order,
        Err(sentence) => return again(&who, &form, sentence).await,
    };
    let made = match api_keys::create(&who.platform, &order, who.actor()).await {
        Ok(made) => made,
        Err(KeyError::Failure(failure)) => return Err(failure.into()),
        Err(refused) => return again(&who, &form, capitalized(&refused.to_string())).await,
    };
    let id = api_keys::id(&who.platform, order.book, made.number);
    Ok(show_made(&who, &id, &made, None))
}

async fn again(who: &SignedIn, form: &Form, sentence: String) -> Result<Response, Declined> {
    let draft = KeyForm {
        name: form.get("name").to_owned(),
        days: form.get("days").to_owned(),
        allowed: form.get("allowed").to_owned(),
        ceiling: form.get("ceiling").to_owned(),
        is_public: form.get("kind") == "public",
        is_test: form.get("mode") == "test",
    };
    show(StatusCode::UNPROCESSABLE_ENTITY, who, draft, Some(sentence)).await
}

fn order(business: i64, form: &Form) -> Result<KeyOrder, String> {
    let kind = match form.get("kind") {
        "secret" => CredentialKind::SecretKey,
        "public" => CredentialKind::PublicKey,
        _ => return Err("Choose a kind of key.".to_owned()),
    };
    let mode = match form.get("mode") {
        "live" => Mode::Live,
        "test" => Mode::Test,
        _ => return Err("Choose live or test.".to_owned()),
    };
    let expires_in = match form.get("days") {
        "" => None,
        days => {
            let days = days.parse::<i64>().ok().filter(|days| (1..=MOST_DAYS).contains(days));
            let sentence =
                || format!("The days are a whole number from 1 to {MOST_DAYS}, or nothing for ever.");
            Some(days.ok_or_else(sentence)? * DAY)
        }
    };
    let allowed =
        Networks::parse(form.get("allowed")).map_err(|problem| capitalized(&problem.to_string()))?;
    let max_amount = amount::read("Amount ceiling", form.get("ceiling"))?;
    let limits = KeyLimits { allowed: allowed.map(Arc::new), max_amount };
    let book = BookId::new(business, mode);
    Ok(KeyOrder { book, kind, name: form.get("name").to_owned(), expires_in, limits })
}

#[derive(askama::Template)]
#[template(path = "dashboard/developer/key_made.html")]
struct KeyMadePage<'a> {
    frame: Frame,
    id: &'a str,
    key: &'a str,
    expires_at: Option<Micros>,
    /// For a roll: when the old key ends.
    old_ends_at: Option<Micros>,
}

pub(crate) fn show_made(who: &SignedIn, id: &str, made: &MadeKey, old_ends_at: Option<Micros>) -> Response {
    let key = made.text.expose_secret();
    let frame = Frame::new(who, "keys", "Your new API key");
    page::html(StatusCode::OK, &KeyMadePage { frame, id, key, expires_at: made.expires_at, old_ends_at })
}

/// An invented key, for snapshots.
#[cfg(test)]
pub(crate) fn sample_key(name: &str, status: &'static str) -> ShownKey {
    let within = [1_200, 300, 40, 8, 2, 0, 0, 0];
    let counts = UsageCounts {
        requests: 1_550,
        client_errors: 12,
        server_errors: 1,
        micros: 1_900_000,
        within,
        moved: 1_234_500,
    };
    ShownKey {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_keys() {
        snapshot(
            "keys",
            &KeysPage {
                frame: Frame::sample("keys", "API keys"),
                manages: true,
                keys: vec![sample_key("Payroll", "active"), sample_key("Old server", "revoked")],
                draft: KeyForm { name: "Shop".to_owned(), ceiling: "500".to_owned(), ..KeyForm::empty() },
                error: Some("Give a kind of key.".to_owned()),
            },
        );
    }

    #[test]
    fn page_key_made() {
        snapshot(
            "key_made",
            &KeyMadePage {
                frame: Frame::sample("keys", "Your new API key"),
                id: "key_0d7f0f0e-0000-8000-8000-000000000001",
                key: "sk_live_example",
                expires_at: None,
                old_ends_at: Some(1_800_086_400_000_000),
            },
        );
    }
}
