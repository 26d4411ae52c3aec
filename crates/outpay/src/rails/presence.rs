//! Whether a worker lives, for others on the same machine: as long as it does, a file of its own in the data folder is locked. A
//! start looks at the files of those that have leases, and takes back what the dead had, instead of waiting for the leases'
//! end. Of a worker on another machine there is no file here, and its leases run out.

use crate::platform::Platform;
use crate::store::Failure;
use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

/// In the data folder.
const FOLDER: &str = "workers";

/// The lock of a worker that lives; the operating system gives it back however the process ends.
pub struct Presence {
    _locked: File,
    path: PathBuf,
}

impl Presence {
    /// Locks the worker's file.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub(super) fn begin(data: &Path, worker: i64) -> Result<Self, Failure> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = path_of(data, worker);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot make {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { _locked: file, path })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // One that stays is found unlocked, which says the same.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Ends the leases of workers that are dead; how many there were.
///
/// # Errors
/// When the database breaks.
pub(super) async fn take_back(platform: &Platform) -> Result<u64, Failure> {
    let mut ended = 0;
    for worker in platform.store.lease_holders().await? {
        let path = path_of(&platform.data, worker);
        let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        ended += platform.store.end_leases_of(worker).await?;
        drop(std::fs::remove_file(&path));
    }
    Ok(ended)
}

fn path_of(data: &Path, worker: i64) -> PathBuf {
    data.join(FOLDER).join(format!("{worker:x}.lock"))
}
