//! `/dashboard/withdrawals/{id}`: one withdrawal with its evidence, as `outpay withdrawal show` gives it, and what a person
//! of the business can do about it in its present state.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::proposals::proposed;
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow, rows};
use crate::ids::IdKind;
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::roles::Permission;
use crate::store::{Attempt, StoredEntry};
use crate::web::page;
use crate::withdrawals::expected::{self, ExpectedTime};
use crate::withdrawals::{evidence, waiting};
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{EntryKind, Micros, WithdrawalState};
use serde_json::{Map, Value};

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawal.html")]
struct WithdrawalPage {
    frame: Frame,
    row: WithdrawalRow,
    /// Why it is not sent; empty where nothing holds it back.
    waits: String,
    expected: Option<ExpectedTime>,
    user_id: String,
    order_id: String,
    destination: Vec<(String, String)>,
    reviews: bool,
    ends: Vec<End>,
    entries: Vec<ShownEntry>,
    attempts: Vec<Tried>,
}

/// A way to end a withdrawal by hand.
pub(crate) struct End {
    /// For the field `how`.
    pub(crate) word: &'static str,
    title: &'static str,
    label: &'static str,
    hint: &'static str,
    is_danger: bool,
}

struct ShownEntry {
    class: &'static str,
    at: Micros,
    event: &'static str,
    by: String,
    note: String,
    published: String,
}

struct Tried {
    number: i64,
    rail: String,
    key: String,
    digest: String,
    made: Micros,
    answered: Option<Micros>,
    answer: String,
    answer_text: String,
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Declined::NotFound)?;
    let found = evidence::of(&who.platform, who.book, number).await?.ok_or(Declined::NotFound)?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let ids = who.platform.secrets.ids();
    let waits = waiting::one(&who.platform, who.book, &found.withdrawal).await?;
    let expected = expected::one(&who.platform, who.book, &found.withdrawal).await?;
    let ends = ends(&found.withdrawal, found.attempts.is_empty());
    let (user, provider) = (found.withdrawal.user, found.withdrawal.provider);
    let row = rows(&who, vec![found.withdrawal]).await?.pop().ok_or(Declined::NotFound)?;
    let reviews = who.may(Permission::ReviewWithdrawals);
    let shown = WithdrawalPage {
        frame: Frame::new(
            &who,
            "withdrawals",
            format!("Withdrawal of {}", crate::format::money(row.of.amount.0)),
        )
        .under("/dashboard/withdrawals", "Withdrawals"),
        waits: waits.map(|waits| waits.sentence()).unwrap_or_default(),
        expected,
        user_id: ids.seal(IdKind::PayoutUser, who.book, user),
        order_id: ids.order_id(provider, who.book, number),
        destination: fields(&row.of.destination),
        reviews,
        ends: if reviews { ends } else { Vec::new() },
        entries: found.entries.iter().map(|stored| entry(stored, &names)).collect(),
        attempts: found.attempts.into_iter().map(tried).collect(),
        row,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The ways to end it by hand in this state. The ledger refuses every other step.
fn ends(of: &ledger::Withdrawal, nothing_sent: bool) -> Vec<End> {
    let is_manual = of.provider.is_paid_by_hand();
    let words: &[&str] = match of.state {
        WithdrawalState::Created | WithdrawalState::Review => &["cancel"],
        WithdrawalState::Queued if is_manual => &["settle", "fail", "cancel"],
        WithdrawalState::Queued => &["cancel"],
        WithdrawalState::Sending if is_manual => &["settle", "fail"],
        WithdrawalState::Sending if of.outcome_unknown => &["paid", "not_paid"],
        WithdrawalState::Sending if nothing_sent => &["not_paid"],
        // Returns of payments by a rail are found by the rail, and a gift card whose code was shown cannot be returned.
        WithdrawalState::Succeeded if is_manual => &["return"],
        _ => &[],
    };
    ENDS.into_iter().filter(|end| words.contains(&end.word)).collect()
}

const ENDS: [End; 6] = [
    End {
        word: "settle",
        title: "It was paid",
        label: "Proof",
        hint: "How one can see that, for example a bank reference.",
        is_danger: false,
    },
    End {
        word: "fail",
        title: "It was not paid",
        label: "Reason",
        hint: "The person reads it, and has the money again.",
        is_danger: true,
    },
    End {
        word: "paid",
        title: "Mark as paid",
        label: "Proof",
        hint: "How one can see at the rail that it was paid.",
        is_danger: true,
    },
    End {
        word: "not_paid",
        title: "Mark as not paid",
        label: "Proof",
        hint: "How one can see that. The person has the money again.",
        is_danger: true,
    },
    End {
        word: "return",
        title: "The money came back",
        label: "Proof",
        hint: "How one can see that. The person has the money again.",
        is_danger: true,
    },
    End {
        word: "cancel",
        title: "Take it back before it is sent",
        label: "Reason",
        hint: "The person reads it, and has the money again.",
        is_danger: true,
    },
];

/// A destination's fields, in their canonical order.
fn fields(destination: &str) -> Vec<(String, String)> {
    let fields: Map<String, Value> = serde_json::from_str(destination).unwrap_or_default();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn entry(stored: &StoredEntry, names: &Names) -> ShownEntry {
    let entry = &stored.entry;
    let class = match entry.kind {
        EntryKind::WithdrawalSucceeded | EntryKind::WithdrawalApproved => "is-good",
        EntryKind::WithdrawalOutcomeLost
        | EntryKind::WithdrawalReviewAsked
        | EntryKind::WithdrawalDelayed => "is-warn",
        EntryKind::WithdrawalFailed | EntryKind::WithdrawalRejected | EntryKind::WithdrawalReturned => {
            "is-bad"
        }
        _ => "",
    };
    ShownEntry {
        class,
        at: entry.at,
        event: entry.kind.event_name(),
        by: names.of(entry.actor),
        note: entry.note.clone(),
        published: entry.detail.clone(),
    }
}

fn tried(attempt: Attempt) -> Tried {
    Tried {
        number: attempt.number,
        digest: evidence::digest(&attempt),
        rail: attempt.rail,
        key: attempt.key,
        made: attempt.created_at,
        answered: attempt.answered_at,
        answer: attempt.answer,
        answer_text: attempt.answer_text,
    }
}

/// Ends a withdrawal by hand: paid or not paid where a person pays, an unknown outcome resolved with proof, returned money, or
/// cancelled before it is sent. The ledger decides what is possible; the journal records who did it.
pub async fn end(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Declined::NotFound)?;
    let text = typed_reference(form.get("text"))
        .map_err(|hint| Declined::sentence(format!("Reason or proof: {hint}.")))?;
    let counter = who.platform.counter(who.book, who.origin());
    let amount = who.platform.store.withdrawal(who.book, number).await?.ok_or(Declined::NotFound)?.amount;
    let by_hand = |paid| Proposed::EndByHand { withdrawal: number, amount, paid };
    let resolve = |paid| Proposed::Resolve { withdrawal: number, amount, paid };
    let (what, done) = match form.get("how") {
        "settle" => (by_hand(true), counter.settle(number, &text).await),
        "fail" => (by_hand(false), counter.fail(number, &text).await),
        "paid" => (resolve(true), counter.resolve(number, true, &text).await),
        "not_paid" => (resolve(false), counter.resolve(number, false, &text).await),
        "return" if withdrawal_row::is_by_hand(&who, number).await? => {
            (Proposed::Return { withdrawal: number, amount }, counter.give_back(number, &text).await)
        }
        "cancel" => {
            let after = counter.cancel(number, &text).await?;
            return Ok(ended(&id, after.value.state));
        }
        "return" => {
            let sentence = "Only a payment that was made by hand can come back by hand. Ask the operator.";
            return Err(Declined::sentence(sentence));
        }
        _ => return Err(Declined::sentence("Choose what to do.")),
    };
    let new = NewProposal { book: who.book, what, reason: &text, by: who.actor(), once: None };
    match or_propose(&who.platform, new, done).await? {
        DoneOrProposed::Done(after) => Ok(ended(&id, after.value.state)),
        DoneOrProposed::Proposed(_) => Ok(proposed()),
    }
}

fn ended(id: &str, state: WithdrawalState) -> Response {
    let mut response = page::see_other(&format!("/dashboard/withdrawals/{id}"));
    notice::leave(&mut response, format!("The withdrawal is {} now.", state.word()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;
    use crate::dashboard::snapshot;

    #[test]
    fn page_withdrawal() {
        let mut row = withdrawal_row::sample(7, WithdrawalState::Sending);
        row.of.outcome_unknown = true;
        row.of.provider = crate::rails::SAMPLE_BY_RAIL;
        let at = row.of.created_at;
        let entry = |event, class, note: &str| ShownEntry {
            class,
            at,
            event,
            by: "Outpay".to_owned(),
            note: note.to_owned(),
            published: String::new(),
        };
        snapshot(
            "withdrawal",
            &WithdrawalPage {
                frame: Frame::sample("withdrawals", "Withdrawal of $125.00"),
                waits: String::new(),
                expected: Some(ExpectedTime { at, is_delayed: true }),
                user_id: "usr_1".to_owned(),
                order_id: "CRX-1".to_owned(),
                destination: fields(&row.of.destination),
                reviews: true,
                ends: ends(&row.of, false),
                entries: vec![
                    entry("payout.created", "", ""),
                    entry("payout.outcome_unknown", "is-warn", "timed out"),
                ],
                attempts: vec![Tried {
                    number: 1,
                    rail: "usdc".to_owned(),
                    key: "0xkey".to_owned(),
                    digest: "00ff".to_owned(),
                    made: at,
                    answered: Some(at),
                    answer: "unknown".to_owned(),
                    answer_text: format!("no answer since {}", rfc3339(at)),
                }],
                row,
            },
        );
    }
}
