//! `/dashboard/withdrawals/review`: deciding about withdrawals that await review. One is decided at once, and the next is shown; many are
//! confirmed first, on a page that says how many, whose, and how much. Each is decided by itself and has a result of its own.

use crate::commit::NoVerdict;
use crate::counter::{Counter, Done};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::ListQuery;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_filter::{self, LIST};
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow, rows};
use crate::format::{grouped, money};
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::stopped::Stopped;
use crate::store::{Failure, ListOrder, ListPlace, ListWindow, WithdrawalFilter, WithdrawalList};
use crate::web::page;
use axum::response::Response;
use futures_util::future::join_all;
use http::StatusCode;
use ledger::{Cents, Refusal, Withdrawal, WithdrawalState};
use std::collections::{BTreeMap, BTreeSet};

/// That are decided about at once: some seconds of work, and a page that a person can look through.
pub(crate) const MOST_AT_ONCE: usize = 300;
/// Decided about at the same time.
const AT_ONCE: usize = 16;
/// Rows of the page that asks.
const SHOWN: usize = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawals_confirm.html")]
struct ConfirmPage {
    frame: Frame,
    approves: bool,
    /// `Approve 30 withdrawals, $1,250.00`
    button: String,
    facts: Vec<(&'static str, String)>,
    /// What will happen, in a sentence.
    effect: String,
    /// More await review than are decided about at once, in a sentence.
    left_out: Option<String>,
    /// Chosen, and not in review any more.
    gone: usize,
    reason: String,
    /// All, for the form.
    ids: String,
    rows: Vec<WithdrawalRow>,
    /// How many are not shown.
    more: usize,
    back: &'static str,
}

/// Those that a decision is about.
struct Chosen {
    rows: Vec<Withdrawal>,
    gone: usize,
    /// How many await review in all; `None` where they were chosen one by one.
    left_out: Option<String>,
}

/// The page that asks before many are decided about.
pub async fn confirm(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let approves = read_decision(query.get("decision"))?;
    let chosen = match query.get("scope") {
        "match" => all_that_match(&who, &query).await?,
        "page" => these(&who, query.get("shown").split(' ').filter(|id| !id.is_empty())).await?,
        _ => these(&who, query.all("withdrawal")).await?,
    };
    if chosen.rows.is_empty() {
        let sentence = "Choose at least one withdrawal that awaits review.";
        return Err(Declined::sentence(sentence));
    }
    let title = if approves { "Approve withdrawals" } else { "Reject withdrawals" };
    let frame = Frame::new(&who, "withdrawals", title).under(QUEUE, "Review queue");
    let Chosen { rows: found, gone, left_out } = chosen;
    let shown = asking(frame, approves, rows(&who, found).await?);
    let reason = query.get("reason").to_owned();
    Ok(page::html(StatusCode::OK, &ConfirmPage { gone, left_out, reason, ..shown }))
}

const QUEUE: &str = "/dashboard/withdrawals?state=review";

fn read_decision(word: &str) -> Result<bool, Declined> {
    match word {
        "approve" => Ok(true),
        "reject" => Ok(false),
        _ => Err(Declined::sentence("Choose whether to approve or to reject.")),
    }
}

fn asking(frame: Frame, approves: bool, mut rows: Vec<WithdrawalRow>) -> ConfirmPage {
    let sum = |part: fn(&Withdrawal) -> Cents| sum(rows.iter().map(|row| part(&row.of)));
    let (amount, fees) = (sum(|of| of.amount), sum(|of| of.fees));
    let people = rows.iter().map(|row| row.of.user).collect::<BTreeSet<_>>().len();
    let mut methods: BTreeMap<&str, (usize, Vec<Cents>)> = BTreeMap::new();
    for row in &rows {
        let method = methods.entry(&row.method).or_default();
        method.0 += 1;
        method.1.push(row.of.amount);
    }
    let by = |(title, (many, amounts)): (&&str, &(usize, Vec<Cents>))| {
        format!("{title}: {many}, {}", self::sum(amounts.iter().copied()))
    };
    let methods = methods.iter().map(by).collect::<Vec<_>>().join("; ");
    let many = count(rows.len());
    let facts = vec![
        ("Withdrawals", grouped(u64::try_from(rows.len()).unwrap_or(u64::MAX), ",")),
        ("Amount in all", amount.clone()),
        ("Fees in all", fees),
        ("Recipients", grouped(u64::try_from(people).unwrap_or(u64::MAX), ",")),
        ("Methods", methods),
    ];
    let effect = if approves {
        format!("{many} of {amount} in all will be sent. What was sent cannot be called back.")
    } else {
        format!(
            "{many} will be rejected. {amount} in all returns to the recipients’ balances, and each reads the reason."
        )
    };
    let verb = if approves { "Approve" } else { "Reject" };
    let ids = rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" ");
    let more = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    let button = format!("{verb} {many}, {amount}");
    ConfirmPage {
        frame,
        approves,
        button,
        facts,
        effect,
        left_out: None,
        gone: 0,
        reason: String::new(),
        ids,
        rows,
        more,
        back: QUEUE,
    }
}

fn count(many: usize) -> String {
    if many == 1 { "1 withdrawal".to_owned() } else { format!("{many} withdrawals") }
}

/// In words, because a sum may be larger than any amount.
fn sum(amounts: impl IntoIterator<Item = Cents>) -> String {
    let sum = amounts.into_iter().try_fold(Cents::ZERO, |sum, amount| sum.plus(amount));
    sum.map_or_else(|| "more than can be counted".to_owned(), |sum| money(sum.0))
}

/// Those with these ids.
async fn these(who: &SignedIn, ids: impl Iterator<Item = &str>) -> Result<Chosen, Declined> {
    let numbers: BTreeSet<i64> = numbers(who, ids)?;
    if numbers.len() > MOST_AT_ONCE {
        return Err(Declined::sentence(format!("Choose at most {MOST_AT_ONCE} withdrawals.")));
    }
    let list = WithdrawalList { among: Some(numbers.iter().copied().collect()), ..WithdrawalList::default() };
    let found = who.platform.store.list_withdrawals(who.book, &list, &window(ListOrder::Newest)?).await?.rows;
    let (in_review, gone): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|of| of.state == WithdrawalState::Review);
    Ok(Chosen { rows: in_review, gone: gone.len(), left_out: None })
}

fn numbers<'a>(who: &SignedIn, ids: impl Iterator<Item = &'a str>) -> Result<BTreeSet<i64>, Declined> {
    ids.map(|id| withdrawal_row::number(who, who.book, id).ok_or(Declined::NotFound)).collect()
}

fn window(order: ListOrder) -> Result<ListWindow, Failure> {
    Ok(ListWindow { order, place: ListPlace::Start, limit: i64::try_from(MOST_AT_ONCE)?, counts: true })
}

/// All of the list as it was shown that await review, as many as are decided about at once.
async fn all_that_match(who: &SignedIn, query: &Query) -> Result<Chosen, Declined> {
    let list = ListQuery::read(query, LIST);
    let (mut wanted, typed) = withdrawal_filter::wanted(who, &list).await?.map_err(Declined::sentence)?;
    list.behind(who, &typed).await?;
    wanted.state = Some(WithdrawalState::Review);
    let store = &who.platform.store;
    let found = store.list_withdrawals(who.book, &wanted, &window(list.order())?).await?;
    let all = crate::dashboard::door::list::count(found.count, LIST.nouns);
    let left_out = found.next.map(|_| {
        format!("{all} match. At most {MOST_AT_ONCE} are decided about at once: these are the first {MOST_AT_ONCE}.")
    });
    Ok(Chosen { rows: found.rows, gone: 0, left_out })
}

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawals_review.html")]
struct ReviewedPage {
    frame: Frame,
    done: usize,
    /// Of what was done.
    amount: String,
    /// Those that were not done first, each with the reason.
    results: Vec<(WithdrawalRow, Result<(), String>)>,
}

/// Approves or rejects withdrawals that wait for review: one or many, each by itself, each with a result of its own.
pub async fn review(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let approves = read_decision(form.get("decision"))?;
    let reason = form.get("reason");
    if !approves && let Err(hint) = typed_reference(reason) {
        return Err(Declined::sentence(format!("A rejection has a reason that the person reads: {hint}.")));
    }
    let listed = form.get("withdrawals").split(' ').filter(|id| !id.is_empty());
    let chosen: Vec<i64> = numbers(&who, form.all("withdrawal").chain(listed))?.into_iter().collect();
    if chosen.is_empty() || chosen.len() > MOST_AT_ONCE {
        return Err(Declined::sentence(format!("Choose from 1 to {MOST_AT_ONCE} withdrawals.")));
    }
    let mut decided = BTreeMap::new();
    for some in chosen.chunks(AT_ONCE) {
        let one = |number: &i64| decide(&who, *number, approves.then_some(()).ok_or(reason));
        decided.extend(some.iter().copied().zip(join_all(some.iter().map(one)).await));
    }
    let list = WithdrawalList { among: Some(chosen), ..WithdrawalList::default() };
    let found = who.platform.store.list_withdrawals(who.book, &list, &window(ListOrder::Newest)?).await?.rows;
    let mut results = Vec::with_capacity(found.len());
    for row in rows(&who, found).await? {
        let result = decided.remove(&row.of.number).ok_or(Declined::NotFound)?;
        results.push((row, result));
    }
    let word = if approves { "Approved" } else { "Rejected" };
    if let [(row, Ok(()))] = &results[..] {
        return one_decided(&who, row, form.get("next"), word).await;
    }
    let is_done = |result: &&(WithdrawalRow, Result<(), String>)| result.1.is_ok();
    let done = results.iter().filter(is_done).count();
    let amount = sum(results.iter().filter(is_done).map(|(row, _)| row.of.amount));
    if done == results.len() && done > 0 {
        let mut response = page::see_other(QUEUE);
        notice::leave(&mut response, format!("{word} {}, {amount}.", count(done)));
        return Ok(response);
    }
    results.sort_by_key(|(_, result)| result.is_ok());
    let frame = Frame::new(&who, "withdrawals", word).under(QUEUE, "Review queue");
    Ok(page::html(StatusCode::OK, &ReviewedPage { frame, done, amount, results }))
}

/// Leads to the next one, back to the list, or to what was decided.
async fn one_decided(
    who: &SignedIn,
    row: &WithdrawalRow,
    next: &str,
    word: &str,
) -> Result<Response, Declined> {
    let said = format!("{word}: {}, {}.", row.email, money(row.of.amount.0));
    let is_list = next == LIST.path || next.starts_with("/dashboard/withdrawals?");
    let (path, said) = match next {
        list if is_list => (list.to_owned(), said),
        "" => (format!("/dashboard/withdrawals/{}", row.id), format!("{word}.")),
        _ => match next_in_review(who, row.of.number).await? {
            Some(next) => (format!("/dashboard/withdrawals/{next}"), format!("{said} This is the next.")),
            None => (format!("/dashboard/withdrawals/{}", row.id), format!("{word}.")),
        },
    };
    let mut response = page::see_other(&path);
    notice::leave(&mut response, said);
    Ok(response)
}

/// The withdrawal that is reviewed after this one: the next older, and after the oldest the newest.
pub(crate) async fn next_in_review(who: &SignedIn, number: i64) -> Result<Option<String>, Failure> {
    let in_review = WithdrawalFilter { state: Some(WithdrawalState::Review), ..WithdrawalFilter::default() };
    let older = WithdrawalFilter { below: Some(number), ..in_review.clone() };
    let store = &who.platform.store;
    let mut found = store.withdrawals(who.book, &older, 1).await?;
    if found.is_empty() {
        found = store.withdrawals(who.book, &in_review, 1).await?;
    }
    Ok(rows(who, found).await?.pop().map(|next| next.id))
}

const PROPOSED: &str = "The screening service denied it, so it takes two people: it is proposed, and another member has to confirm it.";

/// What the screening service denied takes two people: the first one proposes it.
async fn approve(
    who: &SignedIn,
    counter: Counter<'_>,
    number: i64,
) -> Result<DoneOrProposed<Done<Withdrawal>>, Stopped> {
    let amount = who.platform.store.withdrawal(who.book, number).await?.map(|found| found.amount);
    let what = Proposed::Release { withdrawal: number, amount: amount.unwrap_or(Cents::ZERO) };
    let new = NewProposal { book: who.book, what, reason: "", by: who.actor(), once: None };
    or_propose(&who.platform, new, counter.approve(number).await).await
}

/// An error of one withdrawal is the result of that one alone: those before it are decided already, and the page must say so.
async fn decide(who: &SignedIn, number: i64, approved: Result<(), &str>) -> Result<(), String> {
    let counter = who.platform.counter(who.book, who.origin());
    let decided = match approved {
        Ok(()) => match approve(who, counter, number).await {
            Ok(DoneOrProposed::Proposed(_)) => return Err(PROPOSED.to_owned()),
            Ok(DoneOrProposed::Done(done)) => Ok(done),
            Err(stopped) => Err(stopped),
        },
        Err(reason) => counter.reject(number, reason).await,
    };
    match decided {
        Ok(_) => Ok(()),
        Err(Stopped::Refused(Refusal::MakerMayNotCheck)) => {
            Err("You gave this person money, so another member has to review it.".to_owned())
        }
        Err(Stopped::Refused(refusal)) => Err(refusal.sentence().to_owned()),
        Err(Stopped::NoVerdict(NoVerdict::Unknown)) => {
            Err("It is not known whether this was done. Look at the withdrawal.".to_owned())
        }
        Err(Stopped::Failure(failure)) => {
            tracing::error!(error = format!("{failure:#}"), "a withdrawal was not decided");
            Err("Not done: something went wrong on our side. Try again.".to_owned())
        }
        Err(_) => Err("Not done: the server is busy. Try again.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_withdrawals_review() {
        let row = |number, state| withdrawal_row::sample(number, state);
        let refused = Err("You gave this person money, so another member has to review it.".to_owned());
        snapshot(
            "withdrawals_review",
            &ReviewedPage {
                frame: Frame::sample("withdrawals", "Approved"),
                done: 1,
                amount: money(12_500),
                results: vec![
                    (row(1, WithdrawalState::Review), refused),
                    (row(2, WithdrawalState::Queued), Ok(())),
                ],
            },
        );
    }

    #[test]
    fn page_withdrawals_confirm() {
        let rows = |many| (1..=many).map(|number| withdrawal_row::sample(number, WithdrawalState::Review));
        let frame = |title| Frame::sample("withdrawals", title).under(QUEUE, "Review queue");
        let page = asking(frame("Approve withdrawals"), true, rows(60).collect());
        assert_eq!(page.button, "Approve 60 withdrawals, $7,500.00");
        assert_eq!((page.rows.len(), page.more, page.ids.split(' ').count()), (50, 10, 60));
        let page = asking(frame("Reject withdrawals"), false, rows(2).collect());
        let reason = "Please use your own account".to_owned();
        let left_out = Some("302 withdrawals match.".to_owned());
        snapshot("withdrawals_confirm", &ConfirmPage { gone: 1, left_out, reason, ..page });
    }
}
