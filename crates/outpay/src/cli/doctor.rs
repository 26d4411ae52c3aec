//! `outpay doctor`: checks everything an installation depends on and prints one line per check. It creates no data
//! folder and no master key; it does migrate an existing database, as every command does.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use crate::auth::master_key::{self, MasterKeySource};
use crate::auth::{self, Secrets};
use crate::clock::{Clock, Entropy, rfc3339};
use crate::open_files;
use crate::recovery_progress::RecoveryProgress;
use crate::serving::connections_in_all;
use crate::store::{ConnectionSecurity, DatabaseUrl, Failure, Store, TlsMode};
use crate::witness;
use clap::Args;
use ledger::Micros;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const SECOND: Micros = 1_000_000;
/// Reports rails whose circuit opened within this time.
const LATELY: Micros = 86_400 * SECOND;
/// Difference between the database's clock and this machine's: warning above the first, error above the second.
const CLOCKS_APART: (Micros, Micros) = (SECOND, 60 * SECOND);
/// A clock before 2025-01-01 was never set.
const EARLIEST: Micros = 1_735_689_600 * SECOND;
/// Free disk space, bytes: warning below the first, error below the second, where writes are about to fail.
#[cfg(unix)]
const FREE: (u64, u64) = (2 << 30, 128 << 20);
/// Open files: below this, a few hundred clients use up all connections.
const FEW_OPEN_FILES: u64 = 4096;
/// PostgreSQL major version; older ones get no fixes any more.
const OLDEST_POSTGRES: u32 = 14;

/// The risk of a failover to an asynchronous standby.
const ASYNCHRONOUS: &str =
    "asynchronous: a failover can lose the newest acknowledged changes; set synchronous_standby_names";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Pass,
    Warn,
    Fail,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

struct Check {
    grade: Grade,
    what: &'static str,
    detail: String,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, grade: Grade, what: &'static str, detail: impl Into<String>) {
        self.0.push(Check { grade, what, detail: detail.into() });
    }

    fn pass_or_fail(&mut self, passes: bool, what: &'static str, detail: impl Into<String>) {
        self.add(if passes { Grade::Pass } else { Grade::Fail }, what, detail);
    }
}

pub(super) async fn run(
    arguments: DoctorArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let mut checks = Checks::default();
    let data = installation.data();
    let database = installation.database()?;
    check_folder(&data, &mut checks);
    let secrets = check_master_key(&data, &installation.master_key()?, &mut checks).await;
    if let DatabaseUrl::Sqlite(path) = &database {
        check_database_file(path, &mut checks);
        check_disk(path, &mut checks);
    }
    check_clock(&mut checks);
    check_open_files(&mut checks);
    let is_there = !matches!(&database, DatabaseUrl::Sqlite(path) if !path.exists());
    if is_there && let Err(failure) = check_engine(&data, &database, secrets.as_ref(), &mut checks).await {
        checks.add(Grade::Fail, "database", format!("{failure:#}"));
    }
    print(&checks.0, arguments.json)?;
    let worst = checks.0.iter().map(|check| check.grade).max();
    Ok(if worst == Some(Grade::Fail) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(checks: &[Check], json: bool) -> Result<(), CliError> {
    if json {
        let all: Vec<Value> = checks
            .iter()
            .map(|check| {
                let grade = check.grade.word().to_lowercase();
                json!({ "grade": grade, "what": check.what, "detail": check.detail })
            })
            .collect();
        return output::json(&json!({ "checks": all }));
    }
    let width = checks.iter().map(|check| check.what.len()).max().unwrap_or(0);
    checks.iter().try_for_each(|check| {
        output::line(format_args!("{}  {:width$}  {}", check.grade.word(), check.what, check.detail))
    })
}

fn check_folder(data: &Path, checks: &mut Checks) {
    let shown = data.display();
    match std::fs::metadata(data) {
        Ok(found) if !found.is_dir() => {
            checks.add(Grade::Fail, "data folder", format!("{shown} is not a folder"));
        }
        Ok(found) if mode(&found) & 0o022 != 0 => {
            let advice = format!("others can write into {shown}; run: chmod go-w {shown}");
            checks.add(Grade::Fail, "data folder", advice);
        }
        Ok(found) if mode(&found) & 0o055 != 0 => {
            let advice =
                format!("others can read {shown}; run: chmod 700 {shown} (a start of the server does it)");
            checks.add(Grade::Warn, "data folder", advice);
        }
        Ok(_) => checks.add(Grade::Pass, "data folder", shown.to_string()),
        Err(_) => {
            let detail = format!("{shown} does not exist yet; create it with: outpay business create");
            checks.add(Grade::Warn, "data folder", detail);
        }
    }
}

async fn check_master_key(data: &Path, source: &MasterKeySource, checks: &mut Checks) -> Option<Secrets> {
    let file = data.join(master_key::MASTER_KEY_FILE);
    let is_file = matches!(source, MasterKeySource::File);
    // Loading would create a missing key, which a check must not do.
    if is_file && !file.exists() {
        let detail = format!("{} does not exist yet; create it with: outpay business create", file.display());
        checks.add(Grade::Warn, "master key", detail);
        return None;
    }
    let place = match source {
        MasterKeySource::File => format!("{}; keep a copy of it elsewhere", file.display()),
        other => other.name().to_owned(),
    };
    match master_key::load(source, data, &Entropy::System).await {
        Ok(secrets) => {
            checks.add(Grade::Pass, "master key", place);
            Some(secrets)
        }
        Err(failure) => {
            checks.add(Grade::Fail, "master key", format!("{failure:#}"));
            None
        }
    }
}

fn check_database_file(path: &Path, checks: &mut Checks) {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) if mode(&found) & 0o077 != 0 => {
            let advice = format!("others can read {shown}; run: chmod 600 {shown}");
            checks.add(Grade::Warn, "database file", advice);
        }
        Ok(_) => checks.add(Grade::Pass, "database file", shown.to_string()),
        Err(_) => {
            let detail = format!("{shown} does not exist yet; create it with: outpay business create");
            checks.add(Grade::Warn, "database file", detail);
        }
    }
}

#[cfg(unix)]
fn check_disk(path: &Path, checks: &mut Checks) {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let grade = match free {
                free if free < FREE.1 => Grade::Fail,
                free if free < FREE.0 => Grade::Warn,
                _ => Grade::Pass,
            };
            checks.add(grade, "disk", format!("{} MiB free", free >> 20));
        }
        Err(error) => checks.add(Grade::Warn, "disk", format!("free space is unknown: {error}")),
    }
}

#[cfg(not(unix))]
fn check_disk(_path: &Path, _checks: &mut Checks) {}

fn check_clock(checks: &mut Checks) {
    let now = Clock::System.now();
    checks.pass_or_fail(now >= EARLIEST, "clock", rfc3339(now));
}

fn check_open_files(checks: &mut Checks) {
    let most = open_files::limits().most;
    let connections = connections_in_all(most);
    let detail = format!("at most {most}: room for {connections} connections");
    if most < FEW_OPEN_FILES {
        let advice = format!("{detail}; raise it, as in LimitNOFILE=65536");
        checks.add(Grade::Warn, "open files", advice);
    } else {
        checks.add(Grade::Pass, "open files", detail);
    }
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
async fn check_rails(store: &Store, checks: &mut Checks) -> Result<(), Failure> {
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

async fn check_engine(
    data: &Path,
    database: &DatabaseUrl,
    secrets: Option<&Secrets>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let store = Store::open(database).await?;
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
    check_connection(&store, checks).await?;
    if let Some(secrets) = secrets {
        let matches = store.matches_master_key(secrets.check_value()).await?;
        let detail = if matches { "belongs to this database" } else { "belongs to another database" };
        checks.pass_or_fail(matches, "master key", detail);
        if matches && let Err(failure) = auth::adopt(&store, secrets).await {
            checks.add(Grade::Fail, "master key", format!("{failure:#}"));
        }
    }
    check_witness(data, &store, checks).await?;
    check_entry_times(&store, checks).await?;
    check_rails(&store, checks).await?;
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

#[cfg(unix)]
fn mode(found: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode()
}

#[cfg(not(unix))]
fn mode(_found: &std::fs::Metadata) -> u32 {
    0
}
