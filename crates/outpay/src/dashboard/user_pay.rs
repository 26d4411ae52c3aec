//! Gives somebody money: a new person, or more to one. The same as `POST /payout/create`, once for each form that was shown.

use super::post::Posted;
use super::stop::Stop;
use super::{amount, notice, once};
use crate::ids::IdKind;
use crate::members::Permission;
use crate::memo::memo;
use crate::web::{format, page};
use axum::response::Response;
use ledger::{Answer, Cents, Command, Email, MAX_PAYOUT, Outcome, Request};

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::PayPeople)?;
    let key = once::key(&form)?;
    let email = Email::parse(form.get("email"));
    let email = email.map_err(|_| Stop::sentence("Give a valid e-mail address, as in ada@example.com."))?;
    let amount = amount::read("Amount", form.get("amount")).map_err(Stop::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_PAYOUT {
        let most = format::money(MAX_PAYOUT.0);
        return Err(Stop::sentence(format!("Amount: give from $0.01 to {most}.")));
    }
    let memo = memo(form.get("memo"))
        .map_err(|_| Stop::sentence("Memo: at most 255 printable characters, on one line."))?;
    let command = Command::Create { email, amount, memo };
    let request = Request::maybe_once(command, Some(key)).by(who.origin());
    let (outcome, word) = match who.platform.teller.ask(who.book, request).await?? {
        Answer::Done(outcome) => (outcome, "was given."),
        Answer::Replayed(outcome) => (outcome, "was given before by this form, and not again."),
    };
    let Outcome::Paid { user, .. } = outcome else {
        return Err(anyhow::anyhow!("a create was answered as something else").into());
    };
    let id = who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, user);
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("{} {word}", format::money(amount.0)));
    Ok(response)
}
