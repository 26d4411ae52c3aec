//! `GET /payout/events`: everything that happened in a book, in a gap-free sequence that is never pruned.

use super::door::Door;
use super::page::{Page, limit, query};
use super::problem::{Problem, field};
use super::show;
use crate::clock::rfc3339;
use crate::ids::{IdKind, PublicIds};
use crate::members;
use crate::store::{MetadataOf, StoredEntry};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{BookId, CorrectionDetail, EntryKind, Metadata};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// `evt_…`
    id: String,
    /// 1, 2, 3, … without a gap.
    sequence: i64,
    /// For example `payout_user.credited`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// RFC 3339, UTC.
    created_at: String,
    data: EventData,
}

/// What it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventData {
    /// `usr_…`, where it concerns a payout user.
    #[serde(skip_serializing_if = "Option::is_none")]
    payout_user_id: Option<String>,
    /// Cents, where money moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    /// The reference of a deposit or of a batch row.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Of a payout: what it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    /// The notes about a payout, or about a withdrawal as they are now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    metadata: BTreeMap<String, String>,
    /// The reason of a debit, or why a withdrawal ended badly; the proof of one that a person settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// `ord_…`, where it concerns a withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal_id: Option<String>,
    /// What the withdrawal's rail made public at that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<serde_json::Value>,
    /// Of a reversal: the event of the deposit that it reverses.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_event_id: Option<String>,
    /// `key_…`, where an API key gave the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
    /// `mem_…`, where a member of the business's team gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<String>,
}

/// Events in sequence.
#[utoipa::path(
    get, path = "/payout/events", tag = "Events", security(("secret_key" = [])),
    params(("after" = Option<i64>, Query, description = "The sequence of the last event you have; default 0", minimum = 0),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "The same as after, for clients that page every list alike")),
    responses((status = 200, description = "Oldest first", body = Page<Event>), (status = 400, description = "Limit or sequence out of range"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn events(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let limit = limit(&parts.uri)?;
    let (after, cursor) = (query(&parts.uri, "after"), query(&parts.uri, "cursor"));
    if after.is_some() && cursor.is_some() {
        return Err(field("cursor", "Give the after or the cursor parameter, not both: they mean the same."));
    }
    let after = after.or(cursor).unwrap_or_else(|| "0".to_owned());
    let digits = after.bytes().all(|byte| byte.is_ascii_digit());
    let after = after.parse().ok().filter(|_| digits);
    let after: i64 =
        after.ok_or_else(|| field("after", "The after parameter must be the sequence of an event."))?;
    let found = door.platform.store.entries(caller.book, after, limit + 1).await?;
    let ids = door.platform.secrets.ids();
    let places = found.iter().filter_map(noted).collect();
    let metadata = door.platform.store.metadata(caller.book, places).await?;
    let of =
        |stored: &StoredEntry| noted(stored).and_then(|of| metadata.get(&of).cloned()).unwrap_or_default();
    let events = found.iter().map(|stored| event(ids, caller.book, stored, &of(stored))).collect();
    Ok(show::ok(&Page::cut(events, limit, |event: &Event| event.sequence.to_string())))
}

/// Whose metadata an entry shows.
fn noted(stored: &StoredEntry) -> Option<MetadataOf> {
    let entry = &stored.entry;
    if entry.withdrawal > 0 {
        return Some(MetadataOf::Withdrawal(entry.user, entry.withdrawal));
    }
    show::is_payout(entry.kind).then_some(MetadataOf::Payout(entry.user, entry.sequence))
}

fn event(ids: &PublicIds, book: BookId, stored: &StoredEntry, metadata: &Metadata) -> Event {
    let entry = &stored.entry;
    let note = Some(entry.note.clone()).filter(|note| !note.is_empty());
    let is_reference = entry.kind == EntryKind::Deposited || show::is_payout(entry.kind);
    let correction = (entry.kind == EntryKind::DepositReversed).then(|| CorrectionDetail::of(&entry.detail));
    let reversed = correction.flatten().map(|detail| detail.deposit);
    Event {
        id: ids.seal(IdKind::Event, book, entry.sequence),
        sequence: entry.sequence,
        kind: entry.kind.event_name(),
        created_at: rfc3339(entry.at),
        data: EventData {
            payout_user_id: (entry.user != 0).then(|| ids.seal(IdKind::PayoutUser, book, entry.user)),
            amount: entry.movement.map(|moved| moved.amount.0),
            reference: note.clone().filter(|_| is_reference),
            memo: Some(entry.detail.clone()).filter(|memo| show::is_payout(entry.kind) && !memo.is_empty()),
            metadata: metadata.pairs().clone(),
            reason: note.filter(|_| !is_reference),
            withdrawal_id: (entry.withdrawal > 0)
                .then(|| ids.seal(IdKind::Withdrawal, book, entry.withdrawal)),
            payment: serde_json::from_str(&entry.detail).ok().filter(|_| entry.withdrawal > 0),
            reversed_event_id: reversed.map(|sequence| ids.seal(IdKind::Event, book, sequence)),
            api_key_id: entry.actor.as_key().map(|key| ids.seal(IdKind::ApiKey, book, key)),
            member_id: entry.actor.as_member().map(|member| members::id_of(ids, member)),
        },
    }
}
