//! `/dashboard/withdrawals/{id}/end`: ending a withdrawal by hand. A page says first what will happen and to how much money; the form on
//! it does it. The ledger decides what is possible; the journal records who did it.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::proposals::proposed;
use crate::dashboard::money::withdrawal::fields;
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow, rows};
use crate::format::money;
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::two_people;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, WithdrawalState};

/// A way to end a withdrawal by hand.
pub(crate) struct End {
    /// For the field `how`.
    pub(crate) word: &'static str,
    /// Of the page and of its button.
    pub(crate) title: &'static str,
    /// When one does that.
    pub(crate) when: &'static str,
    label: &'static str,
    hint: &'static str,
    pub(crate) is_danger: bool,
}

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawal_end.html")]
struct EndPage {
    frame: Frame,
    row: WithdrawalRow,
    destination: Vec<(String, String)>,
    end: End,
    effects: Vec<String>,
    takes_two: bool,
}

/// The ways to end it by hand in this state. The ledger refuses every other step.
pub(crate) fn possible(of: &ledger::Withdrawal, nothing_sent: bool) -> Vec<End> {
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
        title: "Mark as paid",
        when: "You have paid it.",
        label: "Proof",
        hint: "How one can see that, for example a bank reference.",
        is_danger: false,
    },
    End {
        word: "fail",
        title: "Mark as not paid",
        when: "It cannot be paid.",
        label: "Reason",
        hint: "The recipient reads it.",
        is_danger: true,
    },
    End {
        word: "paid",
        title: "Mark as paid",
        when: "The provider’s own books show the payment.",
        label: "Proof",
        hint: "How one can see at the provider that it was paid.",
        is_danger: true,
    },
    End {
        word: "not_paid",
        title: "Mark as not paid",
        when: "The provider’s own books show no payment.",
        label: "Proof",
        hint: "How one can see at the provider that it was not paid and will not be.",
        is_danger: true,
    },
    End {
        word: "return",
        title: "Record a return",
        when: "The money came back to you.",
        label: "Proof",
        hint: "How one can see that, for example a line of a statement.",
        is_danger: true,
    },
    End {
        word: "cancel",
        title: "Cancel the withdrawal",
        when: "It must not be sent.",
        label: "Reason",
        hint: "The recipient reads it.",
        is_danger: true,
    },
];

/// What will happen, and to how much money.
fn effects(end: &End, row: &WithdrawalRow) -> Vec<String> {
    let of = &row.of;
    let (amount, net, fees) = (money(of.amount.0), money(of.net().0), money(of.fees.0));
    let (email, method) = (&row.email, &row.method);
    let has_fee = of.fees > Cents::ZERO;
    let back = format!("{amount} returns to the balance of {email}, who can withdraw it again.");
    let kept = has_fee.then(|| format!("{fees} of it is kept as your fee."));
    let reads = "The recipient reads the reason.".to_owned();
    let paid = format!("{net} is recorded as paid by {method} to {email}. Nothing is sent.");
    match end.word {
        "settle" => {
            let after = "Only a return of the money changes that afterwards.".to_owned();
            [Some(paid), kept, Some(after)].into_iter().flatten().collect()
        }
        "paid" => {
            let risk = format!("If it was not paid, {email} has lost {amount}. It cannot be undone.");
            [Some(paid), kept, Some(risk)].into_iter().flatten().collect()
        }
        "not_paid" => {
            let risk = format!("If it was or will be paid, {email} has the money twice, and {net} is lost.");
            vec![back, "Nothing more is sent.".to_owned(), risk]
        }
        "fail" => {
            let risk = format!("If you have paid it, {email} has the money twice, and {net} is lost.");
            vec![back, reads, risk]
        }
        "return" => {
            let came = format!("{net} is recorded as come back from {method}.");
            let fee = has_fee.then(|| format!("Your fee of {fees} is given back."));
            [Some(came), fee, Some(back)].into_iter().flatten().collect()
        }
        _ => vec![back, "Nothing is sent.".to_owned(), reads],
    }
}

/// The page that asks.
pub async fn view(who: SignedIn, Path(id): Path<String>, query: Query) -> Result<Response, Declined> {
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Declined::NotFound)?;
    let (store, book) = (&who.platform.store, who.book);
    let found = store.withdrawal(book, number).await?.ok_or(Declined::NotFound)?;
    let nothing_sent = store.attempts(book, number).await?.is_empty();
    let mut ends = possible(&found, nothing_sent).into_iter();
    let Some(end) = ends.find(|end| end.word == query.get("how")) else {
        let state = found.state.word();
        return Err(Declined::sentence(format!("The withdrawal is {state}: choose on its page what to do.")));
    };
    // One person suffices to cancel: the money only goes back to where it came from, before anything was sent.
    let takes_two = end.word != "cancel" && two_people::are_needed(&who.platform, book, found.amount).await?;
    let row = rows(&who, vec![found]).await?.pop().ok_or(Declined::NotFound)?;
    let path = format!("/dashboard/withdrawals/{id}");
    let shown = EndPage {
        frame: Frame::new(&who, "withdrawals", end.title).under(path, "Withdrawal"),
        destination: fields(&row.of.destination),
        effects: effects(&end, &row),
        takes_two,
        end,
        row,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// Does it: paid or not paid where a person pays, an unknown outcome resolved with proof, returned money, or cancelled before it is
/// sent.
pub async fn end(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Declined::NotFound)?;
    // The sentence begins with the field's label, beside which it is shown.
    let label = ENDS.iter().find(|end| end.word == form.get("how")).map_or("Reason", |end| end.label);
    let text =
        typed_reference(form.get("text")).map_err(|hint| Declined::sentence(format!("{label}: {hint}.")))?;
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
            return Ok(ended(&id, after.value.state, amount));
        }
        "return" => {
            let sentence = "Only a payment that was made by hand can come back by hand. Ask the operator.";
            return Err(Declined::sentence(sentence));
        }
        _ => return Err(Declined::sentence("Choose what to do.")),
    };
    let new = NewProposal { book: who.book, what, reason: &text, by: who.actor(), once: None };
    match or_propose(&who.platform, new, done).await? {
        DoneOrProposed::Done(after) => Ok(ended(&id, after.value.state, amount)),
        DoneOrProposed::Proposed(_) => Ok(proposed()),
    }
}

fn ended(id: &str, state: WithdrawalState, amount: Cents) -> Response {
    let mut response = page::see_other(&format!("/dashboard/withdrawals/{id}"));
    let back = if state.gave_money_back() {
        format!(" {} is on the recipient’s balance again.", money(amount.0))
    } else {
        String::new()
    };
    notice::leave(&mut response, format!("The withdrawal is {} now.{back}", state.word()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    fn one(word: &str) -> End {
        ENDS.into_iter().find(|end| end.word == word).unwrap()
    }

    #[test]
    fn every_way_says_what_happens_to_how_much_money() {
        let row = withdrawal_row::sample(7, WithdrawalState::Queued);
        for end in ENDS {
            let said = effects(&end, &row).join(" ");
            let wanted: &[&str] = match end.word {
                "settle" | "paid" => &["$124.50 is recorded as paid by Bank transfer", "$0.50 of it is kept"],
                "return" => {
                    &["$124.50", "Your fee of $0.50 is given back.", "$125.00 returns to the balance"]
                }
                _ => &["$125.00 returns to the balance of ada@example.com"],
            };
            for part in wanted {
                assert!(said.contains(part), "{}: {said}", end.word);
            }
        }
    }

    #[test]
    fn page_withdrawal_end() {
        let row = withdrawal_row::sample(7, WithdrawalState::Sending);
        let end = one("not_paid");
        snapshot(
            "withdrawal_end",
            &EndPage {
                frame: Frame::sample("withdrawals", end.title)
                    .under("/dashboard/withdrawals/ord_7", "Withdrawal"),
                destination: fields(&row.of.destination),
                effects: effects(&end, &row),
                takes_two: true,
                end,
                row,
            },
        );
    }
}
