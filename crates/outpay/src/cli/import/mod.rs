//! `outpay import`: pays the recipients in a file. All lines are validated before the first is paid
//! (imports/lines.rs). Each line is paid once, however often the file is imported (imports/pay.rs): its idempotency
//! key is the file's digest and the line number, so the result file (result.rs) can be created again at any time. A
//! file that is similar to an earlier one (imports/similar.rs) is paid only after an explicit confirmation.

mod again;
mod result;

use self::again::Asking;
use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use super::progress;
use crate::audit_log::Names;
use crate::imports::lines::{self, PaymentLine};
use crate::imports::operator::{self, Begun};
use crate::imports::pay::{self, ImportPayment, Payments};
use clap::Args;
use ledger::{Actor, Cents, MAX_PAYOUT};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct ImportArguments {
    /// CSV file with an e-mail address and an amount in cents per line, and optionally a reference of your own that
    /// is paid once ever; a first line `email,amount` is a header
    file: PathBuf,
    /// Id or name of the business that pays
    #[arg(value_name = "BUSINESS", required_unless_present = "business")]
    payer: Option<String>,
    /// The same
    #[arg(long, conflicts_with = "payer")]
    business: Option<String>,
    /// Use the test book
    #[arg(long)]
    test: bool,
    /// Validate the file and show the totals, without paying
    #[arg(long)]
    dry_run: bool,
    /// Pay the file although it is similar to this earlier import, the newest of those listed: its recipients are
    /// paid again
    #[arg(long, value_name = "IMPORT_ID", conflicts_with = "dry_run")]
    again_as: Option<String>,
    /// Where to write the result of each line [default: FILE with .result.csv at the end]
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    result: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    arguments: ImportArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let ImportArguments { file, payer, business, test, dry_run, again_as, result, json } = arguments;
    let business = payer.or(business).unwrap_or_default();
    let bytes = std::fs::read(&file)
        .map_err(|error| CliError::Usage(format!("cannot read {}: {error}", file.display())))?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let lines = match lines::read(&bytes) {
        Ok(lines) => lines,
        Err(bad) => return bad_lines(&bad, json),
    };
    drop(bytes);
    let platform = installation.open().await?;
    let business = installation::business(&platform, &business).await?;
    let book = installation::book(&business, test);
    let (_, payout) = platform.store.own_balances(book).await?;
    announce(&lines, payout, dry_run && json)?;
    if dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !business.payouts_enabled {
        return Err(ledger::Refusal::PayoutsAreDisabled.into());
    }
    // Created before the first payment, so that an unwritable folder is found in time.
    let path = result.unwrap_or_else(|| result::beside(&file));
    let writer = result::begin(&path, &file)?;
    let names = Names::load(&platform, business.number).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let asking = Asking { platform: &platform, book, names: &names, lines: lines.len() };
    let import = match operator::begin(&platform, book, (&name, digest), &lines, |similar| {
        asking.is_wanted(similar, again_as.as_deref())
    })
    .await?
    {
        Begun::Pays(import) => import,
        Begun::IsSimilar(similar) => {
            writer.give_up();
            return Err(asking.refusal(&similar));
        }
    };
    let bar = progress::bar(lines.len() as u64, "payments");
    let payments = pay::all(&platform, book, &digest, &lines, Actor::OPERATOR, || bar.inc(1)).await;
    bar.finish_and_clear();
    writer.finish(&lines, &payments)?;
    operator::finish(&platform, book, &import, &lines, &payments).await?;
    let payments = Payments::count(&lines, &payments);
    summarize(&payments, &path, json)?;
    Ok(if payments.unpaid + payments.unknown == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bad_lines(bad: &[lines::BadLine], json: bool) -> Result<ExitCode, CliError> {
    if json {
        let bad: Vec<Value> =
            bad.iter().map(|line| json!({ "line": line.number, "reason": line.reason })).collect();
        output::json(&json!({ "bad_lines": bad }))?;
    } else {
        bad.iter()
            .try_for_each(|line| output::line(format_args!("line {}: {}", line.number, line.reason)))?;
    }
    let lines = if bad.len() == 1 {
        "1 line is invalid".to_owned()
    } else {
        format!("{} lines are invalid", bad.len())
    };
    Err(CliError::Refused(format!("{lines}; no line was paid. Correct the file and import it again.")))
}

/// Prints what is about to happen to standard error; standard output has only the result.
fn announce(lines: &[PaymentLine], payout: Cents, as_json: bool) -> Result<(), CliError> {
    let addresses: HashSet<_> = lines.iter().map(|line| &line.email).collect();
    let total = total(lines.iter())?;
    if as_json {
        return output::json(&json!({
            "payments": lines.len(), "people": addresses.len(), "total": total, "payout_balance": payout
        }));
    }
    eprintln!(
        "{} payments to {} recipients, {} in total; payout balance {}",
        lines.len(),
        addresses.len(),
        dollars(total),
        dollars(payout)
    );
    if addresses.len() < lines.len() {
        eprintln!("note: some addresses are on several lines; each line is paid");
    }
    if total > payout {
        eprintln!(
            "note: the payout balance does not cover all lines that are not paid yet; some may stay unpaid"
        );
    }
    Ok(())
}

fn total<'a>(lines: impl Iterator<Item = &'a PaymentLine>) -> Result<Cents, CliError> {
    let mut total = Cents::ZERO;
    for line in lines {
        debug_assert!(line.amount <= MAX_PAYOUT, "lines were checked");
        let sum = total.plus(line.amount);
        total = sum.ok_or_else(|| CliError::Refused("the total of the amounts is too large".to_owned()))?;
    }
    Ok(total)
}

fn summarize(payments: &Payments, path: &std::path::Path, json: bool) -> Result<(), CliError> {
    let result = path.display().to_string();
    if json {
        return output::json(&json!({
            "paid": payments.paid, "paid_total": payments.paid_total,
            "already_paid": payments.already_paid, "unpaid": payments.unpaid, "unknown": payments.unknown,
            "result": result,
        }));
    }
    output::facts([
        ("paid", format!("{} ({})", payments.paid, dollars(payments.paid_total))),
        (ImportPayment::AlreadyPaid.word(), payments.already_paid.to_string()),
        ("not paid", payments.unpaid.to_string()),
        (ImportPayment::Unknown.word(), payments.unknown.to_string()),
        ("result", result),
    ])?;
    if payments.unpaid + payments.unknown > 0 {
        eprintln!("Import the same file again to pay what is not paid yet; no line is paid twice.");
    }
    Ok(())
}
