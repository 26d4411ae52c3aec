//! Verbs on API keys: create, roll (with an overlap in which both work), revoke. Not here: how a key is written
//! (key_text.rs), authentication (auth/). Invariant: a key's text leaves here once and is stored nowhere; no verb makes a key
//! live longer than it was to; each change is in the audit log and mailed to the members who manage keys.

pub mod key_text;
mod waiting;

pub use waiting::{activate, create_waiting, roll_waiting};

use crate::audit_log;
use crate::ids::IdKind;
use crate::key_limits::KeyLimits;
use crate::line::Line;
use crate::mail_kind::MailKind;
use crate::members::notice;
use crate::platform::Platform;
use crate::store::{ApiKey, CredentialKind, Failure, KeyNews, NewApiKey, WriteError};
use crate::two_people::Hands;
use crate::witness::Record;
use ledger::{Actor, BookId, Ceilings, Cents, MAX_PAYOUT, MAX_TRANSFER, Micros};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// Counted in characters.
const LONGEST_NAME: usize = 100;
/// How often another number is tried when a concurrent request took the last one.
const TRIES: usize = 20;

/// A key to make.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    /// The book it will open.
    pub book: BookId,
    /// Secret or public.
    pub kind: CredentialKind,
    /// In the owner's words; may be empty.
    pub name: String,
    /// After this many microseconds it ends; `None` for never.
    pub expires_in: Option<Micros>,
    /// What narrows it.
    pub limits: KeyLimits,
    /// Of the key that makes it: they are one hand, and may not check each other.
    pub family: Option<i64>,
    /// The key whose sums per day it shares; `None` for sums of its own.
    pub budget: Option<i64>,
}

/// A key that has just been made, and the only moment in which it can be read.
pub struct MadeKey {
    pub number: i64,
    pub text: SecretString,
    /// When it ends.
    pub expires_at: Option<Micros>,
}

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name cannot be one.
    #[error("a key name has at most {LONGEST_NAME} printable characters")]
    BadName,
    /// A lifetime that is not positive, or ends after the last day there is.
    #[error("a key must live for some time, and not beyond the year 9999")]
    BadLifetime,
    /// No such key.
    #[error("there is no key with this id")]
    Unknown,
    /// It was revoked before.
    #[error("this key is revoked already")]
    Revoked,
    /// It ended before.
    #[error("this key has expired; create a new one")]
    Expired,
    /// A limit per payout that is no amount.
    #[error("the most that one payout may be is from 1 cent to {} cents", MAX_PAYOUT.0)]
    BadAmount,
    /// A ceiling that is no amount.
    #[error("a ceiling is from 1 cent to {} cents", MAX_TRANSFER.0)]
    BadCeiling,
    /// A key may not make one that can do more than itself.
    #[error("a key may not make a key that can do more than itself, or lives longer")]
    MoreThanOwn,
    /// The business's rule asks for a second person.
    #[error("this takes two people here: one proposes it, another confirms it")]
    NeedsSecondPerson,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The last microsecond of the year 9999, beyond which times cannot be written.
const END_OF_TIME: Micros = 253_402_300_799_999_999;

/// Makes a key.
///
/// # Errors
/// When the order will not do, or the database breaks; no key was made then.
pub async fn create(platform: &Platform, order: &KeyOrder, by: Actor) -> Result<MadeKey, KeyError> {
    let change =
        KeyChange { by, action: "key.created", detail: audit_detail(order), mail: MailKind::KeyCreated };
    alone(platform, order.book, by).await?;
    make(platform, order, Making::AtOnce, &change).await
}

/// Makes a key in the name of another key, of whose family it will be.
///
/// # Errors
/// As [`create`]; [`KeyError::MoreThanOwn`] where the new key could do anything that `own` cannot.
pub async fn create_by_key(platform: &Platform, own: &ApiKey, order: &KeyOrder) -> Result<MadeKey, KeyError> {
    let end = expiry(platform.clock.now(), order.expires_in)?;
    check_within(own, (order.book, &order.limits, end))?;
    create(platform, order, Actor(own.number)).await
}

/// Rolls a key in the name of another key, or of the same.
///
/// # Errors
/// As [`roll`]; [`KeyError::MoreThanOwn`] where the new key could do anything that `own` cannot. A key that ends cannot
/// prolong its own life by it.
pub async fn roll_by_key(
    platform: &Platform,
    own: &ApiKey,
    old: &ApiKey,
    overlap: Micros,
) -> Result<MadeKey, KeyError> {
    let lifetime = old.expires_at.map(|planned| planned - old.created_at);
    let end = expiry(platform.clock.now(), lifetime)?;
    check_within(own, (old.book, &old.limits, end))?;
    roll(platform, old, overlap, Actor(own.number)).await
}

/// Is a key of this book, with these limits and this end, able to do nothing that `own` is not?
fn check_within(
    own: &ApiKey,
    (book, limits, end): (BookId, &KeyLimits, Option<Micros>),
) -> Result<(), KeyError> {
    let lives_on = own.expires_at.is_some_and(|own| end.is_none_or(|end| end > own));
    if book == own.book && limits.are_within(&own.limits) && !lives_on {
        return Ok(());
    }
    Err(KeyError::MoreThanOwn)
}

/// What is told of a change.
struct KeyChange {
    by: Actor,
    action: &'static str,
    detail: Value,
    mail: MailKind,
}

impl KeyChange {
    async fn news(
        &self,
        platform: &Platform,
        book: BookId,
        number: i64,
        hint: &str,
    ) -> Result<KeyNews, Failure> {
        let subject = id(platform, book, number);
        let audit = vec![audit_log::in_book(platform, book, self.by, self.action, &subject, &self.detail)];
        let mails = notice::key(platform, book, self.mail, self.by, hint).await?;
        Ok(KeyNews { audit, mails })
    }
}

/// Makes a key that replaces `old`: same book, kind, name, lifetime and limits. The old one ends after `overlap` microseconds
/// (at once for 0), or when it was to end anyway, whichever is sooner.
///
/// # Errors
/// When the old key does not work any more, or the database breaks; nothing changed then.
pub async fn roll(
    platform: &Platform,
    old: &ApiKey,
    overlap: Micros,
    by: Actor,
) -> Result<MadeKey, KeyError> {
    let now = platform.clock.now();
    ended(old, now)?;
    alone(platform, old.book, by).await?;
    let end = now.checked_add(overlap).filter(|end| (now..=END_OF_TIME).contains(end));
    let end = end.ok_or(KeyError::BadLifetime)?;
    let end = old.expires_at.map_or(end, |planned| planned.min(end));
    let order = order_of_heir(old);
    let detail =
        json!({ "replaces": id(platform, old.book, old.number), "overlap_seconds": overlap / 1_000_000 });
    let change = KeyChange { by, action: "key.rolled", detail, mail: MailKind::KeyCreated };
    let made = make(platform, &order, Making::Replaces(old.number, end), &change).await;
    platform.auth.forget_trusted();
    made
}

/// May this person alone make a key of this book?
async fn alone(platform: &Platform, book: BookId, by: Actor) -> Result<(), KeyError> {
    if Hands::from(by).suffice(platform, book).await? { Ok(()) } else { Err(KeyError::NeedsSecondPerson) }
}

/// Is the key over?
fn ended(key: &ApiKey, now: Micros) -> Result<(), KeyError> {
    if key.revoked_at.is_some() {
        return Err(KeyError::Revoked);
    }
    if key.expires_at.is_some_and(|end| end <= now) { Err(KeyError::Expired) } else { Ok(()) }
}

/// A key like this one, in its place.
fn order_of_heir(old: &ApiKey) -> KeyOrder {
    KeyOrder {
        book: old.book,
        kind: old.kind,
        name: old.name.clone(),
        expires_in: old.expires_at.map(|planned| planned - old.created_at),
        limits: old.limits.clone(),
        family: Some(old.family),
        budget: Some(old.budget),
    }
}

/// How a key begins.
#[derive(Clone, Copy)]
enum Making {
    AtOnce,
    /// The key with this number ends then.
    Replaces(i64, Micros),
    /// It does not authenticate yet.
    Waits,
}

/// Ends a key at once.
///
/// # Errors
/// When it is revoked already, or the database breaks.
pub async fn revoke(platform: &Platform, key: &ApiKey, by: Actor) -> Result<(), KeyError> {
    let change = KeyChange { by, action: "key.revoked", detail: json!({}), mail: MailKind::KeyRevoked };
    let news = change.news(platform, key.book, key.number, &key.hint).await?;
    let revoked = platform.store.revoke_key(key.number, platform.clock.now(), &news).await;
    platform.auth.forget_trusted();
    match revoked {
        Ok(()) => {
            platform.witness.note([Record::Revocation { key: key.number }])?;
            platform.mail.nudge();
            Ok(())
        }
        Err(WriteError::Conflict) => Err(why_not(platform, key.number).await?),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

/// The key with this public id.
///
/// # Errors
/// [`KeyError::Unknown`], or when the database breaks.
pub async fn find(platform: &Platform, id: &str) -> Result<ApiKey, KeyError> {
    let (book, number) = platform.secrets.ids().open_any(IdKind::ApiKey, id).ok_or(KeyError::Unknown)?;
    let key = platform.store.key(number).await?;
    key.filter(|key| key.book == book).ok_or(KeyError::Unknown)
}

/// The public id of a key.
#[must_use]
pub fn id(platform: &Platform, book: BookId, number: i64) -> String {
    platform.secrets.ids().seal(IdKind::ApiKey, book, number)
}

/// What an order asks for, as the audit log keeps it.
fn audit_detail(order: &KeyOrder) -> Value {
    json!({
        "name": order.name,
        "kind": if order.kind == CredentialKind::PublicKey { "public" } else { "secret" },
        "mode": order.book.mode().word(),
        "limits": limits_in_words(&order.limits),
    })
}

/// The limits for people: empty for none.
#[must_use]
pub fn limits_in_words(limits: &KeyLimits) -> String {
    let allowed = limits.allowed.as_ref().map(|allowed| format!("from {allowed}"));
    let most = |most: Option<Cents>, of: &str| most.map(|most| format!("at most {} cents per {of}", most.0));
    let ceilings = &limits.ceilings;
    let all = [
        (!limits.scopes.is_all()).then(|| limits.scopes.to_string()),
        allowed,
        most(limits.max_amount, "payout"),
        most(ceilings.per_request, "request"),
        most(ceilings.per_day, "day"),
        most(ceilings.per_recipient_day, "recipient and day"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

async fn make(
    platform: &Platform,
    order: &KeyOrder,
    making: Making,
    change: &KeyChange,
) -> Result<MadeKey, KeyError> {
    let name = Line::parse_or_empty(&order.name, LONGEST_NAME).map_err(|_| KeyError::BadName)?;
    if order.limits.max_amount.is_some_and(|most| !(1..=MAX_PAYOUT.0).contains(&most.0)) {
        return Err(KeyError::BadAmount);
    }
    let Ceilings { per_request, per_day, per_recipient_day } = order.limits.ceilings;
    let ceilings = [per_request, per_day, per_recipient_day];
    if ceilings.into_iter().flatten().any(|most| !(1..=MAX_TRANSFER.0).contains(&most.0)) {
        return Err(KeyError::BadCeiling);
    }
    for _ in 0..TRIES {
        let now = platform.clock.now();
        let expires_at = expiry(now, order.expires_in)?;
        let text = key_text::generate(order.kind, order.book.mode(), &platform.entropy);
        let key = NewApiKey {
            number: platform.store.next_key_number().await?,
            book: order.book,
            kind: order.kind,
            name: name.to_string(),
            hint: key_text::hint(text.expose_secret()),
            digest: platform.secrets.credential_digest(text.expose_secret().as_bytes()),
            created_at: now,
            expires_at,
            limits: order.limits.clone(),
            family: order.family,
            budget: order.budget,
            waits: matches!(making, Making::Waits),
        };
        let news = change.news(platform, key.book, key.number, &key.hint).await?;
        let stored = match making {
            Making::AtOnce | Making::Waits => platform.store.create_key(&key, &news).await,
            Making::Replaces(old, end) => platform.store.roll_key(old, &key, end, now, &news).await,
        };
        match stored {
            Ok(()) => {
                // With an overlap it is not revoked yet.
                if let Making::Replaces(old, end) = making
                    && end <= now
                {
                    platform.witness.note([Record::Revocation { key: old }])?;
                }
                platform.mail.nudge();
                return Ok(MadeKey { number: key.number, text, expires_at });
            }
            // Either the new number was just taken, and the next one may do, or the old key is gone.
            Err(WriteError::Conflict) => {
                if let Making::Replaces(old, _) = making
                    && platform.store.key(old).await?.is_none_or(|key| key.revoked_at.is_some())
                {
                    return Err(why_not(platform, old).await?);
                }
            }
            Err(WriteError::Failure(failure)) => return Err(failure.into()),
        }
    }
    Err(anyhow::anyhow!("other processes make keys all the time; try again").into())
}

fn expiry(now: Micros, expires_in: Option<Micros>) -> Result<Option<Micros>, KeyError> {
    let Some(lifetime) = expires_in else { return Ok(None) };
    let end = now.checked_add(lifetime).filter(|end| *end > now && *end <= END_OF_TIME);
    end.map(Some).ok_or(KeyError::BadLifetime)
}

/// Why a key that should have changed did not.
async fn why_not(platform: &Platform, number: i64) -> Result<KeyError, Failure> {
    Ok(if platform.store.key(number).await?.is_some() { KeyError::Revoked } else { KeyError::Unknown })
}
