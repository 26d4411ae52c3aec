//! `GET /p/home`: the balance with the sender's message, what is on its way, expiry, the methods (methods.rs), and the activity
//! (timeline.rs).

use super::declined::Declined;
use super::frame::Frame;
use super::methods::{self, MethodRow};
use super::person::Person;
use super::timeline::{self, Timeline};
use crate::clock::rfc3339;
use crate::language::Language;
use crate::web::page;
use crate::withdrawals::offer;
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
    /// There is no balance to withdraw.
    pub(super) is_empty: bool,
    /// Nothing if empty.
    pub(super) pending: String,
    /// A sentence with the end, and its RFC 3339 form.
    pub(super) expires: Option<(String, String)>,
    pub(super) methods: Vec<MethodRow>,
    pub(super) timeline: Timeline,
    /// An older page of the time line, without the rest.
    pub(super) is_older: bool,
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
    let is_empty = user.balance == Cents::ZERO;
    let methods = if cursor.is_some() || is_empty {
        Vec::new()
    } else {
        let offers = offer::all(&person.platform, person.caller.book, user.balance).await;
        methods::rows(t, offers.map_err(Declined::failed(person))?, user.balance)
    };
    let pending = || t.with("home.pending", "amount", t.money(user.pending.0));
    let page = HomePage {
        frame: person.frame(t.say("home.title"), "/p/home"),
        sender: person.sender.display_name.clone(),
        email: user.email.as_str().to_owned(),
        available: t.money(user.balance.0),
        is_empty,
        pending: if user.pending > Cents::ZERO { pending() } else { String::new() },
        expires: user.expires_at.map(|at| (expires(t, at, &person.sender.display_name), rfc3339(at))),
        methods,
        timeline,
        is_older: cursor.is_some(),
    };
    Ok(page::html(StatusCode::OK, &page))
}

pub(super) fn expires(t: Language, at: Micros, sender: &str) -> String {
    t.fill("home.expires", &[("time", &t.moment(at)), ("sender", sender)])
}

#[cfg(test)]
mod tests {
    use super::super::methods::ClosedMethod;
    use super::super::snapshot::check;
    use super::super::timeline::TimelineLine;
    use super::super::words;
    use super::*;
    use crate::rails::{Closed, RailText};

    const ID: &str = "ord_0d7f0f0e-6523-8cc2-be87-1cd614a4491a";
    const AT: &str = "2026-11-25T16:04:05.678901Z";
    const MICROS: i64 = 1_795_622_645_678_901;

    #[test]
    fn pages() {
        check("home", &home(Language::English));
        check("home-de", &home(Language::German));
        check("home-ar", &home(Language::Arabic));
    }

    fn methods(t: Language) -> Vec<MethodRow> {
        let row = |name: &str, title: RailText, mark, time| MethodRow {
            name: name.to_owned(),
            title: title.in_language(t),
            mark,
            receive: t.with("method.receive", "amount", t.money(12_450)),
            brands: String::new(),
            fee: t.with("method.fee_is", "fee", t.money(50)),
            time: RailText::code(time).arrival(t),
            closed: None,
        };
        let usdc = RailText::code("token_on_chain").with("currency", "USDC").with("chain", "Base");
        let why = (Closed::Unhealthy.code(), Closed::Unhealthy.sentence());
        let closed = ClosedMethod { is_temporary: true, why: words::closed(t, why, Cents(1)) };
        vec![
            row("paypal", RailText::code("paypal"), "wallet", "few_minutes"),
            row("usdc", usdc, "coin", "few_minutes"),
            MethodRow {
                receive: t.with("method.receive_from", "amount", t.money(1_000)),
                brands: format!("Bookshop, Coffee Bar {}", t.plural("home.more", 12)),
                fee: t.say("method.no_fee").to_owned(),
                ..row("gift_card", RailText::code("gift_card"), "gift", "at_once")
            },
            MethodRow {
                receive: String::new(),
                closed: Some(closed),
                ..row("bank", RailText::code("bank_transfer"), "bank", "some_days")
            },
        ]
    }

    fn home(t: Language) -> HomePage {
        let sender = "Harbour & Pine";
        let line = |mark, title: String, amount: String, state, note: String| TimelineLine {
            mark,
            title,
            amount,
            at: AT.to_owned(),
            when: t.moment(MICROS),
            state,
            note,
            operation: Some(ID.to_owned()),
        };
        let came_back = [("amount", t.money(5_000)), ("method", RailText::code("gift_card").in_language(t))];
        let came_back = came_back.each_ref().map(|(name, value)| (*name, value.as_str()));
        let lines = vec![
            line(
                "is-now",
                "PayPal".to_owned(),
                t.change(-2_500),
                Some(("badge-warn", t.say("state.review"))),
                t.with("wait.review", "sender", sender),
            ),
            line(
                "is-bad",
                t.fill("history.came_back", &came_back),
                String::new(),
                Some(("badge-bad", t.say("state.failed"))),
                t.say("reason.out_of_stock").to_owned(),
            ),
            TimelineLine {
                operation: None,
                ..line(
                    "is-good",
                    t.with("history.credit", "sender", sender),
                    t.change(15_000),
                    None,
                    "October & November".to_owned(),
                )
            },
        ];
        let older = Some("txn_a5cdf6c9-6523-8cc2-be87-1cd614a4491a".to_owned());
        let ends_at = 1_798_214_645_678_901;
        HomePage {
            frame: Frame::sample(t, t.say("home.title"), "/p/home"),
            sender: sender.to_owned(),
            email: "user@example.com".to_owned(),
            available: t.money(12_500),
            is_empty: false,
            pending: t.with("home.pending", "amount", t.money(2_500)),
            expires: Some((expires(t, ends_at, sender), "2026-12-25T16:04:05.678901Z".to_owned())),
            methods: methods(t),
            timeline: Timeline { lines, older, memo: "October & November".to_owned() },
            is_older: false,
        }
    }
}
