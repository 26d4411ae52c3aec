//! Approves or rejects withdrawals that wait for review: one or many, each by itself, each with a result of its own.

use super::frame::Frame;
use super::notice;
use super::post::Posted;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::withdrawal_row::{self, WithdrawalRow, rows};
use crate::commit::NoVerdict;
use crate::members::Permission;
use crate::reference::reference;
use crate::web::page;
use crate::withdrawals::{Stopped, review};
use axum::response::Response;
use http::StatusCode;
use ledger::{Refusal, WithdrawalState};

/// At once; the list shows no more.
const MOST: usize = 100;

#[derive(askama::Template)]
#[template(path = "dashboard/withdrawals_review.html")]
struct ReviewedPage {
    frame: Frame,
    done: usize,
    results: Vec<(WithdrawalRow, Result<(), String>)>,
}

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ReviewWithdrawals)?;
    let approves = match form.get("decision") {
        "approve" => true,
        "reject" => false,
        _ => return Err(Stop::sentence("Choose whether to approve or to reject.")),
    };
    let reason = form.get("reason");
    if !approves && let Err(hint) = reference(reason) {
        return Err(Stop::sentence(format!("A rejection has a reason that the person reads: {hint}.")));
    }
    let chosen: Vec<i64> = form
        .all("withdrawal")
        .map(|id| withdrawal_row::number(&who, who.book, id).ok_or(Stop::NotFound))
        .collect::<Result<_, _>>()?;
    if chosen.is_empty() || chosen.len() > MOST {
        return Err(Stop::sentence(format!("Choose from 1 to {MOST} withdrawals.")));
    }
    let mut results = Vec::new();
    for number in chosen {
        let decided = decide(&who, number, approves.then_some(()).ok_or(reason)).await;
        let found = who.platform.store.withdrawal(who.book, number).await?;
        let row = rows(&who, found.into_iter().collect()).await?.pop().ok_or(Stop::NotFound)?;
        results.push((row, decided));
    }
    if let [(row, Ok(()))] = &results[..] {
        let mut response = page::see_other(&format!("/dashboard/withdrawals/{}", row.id));
        notice::leave(&mut response, if approves { "Approved." } else { "Rejected." });
        return Ok(response);
    }
    let done = results.iter().filter(|(_, decided)| decided.is_ok()).count();
    let frame = Frame::new(&who, "withdrawals", if approves { "Approved" } else { "Rejected" });
    Ok(page::html(StatusCode::OK, &ReviewedPage { frame, done, results }))
}

/// Whatever stands in the way of one is its own result: those before it are decided, and the page has to say so.
async fn decide(who: &SignedIn, number: i64, approved: Result<(), &str>) -> Result<(), String> {
    let (platform, book, by) = (&who.platform, who.book, who.origin());
    let decided = match approved {
        Ok(()) => review::approve(platform, book, number, by).await,
        Err(reason) => review::reject(platform, book, number, reason, by).await,
    };
    match decided {
        Ok(_) => Ok(()),
        Err(Stopped::Refused(Refusal::MakerMayNotCheck)) => {
            Err("You gave this person money, so somebody else has to look at it.".to_owned())
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

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let row = |number, state| withdrawal_row::sample(number, state);
    let refused = Err("You gave this person money, so somebody else has to look at it.".to_owned());
    super::sample(&ReviewedPage {
        frame: Frame::sample("withdrawals", "Approved"),
        done: 1,
        results: vec![(row(2, WithdrawalState::Queued), Ok(())), (row(1, WithdrawalState::Review), refused)],
    })
}
