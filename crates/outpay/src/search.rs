//! The search of the dashboard's lists: the text under which each row is found, and the task that keeps the index up to date. Not here: the
//! index (store/search_index.rs), pages. Invariant: no text has a secret; it has what the row's own page shows.

use crate::audit_log::sentence;
use crate::background::look_again;
use crate::platform::Platform;
use crate::rails::KINDS;
use crate::store::{Failure, ReferenceSource, SearchKind, SearchSource, Store};
use ledger::{BookId, EntryKind, Micros};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;

/// Rows that a page adds before it searches, so that what was just made is found.
const GLANCE: i64 = 64;
/// Entries of the journal of which a page copies the references first.
const GLANCE_AT_ENTRIES: i64 = 256;
/// Shorter texts name no payment.
const SHORTEST_REFERENCE: usize = 4;
/// Rows that the task adds per transaction.
const PORTION: i64 = 2_048;
/// The task rests this many times as long as it worked: it takes a twentieth of what the database can write.
const REST: u64 = 19;
const SHORTEST_REST: Duration = Duration::from_millis(20);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(2);
/// How far a page counts what is missing.
const MOST_BEHIND: i64 = 10_000;

/// The text under which a row is found.
#[must_use]
pub fn text_of(kind: SearchKind, source: &SearchSource) -> String {
    let [first, second, third] = &source.fields;
    let mut lines = Vec::new();
    match kind {
        SearchKind::People | SearchKind::Imports => lines.push(first.clone()),
        SearchKind::Withdrawals => {
            lines.push(first.clone());
            add_values(second, &mut lines);
        }
        SearchKind::Deliveries => {
            lines.push(first.clone());
            add_values(second, &mut lines);
            let event = third.parse().ok().and_then(EntryKind::from_code);
            lines.extend(event.map(|kind| kind.event_name().to_owned()));
        }
        SearchKind::AuditLog => {
            lines.extend([sentence::what(first, second, third), first.clone(), second.clone()]);
            add_values(third, &mut lines);
        }
        SearchKind::Batches => lines.extend([format!("batch {first}"), second.clone(), third.clone()]),
    }
    lines.join("\n")
}

/// The texts and numbers of a JSON object, as deep as they stand.
fn add_values(json: &str, lines: &mut Vec<String>) {
    fn add(value: &Value, lines: &mut Vec<String>) {
        match value {
            Value::String(text) => lines.push(text.clone()),
            Value::Number(number) => lines.push(number.to_string()),
            Value::Array(all) => all.iter().for_each(|value| add(value, lines)),
            Value::Object(all) => all.values().for_each(|value| add(value, lines)),
            Value::Null | Value::Bool(_) => {}
        }
    }
    match serde_json::from_str(json) {
        Ok(value) => add(&value, lines),
        Err(_) => lines.push(json.to_owned()),
    }
}

/// What names the payment of a withdrawal in one of its entries: what the rail published by which it can be looked up, and a person's proof.
#[must_use]
pub fn references_of(source: &ReferenceSource) -> Vec<String> {
    let detail: Value = serde_json::from_str(&source.detail).unwrap_or_default();
    let fields = KINDS.into_iter().filter_map(|kind| kind.transaction);
    let published = fields.filter_map(|field| detail[field].as_str());
    let is_proof = source.kind == EntryKind::WithdrawalSucceeded;
    let proof = Some(source.note.trim()).filter(|_| is_proof);
    published.chain(proof).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// The withdrawals whose payment a rail or a person calls so; newest first.
pub async fn by_reference(store: &Store, book: BookId, text: &str) -> Result<Vec<i64>, Failure> {
    if text.len() < SHORTEST_REFERENCE {
        return Ok(Vec::new());
    }
    store.add_references(book, GLANCE_AT_ENTRIES, references_of).await?;
    store.withdrawals_of_reference(book, text).await
}

/// Adds the newest rows, if they are few; says how many are not in the index, at most [`MOST_BEHIND`].
pub async fn catch_up(store: &Store, book: BookId, kind: SearchKind) -> Result<i64, Failure> {
    let text = |source: &SearchSource| text_of(kind, source);
    match store.search_lag(book, kind, MOST_BEHIND).await? {
        0 => Ok(0),
        few @ 1..=GLANCE => {
            let is_done = store.add_to_search(book, kind, few, text).await?;
            if is_done { Ok(0) } else { store.search_lag(book, kind, MOST_BEHIND).await }
        }
        many => Ok(many),
    }
}

/// Adds all rows of a book, without a rest.
pub async fn fill(store: &Store, book: BookId, kind: SearchKind) -> Result<(), Failure> {
    while !store.add_to_search(book, kind, PORTION, |source| text_of(kind, source)).await? {}
    Ok(())
}

/// Keeps the index of all books up to date until `stop` is true or dropped.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = round(&platform, &mut stop).await {
            tracing::error!(error = format!("{failure:#}"), "the search index could not be updated");
        }
        if !look_again(&mut stop, None, BETWEEN_ROUNDS).await {
            return;
        }
    }
}

async fn round(platform: &Platform, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
    let store = &platform.store;
    for kind in SearchKind::ALL {
        for book in store.books_to_index(kind).await? {
            loop {
                let started = platform.clock.monotonic();
                let is_done =
                    store.add_to_search(book, kind, PORTION, |source| text_of(kind, source)).await?;
                if !rest(platform, started, stop).await {
                    return Ok(());
                }
                if is_done {
                    break;
                }
            }
        }
    }
    for book in store.books_with_new_references().await? {
        loop {
            let started = platform.clock.monotonic();
            let is_done = store.add_references(book, PORTION, references_of).await?;
            if !rest(platform, started, stop).await {
                return Ok(());
            }
            if is_done {
                break;
            }
        }
    }
    Ok(())
}

/// Rests after work that began then; false when it is time to stop.
async fn rest(platform: &Platform, started: Micros, stop: &mut watch::Receiver<bool>) -> bool {
    let took = platform.clock.monotonic().saturating_sub(started).unsigned_abs();
    let rest = Duration::from_micros(took.saturating_mul(REST));
    look_again(stop, None, SHORTEST_REST.max(rest)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Cents;

    fn text(kind: SearchKind, fields: [&str; 3]) -> String {
        let fields = fields.map(str::to_owned);
        text_of(kind, &SearchSource { number: 1, amount: Cents(0), fields })
    }

    #[test]
    fn a_destination_is_found_by_each_of_its_values() {
        let destination = r#"{"account":"DE02","name":"Ünal Öz","more":{"bank":[7,true,null]}}"#;
        let found = text(SearchKind::Withdrawals, ["ada@example.com", destination, ""]);
        assert_eq!(found, "ada@example.com\nDE02\n7\nÜnal Öz");
        assert_eq!(text(SearchKind::Withdrawals, ["a", "no object", ""]), "a\nno object");
    }

    #[test]
    fn a_payment_is_named_by_what_its_rail_published_and_by_a_proof() {
        let references = |kind, note: &str, detail: &str| {
            references_of(&ReferenceSource { kind, note: note.to_owned(), detail: detail.to_owned() })
        };
        let (sending, succeeded) = (EntryKind::WithdrawalSending, EntryKind::WithdrawalSucceeded);
        let hash = r#"{"order_id":"CRX-1","chain":"ERC20","tx_hash":"0xAb"}"#;
        assert_eq!(references(sending, "a note", hash), ["0xAb"]);
        assert_eq!(references(succeeded, " bank ref 17 ", ""), ["bank ref 17"]);
        assert_eq!(references(succeeded, "", r#"{"reward_id":"R7"}"#), ["R7"]);
        assert!(references(EntryKind::WithdrawalRejected, "No.", "").is_empty());
    }

    #[test]
    fn a_delivery_is_found_by_its_event() {
        let code = EntryKind::WithdrawalSucceeded.code().to_string();
        let found = text(SearchKind::Deliveries, ["ada@example.com", "", &code]);
        assert_eq!(found, "ada@example.com\n\npayout.succeeded");
    }
}
