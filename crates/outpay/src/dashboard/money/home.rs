//! `/dashboard`: what needs a person now, the balances, and charts of some days beside the days before them. A business that has paid no
//! one yet sees its first steps instead. Not here: what needs a person (needs.rs), the figures (overview.rs).

use crate::dashboard::door::day;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::dashboard::money::chart::{self, Chart, Pattern, Series};
use crate::dashboard::money::days::{self, CHOICES, CUSTOM, ShownDays};
use crate::dashboard::money::home_lines::{self, ShownNeed, ShownStep};
use crate::format;
use crate::month::Month;
use crate::needs;
use crate::overview::{self, Day, Overview, Volume};
use crate::roles::Permission;
use crate::web::{page, ui};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Direction, MAX_TRANSFER, Mode};
use std::ops::Range;

#[derive(askama::Template)]
#[template(path = "dashboard/money/home.html")]
struct HomePage {
    frame: Frame,
    pays: bool,
    payouts_enabled: bool,
    /// The member may, and this is live mode, in which it is done for both.
    may_enable: bool,
    once: String,
    needs: Vec<ShownNeed>,
    /// Of a business that has paid no one yet.
    steps: Option<Vec<ShownStep>>,
    range: ShownDays,
    is_complete: bool,
    balances: Vec<Stat>,
    /// Of the range.
    totals: Vec<Stat>,
    volume: String,
    outcomes: String,
    pieces: Vec<Piece>,
}

/// A figure with its past.
struct Stat {
    title: &'static str,
    value: String,
    note: String,
    spark: String,
}

/// What one bar of the charts stands for.
struct Piece {
    name: String,
    short: String,
    volume: Volume,
}

impl HomePage {
    /// First and last day of the range, for the fields of an own one.
    fn from(&self) -> String {
        day::date(self.range.days.start)
    }

    fn until(&self) -> String {
        day::date(self.range.days.end - 1)
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (platform, book) = (&who.platform, who.book);
    let today = overview::today(platform, book).await?;
    let range = ShownDays::read(&query, today);
    let overview = overview::look(platform, book, range.days.clone()).await?;
    let needs = needs::look(platform, book, &who.pauses).await?;
    let steps = needs::first_steps(platform, book).await?;
    let may_deposit = platform.counter(book, who.origin()).may_record_deposits().await?;
    let shown = HomePage {
        pays: who.may(Permission::PayPeople),
        payouts_enabled: who.business.payouts_enabled,
        may_enable: who.may(Permission::ManageSettings) && who.mode == Mode::Live,
        once: idempotency::token(platform),
        needs: needs.iter().map(|need| home_lines::need(need, platform.clock.now())).collect(),
        steps: steps.map(|steps| home_lines::steps(steps, may_deposit)),
        ..home(Frame::new(&who, "home", "Home"), &overview, range)
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The figures and the charts; what depends on the member and the moment is left out.
fn home(frame: Frame, overview: &Overview, range: ShownDays) -> HomePage {
    let pieces: Vec<Piece> = range.pieces().iter().map(|days| piece(days, overview)).collect();
    let values = |of: fn(&Volume) -> i64| pieces.iter().map(|piece| of(&piece.volume)).collect::<Vec<_>>();
    let buckets: Vec<(String, String)> =
        pieces.iter().map(|piece| (piece.name.clone(), piece.short.clone())).collect();
    let series = |name, class, pattern, of| Series { name, class, pattern, values: values(of) };
    let volume = Chart {
        id: "volume",
        title: "Payouts and money paid out",
        buckets: &buckets,
        series: &[
            series("Given", "", Pattern::Plain, |volume| volume.given),
            series("Paid out", "bar-good", Pattern::Stripes, |volume| volume.paid),
        ],
        is_stacked: false,
        value: format::money,
        tick: whole_dollars,
    };
    let outcomes = Chart {
        id: "outcomes",
        title: "Withdrawals by outcome",
        buckets: &buckets,
        series: &[
            series("Succeeded", "bar-good", Pattern::Plain, |volume| volume.succeeded),
            series("Failed", "bar-bad", Pattern::Stripes, |volume| volume.failed),
            series("Stopped", "bar-quiet", Pattern::Dots, |volume| volume.stopped),
        ],
        is_stacked: true,
        value: count,
        tick: count,
    };
    HomePage {
        volume: volume.svg(),
        outcomes: outcomes.svg(),
        balances: balances(overview),
        totals: totals(overview, &range, &pieces),
        is_complete: overview.is_complete,
        frame,
        pays: false,
        payouts_enabled: true,
        may_enable: false,
        once: String::new(),
        needs: Vec::new(),
        steps: None,
        range,
        pieces,
    }
}

fn piece(days: &Range<i64>, overview: &Overview) -> Piece {
    let of_days = overview.days.iter().filter(|day| days.contains(&day.day));
    let volume = of_days.fold(Volume::default(), |sum, day| sum.plus(day.volume));
    let is_month = days.end - days.start > 7;
    let month = Month::of_day(days.start).title();
    let short = if is_month { month.chars().take(3).collect() } else { day::short(days.end - 1) };
    Piece { name: if is_month { month } else { days::name(days) }, short, volume }
}

fn balances(overview: &Overview) -> Vec<Stat> {
    let stat = |title, value: i64, of: fn(&Day) -> i64| {
        let ends: Vec<i64> = overview.days.iter().map(of).collect();
        let spark = if overview.reaches_now { chart::spark(&ends) } else { String::new() };
        Stat { title, value: format::money(value), note: String::new(), spark }
    };
    let now = overview.balances;
    vec![
        stat("Payout balance", now.payout, |day| day.balances.payout),
        stat("Main balance", now.main, |day| day.balances.main),
        stat("Held for withdrawals", now.held, |day| day.balances.held),
        stat("Owed to recipients", now.people, |day| day.balances.people),
    ]
}

fn totals(overview: &Overview, range: &ShownDays, pieces: &[Piece]) -> Vec<Stat> {
    let stat = |title, write: fn(i64) -> String, less: &str, of: fn(&Volume) -> i64| {
        let (now, before) = (of(&overview.total), of(&overview.before));
        let values: Vec<i64> = pieces.iter().map(|piece| of(&piece.volume)).collect();
        let note = compared(now, before, less, &range.words);
        Stat { title, value: write(now), note, spark: chart::spark(&values) }
    };
    vec![
        stat("Given", format::money, "less", |volume| volume.given),
        stat("Paid out", format::money, "less", |volume| volume.paid),
        stat("Withdrawals paid", count, "fewer", |volume| volume.succeeded),
        stat("Withdrawals failed", count, "fewer", |volume| volume.failed),
    ]
}

/// `8 % more than the 30 days before`
fn compared(now: i64, before: i64, less: &str, days: &str) -> String {
    if before == 0 {
        let either = if now == 0 { " either" } else { "" };
        return format!("nothing in the {days} before{either}");
    }
    let percent = (i128::from(now) - i128::from(before)) * 100 / i128::from(before);
    let written = format::grouped(u64::try_from(percent.unsigned_abs()).unwrap_or(u64::MAX), ",");
    match percent {
        0 => format!("about the same as the {days} before"),
        1.. => format!("{written} % more than the {days} before"),
        _ => format!("{written} % {less} than the {days} before"),
    }
}

fn count(number: i64) -> String {
    format::grouped(number.unsigned_abs(), ",")
}

/// `$1,500`, and `$0.50` where the dollars are not whole.
fn whole_dollars(cents: i64) -> String {
    let money = format::money(cents);
    money.strip_suffix(".00").map_or(money.clone(), str::to_owned)
}

/// Moves money between main and payout balance, once for each form that was shown.
pub async fn transfer(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let key = idempotency::key(&form)?;
    let (direction, place) = match form.get("direction") {
        "to_payout" => (Direction::ToPayout, "payout balance"),
        "to_main" => (Direction::ToMain, "main balance"),
        _ => return Err(Declined::sentence("Direction: choose one.")),
    };
    let amount =
        amount::read("Amount", form.get("amount")).map_err(Declined::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_TRANSFER {
        return Err(Declined::sentence("Amount: enter $0.01 or more."));
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
    use crate::needs::{FirstSteps, Need, NeedKind};
    use crate::overview::BookBalances;

    const TODAY: i64 = 20_833;

    fn overview(length: i64) -> Overview {
        let day = |day: i64| Day {
            day,
            volume: Volume {
                given: day % 7 * 10_000,
                paid: day % 5 * 7_500,
                succeeded: day % 5 * 3,
                failed: i64::from(day % 6 == 0),
                stopped: i64::from(day % 9 == 0),
            },
            balances: BookBalances {
                main: 1_000_000,
                payout: day % 11 * 50_000,
                held: 12_500,
                people: 9_900,
            },
        };
        let days: Vec<Day> = (TODAY + 1 - length..=TODAY).map(day).collect();
        Overview {
            balances: BookBalances { main: 1_000_000, payout: 500_000, held: 12_500, people: 9_900 },
            total: days.iter().fold(Volume::default(), |sum, day| sum.plus(day.volume)),
            before: Volume { given: 800_000, paid: 0, succeeded: 300, failed: 5, stopped: 0 },
            days,
            reaches_now: true,
            is_complete: true,
        }
    }

    fn frame() -> Frame {
        Frame::sample("home", "Home")
    }

    #[test]
    fn page_home() {
        let now = 1_800_000_000_000_000;
        let need = |kind, count, which: &str| {
            let need = Need { kind, count, oldest: Some(now - 7_200_000_000), which: which.to_owned() };
            home_lines::need(&need, now)
        };
        let needs = vec![
            need(NeedKind::Review, 3, ""),
            need(NeedKind::Unconfirmed, 1, ""),
            need(NeedKind::LowStock, 1, "Bookshop $25.00 (0 left)"),
        ];
        let range = ShownDays::read(&Query::of(""), TODAY);
        let shown = home(frame(), &overview(30), range);
        snapshot("home", &HomePage { pays: true, once: "0".repeat(32), needs, ..shown });
    }

    #[test]
    fn page_home_calm() {
        let range = ShownDays::read(&Query::of("range=12m"), TODAY);
        let shown = home(frame(), &overview(365), range);
        snapshot("home_calm", &HomePage { payouts_enabled: false, is_complete: false, ..shown });
    }

    #[test]
    fn page_home_first_steps() {
        let range = ShownDays::read(&Query::of(""), TODAY);
        let done = FirstSteps { has_key: true, has_deposit: true, has_transfer: false, has_webhook: false };
        let steps = Some(home_lines::steps(done, false));
        let shown = home(frame(), &Overview::default(), range);
        snapshot(
            "home_first_steps",
            &HomePage {
                pays: true,
                payouts_enabled: false,
                may_enable: true,
                once: "0".repeat(32),
                steps,
                ..shown
            },
        );
    }

    #[test]
    fn a_figure_is_compared_with_the_days_before() {
        for (now, before, words) in [
            (1_080, 1_000, "8 % more than the 30 days before"),
            (920, 1_000, "8 % less than the 30 days before"),
            (1_001, 1_000, "about the same as the 30 days before"),
            (5, 0, "nothing in the 30 days before"),
            (0, 0, "nothing in the 30 days before either"),
            (0, 7, "100 % less than the 30 days before"),
        ] {
            assert_eq!(compared(now, before, "less", "30 days"), words);
        }
        assert!(compared(i64::MAX, 1, "less", "30 days").ends_with("% more than the 30 days before"));
        assert_eq!((whole_dollars(150_000), whole_dollars(50)), ("$1,500".to_owned(), "$0.50".to_owned()));
    }
}
