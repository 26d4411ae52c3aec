//! Takes unspent money back from a person, with a reason; once for each form that was shown.

use super::post::Posted;
use super::stop::Stop;
use super::{amount, notice, once, user};
use crate::members::Permission;
use crate::reference::reference;
use crate::web::{format, page};
use axum::extract::Path;
use axum::response::Response;
use ledger::{Cents, Command, MAX_TRANSFER, Request};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(Path(id): Path<String>, posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::PayPeople)?;
    let row = user::find(&who, &id).await?;
    let key = once::key(&form)?;
    let reason = reference(form.get("reason")).map_err(|hint| Stop::sentence(format!("Reason: {hint}.")))?;
    let amount = amount::read("Amount", form.get("amount")).map_err(Stop::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_TRANSFER {
        return Err(Stop::sentence("Amount: give $0.01 or more."));
    }
    let command = Command::Debit { user: row.user.number, amount, reason };
    let request = Request::maybe_once(command, Some(key)).by(who.origin());
    let _answer = who.platform.teller.ask(who.book, request).await??;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("{} went back to the payout balance.", format::money(amount.0)));
    Ok(response)
}
