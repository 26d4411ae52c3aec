//! Moves money between main and payout balance, once for each form that was shown.

use super::post::Posted;
use super::stop::Stop;
use super::{amount, notice, once};
use crate::members::Permission;
use crate::web::{format, page};
use axum::response::Response;
use ledger::{Cents, Command, Direction, MAX_TRANSFER, Request};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::PayPeople)?;
    let key = once::key(&form)?;
    let (direction, place) = match form.get("direction") {
        "to_payout" => (Direction::ToPayout, "payout balance"),
        "to_main" => (Direction::ToMain, "main balance"),
        _ => return Err(Stop::sentence("Choose where the money goes.")),
    };
    let amount = amount::read("Amount", form.get("amount")).map_err(Stop::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_TRANSFER {
        return Err(Stop::sentence("Amount: give $0.01 or more."));
    }
    let request = Request::maybe_once(Command::Transfer { direction, amount }, Some(key)).by(who.origin());
    let _answer = who.platform.teller.ask(who.book, request).await??;
    let mut response = page::see_other("/dashboard");
    notice::leave(&mut response, format!("{} went to the {place}.", format::money(amount.0)));
    Ok(response)
}
