//! `outpay business reverse-deposit`, `pay-out` and `sweep-fees`: corrections of a business's own balances, proposed
//! by an operator for a second person to confirm.

use super::cli_error::CliError;
use super::input::{cents, reference};
use super::proposal;
use crate::platform::Platform;
use crate::proposals::Proposed;
use clap::Args;
use ledger::{BookId, Cents, Correction, Refusal};

#[derive(Args)]
pub(super) struct Reversal {
    /// Id or name of the business
    pub(super) business: String,
    /// Reference of the deposit
    #[arg(long, value_name = "TEXT", value_parser = reference)]
    reference: String,
    /// Reverse only this many cents [default: all of it]
    #[arg(long, value_parser = cents)]
    cents: Option<Cents>,
    /// Reason, for the records
    #[arg(long, value_parser = reference)]
    reason: String,
    /// Use the test book
    #[arg(long)]
    pub(super) test: bool,
}

#[derive(Args)]
pub(super) struct PayOut {
    /// Id or name of the business
    pub(super) business: String,
    /// Amount in cents: 10050 is 100.50
    #[arg(value_parser = cents)]
    cents: Cents,
    /// Reason, or proof of the payment
    #[arg(long, value_parser = reference)]
    reason: String,
    /// Use the test book
    #[arg(long)]
    pub(super) test: bool,
}

#[derive(Args)]
pub(super) struct Sweep {
    /// Id or name of the business
    pub(super) business: String,
    /// Amount in cents: 10050 is 100.50
    #[arg(value_parser = cents)]
    cents: Cents,
    /// Record that the fees left the platform, instead of moving them to the main balance
    #[arg(long)]
    out: bool,
    /// Reason, for the records
    #[arg(long, value_parser = reference)]
    reason: String,
    /// Use the test book
    #[arg(long)]
    pub(super) test: bool,
}

pub(super) async fn reverse(
    platform: &Platform,
    book: BookId,
    flags: &Reversal,
    json: bool,
) -> Result<(), CliError> {
    let found = platform.store.deposit_called(book, &flags.reference).await?;
    let (deposit, amount) = found.ok_or(Refusal::DepositIsUnknown)?;
    let amount = flags.cents.unwrap_or(amount);
    let what = Proposed::Correct { correction: Correction::ReverseDeposit { deposit }, amount };
    proposal::propose(platform, book, &what, &flags.reason, json).await
}

pub(super) async fn pay_out(
    platform: &Platform,
    book: BookId,
    flags: &PayOut,
    json: bool,
) -> Result<(), CliError> {
    let what = Proposed::Correct { correction: Correction::PayOut, amount: flags.cents };
    proposal::propose(platform, book, &what, &flags.reason, json).await
}

pub(super) async fn sweep(
    platform: &Platform,
    book: BookId,
    flags: &Sweep,
    json: bool,
) -> Result<(), CliError> {
    let correction = if flags.out { Correction::SweepFeesOut } else { Correction::SweepFeesToMain };
    let what = Proposed::Correct { correction, amount: flags.cents };
    proposal::propose(platform, book, &what, &flags.reason, json).await
}
