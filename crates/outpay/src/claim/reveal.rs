//! `POST /p/operations/{id}/reveal`: the code of a delivered gift card, shown once per call on a page that no cache keeps.
//! Each time is recorded in the journal before the code is shown, and the ledger limits how often.

use super::declined::Declined;
use super::frame::Frame;
use super::operation;
use super::person::{Named, Person};
use super::signed_in::PostedForm;
use super::words;
use crate::language::Language;
use crate::stopped::Stopped;
use crate::web::page;
use crate::withdrawals::has_code;
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use ledger::Refusal;
use secrecy::ExposeSecret;

#[derive(Template)]
#[template(path = "claim/reveal.html")]
pub(super) struct RevealPage {
    pub(super) frame: Frame,
    pub(super) id: String,
    pub(super) brand: String,
    pub(super) worth: String,
    pub(super) code: String,
    /// The code is an address to open.
    pub(super) is_link: bool,
    /// Nothing if empty.
    pub(super) pin: String,
    /// A calendar day, in words.
    pub(super) expires: String,
    /// How to use it.
    pub(super) how: String,
}

/// Session and token.
pub(super) async fn reveal(Named(id): Named, posted: PostedForm) -> Result<Response, Declined> {
    show(&posted.person, &id).await
}

async fn show(person: &Person, id: &str) -> Result<Response, Declined> {
    let (t, platform, book) = (person.language, &person.platform, person.caller.book);
    let withdrawal = operation::own(person, id).await?;
    if !has_code(&withdrawal) {
        let notice = t.say("reveal.not_yet").to_owned();
        return operation::show(person, id, notice, StatusCode::CONFLICT).await;
    }
    let card = match platform.counter(book, person.caller.as_recipient()).reveal(&withdrawal).await {
        Ok(done) => done.value,
        Err(Stopped::Refused(refusal)) => {
            let (status, notice) = match refusal {
                Refusal::CodeWasShownTooOften => {
                    (StatusCode::TOO_MANY_REQUESTS, t.say("reveal.too_often").to_owned())
                }
                refusal => (StatusCode::CONFLICT, words::refusal(t, &refusal)),
            };
            return operation::show(person, id, notice, status).await;
        }
        Err(stopped) => return Err(Declined::stopped(person, stopped)),
    };
    let page = RevealPage {
        frame: person.frame(
            t.say(if card.is_link { "reveal.link_title" } else { "reveal.title" }),
            format!("/p/operations/{id}"),
        ),
        id: id.to_owned(),
        brand: card.brand.clone(),
        worth: t.money(card.face_value.0),
        code: card.code.expose_secret().to_owned(),
        is_link: card.is_link,
        pin: card.pin.as_ref().map(|pin| pin.expose_secret().to_owned()).unwrap_or_default(),
        expires: card.expires_at.map_or_else(|| t.say("reveal.never").to_owned(), |end| t.last_day(end)),
        how: how(t, &card.brand, card.is_link, card.pin.is_some()),
    };
    Ok(page::html(StatusCode::OK, &page))
}

fn how(t: Language, brand: &str, is_link: bool, has_pin: bool) -> String {
    let key = match (is_link, has_pin) {
        (true, _) => return t.say("reveal.how_link").to_owned(),
        (false, true) => "reveal.how_code_pin",
        (false, false) => "reveal.how_code",
    };
    t.with(key, "brand", brand)
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;

    const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";

    #[test]
    fn pages() {
        check("reveal", &reveal(Language::English));
        let link = "https://rewards.example/payout/x?a=1&b=2".to_owned();
        let pin = String::new();
        let how = how(Language::English, "", true, false);
        check(
            "reveal-link",
            &RevealPage { code: link, pin, is_link: true, how, ..reveal(Language::English) },
        );
        check("reveal-ar", &reveal(Language::Arabic));
    }

    fn reveal(t: Language) -> RevealPage {
        RevealPage {
            frame: Frame::sample(t, t.say("reveal.title"), &format!("/p/operations/{ID}")),
            id: ID.to_owned(),
            brand: "Bookshop".to_owned(),
            worth: t.money(2_450),
            code: "BOOK-1234-5678".to_owned(),
            is_link: false,
            pin: "4321".to_owned(),
            expires: t.last_day(1_830_297_599_999_999),
            how: how(t, "Bookshop", false, true),
        }
    }
}
