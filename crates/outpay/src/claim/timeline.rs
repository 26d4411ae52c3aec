//! The history of a person's account as text, newest first, in pages.

use super::declined::Declined;
use super::person::Person;
use super::words;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::store::{Failure, HistoryPlace, StoredEntry, WithdrawalFilter};
use ledger::{AccountId, EntryKind, Withdrawal};
use std::collections::HashMap;

const PAGE: usize = 20;

pub(super) struct TimelineLine {
    pub(super) mark: &'static str,
    pub(super) title: String,
    /// With its sign.
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
    let numbers = || withdrawals.iter().map(|withdrawal| withdrawal.number);
    let range = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
    let stops = platform.store.stops_of_queued(book, range).await.map_err(Declined::failed(person))?;
    let older = entries.last().filter(|_| has_more);
    let older = older.map(|stored| ids.seal(IdKind::Operation, book, stored.entry.sequence));
    let lines = entries.iter().map(|stored| line(person, stored, &withdrawals, &stops)).collect();
    Ok(Timeline { lines, older })
}

/// The withdrawals that these entries begin, as they are now: a run of the person's withdrawals.
async fn withdrawals(person: &Person, entries: &[StoredEntry]) -> Result<Vec<Withdrawal>, Failure> {
    let begun = || entries.iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalCreated);
    let Some(newest) = begun().next() else { return Ok(Vec::new()) };
    let filter = WithdrawalFilter {
        user: Some(person.caller.subject),
        below: Some(newest.entry.withdrawal + 1),
        ..WithdrawalFilter::default()
    };
    let count = i64::try_from(begun().count()).unwrap_or(i64::MAX);
    person.platform.store.withdrawals(person.caller.book, &filter, count).await
}

fn line(
    person: &Person,
    stored: &StoredEntry,
    withdrawals: &[Withdrawal],
    stops: &HashMap<i64, crate::store::Stop>,
) -> TimelineLine {
    let (t, entry) = (person.language, &stored.entry);
    let account = AccountId::user(person.caller.subject);
    let signed = entry.signed_for(account).0;
    let id = || person.platform.secrets.ids().seal(IdKind::Withdrawal, person.caller.book, entry.withdrawal);
    let sender = &person.sender;
    let own = |key: &str| t.with(key, "sender", &sender.display_name);
    let mut line = TimelineLine {
        mark: "",
        title: String::new(),
        amount: if signed > 0 { format!("+{}", t.money(signed)) } else { t.money(signed) },
        at: rfc3339(entry.at),
        when: t.moment(entry.at),
        state: None,
        note: String::new(),
        operation: (entry.withdrawal > 0).then(id),
    };
    match entry.kind {
        EntryKind::WithdrawalCreated => {
            let withdrawal = withdrawals.iter().find(|other| other.number == entry.withdrawal);
            let Some(withdrawal) = withdrawal else { return line };
            let rail = person.platform.rails.get(person.caller.book.mode(), &withdrawal.method);
            let state = words::state(t, withdrawal);
            let title = words::title(t, rail.map(|mounted| mounted.facts()), withdrawal);
            line.title = t.with("history.withdrawal", "method", title);
            line.mark = state.mark;
            line.state = Some((state.badge, state.word));
            line.note = if withdrawal.state.holds_money() {
                words::wait(t, sender, withdrawal, stops.get(&withdrawal.number).copied())
            } else {
                words::reason(t, withdrawal)
            };
        }
        EntryKind::UserDebited => {
            line.title = own("history.debit");
            line.note = entry.note.clone();
        }
        EntryKind::UserMoneyExpired => line.title = own("history.expiry"),
        _ if entry.withdrawal > 0 => line.title = t.say("history.refund").to_owned(),
        _ => {
            line.mark = "is-good";
            line.title = own("history.credit");
            line.note = entry.detail.clone();
        }
    }
    line
}
