//! `POST /p/withdraw/{method}`: checks the form. Errors are shown beside their fields; a valid request is shown again with fee and
//! net amount, to be confirmed. Each summary has an idempotency key, so it is carried out once.

use super::declined::Declined;
use super::frame::Frame;
use super::person::{Named, Person};
use super::signed_in::{PostedForm, WRONG_FORM};
use super::withdraw;
use super::withdraw_form::{self, TO};
use super::words;
use crate::ids::IdKind;
use crate::web::{Form, page};
use crate::withdrawals::offer;
use crate::withdrawals::price::{self, Price, Wish};
use askama::Template;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE32_NOPAD;
use http::StatusCode;
use ledger::{Cents, OnceKey};
use serde_json::Value;

#[derive(Template)]
#[template(path = "claim/summary.html")]
pub(super) struct SummaryPage {
    pub(super) frame: Frame,
    pub(super) method: String,
    pub(super) method_title: String,
    pub(super) mark: &'static str,
    /// What the person receives, in a sentence.
    pub(super) receives: String,
    pub(super) amount: String,
    pub(super) fee: String,
    pub(super) net: String,
    /// In another currency.
    pub(super) estimate: Vec<(&'static str, String)>,
    pub(super) time: String,
    pub(super) to: Vec<(String, String)>,
    /// Fields that are sent again.
    pub(super) hidden: Vec<(String, String)>,
    /// What has changed since the last summary; empty for nothing.
    pub(super) notice: String,
}

/// Session and token.
pub(super) async fn check(Named(method): Named, posted: PostedForm) -> Result<Response, Declined> {
    checked(&posted.person, &method, &posted.form).await
}

async fn checked(person: &Person, method: &str, form: &Form) -> Result<Response, Declined> {
    let offered = withdraw::offer(person, method).await?;
    // The summary's button to change something.
    if form.has("change") {
        return Ok(withdraw::answer(person, &offered, form, Vec::new(), StatusCode::OK));
    }
    let (platform, book) = (&person.platform, person.caller.book);
    let mounted =
        offer::rail(platform, book, method).map_err(|stopped| Declined::stopped(person, stopped))?;
    let (wish, mut problems) = withdraw_form::read(person, form, &offered);
    let wish = match wish {
        Some(wish) => {
            withdraw_form::destination_problems(person, mounted, &wish, &mut problems);
            Some(wish).filter(|_| problems.is_empty())
        }
        None => None,
    };
    let Some(wish) = wish else {
        return Ok(withdraw::answer(person, &offered, form, problems, WRONG_FORM));
    };
    match price::quote(platform, book, &wish).await {
        Ok(price) => Ok(answer(person, (&wish, form), &price, "", StatusCode::OK)),
        Err(stopped) => {
            let problems =
                withdraw_form::stopped(person, stopped).map_err(|other| Declined::stopped(person, other))?;
            Ok(withdraw::answer(person, &offered, form, problems, WRONG_FORM))
        }
    }
}

/// The summary of a wish at a price, and of the form that it was read from.
fn answer(
    person: &Person,
    (wish, form): (&Wish, &Form),
    price: &Price,
    notice: &str,
    status: StatusCode,
) -> Response {
    let t = person.language;
    let Ok(mounted) = offer::rail(&person.platform, person.caller.book, &wish.method) else {
        return Declined::not_found(person).into_response();
    };
    let (title, facts) = (t.say("summary.title"), mounted.facts());
    let page = SummaryPage {
        frame: person.frame(title, format!("/p/withdraw/{}", wish.method)),
        method: wish.method.clone(),
        method_title: facts.title.in_language(t),
        amount: t.money(price.amount.0),
        fee: t.money(price.fees.0),
        net: t.money(price.net.0),
        mark: facts.kind().mark,
        receives: words::receives(t, facts, &price.destination, &price.quote.detail, price.net),
        estimate: words::estimate(t, &price.quote.detail),
        time: price.expected_time.in_language(t),
        to: withdraw_form::places(person, mounted, &price.destination),
        hidden: hidden(person, (wish, form), price),
        notice: notice.to_owned(),
    };
    page::html(status, &page)
}

fn hidden(person: &Person, (wish, form): (&Wish, &Form), price: &Price) -> Vec<(String, String)> {
    let mut once = [0; 16];
    person.platform.entropy.fill(&mut once);
    let given = |(name, value): (&String, &Value)| Some((format!("{TO}{name}"), value.as_str()?.to_owned()));
    let mut hidden = vec![
        ("csrf".to_owned(), person.csrf.to_string()),
        ("once".to_owned(), BASE32_NOPAD.encode(&once)),
        ("cents".to_owned(), price.amount.0.to_string()),
        ("fees".to_owned(), price.fees.0.to_string()),
        ("amount".to_owned(), person.language.plain_money(price.amount.0)),
    ];
    // As it was sent, so that the form finds it again.
    if form.has("choice") {
        hidden.push(("choice".to_owned(), form.get("choice").to_owned()));
    }
    hidden.extend(wish.destination.iter().filter_map(given));
    hidden
}

/// Characters of a summary's key.
const KEY: usize = 26;

/// `POST /p/withdraw/{method}/confirm`: carries out what a summary showed, once, however often it is sent: a double click,
/// a reload and the back button all end at the same withdrawal. A fee that has changed since is shown again first.
///
/// Session and token.
pub(super) async fn confirm(Named(method): Named, posted: PostedForm) -> Result<Response, Declined> {
    carry_out(&posted.person, &method, &posted.form).await
}

async fn carry_out(person: &Person, method: &str, form: &Form) -> Result<Response, Declined> {
    let (platform, book, user) = (&person.platform, person.caller.book, person.caller.subject);
    let (Some(wish), Some(fees), Some(once)) =
        (wish(method, form), cents(form.get("fees")), once(user, form))
    else {
        return Err(Declined::expired(person));
    };
    if let Ok(price) = price::quote(platform, book, &wish).await
        && price.fees != fees
        && !platform.store.is_remembered(book, &once).await.map_err(Declined::failed(person))?
    {
        let notice = person.language.say("summary.changed");
        return Ok(answer(person, (&wish, form), &price, notice, StatusCode::CONFLICT));
    }
    let counter = platform.counter(book, person.caller.as_recipient()).once(once);
    match counter.withdraw(user, &wish).await {
        Ok(done) => {
            let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, done.value.number);
            Ok(page::see_other(&format!("/p/operations/{id}")))
        }
        Err(stopped) => {
            let problems =
                withdraw_form::stopped(person, stopped).map_err(|other| Declined::stopped(person, other))?;
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

/// The summary's idempotency key, among the keys of this person.
fn once(user: i64, form: &Form) -> Option<OnceKey> {
    let key = form.get("once");
    let fits = key.len() == KEY && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| OnceKey::of_recipient_request(user, &format!("summary {key}")))
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::*;
    use crate::language::Language;
    use crate::rails::{Facts, RailText, SAMPLE_BY_RAIL};

    const ADDRESS: &str = "0x52908400098527886E0F7030069857D2E4169EE7";

    #[test]
    fn pages() {
        check("summary", &summary(Language::English));
        check("summary-ar", &summary(Language::Arabic));
        let t = Language::German;
        let detail = r#"{"estimated_amount":"114.54 EUR","estimated_rate":"0.92"}"#;
        let estimate = words::estimate(t, detail);
        check("summary-estimate", &SummaryPage { estimate, ..summary(t) });
    }

    fn summary(t: Language) -> SummaryPage {
        let destination = format!(r#"{{"address":"{ADDRESS}","network":"Base"}}"#);
        let facts = Facts {
            name: "usdc".to_owned(),
            provider: SAMPLE_BY_RAIL,
            title: RailText::code("token_on_chain").with("currency", "USDC").with("chain", "Base"),
            expected_time: RailText::code("few_minutes"),
            fields: Vec::new(),
            line: None,
        };
        let detail = r#"{"currency":"USDC","chain":"Base"}"#;
        SummaryPage {
            frame: Frame::sample(t, t.say("summary.title"), "/p/withdraw/usdc"),
            method: "usdc".to_owned(),
            method_title: facts.title.in_language(t),
            mark: "coin",
            receives: words::receives(t, &facts, &destination, detail, Cents(12_450)),
            amount: t.money(12_500),
            fee: t.money(50),
            net: t.money(12_450),
            estimate: Vec::new(),
            time: facts.expected_time.in_language(t),
            to: words::destination(t, Some(&facts), &destination),
            hidden: vec![
                ("csrf".to_owned(), "dG9rZW4".to_owned()),
                ("once".to_owned(), "A".repeat(26)),
                ("cents".to_owned(), "12500".to_owned()),
            ],
            notice: String::new(),
        }
    }
}
