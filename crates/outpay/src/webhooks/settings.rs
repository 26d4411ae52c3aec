//! What an owner does with endpoints: create, change, delete them. Not here: rolling their keys (roll.rs). Invariants: every
//! event is judged by the settings before a change or by those after it, never by neither; a change and its audit log entry
//! are one transaction.

use super::endpoint::{self, Endpoint, WhichEndpoint};
use super::{Schedule, WebhookError, Webhooks, fan_out};
use crate::precondition::Precondition;
use crate::store::{EndpointKey, NewAuditEntry, WebhookEndpoint, WriteError};
use crate::webhook_event::EventSet;
use ledger::{Actor, BookId};
use serde_json::{Value, json};

/// Retries of a change that lost a race against another change or a new delivery.
pub(super) const TRIES: usize = 20;
/// Endpoints of a book: each event may become a delivery to each of them.
pub const MOST_ENDPOINTS: usize = 20;
/// Characters of a description.
pub const LONGEST_DESCRIPTION: usize = 200;

/// A change of the settings; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub events: Option<EventSet>,
    pub schedule: Option<Schedule>,
    /// The versions from which the change may be made.
    pub condition: Precondition,
}

/// An entry about an endpoint as it is set, with what it was before, if it is not new.
fn set_entry(row: &WebhookEndpoint, before: Option<&WebhookEndpoint>, id: &str, by: Actor) -> NewAuditEntry {
    let mut detail = as_json(row);
    if let Some(before) = before {
        (detail["from"], detail["to"]) = (as_json(before), as_json(row));
    }
    entry(row, id, by, "webhook.set", &detail)
}

/// The audit log keeps only the host of the URL: path and query may be confidential.
fn as_json(row: &WebhookEndpoint) -> Value {
    let host: Vec<&str> = row.url.split('/').take(3).collect();
    let events = endpoint::events(row).names();
    let schedule = Schedule::from_code(row.schedule).unwrap_or_default().word();
    json!({ "host": host.join("/"), "enabled": row.enabled, "events": events, "schedule": schedule })
}

/// An entry of the audit log about an endpoint as it is after the change.
pub(super) fn entry(
    row: &WebhookEndpoint,
    id: &str,
    actor: Actor,
    action: &'static str,
    detail: &Value,
) -> NewAuditEntry {
    let book = row.key.book;
    NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: row.changed_at,
        actor,
        action,
        subject: id.to_owned(),
        detail: detail.to_string(),
    }
}

impl Webhooks {
    /// Creates or changes a book's primary endpoint, or changes another one. `true`: it was created, with new keys.
    ///
    /// # Errors
    /// When the URL is refused, the endpoint is not there, or on a failure; nothing was changed then.
    pub async fn set_endpoint(
        &self,
        which: impl Into<WhichEndpoint>,
        by: Actor,
        change: &EndpointChange,
    ) -> Result<(Endpoint, bool), WebhookError> {
        let which = which.into();
        let change = self.checked(change)?;
        for _ in 0..TRIES {
            let now = self.clock.now();
            let sequence = self.store.last_sequence(which.book()).await?;
            let old = self.row(which).await?;
            if !change.condition.holds(old.as_ref().map(endpoint::tag).as_deref()) {
                return Err(WebhookError::IsChanged);
            }
            let Some(old) = old else {
                let WhichEndpoint::Primary(book) = which else { return Err(WebhookError::UnknownEndpoint) };
                match self.try_create(book, by, &change, None).await? {
                    Some(created) => return Ok((created, true)),
                    None => continue,
                }
            };
            // Events before the change follow the old settings: create their deliveries first.
            if old.enabled && fan_out::endpoint(self, old.key).await? > 0 {
                continue;
            }
            let enabled = change.enabled.unwrap_or(old.enabled);
            let new = WebhookEndpoint {
                url: change.url.clone().unwrap_or_else(|| old.url.clone()),
                description: change.description.clone().unwrap_or_else(|| old.description.clone()),
                enabled,
                disabled_at: old.disabled_at.filter(|_| !enabled),
                events: change.events.map_or(old.events, EventSet::bits),
                schedule: change.schedule.map_or(old.schedule, Schedule::code),
                cursor: old.cursor.max(sequence),
                changed_at: now,
                ..old.clone()
            };
            let entry = set_entry(&new, Some(&old), &self.endpoint_id(new.key), by);
            if let Some(changed) = self.store_change(&old, new, &entry).await? {
                self.nudge();
                return Ok((changed, false));
            }
        }
        Err(WebhookError::Busy)
    }

    /// Creates one more endpoint, with new keys. The first one is the book's primary one. `once` is a digest of the caller's
    /// idempotency key, as of a roll: if an endpoint has it, nothing is done and `true` is returned.
    ///
    /// # Errors
    /// When the URL is missing or refused, there are as many as there can be, the endpoint of `once` was rolled or deleted, or
    /// on a failure; nothing was changed then.
    pub async fn create_endpoint(
        &self,
        book: BookId,
        by: Actor,
        change: &EndpointChange,
        once: Option<&[u8]>,
    ) -> Result<(Endpoint, bool), WebhookError> {
        let change = self.checked(change)?;
        for _ in 0..TRIES {
            if let Some(once) = once {
                let all = self.store.webhook_endpoints(book).await?;
                if let Some(row) = all.into_iter().find(|row| row.rolled_by.as_deref() == Some(once)) {
                    return Ok((Endpoint::open(self, row)?, true));
                }
                if self.store.was_rolled_by(book, once).await? {
                    return Err(WebhookError::RolledSince);
                }
            }
            if let Some(created) = self.try_create(book, by, &change, once).await? {
                return Ok((created, false));
            }
        }
        Err(WebhookError::Busy)
    }

    /// Deletes an endpoint. Its deliveries stay in the log; those that are pending have failed.
    ///
    /// # Errors
    /// When there is no such endpoint, or on a failure; nothing was changed then.
    pub async fn delete_endpoint(&self, key: EndpointKey, by: Actor) -> Result<(), WebhookError> {
        for _ in 0..TRIES {
            let old = self.store.webhook_endpoint(key).await?.ok_or(WebhookError::UnknownEndpoint)?;
            let now = self.clock.now();
            let entry = set_entry(
                &WebhookEndpoint { changed_at: now, ..old.clone() },
                None,
                &self.endpoint_id(key),
                by,
            );
            let entry = NewAuditEntry { action: "webhook.deleted", ..entry };
            match self.store.delete_webhook_endpoint(&old, now, &entry).await {
                Ok(()) => return Ok(()),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Failure(failure)) => return Err(failure.into()),
            }
        }
        Err(WebhookError::Busy)
    }

    /// The change with its URL in the canonical form.
    fn checked(&self, change: &EndpointChange) -> Result<EndpointChange, WebhookError> {
        let url = change.url.as_deref().map(|url| self.client.guard().check_url(url)).transpose()?;
        if change.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            return Err(WebhookError::DescriptionIsTooLong);
        }
        Ok(EndpointChange { url: url.map(String::from), ..change.clone() })
    }

    /// `None`: another process created one at the same moment.
    async fn try_create(
        &self,
        book: BookId,
        by: Actor,
        change: &EndpointChange,
        once: Option<&[u8]>,
    ) -> Result<Option<Endpoint>, WebhookError> {
        let url = change.url.clone().ok_or(WebhookError::UrlIsMissing)?;
        // Under this number no other endpoint was created since the others were counted.
        let number = self.store.next_endpoint_number(book).await?;
        let others = self.store.webhook_endpoints(book).await?;
        if others.len() >= MOST_ENDPOINTS {
            return Err(WebhookError::TooManyEndpoints);
        }
        let (key, now) = (EndpointKey { book, number }, self.clock.now());
        let new = WebhookEndpoint {
            key,
            is_primary: !others.iter().any(|other| other.is_primary),
            url,
            description: change.description.clone().unwrap_or_default(),
            enabled: change.enabled.unwrap_or(true),
            disabled_at: None,
            events: change.events.unwrap_or(EventSet::DEFAULT).bits(),
            schedule: change.schedule.unwrap_or_default().code(),
            sealed: self.sealed_keys(key),
            previous: None,
            previous_until: 0,
            rolled_by: once.map(<[u8]>::to_vec),
            cursor: self.store.last_sequence(book).await?,
            failing_since: None,
            failed_at: None,
            revision: 1,
            created_at: now,
            changed_at: now,
        };
        let entry = set_entry(&new, None, &self.endpoint_id(key), by);
        match self.store.create_webhook_endpoint(&new, &entry).await {
            Ok(()) => Ok(Some(Endpoint::open(self, new)?)),
            Err(WriteError::Conflict) => Ok(None),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }

    /// `None`: a concurrent change came first.
    pub(super) async fn store_change(
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
