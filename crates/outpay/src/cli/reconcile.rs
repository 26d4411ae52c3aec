//! `outpay reconcile`: compares the rails' own books with ours, lists what differs, and closes a difference. Exit code 3: the books
//! were read, and differences are open.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::reconciliation::{self, CloseError, NotReconciled, Reconciled, night};
use crate::store::{Mismatch, MismatchState};
use clap::Args;
use ledger::{Actor, Micros, Mode};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The books differ.
const DIFFERS: u8 = 3;

#[derive(Args)]
pub(super) struct ReconcileArguments {
    /// Name of the rail; without it, all rails whose books can be read
    rail: Option<String>,
    /// Compare from this time on: 2027-12-31 or 2027-12-31T12:00:00Z; by default two days before the last comparison, or for as long
    /// as a payment of the rail may come back
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "rail")]
    from: Option<Micros>,
    /// Compare until this time; by default now
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "rail")]
    to: Option<Micros>,
    /// Read nothing; only list the differences that are open
    #[arg(long, conflicts_with_all = ["from", "to", "close"])]
    list: bool,
    /// Close this difference, which stays closed until the books say something else: rec_…
    #[arg(long, value_name = "ID", conflicts_with = "rail", requires = "reason")]
    close: Option<String>,
    /// Reason, for the audit log
    #[arg(long, value_name = "TEXT", requires = "close")]
    reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A time, or the beginning of a day.
fn moment(text: &str) -> Result<Micros, String> {
    let time = text.parse::<jiff::Timestamp>().ok();
    // The parser of days would drop a time of day, and so the time that was meant.
    let day = || {
        let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == "2027-12-31".len())?;
        day.to_zoned(jiff::tz::TimeZone::UTC).ok()
    };
    let time = time.or_else(|| day().map(|day| day.timestamp()));
    let time = time.ok_or("the time must look like 2027-12-31 or 2027-12-31T12:00:00Z")?;
    Ok(time.as_microsecond())
}

pub(super) async fn run(
    arguments: ReconcileArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    if let Some(id) = &arguments.close {
        close(&platform, id, arguments.reason.as_deref().unwrap_or_default()).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut done = Vec::new();
    if !arguments.list {
        for rail in rails(&platform, arguments.rail.as_deref())? {
            match compare(&platform, &rail, (arguments.from, arguments.to)).await {
                // Asked for all: one without books is passed over.
                Err(NotReconciled::NoBooks(_)) if arguments.rail.is_none() => {}
                compared => done.push(compared?),
            }
        }
    }
    let mut open = platform.store.open_mismatches().await?;
    open.retain(|one| arguments.rail.as_ref().is_none_or(|rail| *rail == one.rail));
    print(&platform, &done, &open, arguments.json).await?;
    Ok(if open.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

fn rails(platform: &Platform, named: Option<&str>) -> Result<Vec<String>, CliError> {
    let Some(rail) = named else {
        let live = platform.rails.of(Mode::Live);
        return Ok(live.map(|mounted| mounted.facts().name.clone()).collect());
    };
    if platform.rails.get(Mode::Live, rail).is_none() {
        return Err(NotReconciled::UnknownRail(rail.to_owned()).into());
    }
    Ok(vec![rail.to_owned()])
}

async fn compare(
    platform: &Platform,
    rail: &str,
    (from, to): (Option<Micros>, Option<Micros>),
) -> Result<Reconciled, NotReconciled> {
    let unknown = || NotReconciled::UnknownRail(rail.to_owned());
    let mounted = platform.rails.get(Mode::Live, rail).ok_or_else(unknown)?;
    let usual = night::period(platform, mounted, platform.store.now().await?).await?;
    // What is still to come has not been compared.
    let period = (from.unwrap_or(usual.0), to.unwrap_or(usual.1).min(usual.1));
    if period.0 > period.1 {
        return Err(anyhow::anyhow!("the time that is compared must begin before it ends").into());
    }
    reconciliation::run(platform, rail, period).await
}

async fn close(platform: &Platform, id: &str, reason: &str) -> Result<(), CliError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(CliError::Usage("give a reason with --reason TEXT".to_owned()));
    }
    let unknown = || CliError::Refused(format!("there is no difference {id:?}"));
    let found = reconciliation::named(platform, id).await?.ok_or_else(unknown)?;
    reconciliation::close(platform, &found, reason, Actor::OPERATOR).await?;
    output::line(format_args!("{id} is closed. A pause of its rail stays: outpay resume rail {}", found.rail))
}

async fn print(
    platform: &Platform,
    done: &[Reconciled],
    open: &[Mismatch],
    json: bool,
) -> Result<(), CliError> {
    if json {
        let open: Vec<Value> = open.iter().map(|one| mismatch(platform, one)).collect();
        let runs: Vec<Value> = done.iter().map(run_json).collect();
        return output::json(&json!({ "runs": runs, "open": open }));
    }
    for Reconciled { run, paused, .. } in done {
        let (from, until) = (rfc3339(run.period.0), rfc3339(run.period.1));
        output::line(format_args!(
            "{}: {} payments from {from} to {until}, {} agree.",
            run.rail, run.booked, run.matched
        ))?;
        if *paused {
            output::line(format_args!("{} is paused: it has paid what our books do not have.", run.rail))?;
        }
    }
    if open.is_empty() {
        return output::line("No difference is open.");
    }
    let row = |one: &Mismatch| {
        [
            reconciliation::id(platform, one),
            one.rail.clone(),
            one.found.kind.word().to_owned(),
            one.found.words(),
            withdrawal(platform, one).unwrap_or_default(),
            one.found.rail_number.clone(),
        ]
    };
    let header = ["difference", "rail", "kind", "what the books say", "withdrawal", "number at the rail"];
    output::table(header, open.iter().map(row))
}

fn run_json(done: &Reconciled) -> Value {
    let run = &done.run;
    json!({
        "rail": run.rail, "from": rfc3339(run.period.0), "to": rfc3339(run.period.1), "booked": run.booked,
        "matched": run.matched, "paused": done.paused,
    })
}

fn mismatch(platform: &Platform, one: &Mismatch) -> Value {
    let found = &one.found;
    json!({
        "id": reconciliation::id(platform, one), "rail": one.rail, "kind": found.kind.word(), "alarm": found.is_alarm,
        "withdrawal_id": withdrawal(platform, one), "reference": found.reference, "rail_number": found.rail_number,
        "here": { "amount": found.here.map(|cents| cents.0), "standing": found.here_standing.map(|of| of.word()) },
        "there": { "amount": found.there.map(|cents| cents.0), "standing": found.there_standing.map(|of| of.word()) },
        "at": rfc3339(found.at), "found_at": rfc3339(one.found_at),
        "open": one.state == MismatchState::Open,
    })
}

fn withdrawal(platform: &Platform, one: &Mismatch) -> Option<String> {
    let (book, number) = one.found.owner?;
    Some(platform.secrets.ids().seal(IdKind::Withdrawal, book, number))
}

impl From<NotReconciled> for CliError {
    fn from(error: NotReconciled) -> Self {
        match error {
            NotReconciled::Failure(failure) => Self::Failed(failure),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

impl From<CloseError> for CliError {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::Failure(failure) => Self::Failed(failure),
            CloseError::IsNotOpen => Self::Refused(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_or_a_day() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000_000));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(1_000_000));
        for wrong in ["", "today", "1970-13-01", "1970-01-01T00:00"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
