//! `outpay backup`, `outpay verify`, `outpay restore`: a snapshot of the database in a folder, and back. They open
//! the database without a teller; a database that waits for its recovery can be backed up too.

use super::cli_error::CliError;
use super::input::span;
use super::installation::Installation;
use super::{output, progress};
use crate::auth::Secrets;
use crate::backup::{self, BackupError, Manifest, Retention, Verified};
use crate::clock::Clock;
use crate::serving;
use crate::store::{DatabaseUrl, Store};
use clap::Args;
use ledger::Micros;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Args)]
pub(super) struct BackupArguments {
    /// Folder to create; with --every, folder in which backups are created
    #[arg(value_name = "DEST")]
    target: PathBuf,
    /// Repeat at this interval, as in 15m, until Ctrl-C or SIGTERM
    #[arg(long, value_name = "TIME", value_parser = span, requires = "keep")]
    every: Option<Micros>,
    /// Number of backups to keep; older ones are deleted after each new one
    #[arg(long, value_name = "N", requires = "every", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Print JSON, one object per backup
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct VerifyArguments {
    /// Folder of the backup
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct RestoreArguments {
    /// Folder of the backup
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn back_up(
    arguments: BackupArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let (database, store, secrets) = installation.look().await?;
    let work = BackupWork { database, store, secrets, json: arguments.json };
    let (Some(every), Some(keep)) = (arguments.every, arguments.keep) else {
        work.once(&arguments.target).await?;
        return Ok(ExitCode::SUCCESS);
    };
    let every = u64::try_from(every).ok().filter(|micros| *micros > 0);
    let every = every.ok_or_else(|| CliError::Usage("--every takes a time above 0, as in 15m".to_owned()))?;
    let keep = usize::try_from(keep).map_err(anyhow::Error::from)?;
    let mut times = tokio::time::interval(Duration::from_micros(every));
    times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut shutdown = std::pin::pin!(serving::asked_to_end()?);
    loop {
        tokio::select! {
            _ = times.tick() => {}
            () = &mut shutdown => return Ok(ExitCode::SUCCESS),
        }
        tokio::select! {
            // The next one may succeed; older backups are kept until then.
            done = work.next_of(&arguments.target, keep) => if let Err(stop) = done {
                tracing::error!(problem = %stop.sentence(), "no backup was made");
            },
            // An unfinished backup is deleted with this process.
            () = &mut shutdown => return Ok(ExitCode::SUCCESS),
        }
    }
}

struct BackupWork {
    database: DatabaseUrl,
    store: Store,
    secrets: Secrets,
    json: bool,
}

impl BackupWork {
    async fn once(&self, target: &Path) -> Result<(), CliError> {
        let made = backup::write(&self.store, &self.database, &self.secrets, &Clock::System, target).await?;
        if self.json {
            return output::json(&as_json(target, &made));
        }
        output::line(format_args!("{}", target.display()))?;
        say(&made)
    }

    async fn next_of(&self, folder: &Path, keep: usize) -> Result<(), CliError> {
        self.once(&folder.join(backup::name_at(Clock::System.now()))).await?;
        let Retention { kept, deleted } = backup::keep_newest(folder, keep)?;
        if !self.json {
            output::line(format_args!("{kept} backups kept, {} deleted", deleted.len()))?;
        }
        Ok(())
    }
}

pub(super) async fn verify(
    arguments: VerifyArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let (database, secrets) = (installation.database()?, installation.secrets().await?);
    let bar = progress::bar(0, "rows");
    let mut advance = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let verified = backup::verify(&arguments.source, Some(&database), &secrets, &mut advance).await?;
    bar.finish_and_clear();
    if arguments.json {
        output::json(&as_json(&arguments.source, &verified))?;
    } else {
        say(&verified)?;
        output::line(
            "The backup is complete. It cannot show whether anything is missing that came after it.",
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(
    arguments: RestoreArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let (database, secrets) = (installation.database()?, installation.secrets().await?);
    let manifest = backup::restore(&arguments.source, &database, &secrets).await?;
    if arguments.json {
        output::json(&manifest)?;
    } else {
        output::line(format_args!("Restored as of {}.", manifest.created_at))?;
        output::line("Other commands refuse it until you have run: outpay recover --accept-loss")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn say(verified: &Verified) -> Result<(), CliError> {
    let Verified { manifest, report } = verified;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let (books, files) = (manifest.heads.len(), manifest.files.len());
    let Manifest { created_at, engine, .. } = manifest;
    output::line(format_args!(
        "{engine}, as of {created_at}: {books} books, {bytes} bytes in {files} files"
    ))?;
    output::line(match report {
        Some(report) => format!("{} entries recomputed: the books in it are right.", report.entries),
        None => "Read back, but not audited because it is large; audit it with: outpay verify".to_owned(),
    })
}

fn as_json(folder: &Path, verified: &Verified) -> serde_json::Value {
    json!({
        "folder": folder,
        "manifest": verified.manifest,
        "audited_entries": verified.report.as_ref().map(|report| report.entries),
    })
}

impl From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Refused(sentence) => Self::Refused(sentence),
            BackupError::Failure(failure) => Self::Failed(failure),
        }
    }
}
