//! `outpay business deposit`: money received from outside. Two consequences of typing errors need a confirmation: one
//! bank line recorded for two businesses, and an amount out of all proportion.

use super::cli_error::CliError;
use super::input::{cents, reference};
use super::installation;
use super::output::{self, dollars};
use crate::audit_log;
use crate::business;
use crate::business::deposits::{OutOfProportion, out_of_proportion};
use crate::clock::rfc3339;
use crate::counter::{Done, OwnBalances};
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::Business;
use clap::Args;
use ledger::{Actor, BookId, Cents, DepositedElsewhere, Refusal};
use serde_json::json;
use std::io::{IsTerminal, Write};

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

/// Lets the business's own members record deposits, or not.
pub(super) async fn set_own(
    platform: &Platform,
    business: &Business,
    set: Option<bool>,
    json: bool,
) -> Result<(), CliError> {
    let store = &platform.store;
    let before = store.records_deposits(business.number).await?;
    let may = set.unwrap_or(before);
    if may != before {
        let action = if may { "settings.own_deposits_allowed" } else { "settings.own_deposits_denied" };
        let entry =
            audit_log::in_business(platform, business.number, Actor::OPERATOR, action, "", &json!({}));
        store.set_records_deposits(business.number, may, &entry).await?;
    }
    if json {
        return output::json(&json!({ "own_deposits": may }));
    }
    output::line(if may {
        "Owners and admins record deposits in the dashboard. What they record is money that they can pay out."
    } else {
        "Only the operator records deposits."
    })
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
    let unusual = out_of_proportion(platform, book, flags.cents, &flags.reference).await?;
    let Some(OutOfProportion { largest }) = unusual else { return Ok(()) };
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
