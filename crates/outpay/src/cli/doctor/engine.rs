//! The database: is it the installation's, up to date, durable, complete, and does its work get done? Looking changes nothing: a
//! database that waits for migrations is not opened.

use super::{Checks, Grade};
use crate::auth::{self, Secrets};
use crate::clock::{Clock, rfc3339};
use crate::recovery_progress::RecoveryProgress;
use crate::store::{ConnectionSecurity, DatabaseState, DatabaseUrl, Failure, Store, TlsMode, newest_schema};
use crate::witness;
use ledger::Micros;
use std::path::Path;

const SECOND: Micros = 1_000_000;
/// Reports rails whose circuit opened within this time.
const LATELY: Micros = 86_400 * SECOND;
/// Difference between the database's clock and this machine's: warning above the first, error above the second.
const CLOCKS_APART: (Micros, Micros) = (SECOND, 60 * SECOND);
/// PostgreSQL major version; older ones get no fixes any more.
const OLDEST_POSTGRES: u32 = 14;
/// Work that was due for longer is not being done.
const LONG: Micros = 10 * 60 * SECOND;

/// The risk of a failover to an asynchronous standby.
const ASYNCHRONOUS: &str =
    "asynchronous: a failover can lose the newest acknowledged changes; set synchronous_standby_names";

/// Is there an installation, and is its database that of this program? Only then can it be opened.
pub(super) async fn check_state(database: &DatabaseUrl, checks: &mut Checks) -> Option<DatabaseState> {
    let shown = match database {
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
        DatabaseUrl::Postgres(_) => "the PostgreSQL database".to_owned(),
    };
    let newest = newest_schema();
    let state = match database.state().await {
        Ok(state) => state,
        Err(failure) => {
            checks.add(Grade::Fail, "database", format!("{failure:#}"));
            return None;
        }
    };
    let wrong = match state {
        DatabaseState::Empty => format!("there is no installation in {shown}; run: outpay init"),
        DatabaseState::Unfinished => {
            format!("making the installation in {shown} was cut off; run again: outpay init")
        }
        DatabaseState::Made { migration } if migration < newest => format!(
            "{} migrations are pending (the database has {migration}, this program {newest}): back up, then start the server, which runs them",
            newest - migration
        ),
        DatabaseState::Made { migration } if migration > newest => {
            format!(
                "a newer Outpay has changed this database (migration {migration}); use that version or a later one"
            )
        }
        DatabaseState::Made { migration } => {
            checks.add(Grade::Pass, "migrations", format!("{migration}, the newest"));
            return Some(state);
        }
    };
    checks.add(
        Grade::Fail,
        if matches!(state, DatabaseState::Made { .. }) { "migrations" } else { "installation" },
        wrong,
    );
    Some(state)
}

/// `true`: the database can be opened as it is.
pub(super) fn is_current(state: Option<DatabaseState>) -> bool {
    state == Some(DatabaseState::Made { migration: newest_schema() })
}

/// What the engine says of itself, the master key, losses, clocks. `true`: the master key is that of this database.
pub(super) async fn check(
    data: &Path,
    store: &Store,
    secrets: Option<&Secrets>,
    checks: &mut Checks,
) -> Result<bool, Failure> {
    let engine = store.engine();
    for (name, value) in store.engine_facts().await? {
        let grade = match (name, value.as_str()) {
            ("journal_mode", "wal") | ("integrity", "ok") | ("read_only", "off") => Grade::Pass,
            ("synchronous_commit" | "fsync" | "full_page_writes", "on") => Grade::Pass,
            ("standbys", "none" | "synchronous") => Grade::Pass,
            ("standbys", _) => Grade::Warn,
            ("version", version) => grade_of_version(engine, version),
            _ => Grade::Fail,
        };
        let detail = match (name, value.as_str()) {
            ("version", _) => format!("{engine} {value}"),
            ("standbys", "asynchronous") => ASYNCHRONOUS.to_owned(),
            _ => value,
        };
        checks.add(grade, name, detail);
    }
    check_connection(store, checks).await?;
    let mut has_its_key = false;
    if let Some(secrets) = secrets {
        has_its_key = store.matches_master_key(secrets.check_value()).await?;
        let detail = if has_its_key { "belongs to this database" } else { "belongs to another database" };
        checks.pass_or_fail(has_its_key, "master key", detail);
        if has_its_key && let Err(failure) = auth::adopt(store, secrets).await {
            checks.add(Grade::Fail, "master key", format!("{failure:#}"));
        }
    }
    check_witness(data, store, checks).await?;
    check_entry_times(store, checks).await?;
    check_openings(store, checks).await?;
    check_reconciliation(store, checks).await?;
    check_workers(store, checks).await?;
    check_clock(store, checks).await?;
    Ok(has_its_key)
}

/// Do the rails' own books agree with ours?
async fn check_reconciliation(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let open = store.open_mismatches().await?;
    let alarms = open.iter().filter(|one| one.found.is_alarm).count();
    let (grade, detail) = match (open.len(), alarms) {
        (0, _) => (Grade::Pass, "no difference is open".to_owned()),
        (all, 0) => (Grade::Warn, format!("{all} differences are open; see: outpay reconcile --list")),
        (all, _) => (
            Grade::Fail,
            format!(
                "{all} differences are open; by {alarms} of them more has left than our books say; see: outpay reconcile --list"
            ),
        ),
    };
    checks.add(grade, "reconciliation", detail);
    for run in store.newest_reconciliation_runs().await?.iter().filter(|run| !run.failure.is_empty()) {
        let detail = format!("the books of {} could not be read: {}", run.rail, run.failure);
        checks.add(Grade::Warn, "reconciliation", detail);
    }
    Ok(())
}

/// Is work done when it is due?
async fn check_workers(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let overdue = store.overdue(store.now().await? - LONG).await?;
    let servers = store.key_holders().await?.len();
    for found in &overdue {
        let advice = match servers {
            0 => "no server runs: start one with outpay serve",
            _ => {
                "a server runs and does not take them: see /readyz and its log, and whether its configuration has the rail"
            }
        };
        let (count, what, since) = (found.count, found.what, rfc3339(found.since));
        checks.add(
            Grade::Fail,
            "workers",
            format!("{count} {what} are waiting for a worker since {since}; {advice}"),
        );
    }
    if overdue.is_empty() {
        checks.add(
            Grade::Pass,
            "workers",
            format!("no work is overdue; servers seen within a minute: {servers}"),
        );
    }
    Ok(())
}

async fn check_clock(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let before = Clock::System.now();
    if let Some(there) = store.engine_clock().await? {
        let here = i64::midpoint(before, Clock::System.now());
        let apart = (there - here).abs();
        let grade = match apart {
            apart if apart > CLOCKS_APART.1 => Grade::Fail,
            apart if apart > CLOCKS_APART.0 => Grade::Warn,
            _ => Grade::Pass,
        };
        let detail = format!("differs from this machine's by {} ms", apart / 1000);
        checks.add(grade, "database clock", detail);
    }
    Ok(())
}

/// Can the connection to the database be read, or lead to another server?
async fn check_connection(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let Some(ConnectionSecurity { mode, is_local, encrypted }) = store.connection_security().await? else {
        return Ok(());
    };
    let how = encrypted.unwrap_or_else(|| "not encrypted".to_owned());
    let (grade, advice) = match mode {
        TlsMode::VerifyFull => (Grade::Pass, ""),
        _ if is_local => (Grade::Pass, ", to this machine"),
        TlsMode::VerifyCa => (Grade::Warn, "; any server of the authority would do: set sslmode=verify-full"),
        _ => (Grade::Warn, "; it can be read or diverted on the way: set sslmode=verify-full"),
    };
    checks.add(grade, "connection", format!("sslmode {}: {how}{advice}", mode.word()));
    Ok(())
}

/// SQLite is part of the program, and an old one is refused when the database is opened.
fn grade_of_version(engine: &str, version: &str) -> Grade {
    let major = version.split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
    let is_old = major.parse::<u32>().is_ok_and(|major| major < OLDEST_POSTGRES);
    if engine == "postgres" && is_old { Grade::Warn } else { Grade::Pass }
}

/// Would a loss of data be noticed, and has this database lost anything?
async fn check_witness(data: &Path, store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    if let Some(time) = store.recovery_mark().await? {
        let detail = format!("restored from a backup of {time}; run: outpay recover --accept-loss");
        checks.add(Grade::Fail, "recovery", detail);
    }
    for open in RecoveryProgress::load(store).await?.open() {
        checks.add(Grade::Fail, "recovery", open);
    }
    let remembered = witness::read_all(data)?;
    let snapshot = store.snapshot().await?;
    let lost = witness::missing(&remembered, &snapshot).await?;
    let is_used = snapshot.books().await?.iter().any(|book| book.head.sequence > 0);
    let shown = data.display();
    match lost.first() {
        Some(first) => checks.add(Grade::Fail, "witness", first.to_string()),
        None if remembered.is_empty() && is_used => {
            let detail = format!("none in {shown}: lost data would not be noticed");
            checks.add(Grade::Warn, "witness", detail);
        }
        None => {
            let detail = format!(
                "the database holds everything that {shown} knows of {} books",
                remembered.entries.len()
            );
            checks.add(Grade::Pass, "witness", detail);
        }
    }
    Ok(())
}

/// An entry from the future: the clock that wrote it was ahead, or this machine's was set back.
async fn check_entry_times(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let Some(newest) = store.newest_entry_at().await? else { return Ok(()) };
    let ahead = newest - Clock::System.now();
    if ahead <= CLOCKS_APART.0 {
        checks.add(Grade::Pass, "entry times", format!("the newest is from {}", rfc3339(newest)));
        return Ok(());
    }
    let grade = if ahead > CLOCKS_APART.1 { Grade::Fail } else { Grade::Warn };
    let detail = format!(
        "the newest entry is from {}, {} s from now: a clock was ahead, or this one was set back; check the time synchronisation, \
         then at OPERATIONS.md, clocks",
        rfc3339(newest),
        ahead / SECOND
    );
    checks.add(grade, "entry times", detail);
    Ok(())
}

/// Which rails have not answered lately?
async fn check_openings(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let since = store.now().await? - LATELY;
    let openings = store.rail_openings().await?;
    for found in openings.iter().filter(|found| found.opened_at >= since) {
        let (rail, times, last) = (&found.rail, found.openings, rfc3339(found.opened_at));
        let detail = format!(
            "{rail} did not answer and its circuit breaker opened, last at {last}; {times} times in total"
        );
        checks.add(Grade::Warn, "rail", detail);
    }
    if openings.iter().all(|found| found.opened_at < since) {
        checks.add(Grade::Pass, "rails", "no circuit breaker opened within a day");
    }
    Ok(())
}
