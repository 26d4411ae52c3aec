//! What an owner does with a webhook endpoint: set it, roll its token and secret. Not here: what is sent to it. Invariants:
//! token and secret lie in the database sealed, and leave here to be signed with, or in the one answer that made them; every
//! event is judged either by the settings before a change or by those after it, never by neither; a change and its entry in
//! the audit log are one.

use super::event::EventSet;
use super::sign::SigningKeys;
use super::{WebhookError, Webhooks, fan_out};
use crate::auth::seal::Purpose;
use crate::store::{Failure, NewAuditEntry, WebhookEndpoint, WriteError};
use anyhow::Context;
use ledger::{Actor, BookId, Micros};
use serde_json::{Value, json};

/// How often a change is tried again that another one, or a new delivery, got in the way of.
const TRIES: usize = 20;
/// Two tokens at once are a transition, not a state.
const LONGEST_OVERLAP: Micros = 30 * 24 * 3600 * 1_000_000;

/// An endpoint with its keys opened. Does not print.
pub struct Endpoint {
    pub(super) row: WebhookEndpoint,
    keys: SigningKeys,
    previous: Option<SigningKeys>,
}

/// What to change; `None` leaves a part as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where to deliver.
    pub url: Option<String>,
    /// On or off.
    pub enabled: Option<bool>,
    /// Which events.
    pub events: Option<EventSet>,
}

impl Endpoint {
    /// Where deliveries go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.row.url
    }

    /// Is it on?
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.row.enabled
    }

    /// The wanted events.
    #[must_use]
    pub fn events(&self) -> EventSet {
        events(&self.row)
    }

    /// Token and secret.
    #[must_use]
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// Those before the last roll, while they are signed with too.
    #[must_use]
    pub fn previous(&self, now: Micros) -> Option<&SigningKeys> {
        self.previous.as_ref().filter(|_| now < self.row.previous_until)
    }

    /// Until when the previous token signs too, if it does.
    #[must_use]
    pub fn overlap_ends_at(&self, now: Micros) -> Option<Micros> {
        self.previous(now).map(|_| self.row.previous_until)
    }

    /// When its owner changed it last.
    #[must_use]
    pub fn changed_at(&self) -> Micros {
        self.row.changed_at
    }

    fn open(webhooks: &Webhooks, row: WebhookEndpoint) -> Result<Self, Failure> {
        let open = |sealed: &[u8]| {
            let text = webhooks.secrets.seals().open(Purpose::Webhook, &place(row.book), sealed);
            let keys = text.as_ref().and_then(SigningKeys::from_text);
            keys.context(
                "the keys of a webhook endpoint do not open: they were altered, or moved from another row",
            )
        };
        let keys = open(&row.sealed)?;
        let previous = row.previous.as_deref().map(open).transpose()?;
        Ok(Self { row, keys, previous })
    }
}

fn events(row: &WebhookEndpoint) -> EventSet {
    EventSet::from_bits(row.events).unwrap_or(EventSet::DEFAULT)
}

/// Of the URL the audit log keeps the host alone, since the rest may be known to few.
fn set_entry(row: &WebhookEndpoint, by: Actor) -> NewAuditEntry {
    let host: Vec<&str> = row.url.split('/').take(3).collect();
    let detail = json!({ "host": host.join("/"), "enabled": row.enabled, "events": events(row).names() });
    entry(row, by, "webhook.set", &detail)
}

fn entry(row: &WebhookEndpoint, actor: Actor, action: &'static str, detail: &Value) -> NewAuditEntry {
    NewAuditEntry {
        business: row.book.business(),
        book: Some(row.book),
        at: row.changed_at,
        actor,
        action,
        subject: String::new(),
        detail: detail.to_string(),
    }
}

/// What a sealed text is bound to.
fn place(book: BookId) -> [u8; 8] {
    book.0.to_be_bytes()
}

fn seal(webhooks: &Webhooks, book: BookId, keys: &SigningKeys) -> Vec<u8> {
    webhooks.secrets.seals().seal(Purpose::Webhook, &place(book), &keys.to_text(), &webhooks.entropy)
}

impl Webhooks {
    /// A book's endpoint.
    ///
    /// # Errors
    /// When the database breaks, or the keys do not open.
    pub async fn endpoint(&self, book: BookId) -> Result<Option<Endpoint>, Failure> {
        let row = self.store.webhook_endpoint(book).await?;
        row.map(|row| Endpoint::open(self, row)).transpose()
    }

    /// Makes or changes a book's endpoint. `true`: it was made, and its keys are new.
    ///
    /// # Errors
    /// When the URL will not do, or the database breaks; nothing was changed then.
    pub async fn set_endpoint(
        &self,
        book: BookId,
        by: Actor,
        change: &Change,
    ) -> Result<(Endpoint, bool), WebhookError> {
        let url = change.url.as_deref().map(|url| self.client.guard().check_url(url)).transpose()?;
        let url = url.map(String::from);
        for _ in 0..TRIES {
            let now = self.clock.now();
            let sequence = self.store.last_sequence(book).await?;
            let Some(old) = self.store.webhook_endpoint(book).await? else {
                let url = url.clone().ok_or(WebhookError::UrlIsMissing)?;
                let new = self.first(book, url, change, sequence, now);
                match self.store.create_webhook_endpoint(&new, &set_entry(&new, by)).await {
                    Err(WriteError::Conflict) => continue,
                    Err(WriteError::Failure(failure)) => return Err(failure.into()),
                    Ok(()) => return Ok((Endpoint::open(self, new)?, true)),
                }
            };
            // What happened before the change is told as it was wanted before.
            if old.enabled && fan_out::book(self, book).await? > 0 {
                continue;
            }
            let new = WebhookEndpoint {
                url: url.clone().unwrap_or_else(|| old.url.clone()),
                enabled: change.enabled.unwrap_or(old.enabled),
                events: change.events.map_or(old.events, EventSet::bits),
                cursor: old.cursor.max(sequence),
                changed_at: now,
                ..old.clone()
            };
            let entry = set_entry(&new, by);
            if let Some(changed) = self.store_change(&old, new, &entry).await? {
                self.nudge();
                return Ok((changed, false));
            }
        }
        Err(WebhookError::Busy)
    }

    /// Gives a book's endpoint new keys. The old ones sign too for `overlap` microseconds; not at all for 0. `once` is a
    /// digest of the caller's idempotency key: where it is that of the last roll, nothing is done and `true` comes back.
    ///
    /// # Errors
    /// When there is no endpoint, the overlap is too long, `once` is that of an earlier roll, or the database breaks; nothing was
    /// changed then.
    pub async fn roll_endpoint(
        &self,
        book: BookId,
        by: Actor,
        overlap: Micros,
        once: Option<&[u8]>,
    ) -> Result<(Endpoint, bool), WebhookError> {
        if !(0..=LONGEST_OVERLAP).contains(&overlap) {
            return Err(WebhookError::OverlapIsTooLong);
        }
        for _ in 0..TRIES {
            let now = self.clock.now();
            let old = self.store.webhook_endpoint(book).await?.ok_or(WebhookError::NoEndpoint)?;
            if once.is_some() && old.rolled_by.as_deref() == once {
                return Ok((Endpoint::open(self, old)?, true));
            }
            if let Some(once) = once
                && self.store.was_rolled_by(book, once).await?
            {
                return Err(WebhookError::RolledSince);
            }
            let new = WebhookEndpoint {
                sealed: seal(self, book, &SigningKeys::generate(&self.entropy)),
                previous: (overlap > 0).then(|| old.sealed.clone()),
                previous_until: if overlap > 0 { now + overlap } else { 0 },
                rolled_by: once.map(<[u8]>::to_vec),
                changed_at: now,
                ..old.clone()
            };
            let entry = entry(&new, by, "webhook.rolled", &json!({ "overlap_seconds": overlap / 1_000_000 }));
            if let Some(rolled) = self.store_change(&old, new, &entry).await? {
                return Ok((rolled, false));
            }
        }
        Err(WebhookError::Busy)
    }

    fn first(&self, book: BookId, url: String, change: &Change, cursor: i64, now: Micros) -> WebhookEndpoint {
        WebhookEndpoint {
            book,
            url,
            enabled: change.enabled.unwrap_or(true),
            events: change.events.unwrap_or(EventSet::DEFAULT).bits(),
            sealed: seal(self, book, &SigningKeys::generate(&self.entropy)),
            previous: None,
            previous_until: 0,
            rolled_by: None,
            cursor,
            made: 0,
            revision: 1,
            changed_at: now,
        }
    }

    /// `None`: something else changed it first.
    async fn store_change(
        &self,
        old: &WebhookEndpoint,
        new: WebhookEndpoint,
        entry: &NewAuditEntry,
    ) -> Result<Option<Endpoint>, WebhookError> {
        match self.store.change_webhook_endpoint(old, &new, entry).await {
            Ok(()) => Ok(Some(Endpoint::open(self, new)?)),
            Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }
}
