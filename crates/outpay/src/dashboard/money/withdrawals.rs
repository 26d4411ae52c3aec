//! `/dashboard/withdrawals`: all withdrawals, by what withdrawal_filter.rs says, and as a CSV. Those that wait for review can be approved or
//! rejected here, one or many at once.

use crate::clock::rfc3339;
use crate::commit::NoVerdict;
use crate::counter::{Counter, Done};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::ListBar;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_filter;
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow, rows};
use crate::format;
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY};
use crate::stopped::Stopped;
use crate::store::{Failure, ListPage, WithdrawalFilter};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Refusal, Withdrawal, WithdrawalState};

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawals.html")]
struct WithdrawalsPage {
    frame: Frame,
    reviews: bool,
    state: String,
    method: String,
    in_doubt: bool,
    list: ListBar,
    /// Name and title of every method.
    methods: Vec<(String, String)>,
    rows: Vec<WithdrawalRow>,
}

impl WithdrawalsPage {
    fn offers_review(&self) -> bool {
        self.reviews && self.rows.iter().any(WithdrawalRow::is_in_review)
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = withdrawal_filter::asked(&query);
    let (mut page, mut behind, mut error) = (ListPage::default(), 0, None);
    match withdrawal_filter::wanted(&who, &list).await? {
        Ok((wanted, typed)) => {
            behind = list.behind(&who, &typed).await?;
            page = who.platform.store.list_withdrawals(who.book, &wanted, &list.window(&who)).await?;
        }
        Err(sentence) => error = Some(sentence),
    }
    let found = std::mem::take(&mut page.rows);
    let shown = WithdrawalsPage {
        frame: Frame::new(&who, "withdrawals", "Withdrawals"),
        reviews: who.may(Permission::ReviewWithdrawals),
        methods: methods(&who),
        state: list.own("state").to_owned(),
        method: list.own("method").to_owned(),
        in_doubt: !list.own("doubt").is_empty(),
        list: list.bar(&who, &page, error, behind),
        rows: rows(&who, found).await?,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn methods(who: &SignedIn) -> Vec<(String, String)> {
    let named = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    named.map(|facts| (facts.name.clone(), facts.title.english())).collect()
}

const COLUMNS: [&str; 13] = [
    "id",
    "created_at",
    "changed_at",
    "email",
    "method",
    "provider",
    "amount",
    "fees",
    "net_amount",
    "currency",
    "status",
    "outcome_unknown",
    "reason",
];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = withdrawal_filter::asked(&query);
    let (wanted, typed) = withdrawal_filter::wanted(&who, &list).await?.map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    Ok(download::csv_stream("withdrawals.csv", &COLUMNS, (who, list, wanted), move |of, after| async move {
        let (who, list, wanted) = &*of;
        let store = &who.platform.store;
        let page = store.list_withdrawals(who.book, wanted, &list.export_window(after)).await?;
        let rows = rows(who, page.rows).await?;
        Ok((rows.iter().map(cells).collect(), page.next))
    }))
}

/// In the order of the columns.
fn cells(row: &WithdrawalRow) -> Vec<String> {
    let of = &row.of;
    vec![
        row.id.clone(),
        rfc3339(of.created_at),
        rfc3339(of.changed_at),
        row.email.clone(),
        of.method.clone(),
        of.provider.word().to_owned(),
        sheet::money(of.amount),
        sheet::money(of.fees),
        sheet::money(of.net()),
        CURRENCY.to_owned(),
        of.state.word().to_owned(),
        of.outcome_unknown.to_string(),
        of.reason.clone(),
    ]
}

/// At once; the list shows no more.
const MOST_AT_ONCE: usize = 100;

#[derive(askama::Template)]
#[template(path = "dashboard/money/withdrawals_review.html")]
struct ReviewedPage {
    frame: Frame,
    done: usize,
    results: Vec<(WithdrawalRow, Result<(), String>)>,
}

/// Approves or rejects withdrawals that wait for review: one or many, each by itself, each with a result of its own.
pub async fn review(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let approves = match form.get("decision") {
        "approve" => true,
        "reject" => false,
        _ => return Err(Declined::sentence("Choose whether to approve or to reject.")),
    };
    let reason = form.get("reason");
    if !approves && let Err(hint) = typed_reference(reason) {
        return Err(Declined::sentence(format!("A rejection has a reason that the person reads: {hint}.")));
    }
    let chosen: Vec<i64> = form
        .all("withdrawal")
        .map(|id| withdrawal_row::number(&who, who.book, id).ok_or(Declined::NotFound))
        .collect::<Result<_, _>>()?;
    if chosen.is_empty() || chosen.len() > MOST_AT_ONCE {
        return Err(Declined::sentence(format!("Choose from 1 to {MOST_AT_ONCE} withdrawals.")));
    }
    let mut results = Vec::new();
    for number in chosen {
        let decided = decide(&who, number, approves.then_some(()).ok_or(reason)).await;
        let found = who.platform.store.withdrawal(who.book, number).await?;
        let row = rows(&who, found.into_iter().collect()).await?.pop().ok_or(Declined::NotFound)?;
        results.push((row, decided));
    }
    if let [(row, Ok(()))] = &results[..] {
        let next = if form.has("next") { next_in_review(&who, row.of.number).await? } else { None };
        let word = if approves { "Approved" } else { "Rejected" };
        let (id, notice) = match next {
            Some(next) => (
                next,
                format!("{word}: {}, {}. This is the next.", row.email, format::money(row.of.amount.0)),
            ),
            None => (row.id.clone(), format!("{word}.")),
        };
        let mut response = page::see_other(&format!("/dashboard/withdrawals/{id}"));
        notice::leave(&mut response, notice);
        return Ok(response);
    }
    let done = results.iter().filter(|(_, decided)| decided.is_ok()).count();
    let frame = Frame::new(&who, "withdrawals", if approves { "Approved" } else { "Rejected" });
    Ok(page::html(StatusCode::OK, &ReviewedPage { frame, done, results }))
}

/// The withdrawal that is reviewed after this one: the next older, and after the oldest the newest.
async fn next_in_review(who: &SignedIn, number: i64) -> Result<Option<String>, Failure> {
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
            Err("This was not done, because something broke here. Try again.".to_owned())
        }
        Err(_) => Err("This was not done, because the server is busy. Try again.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::snapshot;
    use ledger::WithdrawalState;

    #[test]
    fn page_withdrawals() {
        let states = [WithdrawalState::Review, WithdrawalState::Succeeded, WithdrawalState::Failed];
        snapshot(
            "withdrawals",
            &WithdrawalsPage {
                frame: Frame::sample("withdrawals", "Withdrawals"),
                reviews: true,
                state: "review".to_owned(),
                method: String::new(),
                in_doubt: false,
                list: sample_bar("/dashboard/withdrawals", "ada", "3 withdrawals"),
                methods: vec![("bank".to_owned(), "Bank transfer".to_owned())],
                rows: (1..)
                    .zip(states)
                    .map(|(number, state)| withdrawal_row::sample(number, state))
                    .collect(),
            },
        );
    }

    #[test]
    fn page_withdrawals_review() {
        let row = |number, state| withdrawal_row::sample(number, state);
        let refused = Err("You gave this person money, so another member has to review it.".to_owned());
        snapshot(
            "withdrawals_review",
            &ReviewedPage {
                frame: Frame::sample("withdrawals", "Approved"),
                done: 1,
                results: vec![
                    (row(2, WithdrawalState::Queued), Ok(())),
                    (row(1, WithdrawalState::Review), refused),
                ],
            },
        );
    }
}
