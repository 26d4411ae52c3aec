//! The versions of the master key at work: taking the next one into use, sealing again what older ones have sealed (reseal.rs), and
//! what each version is still needed for (needs.rs). Not here: the keys (auth/), where they are kept (cli/master_key.rs).
//!
//! Invariants: a version is in use only if every serving process has it; what was made with a version stays readable until nothing
//! needs it; each step of a rotation is one durable change that may be repeated, so a rotation goes on wherever it was cut off.
//! docs/decisions/0011-master-key-versions.md.

mod needs;
mod reseal;

pub use needs::{VersionNeeds, needs};
pub use reseal::Resealing;

use crate::auth::adopt;
use crate::background::look_again;
use crate::platform::Platform;
use crate::store::{Failure, KeyHolder, bit};
use anyhow::Context;
use std::time::Duration;
use tokio::sync::watch;

/// How often a serving process says which versions it has, and asks which one is in use.
const BETWEEN_BEATS: Duration = Duration::from_secs(5);

/// What became of the wish to take a version into use.
#[derive(Debug, PartialEq, Eq)]
pub enum BegunRotation {
    /// It is in use.
    InUse,
    /// These processes serve and do not have it.
    Held(Vec<KeyHolder>),
}

/// Takes the next version into use. Serving processes follow within seconds.
///
/// # Errors
/// When this process does not have it, it is not the next one, or the database breaks.
pub async fn begin(platform: &Platform, version: u8) -> Result<BegunRotation, Failure> {
    let secrets = &platform.secrets;
    let keys = secrets.check_value_of(version).zip(secrets.receipt_key_of(version));
    let (check, receipt_key) =
        keys.with_context(|| format!("this process does not have version {version} of the master key"))?;
    if !platform.store.begin_master_key(version, (check, &receipt_key)).await? {
        let holders = platform.store.key_holders().await?;
        let lacking: Vec<KeyHolder> = holders.into_iter().filter(|holder| !holder.knows(version)).collect();
        anyhow::ensure!(!lacking.is_empty(), "another process has begun a rotation at the same time");
        return Ok(BegunRotation::Held(lacking));
    }
    adopt(&platform.store, secrets).await?;
    Ok(BegunRotation::InUse)
}

/// Do processes serve that still make new secrets with another version?
///
/// # Errors
/// When the database breaks.
pub async fn others_lag(platform: &Platform) -> Result<bool, Failure> {
    let in_use = platform.secrets.version();
    Ok(platform.store.key_holders().await?.iter().any(|holder| holder.in_use != in_use))
}

/// Says which versions this process has, and takes the one into use that the database says.
///
/// # Errors
/// When the process lacks one that is needed: it must not serve.
pub async fn beat(platform: &Platform, process: i64) -> Result<(), Failure> {
    let known = platform.secrets.versions().map(bit).sum();
    // Said first, so that a version is not taken into use that this process lacks.
    platform.store.hold_master_keys(process, known, platform.secrets.version()).await?;
    let before = platform.secrets.version();
    adopt(&platform.store, &platform.secrets).await?;
    if platform.secrets.version() != before {
        let version = platform.secrets.version();
        tracing::info!(version, "a new version of the master key is in use");
        platform.store.hold_master_keys(process, known, version).await?;
    }
    Ok(())
}

/// Beats until `stop` is true or dropped. It ends by itself where the process lacks a version, which the supervisor reports.
pub async fn run(platform: Platform, process: i64, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(failure) = beat(&platform, process).await {
            tracing::error!(
                error = format!("{failure:#}"),
                "the versions of the master key could not be compared"
            );
            return;
        }
        if !look_again(&mut stop, None, BETWEEN_BEATS).await {
            break;
        }
    }
    if let Err(failure) = platform.store.let_go_of_master_keys(process).await {
        tracing::warn!(
            error = format!("{failure:#}"),
            "this process is taken for a serving one for a minute"
        );
    }
}
