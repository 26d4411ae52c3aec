//! `outpay master-key`: versions of the master key: which are needed for what, taking a new one into use, retiring an old one. Here:
//! the text that holds the keys. Not here: what a rotation does (key_rotation/). A key is never printed.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use crate::auth::master_key::{MASTER_KEY_FILE, MasterKeySource, create_file, replace_file};
use crate::auth::{KeyRing, Secrets};
use crate::clock::{Entropy, rfc3339};
use crate::key_rotation::{self, BegunRotation, Resealing, VersionNeeds};
use crate::platform::Platform;
use crate::store::{KeyHolder, MasterKeyRow};
use clap::{Args, Subcommand};
use ledger::Micros;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Between two looks at processes that still make secrets with the version before.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(super) struct MasterKeyArguments {
    #[command(subcommand)]
    verb: MasterKeyCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum MasterKeyCommand {
    /// Show the versions, and how many hashes, remembered answers, sealed texts and passwords need each
    Status,
    /// Take a new version into use and seal again what older ones have sealed; goes on with a rotation that was cut off
    Rotate,
    /// Create a new master key in a file of its own, for --master-key-file
    Create {
        /// File that does not exist yet; its owner alone can read it
        file: PathBuf,
    },
    /// Retire an old version that nothing needs any more
    Retire {
        /// Number of the version
        #[arg(value_parser = clap::value_parser!(u8).range(..=15))]
        version: u8,
    },
}

pub(super) async fn run(
    arguments: MasterKeyArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let json = arguments.json;
    match arguments.verb {
        MasterKeyCommand::Status => status(&installation.open().await?, json).await?,
        MasterKeyCommand::Rotate => rotate(installation, json).await?,
        MasterKeyCommand::Create { file } => create(&file, json)?,
        MasterKeyCommand::Retire { version } => retire(installation, version, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A key that exists is never replaced: what was made with it would be lost.
fn create(file: &Path, json: bool) -> Result<(), CliError> {
    let shown = file.display();
    create_file(file, &Entropy::System).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CliError::Refused(format!("{shown} exists; a master key is never replaced"))
        }
        _ => CliError::Failed(anyhow::Error::from(error).context(format!("cannot make {shown}"))),
    })?;
    if json {
        return output::json(&json!({ "file": file }));
    }
    output::line(format_args!(
        "Wrote a new master key to {shown}. Keep a copy elsewhere: no hash and no API key works without it."
    ))
}

/// A version as it is shown.
struct Shown {
    version: u8,
    state: &'static str,
    since: Option<Micros>,
    needs: VersionNeeds,
}

async fn status(platform: &Platform, json: bool) -> Result<(), CliError> {
    let rows = platform.store.master_keys().await?;
    let needs = key_rotation::needs(platform).await?;
    let in_use = platform.secrets.version();
    let state = |row: &MasterKeyRow| match row {
        row if row.retired_at.is_some() => "retired",
        row if row.version < in_use => "old",
        row if row.resealed_at.is_none() => "in use, rotation not finished",
        _ => "in use",
    };
    let needed = |version: u8| needs.get(&version).copied().unwrap_or_default();
    let first = if in_use == KeyRing::FIRST { "in use" } else { "old" };
    let first = Shown { version: KeyRing::FIRST, state: first, since: None, needs: needed(KeyRing::FIRST) };
    let later = rows.iter().map(|row| Shown {
        version: row.version,
        state: state(row),
        since: Some(row.since),
        needs: needed(row.version),
    });
    let all: Vec<Shown> = std::iter::once(first).chain(later).collect();
    let holders = platform.store.key_holders().await?;
    if json {
        let versions: Vec<Value> = all.iter().map(as_json).collect();
        let servers: Vec<Value> = holders.iter().map(holder_as_json).collect();
        return output::json(&json!({ "versions": versions, "servers": servers }));
    }
    let cells = |shown: &Shown| {
        let VersionNeeds { hashes, remembered, sealed, passwords } = shown.needs;
        let since = shown.since.map_or_else(|| "the beginning".to_owned(), rfc3339);
        let [hashes, remembered, sealed, passwords] =
            [hashes, remembered, sealed, passwords].map(|count| count.to_string());
        [shown.version.to_string(), shown.state.to_owned(), since, hashes, remembered, sealed, passwords]
    };
    let titles = ["version", "state", "since", "hashes", "remembered answers", "sealed texts", "passwords"];
    output::table(titles, all.iter().map(cells))?;
    for holder in &holders {
        output::line(describe(holder))?;
    }
    Ok(())
}

fn as_json(shown: &Shown) -> Value {
    let VersionNeeds { hashes, remembered, sealed, passwords } = shown.needs;
    json!({
        "version": shown.version, "state": shown.state, "since": shown.since.map(rfc3339), "hashes": hashes,
        "remembered": remembered, "sealed": sealed, "passwords": passwords,
    })
}

fn versions_of(holder: &KeyHolder) -> Vec<u8> {
    (KeyRing::FIRST..=KeyRing::LAST).filter(|version| holder.knows(*version)).collect()
}

fn holder_as_json(holder: &KeyHolder) -> Value {
    json!({ "versions": versions_of(holder), "in_use": holder.in_use, "seen_at": rfc3339(holder.seen_at) })
}

fn describe(holder: &KeyHolder) -> String {
    let versions: Vec<String> = versions_of(holder).iter().map(u8::to_string).collect();
    let (has, uses, seen) = (versions.join(", "), holder.in_use, rfc3339(holder.seen_at));
    format!("A server has the versions {has} and uses {uses}; last seen at {seen}.")
}

async fn rotate(installation: &Installation, json: bool) -> Result<(), CliError> {
    let source = installation.master_key()?;
    let mut ring = installation.ring().await?;
    let rows = installation.look_with(&Secrets::of(&ring)).await?.master_keys().await?;
    let unfinished = rows.last().filter(|row| row.resealed_at.is_none());
    let version = match unfinished {
        Some(row) => row.version,
        None => {
            let next = rows.last().map_or(KeyRing::FIRST, |row| row.version) + 1;
            if next > KeyRing::LAST {
                return Err(CliError::Refused("a master key has at most 16 versions".to_owned()));
            }
            ring = with_version(installation, &source, ring, next)?;
            next
        }
    };
    let platform = installation.open_with(Secrets::of(&ring)).await?;
    if unfinished.is_none()
        && let BegunRotation::Held(lacking) = key_rotation::begin(&platform, version).await?
    {
        let lacking: Vec<String> = lacking.iter().map(describe).collect();
        return Err(CliError::Refused(format!(
            "servers do not have version {version} of the master key yet: restart them, which makes them read it, and run this \
             again (a server that has died counts for a minute)\n{}",
            lacking.join("\n")
        )));
    }
    let run = reseal(&platform).await?;
    platform.store.finish_master_key(version).await?;
    if json {
        let (resealed, unreadable) = (run.done, run.unreadable);
        return output::json(&json!({ "version": version, "resealed": resealed, "unreadable": unreadable }));
    }
    output::line(format_args!(
        "Version {version} of the master key is in use; {} texts were sealed again.",
        run.done
    ))?;
    if run.unreadable > 0 {
        let unreadable = run.unreadable;
        output::line(format_args!(
            "{unreadable} texts do not open with any version and were left as they are."
        ))?;
    }
    output::line(
        "Keep a copy of the master key as it is now. Its older versions are needed: see `outpay master-key status`.",
    )
}

/// Repeated until all serving processes use the version: until then they seal with the one before.
async fn reseal(platform: &Platform) -> Result<Resealing, CliError> {
    let mut run = Resealing::default();
    loop {
        let again = key_rotation::others_lag(platform).await?;
        while run.step(platform).await? {}
        if !again {
            return Ok(run);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
        run.again();
    }
}

/// The ring with this version: already there, or added to the file, whose other versions stay as they are.
fn with_version(
    installation: &Installation,
    source: &MasterKeySource,
    ring: KeyRing,
    version: u8,
) -> Result<KeyRing, CliError> {
    if ring.has(version) {
        return Ok(ring);
    }
    if !matches!(source, MasterKeySource::File) {
        let name = source.name();
        return Err(CliError::Refused(format!(
            "the master key of {name} has no version {version}. Write one line for each version there: a number, a colon and 64 \
             hexadecimal digits, where 0 is the key as it is now and {version} is new and random (openssl rand -hex 32). Restart the \
             servers and run this again"
        )));
    }
    let ring = ring.with_new(version, &Entropy::System);
    replace_file(&installation.data(), &ring, &Entropy::System)?;
    Ok(ring)
}

async fn retire(installation: &Installation, version: u8, json: bool) -> Result<(), CliError> {
    if version == KeyRing::FIRST {
        let sentence = "version 0 stays for ever: ids and the digests of keys are computed with it";
        return Err(CliError::Refused(sentence.to_owned()));
    }
    let source = installation.master_key()?;
    let ring = installation.ring().await?;
    let platform = installation.open_with(Secrets::of(&ring)).await?;
    let rows = platform.store.master_keys().await?;
    let row = rows.iter().find(|row| row.version == version);
    let row = row.ok_or_else(|| CliError::Refused(format!("there is no version {version}")))?;
    if row.retired_at.is_none() {
        check_is_free(&platform, version).await?;
    }
    // After the database, which from here on does not ask for it: a crash in between leaves a key too many, not one too few.
    let is_file = matches!(source, MasterKeySource::File);
    if is_file && ring.has(version) {
        replace_file(&installation.data(), &ring.without(version), &Entropy::System)?;
    }
    if json {
        return output::json(&json!({ "version": version, "state": "retired" }));
    }
    output::line(format_args!("Version {version} is retired."))?;
    if is_file {
        output::line(format_args!(
            "It is no longer in {MASTER_KEY_FILE}; backups from before still need it, so keep your copy."
        ))
    } else {
        output::line(
            "Take its line out of the master key's text; backups from before still need it, so keep a copy.",
        )
    }
}

async fn check_is_free(platform: &Platform, version: u8) -> Result<(), CliError> {
    let needs = key_rotation::needs(platform).await?.get(&version).copied().unwrap_or_default();
    if needs.is_needed() {
        let VersionNeeds { hashes, remembered, sealed, passwords } = needs;
        return Err(CliError::Refused(format!(
            "version {version} is needed: {hashes} hashes (rotate them), {remembered} remembered answers (kept for ever), {sealed} \
             sealed texts (the next rotation seals them again), {passwords} passwords (renewed at the next sign-in)"
        )));
    }
    if !platform.store.retire_master_key(version).await? {
        return Err(CliError::Refused(format!("version {version} is in use")));
    }
    Ok(())
}
