//! `outpay trigger`: sends an invented event to a business's webhook, to test its receiver.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::webhook::{GuardFlags, event_name, print_trial, provider};
use crate::rails::SAMPLE_BY_HAND;
use crate::webhooks::Sample;
use clap::Args;
use ledger::{EntryKind, Provider};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct TriggerArguments {
    /// Event, as in payout.succeeded
    #[arg(value_parser = event_name)]
    event: EntryKind,
    /// Provider whose shape it has
    #[arg(long, value_name = "PROVIDER", default_value = SAMPLE_BY_HAND.word(), value_parser = provider)]
    provider: Provider,
    /// Id or name of the business
    #[arg(value_name = "BUSINESS", required_unless_present = "business")]
    whose: Option<String>,
    /// The same
    #[arg(long, conflicts_with = "whose")]
    business: Option<String>,
    /// Use the webhook of the test book
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
    let business = arguments.whose.or(arguments.business).unwrap_or_default();
    let business = installation::business(&platform, &business).await?;
    let book = installation::book(&business, arguments.test);
    let sample = Sample { kind: arguments.event, provider: arguments.provider };
    print_trial(&platform, book, sample, arguments.json).await
}
