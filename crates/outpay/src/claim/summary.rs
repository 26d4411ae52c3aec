//! `POST /p/withdraw/{method}`: checks the form. What is wrong is said beside its field; what is right is shown once more,
//! with fee and net amount, to be confirmed. Each summary has a key of its own, under which it is carried out once.

use super::frame::Frame;
use super::stop::Stop;
use super::visit::{Named, Person, Posted, WRONG_FORM};
use super::wish::{self, TO};
use super::withdraw;
use crate::rails::Facts;
use crate::web::{Form, page};
use crate::withdrawals::offer;
use crate::withdrawals::price::{self, Price, Wish};
use askama::Template;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE32_NOPAD;
use http::StatusCode;

#[derive(Template)]
#[template(path = "claim/summary.html")]
pub(super) struct SummaryPage {
    pub(super) frame: Frame,
    pub(super) method: String,
    pub(super) method_title: String,
    pub(super) amount: String,
    pub(super) fee: String,
    pub(super) net: String,
    /// What the rail says to it, for example the amount in tokens.
    pub(super) detail: Vec<(String, String)>,
    pub(super) time: String,
    pub(super) to: Vec<(String, String)>,
    /// Fields that are sent again.
    pub(super) hidden: Vec<(String, String)>,
    /// What has changed since the last summary; nothing if empty.
    pub(super) notice: String,
}

/// Session and token.
pub(super) async fn handle(Named(method): Named, posted: Posted) -> Response {
    match show(&posted.person, &method, &posted.form).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn show(person: &Person, method: &str, form: &Form) -> Result<Response, Stop> {
    let offered = withdraw::offer(person, method).await?;
    // The way back from a summary, to change something.
    if form.has("change") {
        return Ok(withdraw::answer(person, &offered, form, Vec::new(), StatusCode::OK));
    }
    let (platform, book) = (&person.platform, person.caller.book);
    let mounted = offer::rail(platform, book, method).map_err(|stopped| Stop::stopped(person, stopped))?;
    let (wish, mut problems) = wish::read(person, form, &offered);
    let wish = match wish {
        Some(wish) => {
            wish::destination_problems(person, mounted, &wish, &mut problems);
            Some(wish).filter(|_| problems.is_empty())
        }
        None => None,
    };
    let Some(wish) = wish else {
        return Ok(withdraw::answer(person, &offered, form, problems, WRONG_FORM));
    };
    match price::quote(platform, book, &wish).await {
        Ok(price) => Ok(answer(person, &wish, &price, "", StatusCode::OK)),
        Err(stopped) => {
            let problems = wish::stopped(person, stopped).map_err(|other| Stop::stopped(person, other))?;
            Ok(withdraw::answer(person, &offered, form, problems, WRONG_FORM))
        }
    }
}

/// The summary of a wish at a price.
pub(super) fn answer(
    person: &Person,
    wish: &Wish,
    price: &Price,
    notice: &str,
    status: StatusCode,
) -> Response {
    let t = person.language;
    let Ok(mounted) = offer::rail(&person.platform, person.caller.book, &wish.method) else {
        return Stop::not_found(person).into_response();
    };
    let (title, facts) = (t.say("summary.title"), mounted.facts());
    let page = SummaryPage {
        frame: Frame::of(person, title, format!("/p/withdraw/{}", wish.method)),
        method: wish.method.clone(),
        method_title: t.sentence(&facts.title),
        amount: t.money(price.amount.0),
        fee: t.money(price.fees.0),
        net: t.money(price.net.0),
        detail: (facts.kind().summary)(&price.quote.detail),
        time: t.sentence(&price.expected_time),
        to: wish::places(person, mounted, &price.destination),
        hidden: hidden(person, facts, wish, price),
        notice: notice.to_owned(),
    };
    page::html(status, &page)
}

fn hidden(person: &Person, facts: &Facts, wish: &Wish, price: &Price) -> Vec<(String, String)> {
    let mut once = [0; 16];
    person.platform.entropy.fill(&mut once);
    let given = |(name, value): (&String, &serde_json::Value)| {
        Some((format!("{TO}{name}"), value.as_str()?.to_owned()))
    };
    let mut hidden = vec![
        ("csrf".to_owned(), person.csrf.to_string()),
        ("once".to_owned(), BASE32_NOPAD.encode(&once)),
        ("cents".to_owned(), price.amount.0.to_string()),
        ("fees".to_owned(), price.fees.0.to_string()),
        ("amount".to_owned(), person.language.plain_money(price.amount.0)),
    ];
    let chosen = facts.fields.iter().find(|field| field.is_chosen());
    let chosen = chosen.and_then(|field| wish.destination.get(&field.name)?.as_str());
    if let Some(name) = chosen {
        hidden.push(("choice".to_owned(), format!("{} {name}", price.amount.0)));
    }
    hidden.extend(wish.destination.iter().filter_map(given));
    hidden
}
