//! Creates deliveries from journal entries. The deliveries and the advance of the endpoint's cursor are one
//! transaction, which commits only if the endpoint is unchanged since it was read: no event is delivered twice or
//! skipped.

use super::{Webhooks, body};
use crate::background::journal::{self, Advance};
use crate::store::{EndpointKey, Failure, MetadataOf, NewDelivery, PayoutEvent, WriteError};
use crate::webhook_event::EventSet;
use anyhow::Context;
use ledger::{BookId, Metadata};
use std::collections::BTreeSet;

/// Events per transaction.
const BATCH: i64 = 500;

/// Creates all deliveries that an endpoint is behind on; returns how many.
pub(super) async fn endpoint(webhooks: &Webhooks, key: EndpointKey) -> Result<usize, Failure> {
    journal::catch_up(|| step(webhooks, key)).await
}

async fn step(webhooks: &Webhooks, key: EndpointKey) -> Result<Advance, WriteError> {
    let book = key.book;
    let made = webhooks.store.last_delivery(book).await?;
    let endpoint = webhooks.store.webhook_endpoint(key).await?.filter(|found| found.enabled);
    let Some(endpoint) = endpoint else { return Ok(Advance::CaughtUp) };
    let events =
        EventSet::from_bits(endpoint.events).context("a webhook endpoint has an invalid set of events")?;
    let mut found = webhooks.store.payout_events(book, endpoint.cursor, events.codes(), BATCH).await?;
    note(webhooks, book, &mut found).await?;
    let Some(last) = found.last().map(|event| event.sequence) else { return Ok(Advance::CaughtUp) };
    let delivery = |event: &PayoutEvent| NewDelivery {
        sequence: Some(event.sequence),
        withdrawal: event.withdrawal,
        kind: event.kind,
        body: body::body(webhooks.secrets.ids(), book, event),
    };
    let new: Vec<NewDelivery> = found.iter().map(delivery).collect();
    let read = (endpoint.revision, endpoint.cursor, made);
    webhooks.store.make_deliveries(key, read, last, &new, webhooks.store.now().await?).await?;
    Ok(Advance::Made(new.len()))
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
