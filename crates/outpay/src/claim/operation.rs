//! `GET /p/operations/{id}`: one withdrawal: state and reason, amounts and destination, its steps, and the actions: cancel, show a
//! gift card's code, try again, receipt. A script polls the state ([`state`]); without script the page refreshes itself until the
//! withdrawal has ended.

use super::declined::Declined;
use super::frame::Frame;
use super::person::{Named, Person};
use super::signed_in::PostedForm;
use super::words;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::language::Language;
use crate::rails;
use crate::stopped::Stopped;
use crate::store::StoredEntry;
use crate::web::page;
use crate::withdrawals::expected::{self, ExpectedTime};
use crate::withdrawals::{has_code, waits_for};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use ledger::{EntryKind, Withdrawal, WithdrawalState};

#[derive(Template)]
#[template(path = "claim/operation.html")]
pub(super) struct OperationPage {
    pub(super) frame: Frame,
    pub(super) p: ShownWithdrawal,
    /// Why an action was not carried out; empty for none.
    pub(super) notice: String,
}

/// The part of the page that changes.
pub(super) struct ShownWithdrawal {
    pub(super) t: Language,
    pub(super) csrf: String,
    pub(super) id: String,
    /// Changes with every change of the withdrawal.
    pub(super) version: String,
    /// No further step is expected.
    pub(super) has_ended: bool,
    pub(super) mark: &'static str,
    pub(super) title: String,
    /// What the person gets.
    pub(super) net: String,
    pub(super) word: &'static str,
    pub(super) badge: &'static str,
    pub(super) wait: String,
    /// That it takes longer, and until when; empty where it does not.
    pub(super) delay: String,
    /// Why it failed.
    pub(super) reason: String,
    pub(super) facts: Vec<WithdrawalFact>,
    pub(super) to: Vec<(String, String)>,
    pub(super) steps: Vec<TimelineStep>,
    pub(super) can_cancel: bool,
    pub(super) can_reveal: bool,
    pub(super) has_receipt: bool,
    /// The method, if it can be tried again.
    pub(super) again: Option<String>,
}

/// A line of the details.
pub(super) struct WithdrawalFact {
    pub(super) label: &'static str,
    pub(super) value: String,
    /// It is a code to copy.
    pub(super) is_code: bool,
    /// RFC 3339, for a time; else empty.
    pub(super) at: String,
}

/// One step of a withdrawal.
pub(super) struct TimelineStep {
    pub(super) mark: &'static str,
    pub(super) title: String,
    pub(super) at: String,
    pub(super) when: String,
}

/// Session.
pub(super) async fn view(person: Person, Named(id): Named) -> Result<Response, Declined> {
    show(&person, &id, String::new(), StatusCode::OK).await
}

/// The page of the person's withdrawal with this public id.
pub(super) async fn show(
    person: &Person,
    id: &str,
    notice: String,
    status: StatusCode,
) -> Result<Response, Declined> {
    let withdrawal = own(person, id).await?;
    let p = progress(person, &withdrawal).await?;
    let title = format!("{} · {}", p.net, p.title);
    let frame = person.frame(title, format!("/p/operations/{}", p.id));
    Ok(page::html(status, &OperationPage { frame, p, notice }))
}

/// The withdrawal with this public id, if it is the person's own.
pub(super) async fn own(person: &Person, id: &str) -> Result<Withdrawal, Declined> {
    let (platform, book) = (&person.platform, person.caller.book);
    let number = platform.secrets.ids().open(IdKind::Withdrawal, book, id);
    let number = number.ok_or_else(|| Declined::not_found(person))?;
    let found = platform.store.withdrawal(book, number).await.map_err(Declined::failed(person))?;
    found
        .filter(|withdrawal| withdrawal.user == person.caller.subject)
        .ok_or_else(|| Declined::not_found(person))
}

/// The title of its method in the person's language.
pub(super) fn method_title(person: &Person, withdrawal: &Withdrawal) -> String {
    let rail = person.platform.rails.get(person.caller.book.mode(), &withdrawal.method);
    words::title(person.language, rail.map(|mounted| mounted.facts()), withdrawal)
}

pub(super) async fn progress(person: &Person, withdrawal: &Withdrawal) -> Result<ShownWithdrawal, Declined> {
    let (platform, book, t) = (&person.platform, person.caller.book, person.language);
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Declined::failed(person))?;
    let number = withdrawal.number;
    let stops =
        platform.store.stops_of_queued(book, (number, number)).await.map_err(Declined::failed(person))?;
    let stop = stops.get(&number).copied();
    let expected = expected::one(platform, book, withdrawal).await.map_err(Declined::failed(person))?;
    let rail = platform.rails.get(book.mode(), &withdrawal.method);
    let state = words::state(t, withdrawal);
    let waits_for = waits_for(platform, book, withdrawal).await.map_err(Declined::failed(person))?;
    let gone = withdrawal.state.gave_money_back();
    Ok(ShownWithdrawal {
        t,
        csrf: person.csrf.to_string(),
        id: platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal.number),
        version: format!(
            "{}-{}-{}-{}-{}",
            withdrawal.state.code(),
            entries.len(),
            stop.map_or("", |stop| stop.word()),
            u8::from(waits_for.is_some()),
            expected.as_ref().filter(|expected| expected.is_delayed).map_or(0, |expected| expected.at)
        ),
        has_ended: !withdrawal.state.holds_money(),
        mark: rails::kind(withdrawal.provider).mark,
        title: words::title(t, rail.map(|mounted| mounted.facts()), withdrawal),
        net: t.money(withdrawal.net().0),
        word: state.word,
        badge: state.badge,
        wait: waits_for
            .map_or_else(|| words::wait(t, &person.sender, withdrawal, stop), |text| text.in_language(t)),
        delay: match expected.filter(|expected| expected.is_delayed) {
            Some(expected) => t.with("wait.delayed", "time", t.moment(expected.at)),
            None => String::new(),
        },
        reason: words::reason(t, withdrawal),
        facts: facts(person, withdrawal, &entries, expected.as_ref()).await,
        to: words::destination(t, rail.map(|mounted| mounted.facts()), &withdrawal.destination),
        steps: entries.iter().filter_map(|stored| step(person, stored)).collect(),
        can_cancel: withdrawal.state.can_cancel(),
        can_reveal: has_code(withdrawal),
        has_receipt: withdrawal.state == WithdrawalState::Succeeded,
        again: (gone && rail.is_some()).then(|| withdrawal.method.clone()),
    })
}

/// What the rail has published by which the payment can be looked up, for example a transaction's hash.
pub(super) fn transaction(withdrawal: &Withdrawal, entries: &[StoredEntry]) -> Option<String> {
    let field = rails::kind(withdrawal.provider).transaction?;
    let newest = entries.iter().rev().find(|stored| !stored.entry.published().is_empty())?;
    let detail: serde_json::Value = serde_json::from_str(newest.entry.published()).ok()?;
    detail[field].as_str().map(str::to_owned)
}

async fn facts(
    person: &Person,
    withdrawal: &Withdrawal,
    entries: &[StoredEntry],
    expected: Option<&ExpectedTime>,
) -> Vec<WithdrawalFact> {
    let t = person.language;
    let plain = |key: &str, value: String| WithdrawalFact {
        label: t.say(key),
        value,
        is_code: false,
        at: String::new(),
    };
    let code = |key: &str, value: String| WithdrawalFact { is_code: true, ..plain(key, value) };
    let moment = |key: &str, at| WithdrawalFact { at: rfc3339(at), ..plain(key, t.moment(at)) };
    let ids = person.platform.secrets.ids();
    let order = ids.order_id(withdrawal.provider, person.caller.book, withdrawal.number);
    let mut facts = vec![
        plain("operation.amount", t.money(withdrawal.amount.0)),
        plain("operation.fee", t.money(withdrawal.fees.0)),
        plain("operation.net", t.money(withdrawal.net().0)),
    ];
    facts.extend(estimate(person, withdrawal).await);
    facts.extend(expected.map(|expected| moment("operation.expected", expected.at)));
    facts.extend([
        moment("operation.asked", withdrawal.created_at),
        moment("operation.changed", withdrawal.changed_at),
        code("operation.reference", order),
    ]);
    facts.extend(transaction(withdrawal, entries).map(|hash| code("operation.transaction", hash)));
    facts
}

/// What it comes to in the currency in which it is paid, until that is known.
async fn estimate(person: &Person, withdrawal: &Withdrawal) -> Vec<WithdrawalFact> {
    let book = person.caller.book;
    let mounted = person.platform.rails.get(book.mode(), &withdrawal.method);
    let waits = withdrawal.state.holds_money();
    // Such a rail is paid by hand, so its quote asks no counterpart.
    let Some(mounted) = mounted.filter(|mounted| waits && mounted.rail.currency() != "USD") else {
        return Vec::new();
    };
    let Ok(quote) = mounted.rail.quote(book, withdrawal.net(), &withdrawal.destination).await else {
        return Vec::new();
    };
    let fact = |(label, value)| WithdrawalFact { label, value, is_code: false, at: String::new() };
    words::estimate(person.language, &quote.detail).into_iter().map(fact).collect()
}

fn step(person: &Person, stored: &StoredEntry) -> Option<TimelineStep> {
    let (key, mark) = match stored.entry.kind {
        EntryKind::WithdrawalCreated => ("step.created", ""),
        EntryKind::WithdrawalReviewAsked => ("step.review", ""),
        EntryKind::WithdrawalApproved => ("step.approved", "is-good"),
        EntryKind::WithdrawalSending => ("step.sending", ""),
        EntryKind::WithdrawalDelayed => ("step.delayed", "is-warn"),
        EntryKind::WithdrawalOutcomeLost => ("step.lost", "is-warn"),
        EntryKind::WithdrawalOutcomeFound => ("step.found", ""),
        EntryKind::WithdrawalSucceeded => ("step.succeeded", "is-good"),
        EntryKind::WithdrawalFailed => ("step.failed", "is-bad"),
        EntryKind::WithdrawalRejected => ("step.rejected", "is-bad"),
        EntryKind::WithdrawalCancelled => ("step.cancelled", ""),
        EntryKind::WithdrawalReturned => ("step.returned", "is-warn"),
        EntryKind::GiftCardRevealed => ("step.revealed", ""),
        _ => return None,
    };
    let (t, at) = (person.language, stored.entry.at);
    let title = t.with(key, "sender", &person.sender.display_name);
    Some(TimelineStep { mark, title, at: rfc3339(at), when: t.moment(at) })
}

#[derive(Template)]
#[template(path = "claim/progress.html")]
struct ProgressPart {
    p: ShownWithdrawal,
}

/// `GET /p/operations/{id}/state`: the changing part of a withdrawal's page alone, for the script that follows it.
///
/// Session; does not keep it alive.
pub(super) async fn state(person: Person, Named(id): Named) -> Result<Response, Declined> {
    show_state(&person, &id).await
}

async fn show_state(person: &Person, id: &str) -> Result<Response, Declined> {
    let withdrawal = own(person, id).await?;
    let p = progress(person, &withdrawal).await?;
    Ok(page::html(StatusCode::OK, &ProgressPart { p }))
}

/// `POST /p/operations/{id}/cancel`: the person cancels a withdrawal before anything was sent.
///
/// Session and token.
pub(super) async fn cancel(Named(id): Named, posted: PostedForm) -> Result<Response, Declined> {
    take_back(&posted.person, &id).await
}

async fn take_back(person: &Person, id: &str) -> Result<Response, Declined> {
    let withdrawal = own(person, id).await?;
    let counter = person.platform.counter(person.caller.book, person.caller.as_recipient());
    match counter.cancel_own(withdrawal.number, person.caller.subject).await {
        Ok(_) => Ok(page::see_other(&format!("/p/operations/{id}"))),
        Err(Stopped::Refused(refusal)) => {
            let t = person.language;
            let notice = t.with("operation.cancelled_late", "reason", words::refusal(t, &refusal));
            show(person, id, notice, StatusCode::CONFLICT).await
        }
        Err(other) => Err(Declined::stopped(person, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;
    use crate::rails::RailText;

    const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";
    const AT: &str = "2026-11-25T16:04:05.678901Z";

    #[test]
    fn pages() {
        check("operation-review", &operation(Language::English, false));
        check("operation-paid", &operation(Language::German, true));
        check("operation-ar", &operation(Language::Arabic, true));
    }

    fn operation(t: Language, is_paid: bool) -> OperationPage {
        let (when, sender) = (t.moment(1_795_622_645_678_901), "Harbour & Pine");
        let step = |key: &str, mark| TimelineStep {
            mark,
            title: t.with(key, "sender", sender),
            at: AT.to_owned(),
            when: when.clone(),
        };
        let mut steps = vec![step("step.created", ""), step("step.review", "")];
        if is_paid {
            steps.extend([
                step("step.approved", "is-good"),
                step("step.sending", ""),
                step("step.succeeded", "is-good"),
            ]);
        }
        let key = |paid, waiting| if is_paid { paid } else { waiting };
        let fact = |key: &str, value: String| WithdrawalFact {
            label: t.say(key),
            value,
            is_code: false,
            at: String::new(),
        };
        let reference = "GC-0D7F0F0E65238CC2BE871CD614A4491A".to_owned();
        let p = ShownWithdrawal {
            t,
            csrf: "dG9rZW4".to_owned(),
            id: ID.to_owned(),
            version: "2-2".to_owned(),
            has_ended: is_paid,
            mark: "gift",
            title: RailText::code("gift_card").in_language(t),
            net: t.money(2_450),
            word: t.say(key("state.succeeded", "state.review")),
            badge: key("badge-good", "badge-warn"),
            wait: t.with(key("wait.succeeded_card", "wait.review"), "sender", sender),
            delay: String::new(),
            reason: String::new(),
            facts: vec![
                fact("operation.amount", t.money(2_500)),
                fact("operation.fee", t.money(50)),
                fact("operation.net", t.money(2_450)),
                WithdrawalFact { at: AT.to_owned(), ..fact("operation.asked", when.clone()) },
                WithdrawalFact { is_code: true, ..fact("operation.reference", reference) },
            ],
            to: vec![(RailText::code("brand").in_language(t), "Bookshop".to_owned())],
            steps,
            can_cancel: !is_paid,
            can_reveal: is_paid,
            has_receipt: is_paid,
            again: None,
        };
        let title = format!("{} · {}", p.net, p.title);
        OperationPage {
            frame: Frame::sample(t, title, &format!("/p/operations/{ID}")),
            p,
            notice: String::new(),
        }
    }
}
