//! `/dashboard/statement`: opening balance, movements by kind, closing balance of a month, to read, to print and as a CSV. Not here: the
//! figures, and why they add up (statement.rs).

use crate::dashboard::door::day;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::format;
use crate::month::Month;
use crate::overview;
use crate::sheet::{self, CURRENCY, Sheet};
use crate::statement::{self, ACCOUNTS, Amounts, MoneyStatement};
use crate::web::{page, ui};
use axum::response::Response;
use http::StatusCode;
use ledger::Cents;

#[derive(askama::Template)]
#[template(path = "dashboard/money/statement.html")]
struct StatementPage {
    frame: Frame,
    month: Month,
    /// The month after, where it has begun.
    next: Option<Month>,
    is_running: bool,
    /// `None` while the sums of days lag.
    statement: Option<MoneyStatement>,
}

impl StatementPage {
    fn first(&self) -> String {
        day::date(self.month.days().start)
    }

    fn last(&self) -> String {
        day::date(self.month.days().end - 1)
    }

    /// What the business and its people have together.
    fn all(&self, amounts: &Amounts) -> String {
        format::money(all(amounts))
    }
}

fn all(amounts: &Amounts) -> i64 {
    // Everything in a book came from outside, and that fits.
    i64::try_from(amounts.iter().map(|amount| i128::from(*amount)).sum::<i128>()).unwrap_or(i64::MAX)
}

/// The month that the address names, else the one of today; and the day of today.
async fn month(who: &SignedIn, query: &Query) -> Result<(Month, i64), Declined> {
    let today = overview::today(&who.platform, who.book).await?;
    let now = Month::of_day(today);
    // There is nothing to state of a month that has not begun.
    Ok((Month::parse(query.get("month")).unwrap_or(now).min(now), today))
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (month, today) = month(&who, &query).await?;
    let shown = StatementPage {
        frame: Frame::new(&who, "statement", "Statement"),
        month,
        next: month.after().filter(|next| next.days().start <= today),
        is_running: month.days().contains(&today),
        statement: statement::of_days(&who.platform, who.book, month.days()).await?,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The same as a CSV.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (month, _) = month(&who, &query).await?;
    let found = statement::of_days(&who.platform, who.book, month.days()).await?;
    let statement = found.ok_or_else(still_adding_up)?;
    let name = format!("statement-{}.csv", month.text());
    Ok(download::csv(&name, sheet(month, &statement)))
}

/// While the sums of days lag.
pub(crate) fn still_adding_up() -> Declined {
    let sentence = "The totals are still being computed. Try again in a minute.";
    Declined::Sentence(StatusCode::SERVICE_UNAVAILABLE, sentence.to_owned())
}

fn sheet(month: Month, statement: &MoneyStatement) -> Sheet {
    let header = ["month", "line", "entries", "main", "payout", "held", "people", "fees", "all", "currency"];
    let mut sheet = Sheet::new(&header);
    let mut row = |line: &str, entries: String, amounts: &Amounts| {
        let mut cells = vec![month.text(), line.to_owned(), entries];
        cells.extend(amounts.iter().map(|amount| sheet::money(Cents(*amount))));
        cells.extend([sheet::money(Cents(all(amounts))), CURRENCY.to_owned()]);
        sheet.row(&cells);
    };
    row("Opening balance", String::new(), &statement.opening);
    for line in &statement.lines {
        row(line.title, line.entries.to_string(), &line.amounts);
    }
    row("Closing balance", String::new(), &statement.closing);
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use crate::statement::StatementLine;

    fn sample() -> MoneyStatement {
        let line = |title, entries, amounts| StatementLine { title, entries, amounts };
        MoneyStatement {
            opening: [1_000_000, 0, 0, 0, 0],
            lines: vec![
                line("Main to payout balance", 1, [-500_000, 500_000, 0, 0, 0]),
                line("Payouts to people", 3, [0, -7_500, 0, 7_500, 0]),
            ],
            closing: [500_000, 492_500, 0, 7_500, 0],
        }
    }

    #[test]
    fn page_statement() {
        let month = Month::parse("2026-11").unwrap();
        let page = |statement| StatementPage {
            frame: Frame::sample("statement", "Statement"),
            month,
            next: month.after(),
            is_running: true,
            statement,
        };
        snapshot("statement", &page(Some(sample())));
        snapshot("statement_lagging", &page(None));
    }

    #[test]
    fn the_file_has_a_line_for_each_of_the_page() {
        let text = sheet(Month::parse("2026-11").unwrap(), &sample()).text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "2026-11,Opening balance,,10000.00,0.00,0.00,0.00,0.00,10000.00,USD");
        assert_eq!(lines[2], "2026-11,Main to payout balance,1,-5000.00,5000.00,0.00,0.00,0.00,0.00,USD");
        assert_eq!(
            (lines.len(), lines[4].starts_with("2026-11,Closing balance,,5000.00,4925.00")),
            (5, true)
        );
    }
}
