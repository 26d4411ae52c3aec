//! What an owner does with a webhook endpoint: configure it, roll its token and secret. Not here: deliveries.
//! Invariants: token and secret are sealed in the database, and leave this module only to sign, or in the one
//! response to the request that created them; every event is judged by the settings before a change or by those after
//! it, never by neither; a change and its audit log entry are one transaction.

use super::sign::SigningKeys;
use super::{WebhookError, Webhooks, fan_out};
use crate::auth::seal::Purpose;
use crate::precondition::Precondition;
use crate::store::{Failure, NewAuditEntry, WebhookEndpoint, WriteError};
use crate::webhook_event::EventSet;
use anyhow::Context;
use ledger::{Actor, BookId, Micros};
use serde_json::{Value, json};

/// Retries of a change that lost a race against another change or a new delivery.
const TRIES: usize = 20;
/// An overlap is for a transition; it must not become permanent.
const LONGEST_OVERLAP: Micros = 30 * 24 * 3600 * 1_000_000;

/// An endpoint with its keys unsealed. No `Debug`, because of the keys.
pub struct Endpoint {
    pub(super) row: WebhookEndpoint,
    keys: SigningKeys,
    previous: Option<SigningKeys>,
}

/// A change of the settings; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub enabled: Option<bool>,
    pub events: Option<EventSet>,
    /// The versions from which the change may be made.
    pub condition: Precondition,
}

impl Endpoint {
    #[must_use]
    pub fn url(&self) -> &str {
        &self.row.url
    }

    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.row.enabled
    }

    /// The events that the receiver subscribes to.
    #[must_use]
    pub fn events(&self) -> EventSet {
        events(&self.row)
    }

    /// The current token and secret.
    #[must_use]
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// The keys before the last roll, until the overlap ends; deliveries are signed with both.
    #[must_use]
    pub fn previous(&self, now: Micros) -> Option<&SigningKeys> {
        self.previous.as_ref().filter(|_| now < self.row.previous_until)
    }

    /// End of the overlap, if it has not passed.
    #[must_use]
    pub fn overlap_ends_at(&self, now: Micros) -> Option<Micros> {
        self.previous(now).map(|_| self.row.previous_until)
    }

    /// Another one after every change of the owner's.
    #[must_use]
    pub fn tag(&self) -> String {
        tag(&self.row)
    }

    /// Time of the owner's last change.
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

fn tag(row: &WebhookEndpoint) -> String {
    format!("w{}", row.revision)
}

fn events(row: &WebhookEndpoint) -> EventSet {
    EventSet::from_bits(row.events).unwrap_or(EventSet::DEFAULT)
}

/// The audit log keeps only the host of the URL: path and query may be confidential.
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

/// Associated data that binds sealed keys to their book.
#[must_use]
pub fn place(book: BookId) -> [u8; 8] {
    book.0.to_be_bytes()
}

fn seal(webhooks: &Webhooks, book: BookId, keys: &SigningKeys) -> Vec<u8> {
    webhooks.secrets.seals().seal(Purpose::Webhook, &place(book), &keys.to_text(), &webhooks.entropy)
}

impl Webhooks {
    /// # Errors
    /// When the database fails, or the keys cannot be unsealed.
    pub async fn endpoint(&self, book: BookId) -> Result<Option<Endpoint>, Failure> {
        let row = self.store.webhook_endpoint(book).await?;
        row.map(|row| Endpoint::open(self, row)).transpose()
    }

    /// Creates or changes a book's endpoint. `true`: it was created, with new keys.
    ///
    /// # Errors
    /// When the URL is refused, or on a failure; nothing was changed then.
    pub async fn set_endpoint(
        &self,
        book: BookId,
        by: Actor,
        change: &EndpointChange,
    ) -> Result<(Endpoint, bool), WebhookError> {
        let url = change.url.as_deref().map(|url| self.client.guard().check_url(url)).transpose()?;
        let url = url.map(String::from);
        for _ in 0..TRIES {
            let now = self.clock.now();
            let sequence = self.store.last_sequence(book).await?;
            let old = self.store.webhook_endpoint(book).await?;
            if !change.condition.holds(old.as_ref().map(tag).as_deref()) {
                return Err(WebhookError::IsChanged);
            }
            let Some(old) = old else {
                let url = url.clone().ok_or(WebhookError::UrlIsMissing)?;
                let new = self.first(book, url, change, sequence, now);
                match self.store.create_webhook_endpoint(&new, &set_entry(&new, by)).await {
                    Err(WriteError::Conflict) => continue,
                    Err(WriteError::Failure(failure)) => return Err(failure.into()),
                    Ok(()) => return Ok((Endpoint::open(self, new)?, true)),
                }
            };
            // Events before the change follow the old settings: create their deliveries first.
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

    /// Gives a book's endpoint new keys. The old ones keep signing too for `overlap` microseconds; 0 ends them at
    /// once. `once` is a digest of the caller's idempotency key: if the last roll had the same one, nothing is done
    /// and `true` is returned.
    ///
    /// # Errors
    /// When there is no endpoint, the overlap is too long, `once` belongs to an earlier roll, or on a failure;
    /// nothing was changed then.
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

    fn first(
        &self,
        book: BookId,
        url: String,
        change: &EndpointChange,
        cursor: i64,
        now: Micros,
    ) -> WebhookEndpoint {
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

    /// `None`: a concurrent change came first.
    async fn store_change(
        &self,
        old: &WebhookEndpoint,
        new: WebhookEndpoint,
        entry: &NewAuditEntry,
    ) -> Result<Option<Endpoint>, WebhookError> {
        match self.store.change_webhook_endpoint(old, &new, entry).await {
            Ok(()) => {
                let stored = WebhookEndpoint { revision: old.revision + 1, ..new };
                Ok(Some(Endpoint::open(self, stored)?))
            }
            Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }
}
