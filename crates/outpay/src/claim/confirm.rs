//! `POST /p/withdraw/{method}/confirm`: carries out what a summary showed, once, however often it is sent: a double click,
//! a reload and the back button all end at the same withdrawal. A fee that has changed since is shown again first.

use super::stop::Stop;
use super::summary;
use super::visit::{Named, Person, Posted, WRONG_FORM};
use super::wish::{self, TO};
use super::withdraw;
use crate::ids::IdKind;
use crate::web::{Form, page};
use crate::withdrawals::price::{self, Wish};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ledger::{Cents, OnceKey};
use serde_json::Value;

/// Characters of a summary's key.
const KEY: usize = 26;

/// Session and token.
pub(super) async fn handle(Named(method): Named, posted: Posted) -> Response {
    match carry_out(&posted.person, &method, &posted.form).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn carry_out(person: &Person, method: &str, form: &Form) -> Result<Response, Stop> {
    let (platform, book, user) = (&person.platform, person.caller.book, person.caller.subject);
    let (Some(wish), Some(fees), Some(once)) =
        (wish(method, form), cents(form.get("fees")), once(user, form))
    else {
        return Err(Stop::expired(person));
    };
    if let Ok(price) = price::quote(platform, book, &wish).await
        && price.fees != fees
        && !platform.store.is_remembered(book, &once).await.map_err(Stop::failed(person))?
    {
        let notice = person.language.say("summary.changed");
        return Ok(summary::answer(person, &wish, &price, notice, StatusCode::CONFLICT));
    }
    let counter = platform.counter(book, person.caller.as_recipient()).once(once);
    match counter.withdraw(user, &wish).await {
        Ok(done) => {
            let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, done.value.number);
            Ok(page::see_other(&format!("/p/operations/{id}")))
        }
        Err(stopped) => {
            let problems = wish::stopped(person, stopped).map_err(|other| Stop::stopped(person, other))?;
            let offered = withdraw::offer(person, method).await?;
            Ok(withdraw::answer(person, &offered, form, problems, WRONG_FORM))
        }
    }
}

fn wish(method: &str, form: &Form) -> Option<Wish> {
    let field = |(name, value): (&str, &str)| {
        Some((name.strip_prefix(TO)?.to_owned(), Value::String(value.to_owned())))
    };
    let destination = form.fields().filter_map(field).collect();
    Some(Wish { method: method.to_owned(), amount: cents(form.get("cents"))?, destination })
}

fn cents(text: &str) -> Option<Cents> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Cents)
}

/// The summary's key, in the room of the person's own keys.
fn once(user: i64, form: &Form) -> Option<OnceKey> {
    let key = form.get("once");
    let fits = key.len() == KEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| OnceKey::of_recipient_request(user, &format!("summary {key}")))
}
