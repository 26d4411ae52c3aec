//! `GET /p/operations/{id}/receipt`: what was paid, on a page made for paper. The signed form is in receipt_json.rs.

use super::frame::Frame;
use super::operation::{self, method_title};
use super::stop::Stop;
use super::visit::{Named, Person};
use super::words;
use crate::clock::rfc3339;
use crate::web::page;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::{Withdrawal, WithdrawalState};

#[derive(Template)]
#[template(path = "claim/receipt.html")]
pub(super) struct ReceiptPage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) number: String,
    pub(super) paid_by: String,
    pub(super) paid_to: String,
    pub(super) on: String,
    pub(super) at: String,
    pub(super) method: String,
    pub(super) to: Vec<(String, String)>,
    pub(super) transaction: Option<String>,
    pub(super) amount: String,
    pub(super) fee: String,
    pub(super) net: String,
    pub(super) signed: String,
}

/// Session.
pub(super) async fn handle(person: Person, Named(id): Named) -> Response {
    match show(&person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

/// The person's withdrawal, if it was paid.
pub(super) async fn paid(person: &Person, id: &str) -> Result<Withdrawal, Stop> {
    let withdrawal = operation::own(person, id).await?;
    if withdrawal.state == WithdrawalState::Succeeded {
        return Ok(withdrawal);
    }
    let (title, sentence) = (person.language.say("receipt.title"), person.language.say("receipt.not_yet"));
    Err(Stop::sentence(person, StatusCode::CONFLICT, title, sentence.to_owned()))
}

async fn show(person: &Person, id: &str) -> Result<Response, Stop> {
    let (t, platform, book) = (person.language, &person.platform, person.caller.book);
    let withdrawal = paid(person, id).await?;
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Stop::failed(person))?;
    let rail = platform.rails.get(book.mode(), &withdrawal.method);
    let page = ReceiptPage {
        frame: Frame::of(person, t.say("receipt.title"), format!("/p/operations/{id}/receipt")),
        id: id.to_owned(),
        number: platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number),
        paid_by: person.sender.display_name.clone(),
        paid_to: person.row.user.email.as_str().to_owned(),
        on: t.moment(withdrawal.changed_at),
        at: rfc3339(withdrawal.changed_at),
        method: method_title(person, &withdrawal),
        to: words::destination(t, rail.map(|mounted| mounted.facts()), &withdrawal.destination),
        transaction: operation::transaction(&withdrawal, &entries),
        amount: t.money(withdrawal.amount.0),
        fee: t.money(withdrawal.fees.0),
        net: t.money(withdrawal.net().0),
        signed: t.with("receipt.signed", "path", super::receipt_keys::PATH),
    };
    Ok(page::html(StatusCode::OK, &page))
}
