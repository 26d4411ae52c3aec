//! Is the database still the file that this process opened? A file that was deleted, moved away or put over the open one goes on
//! taking writes, of which nothing is left afterwards.

use crate::store::Failure;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Device and inode of each file that there is only one of while a process has the database open.
pub(super) struct InPlace(Vec<(PathBuf, (u64, u64))>);

impl InPlace {
    /// Looks at the database, its log and the log's index, as they lie there now.
    pub(super) fn look(path: &Path) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            let file = PathBuf::from(name);
            match identity(&file) {
                Ok(identity) => files.push((file, identity)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && !ending.is_empty() => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot look at {}", file.display()));
                }
            }
        }
        Ok(Self(files))
    }

    /// Do they still lie there? Takes a microsecond or two.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for (file, opened) in &self.0 {
            anyhow::ensure!(
                identity(file).is_ok_and(|there| there == *opened),
                "{} was deleted or replaced while this process had it open; what is written now is lost. End every process \
                 before a database file is moved",
                file.display()
            );
        }
        Ok(())
    }
}

#[cfg(unix)]
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(file: &Path) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(file).map(|_| (0, 0))
}
