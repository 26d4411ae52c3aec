//! `outpay recover status|scan|skip|assign`: transfers that left the treasuries after the backup, and assigning them.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use super::user;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::recovery::treasury::{self, AssignError, Debited};
use crate::recovery_progress::RecoveryProgress;
use crate::store::{Assigned, UnmatchedTransfer};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum TreasuryCommand {
    /// Show the progress of the recovery; exit 1 while something is open
    Status,
    /// Read the transfers since the backup of every rail that was not read yet
    Scan,
    /// Do not read a rail that is gone for good
    Skip {
        /// Name of the rail
        rail: String,
        /// Reason, for the records
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Assign a transfer that the database does not know
    Assign {
        /// Transaction, as shown by status
        transfer: String,
        /// Which of several transfers in one transaction
        #[arg(long, value_name = "N")]
        place: Option<i64>,
        #[command(flatten)]
        whose: TransferOwner,
        /// Id or name of the recipient's business
        #[arg(long, value_name = "BUSINESS", requires = "person")]
        business: Option<String>,
        /// Reason, for --person and --lost
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct TransferOwner {
    /// It is the payment of this withdrawal, which is settled by it: ord_…
    #[arg(long, value_name = "ID")]
    withdrawal: Option<String>,
    /// It was paid to this recipient, whose withdrawal is lost: id or address. The balance is debited if it suffices
    #[arg(long, value_name = "USER", requires = "business")]
    person: Option<String>,
    /// It belongs to nothing in the database; only record it
    #[arg(long)]
    lost: bool,
}

pub(super) async fn run(
    verb: TreasuryCommand,
    json: bool,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    match verb {
        TreasuryCommand::Status => return status(&platform, json).await,
        TreasuryCommand::Scan => {
            let failed = treasury::scan(&platform).await?;
            for (rail, why) in &failed {
                output::line(format_args!("the transfers by {rail} could not be read: {why}"))?;
            }
            return status(&platform, json).await;
        }
        TreasuryCommand::Skip { rail, reason } => {
            if !treasury::skip(&platform, &rail, &reason).await? {
                return Err(CliError::Refused(format!("{rail} is not waiting to be read")));
            }
            output::line(format_args!("{rail} will not be read."))?;
        }
        TreasuryCommand::Assign { transfer, place, whose, business, reason } => {
            let found = treasury::find(&platform, &transfer, place).await?;
            assign(&platform, &found, &whose, business, reason).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn assign(
    platform: &Platform,
    found: &UnmatchedTransfer,
    whose: &TransferOwner,
    business: Option<String>,
    reason: Option<String>,
) -> Result<(), CliError> {
    if let Some(id) = &whose.withdrawal {
        let unknown = || CliError::Refused(format!("there is no withdrawal {id:?}"));
        let place = platform.secrets.ids().open_any(IdKind::Withdrawal, id).ok_or_else(unknown)?;
        treasury::assign_withdrawal(platform, found, place).await?;
        return output::line(format_args!("{id} is paid by it."));
    }
    let reason = reason.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let reason = reason.ok_or_else(|| CliError::Usage("give a reason with --reason TEXT".to_owned()))?;
    let (Some(person), Some(business)) = (&whose.person, business) else {
        treasury::assign_lost(platform, found, &reason).await?;
        return output::line("It is recorded as lost.");
    };
    let business = installation::business(platform, &business).await?;
    let book = installation::book(&business, false);
    let user = user::find(platform, book, person).await?.user.number;
    match treasury::assign_person(platform, found, (book, user), &reason).await? {
        Debited::Done(amount) => output::line(format_args!(
            "{person} has {} less. The money is in the payout balance; record that it left with: outpay business pay-out",
            dollars(amount)
        )),
        Debited::Not(None) => output::line("It is only recorded: it is not a whole number of cents."),
        Debited::Not(Some(refusal)) => {
            output::line(format_args!("It is only recorded: {}.", refusal.sentence()))
        }
    }
}

async fn status(platform: &Platform, json: bool) -> Result<ExitCode, CliError> {
    let standing = RecoveryProgress::load(&platform.store).await?;
    let open = standing.open();
    let code = if open.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if json {
        output::json(&as_json(platform, &standing))?;
        return Ok(code);
    }
    for scan in &standing.scans {
        let slots = scan.slots;
        let state = match (scan.scanned_at, scan.skipped.is_empty()) {
            (Some(_), _) => format!("read; {slots} nonces of its treasury are taken"),
            (None, false) => format!("not read: {}", scan.skipped),
            (None, true) => "not read yet".to_owned(),
        };
        output::line(format_args!("{}: {state}", scan.rail))?;
    }
    let row = |found: &UnmatchedTransfer| {
        let of = &found.outgoing;
        [
            found.rail.clone(),
            of.transfer.clone(),
            of.place.to_string(),
            of.cents.map_or_else(|| format!("{} units", of.units), dollars),
            of.destination.clone(),
            whose(platform, found.assigned),
        ]
    };
    output::table(
        ["rail", "transfer", "place", "amount", "to", "whose"],
        standing.transfers.iter().map(row),
    )?;
    output::line(if open.is_empty() {
        "Nothing is open."
    } else {
        "Payments stay paused until nothing is open:"
    })?;
    open.iter().try_for_each(|point| output::line(format_args!("- {point}")))?;
    Ok(code)
}

fn as_json(platform: &Platform, standing: &RecoveryProgress) -> Value {
    let transfer = |found: &UnmatchedTransfer| {
        let of = &found.outgoing;
        json!({
            "rail": found.rail, "transfer": of.transfer, "place": of.place, "destination": of.destination,
            "units": of.units, "cents": of.cents.map(|cents| cents.0), "block": of.block,
            "whose": whose(platform, found.assigned), "reason": found.reason,
        })
    };
    let scans = standing.scans.iter().map(|scan| {
        json!({ "rail": scan.rail, "read": scan.scanned_at.is_some(), "slots": scan.slots, "skipped": scan.skipped })
    });
    json!({
        "rails": scans.collect::<Vec<_>>(),
        "transfers": standing.transfers.iter().map(transfer).collect::<Vec<_>>(),
        "open": standing.open(),
    })
}

fn whose(platform: &Platform, assigned: Assigned) -> String {
    let ids = platform.secrets.ids();
    match assigned {
        Assigned::Open => "open".to_owned(),
        Assigned::Withdrawal(book, number) => ids.seal(IdKind::Withdrawal, book, number),
        Assigned::Person(book, number) => ids.seal(IdKind::PayoutUser, book, number),
        Assigned::Lost => "lost".to_owned(),
    }
}

impl From<AssignError> for CliError {
    fn from(error: AssignError) -> Self {
        match error {
            AssignError::Failure(failure) => Self::Failed(failure),
            AssignError::Stopped(stopped) => stopped.into(),
            refused => Self::Refused(refused.to_string()),
        }
    }
}
