//! Creates deliveries from journal entries. The deliveries and the advance of the endpoint's cursor are one
//! transaction, which commits only if the endpoint is unchanged since it was read: no event is delivered twice or
//! skipped.

use super::{Webhooks, body};
use crate::store::{Failure, NewDelivery, WriteError};
use crate::webhook_event::EventSet;
use anyhow::Context;
use ledger::BookId;

/// Events per transaction.
const BATCH: usize = 500;

/// Creates all deliveries that a book's endpoint is behind on; returns how many.
pub(super) async fn book(webhooks: &Webhooks, book: BookId) -> Result<usize, Failure> {
    let mut made = 0;
    loop {
        let Some(endpoint) = webhooks.store.webhook_endpoint(book).await?.filter(|found| found.enabled)
        else {
            return Ok(made);
        };
        let events = EventSet::from_bits(endpoint.events)
            .context("a webhook endpoint has an invalid set of events")?;
        let limit = i64::try_from(BATCH).expect("a small number");
        let found = webhooks.store.payout_events(book, endpoint.cursor, events.codes(), limit).await?;
        let Some(last) = found.last().map(|event| event.sequence) else { return Ok(made) };
        let ids = webhooks.secrets.ids();
        let new: Vec<NewDelivery> = found
            .iter()
            .map(|event| NewDelivery {
                sequence: Some(event.sequence),
                withdrawal: event.withdrawal,
                kind: event.kind,
                body: body::body(ids, book, event, false),
            })
            .collect();
        let read = (endpoint.revision, endpoint.cursor, endpoint.made);
        match webhooks.store.make_deliveries(book, read, last, &new, webhooks.store.now().await?).await {
            Ok(()) => made += new.len(),
            // Another process or the owner changed the endpoint: read it again.
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
    }
}

/// The same for every book that is behind.
pub(super) async fn all(webhooks: &Webhooks) -> Result<usize, Failure> {
    let mut made = 0;
    for behind in webhooks.store.webhook_endpoints_behind().await? {
        made += book(webhooks, behind).await?;
    }
    Ok(made)
}
