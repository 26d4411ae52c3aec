//! `/dashboard/trial-balance`: the debits and credits of every account up to the end of a day, and what is left of them. Not here: the
//! figures, and why they add up (statement.rs).

use crate::dashboard::door::day;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::statement::still_adding_up;
use crate::overview;
use crate::sheet::{self, CURRENCY, Sheet};
use crate::statement::{self, TrialBalance};
use crate::web::{page, ui};
use axum::response::Response;
use http::StatusCode;
use ledger::Cents;

#[derive(askama::Template)]
#[template(path = "dashboard/money/trial_balance.html")]
struct TrialBalancePage {
    frame: Frame,
    /// `2026-11-30`
    day: String,
    is_today: bool,
    /// `None` while the sums of days lag.
    trial: Option<TrialBalance>,
}

/// The day that the address names, no later than today; and the day of today.
async fn day(who: &SignedIn, query: &Query) -> Result<(i64, i64), Declined> {
    let today = overview::today(&who.platform, who.book).await?;
    Ok((day::read(query.get("day")).unwrap_or(today).min(today), today))
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (day, today) = day(&who, &query).await?;
    let shown = TrialBalancePage {
        frame: Frame::new(&who, "statement", "Trial balance"),
        day: day::date(day),
        is_today: day == today,
        trial: statement::trial_balance(&who.platform, who.book, day).await?,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The same as a CSV.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let (day, _) = day(&who, &query).await?;
    let trial = statement::trial_balance(&who.platform, who.book, day).await?.ok_or_else(still_adding_up)?;
    let date = day::date(day);
    let mut sheet = Sheet::new(&["day", "account", "debits", "credits", "balance", "currency"]);
    let mut row = |account: &str, debits: i64, credits: i64, balance: i64| {
        let [debits, credits, balance] = [debits, credits, balance].map(|cents| sheet::money(Cents(cents)));
        sheet.row(&[date.clone(), account.to_owned(), debits, credits, balance, CURRENCY.to_owned()]);
    };
    for line in &trial.lines {
        row(&statement::account_word(line.account), line.debits, line.credits, line.balance());
    }
    row("all", trial.debits, trial.credits, trial.credits - trial.debits);
    Ok(download::csv(&format!("trial-balance-{date}.csv"), sheet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use crate::statement::TrialLine;
    use ledger::{AccountId, Provider};

    #[test]
    fn page_trial_balance() {
        let line = |account, debits, credits| TrialLine { account, debits, credits };
        let lines = vec![
            line(AccountId::WORLD, 100_000, 0),
            line(AccountId::MAIN, 60_000, 100_000),
            line(AccountId::PAYOUT, 0, 57_500),
            line(Provider::Paypal.account(), 0, 2_500),
        ];
        let trial = Some(TrialBalance { lines, debits: 160_000, credits: 160_000 });
        let frame = Frame::sample("statement", "Trial balance");
        snapshot(
            "trial_balance",
            &TrialBalancePage { frame, day: "2026-11-30".to_owned(), is_today: false, trial },
        );
    }
}
