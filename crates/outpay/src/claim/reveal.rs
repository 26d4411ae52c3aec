//! `POST /p/operations/{id}/reveal`: the code of a delivered gift card, shown once per call on a page that no cache keeps.
//! Every look is an entry in the journal, made before the code is shown, and looks are limited per card.

use super::frame::Frame;
use super::operation;
use super::stop::Stop;
use super::visit::{Named, Person, Posted};
use crate::web::page;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::{Command, EntryKind, Micros, Occurrence, Provider, Request, Withdrawal, WithdrawalState};
use secrecy::ExposeSecret;

/// Looks at one card within [`PERIOD`].
const MOST_LOOKS: usize = 10;
const PERIOD: Micros = 3_600_000_000;

#[derive(Template)]
#[template(path = "claim/reveal.html")]
pub(super) struct RevealPage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) brand: String,
    pub(super) worth: String,
    pub(super) code: String,
    /// Nothing if empty.
    pub(super) pin: String,
    pub(super) expires: String,
}

/// Session and token.
pub(super) async fn handle(Named(id): Named, posted: Posted) -> Response {
    match show(&posted.person, &id).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn show(person: &Person, id: &str) -> Result<Response, Stop> {
    let (t, platform, book) = (person.language, &person.platform, person.caller.book);
    let withdrawal = operation::own(person, id).await?;
    if withdrawal.provider != Provider::GiftCard || withdrawal.state != WithdrawalState::Succeeded {
        let notice = t.say("reveal.not_yet").to_owned();
        return operation::show(person, id, notice, StatusCode::CONFLICT).await;
    }
    if !write_down(person, &withdrawal).await? {
        let notice = t.say("reveal.too_often").to_owned();
        return operation::show(person, id, notice, StatusCode::TOO_MANY_REQUESTS).await;
    }
    let card = platform.rails.gift_cards().reveal(book, withdrawal.number).await;
    let card = card.map_err(Stop::failed(person))?;
    let lost = || Stop::failure(t, anyhow::anyhow!("a delivered gift card is not in stock"));
    let card = card.ok_or_else(lost)?;
    let page = RevealPage {
        frame: Frame::of(person, t.say("reveal.title"), format!("/p/operations/{id}")),
        id: id.to_owned(),
        brand: card.brand.clone(),
        worth: t.money(card.face_value.0),
        code: card.code.expose_secret().to_owned(),
        pin: card.pin.as_ref().map(|pin| pin.expose_secret().to_owned()).unwrap_or_default(),
        expires: card.expires_at.map_or_else(|| t.say("reveal.never").to_owned(), |at| t.day(at)),
    };
    Ok(page::html(StatusCode::OK, &page))
}

/// Writes the look down; `false` if there were too many.
async fn write_down(person: &Person, withdrawal: &Withdrawal) -> Result<bool, Stop> {
    let (platform, book) = (&person.platform, person.caller.book);
    let entries = platform.store.entries_of_withdrawal(book, withdrawal.number).await;
    let entries = entries.map_err(Stop::failed(person))?;
    let since = platform.clock.now() - PERIOD;
    let is_look = |entry: &ledger::Entry| entry.kind == EntryKind::GiftCardRevealed && entry.at > since;
    if entries.iter().filter(|stored| is_look(&stored.entry)).count() >= MOST_LOOKS {
        return Ok(false);
    }
    let record = Command::Record {
        occurrence: Occurrence::GiftCardRevealed,
        user: person.caller.subject,
        withdrawal: withdrawal.number,
        note: String::new(),
    };
    let verdict = platform.teller.ask(book, Request::plain(record)).await;
    Ok(verdict.map_err(|none| Stop::no_verdict(person.language, none))?.is_ok())
}
