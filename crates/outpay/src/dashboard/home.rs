//! `/dashboard`: the business at a glance: balances, what waits, what happened in the last thirty days.

use super::chart::{self, Part, Pattern};
use super::frame::Frame;
use super::once;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::members::Permission;
use crate::overview::{self, DAYS, Day, MOST, Overview};
use crate::web::{format, page};
use axum::response::Response;
use http::StatusCode;
use ledger::Cents;

#[derive(askama::Template)]
#[template(path = "dashboard/home.html")]
struct HomePage {
    frame: Frame,
    pays: bool,
    payouts_enabled: bool,
    once: String,
    overview: Overview,
    volume: String,
    outcomes: String,
}

impl HomePage {
    fn today(&self) -> Day {
        self.overview.days.last().copied().unwrap_or_default()
    }
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    let overview = overview::look(&who.platform, who.book).await?;
    let frame = Frame::new(&who, "home", "Home");
    let shown = home(
        frame,
        overview,
        who.may(Permission::PayPeople),
        who.business.payouts_enabled,
        once::token(&who.platform),
    );
    Ok(page::html(StatusCode::OK, &shown))
}

fn home(frame: Frame, overview: Overview, pays: bool, payouts_enabled: bool, once: String) -> HomePage {
    let words: Vec<String> = overview.days.iter().map(|day| short(day.day)).collect();
    let values = |of: fn(&Day) -> i64| overview.days.iter().map(of).collect::<Vec<_>>();
    let part = |name, class, pattern, of: fn(&Day) -> i64| Part { name, class, pattern, values: values(of) };
    let volume = [
        part("Given", "", Pattern::Plain, |day| day.given),
        part("Paid out", "bar-good", Pattern::Stripes, |day| day.paid),
    ];
    let outcomes = [
        part("Succeeded", "bar-good", Pattern::Plain, |day| day.succeeded),
        part("Failed", "bar-bad", Pattern::Stripes, |day| day.failed),
        part("Stopped", "bar-quiet", Pattern::Dots, |day| day.stopped),
    ];
    let volume_title = format!("Money given to people and paid out, each of the last {DAYS} days");
    let outcomes_title = format!("Withdrawals by outcome, each of the last {DAYS} days");
    HomePage {
        volume: chart::bars("volume", &volume_title, &words, &volume, format::money),
        outcomes: chart::bars("outcomes", &outcomes_title, &words, &outcomes, |most| most.to_string()),
        frame,
        pays,
        payouts_enabled,
        once,
        overview,
    }
}

/// `2026-11-25`
pub(super) fn date(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d").to_string()
}

/// `11-25`
fn short(day: i64) -> String {
    date(day).split_off(5)
}

/// A number that was counted no further than [`MOST`].
fn counted(number: i64) -> String {
    if number >= MOST { format!("{number} or more") } else { number.to_string() }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let day = |day: i64| Day {
        day,
        given: day % 7 * 10_000,
        paid: day % 5 * 7_500,
        succeeded: day % 5 * 3,
        failed: i64::from(day % 6 == 0),
        stopped: i64::from(day % 9 == 0),
    };
    let overview = Overview {
        main: Cents(1_000_000),
        payout: Cents(500_000),
        held: Cents(12_500),
        in_review: 3,
        in_doubt: 1,
        days: (20_804..20_804 + DAYS).map(day).collect(),
        is_complete: true,
    };
    super::sample(&home(Frame::sample("home", "Home"), overview, true, true, "0".repeat(32)))
}
