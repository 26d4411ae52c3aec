//! `outpay doctor`: checks everything an installation depends on and prints one line per check; a fault is exit code 1. It changes
//! nothing: it makes no folder, no key and no table, and runs no migration. Here: the order of the checks, and the master key's.

mod configuration;
mod engine;
mod limits;
mod machine;
mod network;

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use super::serve::DoorFlags;
use super::webhook::GuardFlags;
use crate::auth::Secrets;
use crate::auth::master_key::{self, MasterKeySource};
use crate::clock::Entropy;
use crate::config::Config;
use crate::store::{DatabaseState, DatabaseUrl, Failure, Store};
use clap::Args;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct DoctorArguments {
    /// Also connect to the mail server and to the receivers of webhooks; nothing is sent to them
    #[arg(long)]
    network: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    doors: DoorFlags,
    #[command(flatten)]
    webhooks: GuardFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    let (data, database) = (installation.data(), installation.database()?);
    let config = configuration::check_file(installation, arguments.webhooks.guard(), &mut checks);
    configuration::check_doors(&arguments.doors, &mut checks);
    machine::check_folder(&data, &mut checks);
    if let DatabaseUrl::Sqlite(path) = &database {
        machine::check_database_file(path, &mut checks);
        machine::check_disk(path, &mut checks);
    }
    machine::check_clock(&mut checks);
    machine::check_open_files(&mut checks);
    let state = engine::check_state(&database, &mut checks).await;
    let secrets = check_master_key(installation, config.as_ref(), state, &mut checks).await?;
    if engine::is_current(state)
        && let Err(failure) =
            check_database(&arguments, (&data, &database), config.as_ref(), secrets, &mut checks).await
    {
        checks.add(Grade::Fail, "database", format!("{failure:#}"));
    }
    print(&checks.0, arguments.json)?;
    if !arguments.network && !arguments.json {
        output::line("Mail server and webhooks were not asked: add --network.")?;
    }
    let worst = checks.0.iter().map(|check| check.grade).max();
    Ok(if worst == Some(Grade::Fail) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn check_database(
    arguments: &DoctorArguments,
    (data, database): (&Path, &DatabaseUrl),
    config: Option<&Config>,
    secrets: Option<Secrets>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let store = Store::open(database).await?;
    let has_its_key = engine::check(data, &store, secrets.as_ref(), checks).await?;
    let Some(config) = config else { return Ok(()) };
    if let Some(secrets) = secrets.filter(|_| has_its_key).map(Arc::new) {
        network::check_rails(config, &store, &secrets, checks).await?;
        limits::check_screening(config, checks);
        network::check_mail(config, &store, &secrets, checks).await?;
    }
    if arguments.network {
        network::check_mail_server(config, checks).await;
        network::check_webhooks(&store, arguments.webhooks.guard(), checks).await?;
    }
    Ok(())
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

/// Where the configuration is broken, the key is looked for where the flags or the file have it.
async fn check_master_key(
    installation: &Installation,
    config: Option<&Config>,
    state: Option<DatabaseState>,
    checks: &mut Checks,
) -> Result<Option<Secrets>, CliError> {
    let (data, source) = (installation.data(), installation.master_key_in(config)?);
    let file = data.join(master_key::MASTER_KEY_FILE);
    // Loading would make a missing key, which a check must not do.
    if matches!(source, MasterKeySource::File) && !file.exists() {
        if matches!(state, Some(DatabaseState::Made { .. })) {
            let detail = format!(
                "the database was made with a master key, and {} is missing: put it back",
                file.display()
            );
            checks.add(Grade::Fail, "master key", detail);
        }
        return Ok(None);
    }
    let place = match &source {
        MasterKeySource::File => format!("{}; keep a copy of it elsewhere", file.display()),
        other => other.name().to_owned(),
    };
    Ok(match master_key::load(&source, &data, &Entropy::System).await {
        Ok(secrets) => {
            checks.add(Grade::Pass, "master key", place);
            Some(secrets)
        }
        Err(failure) => {
            checks.add(Grade::Fail, "master key", format!("{failure:#}"));
            None
        }
    })
}
