//! `outpay business reverse-deposit`, `pay-out` and `sweep-fees`: what an operator proposes about a business's own money, for a
//! second person to confirm.

use super::cli_error::CliError;
use super::input::{cents, reference};
use super::proposal;
use crate::platform::Platform;
use crate::proposals::Proposed;
use clap::Args;
use ledger::{BookId, Cents, Correction, Refusal};

/// The flags of `reverse-deposit`.
#[derive(Args)]
pub(super) struct Reversal {
    /// Its id or name
    pub(super) business: String,
    /// The reference under which the deposit was recorded
    #[arg(long, value_name = "TEXT", value_parser = reference)]
    reference: String,
    /// Only so many cents of it; all of it if left out
    #[arg(long, value_parser = cents)]
    cents: Option<Cents>,
    /// Why
    #[arg(long, value_parser = reference)]
    reason: String,
    /// In the test book
    #[arg(long)]
    pub(super) test: bool,
}

/// The flags of `pay-out`.
#[derive(Args)]
pub(super) struct PayOut {
    /// Its id or name
    pub(super) business: String,
    /// How much, in cents: 10050 is 100.50
    #[arg(value_parser = cents)]
    cents: Cents,
    /// Why, or how one can see that it was paid
    #[arg(long, value_parser = reference)]
    reason: String,
    /// In the test book
    #[arg(long)]
    pub(super) test: bool,
}

/// The flags of `sweep-fees`.
#[derive(Args)]
pub(super) struct Sweep {
    /// Its id or name
    pub(super) business: String,
    /// How much, in cents: 10050 is 100.50
    #[arg(value_parser = cents)]
    cents: Cents,
    /// They leave the platform instead of going to the main balance
    #[arg(long)]
    out: bool,
    /// Why
    #[arg(long, value_parser = reference)]
    reason: String,
    /// In the test book
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
