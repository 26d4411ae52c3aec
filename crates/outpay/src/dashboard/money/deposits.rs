//! `/dashboard/deposits`: the deposits of the business, and the form by which an owner or admin records one: first a look at what will
//! happen, then the deed, with a second person above the business's limit. Real money is recorded here only where the operator lets the
//! business: a deposit is what the operator owes it from then on. Not here: the rules (counter/money.rs), reversals (the operator's).

use crate::audit_log::Names;
use crate::business::deposits::{OutOfProportion, out_of_proportion};
use crate::dashboard::door::day;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::dashboard::money::proposals::proposed;
use crate::format;
use crate::line::typed_reference;
use crate::overview;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::roles::Permission;
use crate::store::{ALL_DAYS, MovementFilter, MovementKinds};
use crate::two_people;
use crate::web::{page, ui};
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, Cents, DepositDetail, EntryKind, MAX_TRANSFER, Micros};
use serde_json::json;

/// Deposits that the page lists.
const SHOWN: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/money/deposits.html")]
struct DepositsPage {
    frame: Frame,
    pays: bool,
    may_record: bool,
    typed: TypedDeposit,
    rows: Vec<DepositRow>,
}

struct DepositRow {
    at: Micros,
    amount: i64,
    reference: String,
    received_on: String,
    by: String,
}

/// The form as it was sent, and what is wrong with its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TypedDeposit {
    amount: String,
    reference: String,
    date: String,
    wrong_amount: String,
    wrong_reference: String,
    wrong_date: String,
}

/// A deposit whose fields are right.
struct ReadDeposit {
    amount: Cents,
    reference: String,
    /// `2026-11-03`
    date: String,
}

#[derive(askama::Template)]
#[template(path = "dashboard/money/deposit_review.html")]
struct DepositReviewPage {
    frame: Frame,
    once: String,
    amount: i64,
    reference: String,
    date: String,
    afterwards: i64,
    takes_two: bool,
    /// Why the amount looks wrong; empty where it does not.
    unusual: String,
    /// Back to the form, with what was typed.
    edit: String,
}

impl TypedDeposit {
    fn new(get: impl Fn(&str) -> String) -> Self {
        Self { amount: get("amount"), reference: get("reference"), date: get("date"), ..Self::default() }
    }

    /// What the fields say, if all are right; else each that is not says why.
    fn read(&mut self, today: i64) -> Option<ReadDeposit> {
        let amount = match amount::read("Amount", &self.amount) {
            Ok(Some(amount)) if (Cents(1)..=MAX_TRANSFER).contains(&amount) => Ok(amount),
            Ok(_) => Err("Amount: enter $0.01 or more.".to_owned()),
            Err(wrong) => Err(wrong),
        };
        let reference = typed_reference(&self.reference).map_err(|hint| format!("Reference: {hint}."));
        let date = match day::read(&self.date) {
            // A day further east may have begun already.
            Some(day) if day <= today + 1 => Ok(day::date(day)),
            Some(_) => Err("Received on: this day is in the future.".to_owned()),
            None => Err("Received on: enter a day such as 2026-11-03.".to_owned()),
        };
        match (amount, reference, date) {
            (Ok(amount), Ok(reference), Ok(date)) => Some(ReadDeposit { amount, reference, date }),
            (amount, reference, date) => {
                self.wrong_amount = amount.err().unwrap_or_default();
                self.wrong_reference = reference.err().unwrap_or_default();
                self.wrong_date = date.err().unwrap_or_default();
                None
            }
        }
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let mut typed = TypedDeposit::new(|name| query.get(name).to_owned());
    if typed.date.is_empty() {
        typed.date = day::date(overview::today(&who.platform, who.book).await?);
    }
    Ok(page::html(StatusCode::OK, &deposits(&who, typed).await?))
}

async fn deposits(who: &SignedIn, typed: TypedDeposit) -> Result<DepositsPage, Declined> {
    let platform = &who.platform;
    let filter = MovementFilter {
        account: AccountId::MAIN,
        kinds: MovementKinds::One(EntryKind::Deposited),
        days: ALL_DAYS,
        before: None,
    };
    let found = platform.store.own_movements(who.book, &filter, SHOWN).await?;
    let names = Names::load(platform, who.business.number).await?;
    let row = |entry: ledger::Entry| DepositRow {
        at: entry.at,
        amount: entry.movement.map_or(0, |moved| moved.amount.0),
        received_on: DepositDetail::of(&entry.detail).map(|detail| detail.received_on).unwrap_or_default(),
        reference: entry.note,
        by: names.of(entry.actor),
    };
    Ok(DepositsPage {
        frame: Frame::new(who, "deposits", "Deposits"),
        pays: who.may(Permission::PayPeople),
        may_record: platform.counter(who.book, who.origin()).may_record_deposits().await?,
        typed,
        rows: found.into_iter().map(|one| row(one.stored.entry)).collect(),
    })
}

/// What the deposit would do; the form again, with what is wrong, where it cannot be read.
pub async fn review(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (platform, book) = (&who.platform, who.book);
    let mut typed = TypedDeposit::new(|name| query.get(name).to_owned());
    let Some(ReadDeposit { amount, reference, date }) = typed.read(overview::today(platform, book).await?)
    else {
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &deposits(&who, typed).await?));
    };
    let unusual = out_of_proportion(platform, book, amount, &reference).await?;
    let (main, _) = platform.store.own_balances(book).await?;
    let fields = [
        ("amount", typed.amount.as_str()),
        ("reference", typed.reference.as_str()),
        ("date", typed.date.as_str()),
    ];
    let shown = DepositReviewPage {
        frame: Frame::new(&who, "deposits", "Review the deposit").under("/dashboard/deposits", "Deposits"),
        once: idempotency::token(platform),
        afterwards: main.plus(amount).unwrap_or(main).0,
        takes_two: two_people::are_needed(platform, book, amount).await?,
        unusual: unusual.map(unusual_words).unwrap_or_default(),
        edit: query::path("/dashboard/deposits", &fields),
        amount: amount.0,
        reference,
        date,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn unusual_words(unusual: OutOfProportion) -> String {
    match unusual.largest {
        Some(largest) => {
            format!("The largest deposit so far is {}. Is this amount right?", format::money(largest.0))
        }
        None => "This is the first deposit, and a large one. Is the amount right?".to_owned(),
    }
}

/// Records the deposit, or proposes it; once for each reference.
pub async fn record(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let (platform, book) = (&who.platform, who.book);
    let key = idempotency::key(&form)?;
    let mut typed = TypedDeposit::new(|name| form.get(name).to_owned());
    let Some(ReadDeposit { amount, reference, date }) = typed.read(overview::today(platform, book).await?)
    else {
        return Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &deposits(&who, typed).await?));
    };
    let unusual = out_of_proportion(platform, book, amount, &reference).await?;
    if unusual.is_some() && form.get("meant").is_empty() {
        return Err(Declined::sentence("Confirm that the amount is right."));
    }
    let counter = platform.counter(book, who.origin()).once(key);
    let done = counter.deposit_by_business(amount, &reference, date.clone()).await;
    let what = Proposed::Deposit { amount, reference: reference.clone(), received_on: date.clone() };
    let new = NewProposal { book, what, reason: &reference, by: who.actor(), once: Some(key) };
    let DoneOrProposed::Done(done) = or_propose(platform, new, done).await? else {
        return Ok(proposed());
    };
    let mut response = page::see_other("/dashboard/deposits");
    if done.replayed {
        notice::leave(&mut response, "A deposit with this reference was recorded before. Nothing was added.");
        return Ok(response);
    }
    let detail = json!({ "amount": amount, "reference": reference, "received_on": date });
    who.note("deposit.recorded", "", &detail).await?;
    notice::leave(&mut response, format!("{} was added to the main balance.", format::money(amount.0)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    fn typed(amount: &str, reference: &str, date: &str) -> TypedDeposit {
        let [amount, reference, date] = [amount, reference, date].map(str::to_owned);
        TypedDeposit { amount, reference, date, ..TypedDeposit::default() }
    }

    #[test]
    fn page_deposits() {
        let rows = || {
            let row = |amount, received_on: &str, by: &str| DepositRow {
                at: 1_800_000_000_000_000,
                amount,
                reference: "bank statement 17, line 3".to_owned(),
                received_on: received_on.to_owned(),
                by: by.to_owned(),
            };
            vec![row(500_000, "2026-11-03", "Ada Example (ada@example.com)"), row(1_000, "", "Operator")]
        };
        let page = |typed, may_record, rows| DepositsPage {
            frame: Frame::sample("deposits", "Deposits"),
            pays: true,
            may_record,
            typed,
            rows,
        };
        let mut wrong = typed("1,5", "", "2026-13-01");
        assert!(wrong.read(20_787).is_none());
        snapshot("deposits", &page(wrong, true, rows()));
        snapshot("deposits_by_operator", &page(TypedDeposit::default(), false, Vec::new()));
    }

    #[test]
    fn page_deposit_review() {
        let page = |takes_two, unusual: &str| DepositReviewPage {
            frame: Frame::sample("deposits", "Review the deposit").under("/dashboard/deposits", "Deposits"),
            once: "0".repeat(32),
            amount: 500_000,
            reference: "bank statement 17, line 3".to_owned(),
            date: "2026-11-03".to_owned(),
            afterwards: 1_500_000,
            takes_two,
            unusual: unusual.to_owned(),
            edit: "/dashboard/deposits?amount=5000".to_owned(),
        };
        snapshot("deposit_review", &page(false, ""));
        let unusual = unusual_words(OutOfProportion { largest: Some(Cents(100)) });
        snapshot("deposit_review_of_two", &page(true, &unusual));
    }

    #[test]
    fn each_wrong_field_says_so() {
        let today = 20_787;
        assert!(typed("12.50", "a", "2026-11-30").read(today).is_some());
        assert!(typed("12.50", "a", "2026-12-01").read(today).is_some(), "a day further east");
        for (mut wrong, field) in [
            (typed("0", "a", "2026-11-30"), 0),
            (typed("x", "a", "2026-11-30"), 0),
            (typed("10000000000000.01", "a", "2026-11-30"), 0),
            (typed("1", "", "2026-11-30"), 1),
            (typed("1", "a", "2026-12-02"), 2),
            (typed("1", "a", "30.11.2026"), 2),
        ] {
            assert!(wrong.read(today).is_none(), "{wrong:?}");
            let said = [&wrong.wrong_amount, &wrong.wrong_reference, &wrong.wrong_date];
            let which: Vec<usize> = (0..3).filter(|at| !said[*at].is_empty()).collect();
            assert_eq!(which, [field], "{wrong:?}");
        }
    }
}
