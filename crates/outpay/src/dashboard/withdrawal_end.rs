//! Ends a withdrawal by hand: settled or not paid where a person pays, a doubt ended with proof, money that came back, or
//! taken back before it is sent. What is possible is decided by the verbs; each is in the journal with who did it.

use super::post::Posted;
use super::stop::Stop;
use super::{notice, withdrawal_row};
use crate::members::Permission;
use crate::reference::reference;
use crate::web::page;
use crate::withdrawals::{advance, settle};
use axum::extract::Path;
use axum::response::Response;
use ledger::{Progress, Step};

/// The stable word of a withdrawal that the business took back.
const CANCELLED: &str = "cancelled_by_business";

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ReviewWithdrawals)?;
    let number = withdrawal_row::number(&who, who.book, &id).ok_or(Stop::NotFound)?;
    let text =
        reference(form.get("text")).map_err(|hint| Stop::sentence(format!("Reason or proof: {hint}.")))?;
    let (platform, book, by) = (&who.platform, who.book, who.origin());
    let after = match form.get("how") {
        "settle" => settle::settle(platform, book, number, &text, by).await?,
        "fail" => settle::fail(platform, book, number, &text, by).await?,
        "paid" => settle::resolve(platform, book, number, (true, &text), by).await?,
        "not_paid" => settle::resolve(platform, book, number, (false, &text), by).await?,
        "return" if withdrawal_row::is_by_hand(&who, number).await? => {
            settle::give_back(platform, book, number, &text, by).await?
        }
        "cancel" => {
            let step = Progress::new(number, Step::Cancel).because(CANCELLED, &text);
            advance(platform, book, step, by).await?
        }
        "return" => {
            let sentence = "Only a payment that was made by hand can come back by hand. Ask the operator.";
            return Err(Stop::sentence(sentence));
        }
        _ => return Err(Stop::sentence("Choose what to do.")),
    };
    let mut response = page::see_other(&format!("/dashboard/withdrawals/{id}"));
    notice::leave(&mut response, format!("The withdrawal is {} now.", after.state.word()));
    Ok(response)
}
