//! `/dashboard/journal`: every entry of the book on some days, as a CSV that is sent while it is read. Not here: the chain of digests, and
//! how an auditor computes it again (ledger, chain.rs; docs/OPERATIONS.md).

use crate::clock::rfc3339;
use crate::dashboard::door::day;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::days;
use crate::ids::IdKind;
use crate::month::Month;
use crate::overview::{self, day_of};
use crate::sheet::{self, CURRENCY, Sheet};
use crate::statement;
use crate::store::{Failure, StoredEntry};
use crate::web::{page, ui};
use axum::response::Response;
use data_encoding::HEXLOWER;
use http::StatusCode;
use ledger::{AccountId, Cents};
use std::ops::Range;

const EXPORT_PAGE: i64 = 1_000;
/// Months that the page links to.
const MONTHS: usize = 12;

#[derive(askama::Template)]
#[template(path = "dashboard/money/journal.html")]
struct JournalPage {
    frame: Frame,
    from: String,
    until: String,
    /// Title and address of each.
    months: Vec<(String, String)>,
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let today = overview::today(&who.platform, who.book).await?;
    Ok(page::html(StatusCode::OK, &journal(Frame::new(&who, "journal", "Journal"), today)))
}

fn journal(frame: Frame, today: i64) -> JournalPage {
    let now = Month::of_day(today);
    let month = |month: Month| {
        let (from, until) = (day::date(month.days().start), day::date(month.days().end - 1));
        (month.title(), query::path("/dashboard/journal/export", &[("from", &from), ("until", &until)]))
    };
    let months = std::iter::successors(Some(now), |month| month.before()).take(MONTHS).map(month).collect();
    JournalPage { frame, from: day::date(now.days().start), until: day::date(today), months }
}

const COLUMNS: [&str; 13] = [
    "sequence",
    "id",
    "created_at",
    "type",
    "debit",
    "credit",
    "amount",
    "currency",
    "payout_user_id",
    "withdrawal_id",
    "actor",
    "note",
    "digest",
];

/// What is left to send.
struct JournalRest {
    who: SignedIn,
    days: Range<i64>,
    /// Sequences, each after the first and up to the second: those that the sums of days know, and those that they do not know yet.
    parts: Vec<(i64, i64)>,
}

/// All entries of the days, oldest first.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (store, days) = (&who.platform.store, days::between(&query).map_err(Declined::sentence)?);
    let (known, cursor) = store.sequences_of_days(who.book, days.clone()).await?;
    let end = store.last_sequence(who.book).await?;
    // The part that is sent first stands last.
    let mut parts = vec![(cursor, end)];
    parts.extend(known.map(|(first, last)| (first - 1, last.min(cursor))));
    let rest = JournalRest { who, days, parts };
    Ok(download::csv_in_pieces("journal.csv", &COLUMNS, rest, next_piece))
}

async fn next_piece(mut rest: JournalRest) -> Result<Option<(Sheet, JournalRest)>, Failure> {
    loop {
        let Some((after, until)) = rest.parts.pop() else { return Ok(None) };
        let mut found = rest.who.platform.store.entries(rest.who.book, after, EXPORT_PAGE).await?;
        found.retain(|one| one.entry.sequence <= until);
        let Some(last) = found.last().map(|last| last.entry.sequence) else { continue };
        rest.parts.push((last, until));
        let mut sheet = Sheet::continued();
        found.iter().filter(|one| rest.days.contains(&day_of(one.entry.at))).for_each(|one| {
            sheet.row(&cells(&rest.who, one));
        });
        return Ok(Some((sheet, rest)));
    }
}

fn cells(who: &SignedIn, stored: &StoredEntry) -> [String; COLUMNS.len()] {
    let (entry, ids) = (&stored.entry, who.platform.secrets.ids());
    let user = |number: i64| ids.seal(IdKind::PayoutUser, who.book, number);
    let account = |account: AccountId| match account.as_user() {
        Some(number) => user(number),
        None => statement::account_word(account),
    };
    let moved = entry.movement;
    [
        entry.sequence.to_string(),
        ids.seal(IdKind::Event, who.book, entry.sequence),
        rfc3339(entry.at),
        entry.kind.event_name().to_owned(),
        moved.map(|moved| account(moved.debit)).unwrap_or_default(),
        moved.map(|moved| account(moved.credit)).unwrap_or_default(),
        sheet::money(moved.map_or(Cents::ZERO, |moved| moved.amount)),
        CURRENCY.to_owned(),
        if entry.user > 0 { user(entry.user) } else { String::new() },
        if entry.withdrawal > 0 {
            ids.seal(IdKind::Withdrawal, who.book, entry.withdrawal)
        } else {
            String::new()
        },
        entry.actor.0.to_string(),
        entry.note.clone(),
        HEXLOWER.encode(&stored.chain),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_journal() {
        snapshot("journal", &journal(Frame::sample("journal", "Journal"), 20_787));
    }
}
