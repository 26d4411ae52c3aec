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
use crate::proposals;
use crate::roles::Permission;
use crate::scopes::{Resource, Scope, ScopeLevel, Scopes};
use crate::store::{ApiKey, CredentialKind, UsageCounts};
use crate::web::form::Form;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{BookId, Ceilings, Cents, Micros, Mode};
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
    pub(crate) ceilings: Vec<String>,
    /// `None` for everything.
    pub(crate) scopes: Option<String>,
    pub(crate) numbers: Numbers,
}

/// What was typed into the form for a new key.
pub(crate) struct KeyForm {
    pub(crate) name: String,
    pub(crate) days: String,
    pub(crate) allowed: String,
    pub(crate) ceiling: String,
    pub(crate) max_request: String,
    pub(crate) max_day: String,
    pub(crate) max_recipient_day: String,
    pub(crate) is_public: bool,
    pub(crate) is_test: bool,
    /// `None` for everything.
    pub(crate) scopes: Option<Scopes>,
}

/// A part of the API in the form for a new key.
struct ScopeChoice {
    word: &'static str,
    reads: bool,
    writes: bool,
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
            ceilings: ceilings(&key.limits),
            scopes: Some(key.limits.scopes)
                .filter(|scopes| !scopes.is_all())
                .map(|scopes| scopes.to_string()),
            numbers: Numbers::of(counts),
        }
    }
}

/// For people: each ceiling, and what it is for.
fn ceilings(limits: &KeyLimits) -> Vec<String> {
    let Ceilings { per_request, per_day, per_recipient_day } = limits.ceilings;
    let all = [
        (limits.max_amount, "payout"),
        (per_request, "request"),
        (per_day, "day"),
        (per_recipient_day, "recipient and day"),
    ];
    let words =
        |(most, of): (Option<Cents>, &str)| most.map(|most| format!("{} per {of}", format::money(most.0)));
    all.into_iter().filter_map(words).collect()
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
            max_request: none(),
            max_day: none(),
            max_recipient_day: none(),
            is_public: false,
            is_test: false,
            scopes: None,
        }
    }

    /// The parts of the API, with what is chosen of each.
    fn choices(&self) -> Vec<ScopeChoice> {
        let choice = |resource: Resource| {
            let level = self.scopes.and_then(|scopes| scopes.level(resource));
            let (reads, writes) = (level == Some(ScopeLevel::Read), level == Some(ScopeLevel::Write));
            ScopeChoice { word: resource.word(), reads, writes }
        };
        Resource::ALL.map(choice).into()
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
    let (platform, actor) = (&who.platform, who.actor());
    let made = match api_keys::create(platform, &order, actor).await {
        Err(KeyError::NeedsSecondPerson) => {
            proposals::key(platform, &order, actor).await.map(|(made, _)| (made, true))
        }
        made => made.map(|made| (made, false)),
    };
    let (made, waits) = match made {
        Ok(made) => made,
        Err(KeyError::Failure(failure)) => return Err(failure.into()),
        Err(refused) => return again(&who, &form, capitalized(&refused.to_string())).await,
    };
    let id = api_keys::id(&who.platform, order.book, made.number);
    Ok(show_made(&who, &id, &made, KeyStart { old_ends_at: None, waits }))
}

async fn again(who: &SignedIn, form: &Form, sentence: String) -> Result<Response, Declined> {
    let draft = KeyForm {
        name: form.get("name").to_owned(),
        days: form.get("days").to_owned(),
        allowed: form.get("allowed").to_owned(),
        ceiling: form.get("ceiling").to_owned(),
        max_request: form.get("max_request").to_owned(),
        max_day: form.get("max_day").to_owned(),
        max_recipient_day: form.get("max_recipient_day").to_owned(),
        is_public: form.get("kind") == "public",
        is_test: form.get("mode") == "test",
        scopes: (form.get("access") == "some").then(|| chosen(form)),
    };
    show(StatusCode::UNPROCESSABLE_ENTITY, who, draft, Some(sentence)).await
}

/// What the form chooses of each part of the API.
fn chosen(form: &Form) -> Scopes {
    let scope = |resource: Resource| match form.get(&format!("scope_{}", resource.word())) {
        "read" => Some(Scope::read(resource)),
        "write" => Some(Scope::write(resource)),
        _ => None,
    };
    Scopes::of(&Resource::ALL.into_iter().filter_map(scope).collect::<Vec<_>>())
}

fn scopes(form: &Form) -> Result<Scopes, String> {
    match form.get("access") {
        "" | "all" => Ok(Scopes::ALL),
        "some" => {
            let chosen = chosen(form);
            let is_none = chosen.list().is_some_and(|list| list.is_empty());
            if is_none { Err("Choose at least one permission.".to_owned()) } else { Ok(chosen) }
        }
        _ => Err("Choose the permissions.".to_owned()),
    }
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
            let sentence = || {
                format!(
                    "Expires after (days): enter a whole number from 1 to {MOST_DAYS}, or leave it empty."
                )
            };
            Some(days.ok_or_else(sentence)? * DAY)
        }
    };
    let allowed =
        Networks::parse(form.get("allowed")).map_err(|problem| capitalized(&problem.to_string()))?;
    let max_amount = amount::read("Maximum per payout ($)", form.get("ceiling"))?;
    let ceilings = Ceilings {
        per_request: amount::read("Maximum per request ($)", form.get("max_request"))?,
        per_day: amount::read("Maximum per day ($)", form.get("max_day"))?,
        per_recipient_day: amount::read("Maximum per recipient and day ($)", form.get("max_recipient_day"))?,
    };
    let limits = KeyLimits { allowed: allowed.map(Arc::new), max_amount, ceilings, scopes: scopes(form)? };
    let book = BookId::new(business, mode);
    Ok(KeyOrder {
        book,
        kind,
        name: form.get("name").to_owned(),
        expires_in,
        limits,
        family: None,
        budget: None,
    })
}

#[derive(askama::Template)]
#[template(path = "dashboard/developer/key_made.html")]
struct KeyMadePage<'a> {
    frame: Frame,
    id: &'a str,
    key: &'a str,
    expires_at: Option<Micros>,
    start: KeyStart,
}

/// When a new key begins to work.
pub(crate) struct KeyStart {
    /// For a roll: when the old key ends.
    pub(crate) old_ends_at: Option<Micros>,
    /// Another person has to confirm it first.
    pub(crate) waits: bool,
}

pub(crate) fn show_made(who: &SignedIn, id: &str, made: &MadeKey, start: KeyStart) -> Response {
    let key = made.text.expose_secret();
    let frame = Frame::new(who, "keys", "Your new API key");
    page::html(StatusCode::OK, &KeyMadePage { frame, id, key, expires_at: made.expires_at, start })
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
        ceilings: vec!["$500.00 per payout".to_owned(), "$2,000.00 per day".to_owned()],
        scopes: Some("payouts:write users:read".to_owned()),
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
                draft: KeyForm {
                    name: "Shop".to_owned(),
                    ceiling: "500".to_owned(),
                    scopes: Some(Scopes::of(&[
                        Scope::write(Resource::Payouts),
                        Scope::read(Resource::Users),
                    ])),
                    ..KeyForm::empty()
                },
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
                start: KeyStart { old_ends_at: Some(1_800_086_400_000_000), waits: true },
            },
        );
    }
}
