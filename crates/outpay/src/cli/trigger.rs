//! `outpay trigger`: an invented event to a business's webhook, to see what its receiver makes of it.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::webhook::{GuardFlags, event_name, print_trial};
use clap::Args;
use ledger::EntryKind;
use std::process::ExitCode;

/// The flags of `trigger`.
#[derive(Args)]
pub(super) struct TriggerArguments {
    /// Which event, as in payout.succeeded
    #[arg(value_parser = event_name)]
    event: EntryKind,
    /// The business's id or name
    #[arg(long)]
    business: String,
    /// To the webhook of its test book
    #[arg(long)]
    test: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    guard: GuardFlags,
}

pub(super) async fn run(
    arguments: TriggerArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = arguments.guard.applied_to(installation.open().await?);
    let business = installation::business(&platform, &arguments.business).await?;
    let book = installation::book(&business, arguments.test);
    print_trial(&platform, book, arguments.event, arguments.json).await
}
