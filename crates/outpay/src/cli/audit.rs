//! `outpay audit`: runs the audit and says where it found a difference.

use super::installation::Installation;
use super::stop::Stop;
use super::{output, progress};
use crate::audit::{self, AuditReport, Place};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The flags of `audit`.
#[derive(Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, installation: &Installation) -> Result<ExitCode, Stop> {
    let platform = installation.open().await?;
    let bar = progress::bar(0, "rows");
    let mut advance = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let report = audit::run(&platform.store, &platform.secrets, &mut advance).await?;
    bar.finish_and_clear();
    if arguments.json {
        output::json(&as_json(&report))?
    } else {
        print(&report)?
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &AuditReport) -> Result<(), Stop> {
    for difference in &report.differences {
        let (business, mode) = (&difference.business, difference.book.mode().word());
        let (place, what) = (difference.place, &difference.what);
        output::line(format_args!("DIFFERENCE  {business} ({mode}), {place}: {what}"))?;
    }
    let unshown = report.found - report.differences.len() as u64;
    if unshown > 0 {
        output::line(format_args!("… and {unshown} more"))?;
    }
    output::line(format_args!(
        "{} books, {} entries, {} accounts, {} users, {} credentials compared",
        report.books, report.entries, report.accounts, report.users, report.credentials
    ))?;
    output::line(match report.found {
        0 => "The books are right.".to_owned(),
        found => format!("{found} differences: what is stored is not what was done."),
    })
}

fn as_json(report: &AuditReport) -> Value {
    let differences: Vec<Value> = (report.differences.iter())
        .map(|difference| {
            let number = match difference.place {
                Place::Book => Value::Null,
                Place::Entry(number) | Place::User(number) | Place::Withdrawal(number) => number.into(),
                Place::Account(account) => account.0.into(),
            };
            let kind = match difference.place {
                Place::Book => "book",
                Place::Entry(_) => "entry",
                Place::Account(_) => "account",
                Place::User(_) => "user",
                Place::Withdrawal(_) => "withdrawal",
            };
            json!({
                "business": difference.business,
                "mode": difference.book.mode().word(),
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
        "found": report.found,
        "differences": differences,
    })
}
