//! `outpay business deposit`: money received from outside. Two consequences of typing errors need a confirmation: one
//! bank line recorded for two businesses, and an amount out of all proportion.

use super::cli_error::CliError;
use super::input::{cents, reference};
use super::installation;
use super::output::{self, dollars};
use crate::business;
use crate::clock::rfc3339;
use crate::counter::{Done, OwnBalances};
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::Business;
use clap::Args;
use ledger::{Actor, BookId, Cents, DepositedElsewhere, Refusal};
use serde_json::json;
use std::io::{IsTerminal, Write};

/// A deposit this many times as large as the largest before needs a confirmation: dollars typed as cents of cents are
/// 100 times too much.
const TIMES_THE_LARGEST: i64 = 20;
/// A first deposit above 100,000.00 needs one too.
const LARGE_FIRST: Cents = Cents(10_000_000);

#[derive(Args)]
pub(super) struct DepositArguments {
    /// Id or name of the business
    pub(super) business: String,
    /// Amount in cents: 10050 is 100.50
    #[arg(value_parser = cents)]
    cents: Cents,
    /// Proof, for example a line of a bank statement; each reference is recorded once
    #[arg(long, value_name = "TEXT", value_parser = reference)]
    reference: String,
    /// Accept that a deposit of another business has the same reference
    #[arg(long)]
    reference_used_elsewhere: bool,
    /// Accept an amount far above all earlier deposits of the business
    #[arg(long)]
    yes_large: bool,
    /// Use the test book
    #[arg(long)]
    test: bool,
}

pub(super) async fn run(
    platform: &Platform,
    business: &Business,
    flags: DepositArguments,
    json: bool,
) -> Result<(), CliError> {
    let book = installation::book(business, flags.test);
    if !flags.yes_large && !flags.test {
        is_meant(platform, book, &flags).await?;
    }
    let (amount, reference) = (flags.cents, flags.reference);
    let counter = platform.counter(book, Actor::OPERATOR);
    let (replayed, main, payout) =
        match counter.deposit(amount, reference, flags.reference_used_elsewhere).await {
            // The remembered reply has the balances of that time; show today's.
            Ok(Done { replayed: true, .. }) => {
                let (main, payout) = platform.store.own_balances(book).await?;
                (true, main, payout)
            }
            Ok(Done { value: OwnBalances { main, payout }, .. }) => (false, main, payout),
            Err(Stopped::Refused(Refusal::DepositReferenceWasUsedForAnotherBusiness(other))) => {
                return Err(used_elsewhere(platform, other).await?);
            }
            Err(stopped) => return Err(stopped.into()),
        };
    if json {
        return output::json(&json!({
            "balance": main.0, "payout_balance": payout.0, "replayed": replayed
        }));
    }
    output::line(if replayed {
        "A deposit with this reference was recorded before. Nothing was deposited again.".to_owned()
    } else {
        format!("{} deposited.", dollars(amount))
    })?;
    output::facts([("main balance", dollars(main)), ("payout balance", dollars(payout))])
}

/// Names the business and the time, so that an operator can tell which of the two deposits is wrong.
async fn used_elsewhere(platform: &Platform, other: DepositedElsewhere) -> Result<CliError, CliError> {
    let number = other.book.business();
    let name = platform.store.business(number).await?.map(|business| business.name).unwrap_or_default();
    Ok(CliError::Refused(format!(
        "this reference was recorded for {name:?} ({}) at {}. Nothing was deposited. If the money is that of both, add --reference-used-elsewhere; if it is not theirs, see: outpay business reverse-deposit",
        business::id(platform, number),
        rfc3339(other.at)
    )))
}

/// Stops an amount that is out of proportion, unless the operator confirms it.
async fn is_meant(platform: &Platform, book: BookId, flags: &DepositArguments) -> Result<(), CliError> {
    let largest = platform.store.largest_deposit(book).await?;
    let most = largest.map_or(LARGE_FIRST.0, |largest| largest.0.saturating_mul(TIMES_THE_LARGEST));
    // A repeat changes nothing, however large the amount is.
    if flags.cents.0 <= most || platform.store.deposit_called(book, &flags.reference).await?.is_some() {
        return Ok(());
    }
    let than = match largest {
        Some(largest) => format!("the largest deposit of this business so far is {}", dollars(largest)),
        None => "it is the first deposit of this business".to_owned(),
    };
    let told =
        format!("The amount is in cents: {} cents are {}, and {than}.", flags.cents.0, dollars(flags.cents));
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        eprint!("{told}\nType yes to deposit {}: ", dollars(flags.cents));
        let mut typed = String::new();
        let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut typed));
        if asked.is_ok() && typed.trim() == "yes" {
            return Ok(());
        }
    }
    Err(CliError::Refused(format!("{told} Nothing was deposited. If that is right, add --yes-large.")))
}
