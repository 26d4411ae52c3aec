//! `GET /p/home`: sender and memo, available and pending balance, expiry, the methods, and the history.

use super::declined::Declined;
use super::frame::Frame;
use super::person::Person;
use super::timeline::{self, Timeline};
use super::words;
use crate::clock::rfc3339;
use crate::language::Language;
use crate::web::page;
use crate::withdrawals::offer::{self, Offer};
use askama::Template;
use axum::response::Response;
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
    /// The whole balance and its net amount; `None` where the net amount depends on more.
    pub(super) net: Option<(String, String)>,
    pub(super) minimum: String,
    pub(super) time: String,
    /// Why it is closed; empty while it is open.
    pub(super) closed: String,
    /// Where not every amount can be paid.
    pub(super) choices: Vec<String>,
}

/// Session.
pub(super) async fn view(person: Person, uri: Uri) -> Result<Response, Declined> {
    show(&person, &uri).await
}

async fn show(person: &Person, uri: &Uri) -> Result<Response, Declined> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let cursor = query.into_iter().find(|(name, _)| name == "before").map(|(_, cursor)| cursor.into_owned());
    let timeline = timeline::page(person, cursor.as_deref()).await?;
    let (t, user) = (person.language, &person.row.user);
    let methods = if cursor.is_some() {
        Vec::new()
    } else {
        let offers = offer::all(&person.platform, person.caller.book, user.balance).await;
        let offers = offers.map_err(Declined::failed(person))?;
        offers
            .into_iter()
            .filter(|offer| offer.terms.enabled)
            .map(|offer| MethodCard::new(t, offer, user.balance))
            .collect()
    };
    let page = HomePage {
        frame: person.frame(t.say("home.title"), "/p/home"),
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
            title: facts.title.in_language(t),
            fee: words::fee_rule(t, &terms.fee),
            net: net.map(|net| (t.money(whole.0), t.money(net.0))),
            minimum: t.money(terms.minimum.0),
            time: facts.expected_time.in_language(t),
            closed: closed.map(|closed| words::closed(t, closed)).unwrap_or_default(),
            choices: choices.iter().map(|choice| words::choice(t, choice)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::check;
    use super::super::timeline::TimelineLine;
    use super::*;
    use crate::rails::Closed;
    use crate::rails::RailText;

    const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";
    const AT: &str = "2026-11-25T16:04:05.678901Z";

    #[test]
    fn pages() {
        check("home", &home(Language::English));
        check("home-de", &home(Language::German));
    }

    fn home(t: Language) -> HomePage {
        let card = |name: &str, title: &str, closed: Option<Closed>| MethodCard {
            name: name.to_owned(),
            title: RailText::configured(title).in_language(t),
            fee: t.money(50),
            net: closed.is_none().then(|| (t.money(12_500), t.money(12_450))),
            minimum: t.money(1_000),
            time: RailText::code("few_minutes").in_language(t),
            closed: closed
                .map(|closed| words::closed(t, (closed.code(), closed.sentence())))
                .unwrap_or_default(),
            choices: Vec::new(),
        };
        let line =
            |mark, title: String, amount: &str, state, note: String, has_operation: bool| TimelineLine {
                mark,
                title,
                amount: amount.to_owned(),
                at: AT.to_owned(),
                when: t.moment(1_795_622_645_678_901),
                state,
                note,
                operation: has_operation.then(|| ID.to_owned()),
            };
        let wait = t.with("wait.review", "sender", "Harbour & Pine");
        let taken = t.with("history.withdrawal", "method", "USDC on Base");
        let credit = t.with("history.credit", "sender", "Harbour & Pine");
        let waiting = Some(("badge-warn", t.say("state.review")));
        let lines = vec![
            line("is-now", taken, &t.money(-2_500), waiting, wait, true),
            line("is-good", credit, &format!("+{}", t.money(15_000)), None, String::new(), false),
        ];
        HomePage {
            frame: Frame::sample(t, t.say("home.title"), "/p/home"),
            sender: "Harbour & Pine".to_owned(),
            email: "user@example.com".to_owned(),
            available: t.money(12_500),
            is_empty: false,
            pending: t.money(2_500),
            expires: Some((
                expires(t, 1_798_214_645_678_901, "Harbour & Pine"),
                "2026-12-25T16:04:05.678901Z".to_owned(),
            )),
            methods: vec![
                card("usdc", "USDC on Base", None),
                MethodCard {
                    choices: vec![format!("Bookshop {}", t.money(2_500))],
                    net: None,
                    ..card("gift_card", "Gift card", None)
                },
                card("bank", "Bank transfer", Some(Closed::Unhealthy)),
            ],
            timeline: Timeline { lines, older: Some("txn_a5cdf6c9-6523-8cc2-be87-1cd614a4491a".to_owned()) },
            is_older: false,
        }
    }
}
