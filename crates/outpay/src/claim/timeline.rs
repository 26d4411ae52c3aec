//! The activity of a person's account as text, newest first, in pages. A withdrawal is one line: where it began or, once its money is
//! back, where it came back.

use super::declined::Declined;
use super::person::Person;
use super::words;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::store::{Failure, HistoryPlace, StoredEntry, WithdrawalFilter};
use ledger::{AccountId, Entry, EntryKind, Withdrawal};
use std::collections::HashMap;

const PAGE: usize = 20;

pub(super) struct TimelineLine {
    pub(super) mark: &'static str,
    pub(super) title: String,
    /// With its sign; empty where the balance is as before.
    pub(super) amount: String,
    pub(super) at: String,
    pub(super) when: String,
    /// The state of a withdrawal: class of the badge, and word.
    pub(super) state: Option<(&'static str, &'static str)>,
    /// The reason for a wait, or for what happened.
    pub(super) note: String,
    /// The public id of the withdrawal it is about.
    pub(super) operation: Option<String>,
}

/// A page of lines, and where the next begins.
pub(super) struct Timeline {
    pub(super) lines: Vec<TimelineLine>,
    pub(super) older: Option<String>,
    /// The message of the newest payment on this page.
    pub(super) memo: String,
}

/// The page from `cursor` on, else the newest.
pub(super) async fn page(person: &Person, cursor: Option<&str>) -> Result<Timeline, Declined> {
    let (platform, book) = (&person.platform, person.caller.book);
    let ids = platform.secrets.ids();
    let account = AccountId::user(person.caller.subject);
    let place = match cursor {
        None => Some(HistoryPlace::At(person.row.history)),
        Some(cursor) => ids.open(IdKind::Operation, book, cursor).map(HistoryPlace::Before),
    };
    let place = place.ok_or_else(|| Declined::not_found(person))?;
    let most = i64::try_from(PAGE).unwrap_or(i64::MAX) + 1;
    let found = platform.store.history(book, account, place, most).await.map_err(Declined::failed(person))?;
    let mut entries = found.ok_or_else(|| Declined::not_found(person))?;
    let has_more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let withdrawals = withdrawals(person, &entries).await.map_err(Declined::failed(person))?;
    let waiting = || withdrawals.iter().filter(|of| of.state.holds_money()).map(|of| of.number);
    let range = (waiting().min().unwrap_or(0), waiting().max().unwrap_or(0));
    let stops = platform.store.stops_of_queued(book, range).await.map_err(Declined::failed(person))?;
    let older = entries.last().filter(|_| has_more);
    let older = older.map(|stored| ids.seal(IdKind::Operation, book, stored.entry.sequence));
    let lines = entries.iter().filter_map(|stored| line(person, stored, &withdrawals, &stops)).collect();
    let newest = entries.iter().find(|stored| is_payment(&stored.entry));
    let memo = newest.map(|stored| stored.entry.detail.clone()).unwrap_or_default();
    Ok(Timeline { lines, older, memo })
}

/// Did this entry give the person new money?
fn is_payment(entry: &Entry) -> bool {
    let took = matches!(entry.kind, EntryKind::UserDebited | EntryKind::UserMoneyExpired);
    entry.withdrawal == 0 && !took
}

/// The withdrawals that these entries are about, as they are now.
async fn withdrawals(person: &Person, entries: &[StoredEntry]) -> Result<Vec<Withdrawal>, Failure> {
    let (store, book) = (&person.platform.store, person.caller.book);
    let begun = || entries.iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalCreated);
    let mut found = Vec::new();
    // Those that begin on this page are a run of the person's withdrawals: one query.
    if let Some(newest) = begun().next() {
        let filter = WithdrawalFilter {
            user: Some(person.caller.subject),
            below: Some(newest.entry.withdrawal + 1),
            ..WithdrawalFilter::default()
        };
        let count = i64::try_from(begun().count()).unwrap_or(i64::MAX);
        found = store.withdrawals(book, &filter, count).await?;
    }
    // Those that came back on it may have begun long before.
    for number in entries.iter().map(|stored| stored.entry.withdrawal).filter(|number| *number > 0) {
        if !found.iter().any(|known| known.number == number) {
            found.extend(store.withdrawal(book, number).await?);
        }
    }
    Ok(found)
}

fn line(
    person: &Person,
    stored: &StoredEntry,
    withdrawals: &[Withdrawal],
    stops: &HashMap<i64, crate::store::Stop>,
) -> Option<TimelineLine> {
    let (t, entry) = (person.language, &stored.entry);
    let account = AccountId::user(person.caller.subject);
    let id = || person.platform.secrets.ids().seal(IdKind::Withdrawal, person.caller.book, entry.withdrawal);
    let sender = &person.sender;
    let own = |key: &str| t.with(key, "sender", &sender.display_name);
    let mut line = TimelineLine {
        mark: "",
        title: String::new(),
        amount: t.change(entry.signed_for(account).0),
        at: rfc3339(entry.at),
        when: t.moment(entry.at),
        state: None,
        note: String::new(),
        operation: (entry.withdrawal > 0).then(id),
    };
    if entry.withdrawal > 0 {
        let of = withdrawals.iter().find(|other| other.number == entry.withdrawal)?;
        let has_begun = entry.kind == EntryKind::WithdrawalCreated;
        if has_begun == of.state.gave_money_back() {
            return None;
        }
        tell(person, &mut line, of, stops.get(&of.number).copied());
        return Some(line);
    }
    match entry.kind {
        EntryKind::UserDebited => {
            line.title = own("history.debit");
            line.note = entry.note.clone();
        }
        EntryKind::UserMoneyExpired => line.title = own("history.expiry"),
        _ => {
            line.mark = "is-good";
            line.title = own("history.credit");
            line.note = entry.detail.clone();
        }
    }
    Some(line)
}

/// Fills in what is said of a withdrawal.
fn tell(person: &Person, line: &mut TimelineLine, of: &Withdrawal, stop: Option<crate::store::Stop>) {
    let t = person.language;
    let rail = person.platform.rails.get(person.caller.book.mode(), &of.method);
    let state = words::state(t, of);
    let title = words::title(t, rail.map(|mounted| mounted.facts()), of);
    line.mark = state.mark;
    line.state = Some((state.badge, state.word));
    line.note =
        if of.state.holds_money() { words::wait(t, &person.sender, of, stop) } else { words::reason(t, of) };
    if of.state.gave_money_back() {
        line.title = t.fill("history.came_back", &[("amount", &t.money(of.amount.0)), ("method", &title)]);
        line.amount = String::new();
    } else {
        line.title = title;
    }
}
