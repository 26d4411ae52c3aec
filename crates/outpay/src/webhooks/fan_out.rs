//! Creates deliveries from journal entries. The deliveries and the advance of the endpoint's cursor are one
//! transaction, which commits only if the endpoint is unchanged since it was read: no event is delivered twice or
//! skipped.

use super::{Webhooks, body};
use crate::background::journal::{self, Advance};
use crate::book_event;
use crate::store::{
    EndpointKey, FAR_BEHIND, Failure, MetadataOf, NewDelivery, PayoutEvent, StoredEntry, WriteError,
};
use crate::webhook_event::EventSet;
use anyhow::Context;
use ledger::{BookId, Metadata};
use std::collections::BTreeSet;

/// Events per transaction.
const BATCH: usize = 500;

/// Creates all deliveries that an endpoint is behind on; returns how many.
pub(super) async fn endpoint(webhooks: &Webhooks, key: EndpointKey) -> Result<usize, Failure> {
    journal::catch_up(|| step(webhooks, key)).await
}

async fn step(webhooks: &Webhooks, key: EndpointKey) -> Result<Advance, WriteError> {
    let (store, book) = (&webhooks.store, key.book);
    let made = store.last_delivery(book).await?;
    let endpoint = store.webhook_endpoint(key).await?.filter(|found| found.enabled);
    let Some(endpoint) = endpoint else { return Ok(Advance::CaughtUp) };
    let events =
        EventSet::from_bits(endpoint.events).context("a webhook endpoint has an invalid set of events")?;
    // Read before the entries, of which none up to here can come later.
    let newest = store.last_sequence(book).await?;
    let mut new = documented(webhooks, book, endpoint.cursor, events).await?;
    new.extend(further(webhooks, book, endpoint.cursor, events).await?);
    new.sort_by_key(|delivery| delivery.sequence);
    new.truncate(BATCH);
    let to = match new.last().and_then(|last| last.sequence) {
        Some(last) => last,
        None if newest - endpoint.cursor > FAR_BEHIND => newest,
        None => return Ok(Advance::CaughtUp),
    };
    let read = (endpoint.revision, endpoint.cursor, made);
    store.make_deliveries(key, read, to, &new, store.now().await?).await?;
    Ok(Advance::Made(new.len()))
}

/// Deliveries of the documented events.
async fn documented(
    webhooks: &Webhooks,
    book: BookId,
    after: i64,
    events: EventSet,
) -> Result<Vec<NewDelivery>, Failure> {
    let limit = i64::try_from(BATCH)?;
    let mut found = webhooks.store.payout_events(book, after, events.codes(), limit).await?;
    note(webhooks, book, &mut found).await?;
    let delivery = |event: &PayoutEvent| NewDelivery {
        sequence: Some(event.sequence),
        withdrawal: event.withdrawal,
        kind: event.kind,
        body: body::body(webhooks.secrets.ids(), book, event),
    };
    Ok(found.iter().map(delivery).collect())
}

/// Deliveries of all other events, which read as in `GET /payout/events`.
async fn further(
    webhooks: &Webhooks,
    book: BookId,
    after: i64,
    events: EventSet,
) -> Result<Vec<NewDelivery>, Failure> {
    if events.further_bits() == 0 {
        return Ok(Vec::new());
    }
    let limit = i64::try_from(BATCH)?;
    let found = webhooks.store.further_events(book, after, events.further_bits(), limit).await?;
    let places = found.iter().filter_map(book_event::noted).collect();
    let metadata = webhooks.store.metadata(book, places).await?;
    let none = Metadata::default();
    let delivery = |stored: &StoredEntry| {
        let metadata = book_event::noted(stored).and_then(|of| metadata.get(&of)).unwrap_or(&none);
        let event = book_event::event(webhooks.secrets.ids(), book, stored, metadata);
        let entry = &stored.entry;
        NewDelivery {
            sequence: Some(entry.sequence),
            withdrawal: entry.withdrawal,
            kind: entry.kind,
            body: event.body(book.mode()),
        }
    };
    Ok(found.iter().map(delivery).collect())
}

/// Adds the metadata of each event: those of the person, and those of the withdrawal over them.
async fn note(webhooks: &Webhooks, book: BookId, events: &mut [PayoutEvent]) -> Result<(), Failure> {
    let withdrawal = |event: &PayoutEvent| MetadataOf::Withdrawal(event.user, event.withdrawal);
    let users: BTreeSet<i64> = events.iter().map(|event| event.user).collect();
    let users = webhooks.store.metadata_of_users(book, users.into_iter().collect()).await?;
    let withdrawals: BTreeSet<MetadataOf> = events.iter().map(withdrawal).collect();
    let withdrawals = webhooks.store.metadata(book, withdrawals.into_iter().collect()).await?;
    for event in events {
        let (none, place) = (Metadata::default(), withdrawal(event));
        let of_user = users.get(&event.user).unwrap_or(&none);
        event.custom = of_user.overlaid(withdrawals.get(&place).unwrap_or(&none));
    }
    Ok(())
}

/// The same for every endpoint that is behind.
pub(super) async fn all(webhooks: &Webhooks) -> Result<usize, Failure> {
    let mut made = 0;
    for behind in webhooks.store.webhook_endpoints_behind().await? {
        made += endpoint(webhooks, behind).await?;
    }
    Ok(made)
}
