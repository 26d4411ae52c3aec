//! `GET /p/home`: who sent the money and why, what is available, on its way and until when, the ways to take it out, and
//! everything that has happened.

use super::frame::Frame;
use super::stop::Stop;
use super::timeline::{self, Timeline};
use super::visit::Person;
use super::words;
use crate::clock::rfc3339;
use crate::web::{Language, page};
use crate::withdrawals::offer::{self, Offer};
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use ledger::{Cents, Micros};

#[derive(Template)]
#[template(path = "claim/home.html")]
pub(super) struct HomePage {
    pub(super) frame: Frame,
    pub(super) sender: String,
    pub(super) email: String,
    pub(super) available: String,
    pub(super) is_empty: bool,
    /// Nothing if empty.
    pub(super) pending: String,
    /// A sentence with the last day, and its RFC 3339 form.
    pub(super) expires: Option<(String, String)>,
    pub(super) methods: Vec<MethodCard>,
    pub(super) timeline: Timeline,
    /// An older page of the time line, without the rest.
    pub(super) is_older: bool,
}

/// A way to take money out.
pub(super) struct MethodCard {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) fee: String,
    /// What one gets for the whole balance, and what that is; nothing where it cannot be said.
    pub(super) net: Option<(String, String)>,
    pub(super) minimum: String,
    pub(super) time: String,
    /// Why it is closed; nothing if it is open.
    pub(super) closed: String,
    /// Where not every amount can be paid.
    pub(super) choices: Vec<String>,
}

/// Session.
pub(super) async fn handle(person: Person, uri: Uri) -> Response {
    match show(&person, &uri).await {
        Ok(response) => response,
        Err(stop) => stop.into_response(),
    }
}

async fn show(person: &Person, uri: &Uri) -> Result<Response, Stop> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let cursor = query.into_iter().find(|(name, _)| name == "before").map(|(_, cursor)| cursor.into_owned());
    let timeline = timeline::page(person, cursor.as_deref()).await?;
    let (t, user) = (person.language, &person.row.user);
    let methods = if cursor.is_some() {
        Vec::new()
    } else {
        let offers = offer::all(&person.platform, person.caller.book, user.balance).await;
        let offers = offers.map_err(Stop::failed(person))?;
        offers
            .into_iter()
            .filter(|offer| offer.terms.enabled)
            .map(|offer| MethodCard::new(t, offer, user.balance))
            .collect()
    };
    let page = HomePage {
        frame: Frame::of(person, t.say("home.title"), "/p/home"),
        sender: person.sender.display_name.clone(),
        email: user.email.as_str().to_owned(),
        available: t.money(user.balance.0),
        is_empty: user.balance == Cents::ZERO,
        pending: if user.pending > Cents::ZERO { t.money(user.pending.0) } else { String::new() },
        expires: user.expires_at.map(|at| (expires(t, at, &person.sender.display_name), rfc3339(at))),
        methods,
        timeline,
        is_older: cursor.is_some(),
    };
    Ok(page::html(StatusCode::OK, &page))
}

/// Until when, and what then.
pub(super) fn expires(t: Language, at: Micros, sender: &str) -> String {
    t.fill("home.expires", &[("day", &t.day(at)), ("sender", sender)])
}

impl MethodCard {
    fn new(t: Language, offer: Offer, balance: Cents) -> Self {
        let Offer { facts, terms, closed, choices } = offer;
        let whole = balance.min(terms.maximum);
        let net = whole.minus(terms.fee.fee(whole)).filter(|net| *net > Cents::ZERO);
        let net = net.filter(|_| choices.is_empty() && closed.is_none());
        Self {
            name: facts.name,
            title: t.sentence(&facts.title),
            fee: words::fee_rule(t, &terms.fee),
            net: net.map(|net| (t.money(whole.0), t.money(net.0))),
            minimum: t.money(terms.minimum.0),
            time: t.sentence(&facts.expected_time),
            closed: closed.map(|(_, sentence)| t.sentence(sentence)).unwrap_or_default(),
            choices: choices.into_iter().map(|(name, _, net)| format!("{name} {}", t.money(net.0))).collect(),
        }
    }
}
