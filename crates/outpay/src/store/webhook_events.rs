//! Events that endpoints are told of, read from the journal. Not here: deliveries (webhook_deliveries.rs).

use super::driver::{Row, Value};
use super::journal::{COLUMNS, StoredEntry, entry};
use super::sql::sql;
use super::webhook_deliveries::kind;
use super::webhook_endpoints::EndpointKey;
use super::{Failure, Store};
use crate::webhook_event::{DOCUMENTED, EVENTS, further};
use anyhow::Context;
use ledger::{BookId, Cents, EntryKind, Metadata, Provider};

/// So many entries behind, an endpoint's cursor moves on where there is nothing for it, so that they are not read again and again.
pub const FAR_BEHIND: i64 = 10_000;

/// An event of a withdrawal with all that a delivery tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutEvent {
    /// The journal entry.
    pub sequence: i64,
    /// What happened.
    pub kind: EntryKind,
    pub withdrawal: i64,
    /// Whose it is: the user's number.
    pub user: i64,
    /// Whose it is: the address.
    pub email: String,
    /// The kind of rail.
    pub provider: Provider,
    /// What left the person's balance.
    pub amount: Cents,
    /// What the business keeps of it.
    pub fees: Cents,
    /// The rail's public object at that moment as a JSON text in the documented order; empty for none.
    pub detail: String,
    /// What the operator wrote beside it; empty for nothing.
    pub note: String,
    /// Why the withdrawal ended badly, as a stable word; empty where it did not.
    pub reason_code: String,
    /// The same for people.
    pub reason: String,
    /// Where the money is to go, as the rail has stored it: a JSON text.
    pub destination: String,
    /// The business's own notes about the person and the withdrawal, which are read apart from the event.
    pub custom: Metadata,
}

impl Store {
    /// Events of these kinds after entry `after`, in sequence, at most `limit`. A code of 0 names no kind.
    pub async fn payout_events(
        &self,
        book: BookId,
        after: i64,
        codes: [i64; 5],
        limit: i64,
    ) -> Result<Vec<PayoutEvent>, Failure> {
        let sql = "SELECT j.sequence, j.kind, j.withdrawal, w.payout_user, u.email, w.provider, w.amount, w.fees, j.detail, j.note, w.destination, \
                   w.reason_code, w.reason \
                   FROM journal j JOIN withdrawal w ON w.book = j.book AND w.number = j.withdrawal \
                   JOIN payout_user u ON u.book = w.book AND u.number = w.payout_user \
                   WHERE j.book = $1 AND j.sequence > $2 AND j.withdrawal > 0 AND j.kind IN ($3, $4, $5, $6, $7) \
                   ORDER BY j.sequence LIMIT $8";
        let mut values: Vec<Value> = vec![book.0.into(), after.into()];
        values.extend(codes.map(Value::from));
        values.push(limit.into());
        self.driver.query(sql, values).await?.iter().map(payout_event).collect()
    }

    /// Entries of the events beyond the documented ones, given as a sum of bits, after entry `after`, in sequence, at most `limit`.
    pub async fn further_events(
        &self,
        book: BookId,
        after: i64,
        bits: i64,
        limit: i64,
    ) -> Result<Vec<StoredEntry>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM journal WHERE book = $1 AND sequence > $2 AND ({bit} & $3) <> 0 \
             ORDER BY sequence LIMIT $4",
            bit = bit("kind", further())
        );
        let values = vec![book.0.into(), after.into(), bits.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(entry).collect()
    }

    /// The endpoints that are on, and have not been told of an event that they want, or are far behind.
    pub async fn webhook_endpoints_behind(&self) -> Result<Vec<EndpointKey>, Failure> {
        let sql = sql!(
            "SELECT e.book, e.number FROM webhook_endpoint e JOIN book b ON b.id = e.book \
             WHERE e.enabled = 1 AND e.cursor < b.sequence AND (b.sequence - e.cursor > {FAR_BEHIND} \
             OR ((e.events & {DOCUMENTED}) <> 0 AND EXISTS (SELECT 1 FROM journal j WHERE j.book = e.book \
             AND j.sequence > e.cursor AND j.withdrawal > 0 AND ({documented} & e.events) <> 0)) \
             OR ((e.events & {others}) <> 0 AND EXISTS (SELECT 1 FROM journal j WHERE j.book = e.book \
             AND j.sequence > e.cursor AND ({further} & e.events) <> 0)))",
            documented = bit("j.kind", EVENTS.into_iter()),
            others = further().fold(0, |all, (_, bit)| all | bit),
            further = bit("j.kind", further()),
        );
        let key = |row: &Row| Ok(EndpointKey { book: BookId(row.int(0)?), number: row.int(1)? });
        self.driver.query(sql, Vec::new()).await?.iter().map(key).collect()
    }
}

/// The bit of an entry's event, as a term of SQL; 0 for an event that is none of these.
fn bit(column: &str, events: impl Iterator<Item = (EntryKind, i64)>) -> String {
    let bits: Vec<String> = events.map(|(kind, bit)| format!("WHEN {} THEN {bit}", kind.code())).collect();
    format!("(CASE {column} {} ELSE 0 END)", bits.join(" "))
}

fn payout_event(row: &Row) -> Result<PayoutEvent, Failure> {
    let provider = row.text(5)?;
    Ok(PayoutEvent {
        sequence: row.int(0)?,
        kind: kind(row.int(1)?)?,
        withdrawal: row.int(2)?,
        user: row.int(3)?,
        email: row.text(4)?.to_owned(),
        provider: Provider::from_word(provider).with_context(|| format!("no provider {provider}"))?,
        amount: Cents(row.int(6)?),
        fees: Cents(row.int(7)?),
        detail: row.text(8)?.to_owned(),
        note: row.text(9)?.to_owned(),
        destination: row.text(10)?.to_owned(),
        reason_code: row.text(11)?.to_owned(),
        reason: row.text(12)?.to_owned(),
        custom: Metadata::default(),
    })
}
