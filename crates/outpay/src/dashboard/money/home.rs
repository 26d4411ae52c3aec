//! `/dashboard`: balances, open work, and charts of the last thirty days.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::dashboard::money::chart::{self, ChartPart, Pattern};
use crate::format;
use crate::overview::{self, DAYS, Day, MOST, Overview};
use crate::roles::Permission;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Direction, MAX_TRANSFER};

#[derive(askama::Template)]
#[template(path = "dashboard/money/home.html")]
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
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let overview = overview::look(&who.platform, who.book).await?;
    let frame = Frame::new(&who, "home", "Home");
    let shown = home(
        frame,
        overview,
        who.may(Permission::PayPeople),
        who.business.payouts_enabled,
        idempotency::token(&who.platform),
    );
    Ok(page::html(StatusCode::OK, &shown))
}

fn home(frame: Frame, overview: Overview, pays: bool, payouts_enabled: bool, once: String) -> HomePage {
    let words: Vec<String> = overview.days.iter().map(|day| short(day.day)).collect();
    let values = |of: fn(&Day) -> i64| overview.days.iter().map(of).collect::<Vec<_>>();
    let part =
        |name, class, pattern, of: fn(&Day) -> i64| ChartPart { name, class, pattern, values: values(of) };
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
pub(crate) fn date(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d").to_string()
}

/// `11-25`
fn short(day: i64) -> String {
    date(day).split_off(5)
}

/// A count that stops at [`MOST`].
fn counted(number: i64) -> String {
    if number >= MOST { format!("{number} or more") } else { number.to_string() }
}

/// Moves money between main and payout balance, once for each form that was shown.
pub async fn transfer(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let key = idempotency::key(&form)?;
    let (direction, place) = match form.get("direction") {
        "to_payout" => (Direction::ToPayout, "payout balance"),
        "to_main" => (Direction::ToMain, "main balance"),
        _ => return Err(Declined::sentence("Choose where the money goes.")),
    };
    let amount =
        amount::read("Amount", form.get("amount")).map_err(Declined::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_TRANSFER {
        return Err(Declined::sentence("Amount: give $0.01 or more."));
    }
    who.platform.counter(who.book, who.origin()).once(key).transfer(direction, amount).await?;
    let mut response = page::see_other("/dashboard");
    notice::leave(&mut response, format!("{} went to the {place}.", format::money(amount.0)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_home() {
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
        snapshot("home", &home(Frame::sample("home", "Home"), overview, true, true, "0".repeat(32)));
    }
}
