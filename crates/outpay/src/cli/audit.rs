//! `outpay audit`: runs the audit and prints each difference with its place.

use super::cli_error::CliError;
use super::installation::Installation;
use super::{output, progress};
use crate::audit::{self, AuditReport, Outside, Place};
use crate::auth::Secrets;
use crate::chain_head::Head;
use crate::clock::Clock;
use crate::heads;
use crate::rails::Rails;
use crate::store::Store;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct AuditArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Compare with a head kept elsewhere, as printed by an earlier audit (repeatable)
    #[arg(long = "head", value_name = "BOOK:SEQUENCE:DIGEST")]
    heads: Vec<Head>,
    /// Compare with signed heads kept elsewhere: a copy of heads.jsonl, or posted bodies (repeatable)
    #[arg(long = "heads", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Heads printed without `--json`.
const HEADS_SHOWN: usize = 20;

pub(super) async fn run(
    arguments: AuditArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let (_, store, secrets) = installation.look().await?;
    let bar = progress::bar(0, "rows");
    let mut advance = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let (json, outside) = (arguments.json, outside(arguments, installation, &store, secrets.clone())?);
    let report = audit::run_against(&store, &secrets, &outside, &mut advance).await?;
    bar.finish_and_clear();
    if json {
        output::json(&as_json(&report))?
    } else {
        print(&report)?
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn outside(
    arguments: AuditArguments,
    installation: &Installation,
    store: &Store,
    secrets: Secrets,
) -> Result<Outside, CliError> {
    let own = Some(installation.data().join(heads::HEADS_FILE));
    let rails = Rails::new(&installation.config()?.rails, store, &Arc::new(secrets), &Clock::System);
    let (files, heads, lines) = (arguments.files, arguments.heads, rails.lines());
    Ok(Outside { own, files, heads, may_be_empty: false, lines })
}

fn print(report: &AuditReport) -> Result<(), CliError> {
    for difference in &report.differences {
        let (place, what) = (difference.place, &difference.what);
        let whose = difference
            .book
            .map_or(String::new(), |book| format!("{} ({}), ", difference.business, book.mode().word()));
        output::line(format_args!("DIFFERENCE  {whose}{place}: {what}"))?;
    }
    let unshown = report.found - report.differences.len() as u64;
    if unshown > 0 {
        output::line(format_args!("… and {unshown} more"))?;
    }
    output::line(format_args!(
        "{} books, {} entries, {} accounts, {} users, {} credentials compared",
        report.books, report.entries, report.accounts, report.users, report.credentials
    ))?;
    output::line(format_args!(
        "{} withdrawals, {} attempts, {} remembered answers, {} rows of the audit log compared",
        report.withdrawals, report.attempts, report.remembered, report.log_rows
    ))?;
    output::line(format_args!(
        "{} signed heads, {} heads kept elsewhere compared",
        report.signed_heads, report.kept_heads
    ))?;
    print_limits(report)?;
    output::line(match report.found {
        0 => "The books are right.".to_owned(),
        found => format!("{found} differences between the journal and what is stored."),
    })
}

/// Prints what this audit cannot prove, and how a later one can.
fn print_limits(report: &AuditReport) -> Result<(), CliError> {
    output::line(format_args!("Not proven: {}", not_proven(report)))?;
    if report.heads.is_empty() {
        return Ok(());
    }
    output::line("Keep these heads elsewhere, and give them to a later audit with --head:")?;
    report.heads.iter().take(HEADS_SHOWN).try_for_each(|head| output::line(format_args!("  {head}")))?;
    match report.heads.len().saturating_sub(HEADS_SHOWN) {
        0 => Ok(()),
        more => output::line(format_args!("  … and {more} more; --json has all")),
    }
}

fn not_proven(report: &AuditReport) -> String {
    let lost = match report.heads_before_recovery {
        0 => String::new(),
        heads => format!(" {heads} heads are of entries that a recovery recorded as lost."),
    };
    let words = match (report.kept_heads, report.signed_heads) {
        (0, 0) => "that no newest entries are missing, and that no chain was recomputed. No head was given.",
        (0, _) => {
            "that no newest entries are missing, in case the file of signed heads was truncated as well. \
             No head that was kept elsewhere was given."
        }
        _ => "entries after the newest given head of each book, and books for which no head was given.",
    };
    words.to_owned() + &lost
}

fn as_json(report: &AuditReport) -> Value {
    let differences: Vec<Value> = (report.differences.iter())
        .map(|difference| {
            let number = match difference.place {
                Place::Book | Place::Installation => Value::Null,
                Place::Entry(number)
                | Place::User(number)
                | Place::Withdrawal(number)
                | Place::LogRow(number)
                | Place::HeadLine(number) => number.into(),
                Place::Account(account) => account.0.into(),
            };
            let kind = match difference.place {
                Place::Installation => "installation",
                Place::LogRow(_) => "audit_log",
                Place::HeadLine(_) => "signed_heads",
                Place::Book => "book",
                Place::Entry(_) => "entry",
                Place::Account(_) => "account",
                Place::User(_) => "user",
                Place::Withdrawal(_) => "withdrawal",
            };
            json!({
                "business": difference.business,
                "mode": difference.book.map(|book| book.mode().word()),
                "place": kind,
                "number": number,
                "what": difference.what,
            })
        })
        .collect();
    json!({
        "clean": report.is_clean(),
        "books": report.books,
        "entries": report.entries,
        "accounts": report.accounts,
        "users": report.users,
        "withdrawals": report.withdrawals,
        "credentials": report.credentials,
        "attempts": report.attempts,
        "remembered": report.remembered,
        "audit_log": report.log_rows,
        "signed_heads": report.signed_heads,
        "kept_heads": report.kept_heads,
        "not_proven": not_proven(report),
        "heads": report.heads.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "found": report.found,
        "differences": differences,
    })
}
