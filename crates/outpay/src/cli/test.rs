//! `outpay test clock`: the clock of a business's test mode. Not here: what goes by it (`crate::test_clock`).

use super::cli_error::CliError;
use super::input;
use super::installation::{self, Installation};
use super::output;
use crate::clock::rfc3339;
use crate::test_clock::{self, TestClock, TestClockError};
use clap::{Args, Subcommand};
use ledger::{Actor, Micros};
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct TestArguments {
    #[command(subcommand)]
    verb: TestCommand,
}

#[derive(Subcommand)]
enum TestCommand {
    /// Show the clock of the test book, or move it forward
    Clock {
        /// Id or name of the business
        business: String,
        /// Move it forward by this much, as in 90s, 15m, 24h or 30d; it cannot go back
        #[arg(value_name = "TIME", value_parser = input::span)]
        forward: Option<Micros>,
        /// The same
        #[arg(long, value_name = "TIME", value_parser = input::span, conflicts_with = "forward")]
        advance: Option<Micros>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(arguments: TestArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let TestCommand::Clock { business, forward, advance, json } = arguments.verb;
    let business = installation::business(&platform, &business).await?;
    let book = installation::book(&business, true);
    let clock = match forward.or(advance) {
        None => test_clock::read(&platform, book).await,
        Some(by) => test_clock::advance(&platform, book, by / 1_000_000, (Actor::OPERATOR, None)).await,
    };
    let TestClock { now, ahead_seconds } = clock.map_err(refused)?;
    if json {
        output::json(&json!({ "now": rfc3339(now), "ahead_seconds": ahead_seconds }))?;
    } else {
        output::facts([("now", rfc3339(now)), ("seconds ahead", ahead_seconds.to_string())])?;
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(error: TestClockError) -> CliError {
    match error {
        TestClockError::Failure(failure) => failure.into(),
        TestClockError::OutOfRange => CliError::Usage("give at least 1s, and at most 1825d".to_owned()),
        error => CliError::Refused(error.to_string()),
    }
}
