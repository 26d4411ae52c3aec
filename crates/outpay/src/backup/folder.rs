//! The folder of a backup: written under a temporary name, readable by its owner alone, renamed into place when it is
//! durable.

use super::manifest::{self, Manifest};
use super::{BackupError, CopiedFile};
use crate::durable_file;
use crate::store::Failure;
use anyhow::Context;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A backup being written. Dropping it deletes the folder.
pub(super) struct BackupDraft {
    folder: TempDir,
    target: PathBuf,
}

impl BackupDraft {
    /// Creates the folder, with empty files that only the owner can read.
    pub(super) fn begin(target: &Path, names: &[String]) -> Result<Self, BackupError> {
        if target.symlink_metadata().is_ok() {
            let shown = target.display();
            return Err(BackupError::Refused(format!("{shown} is there already; name a folder that is not")));
        }
        let parent = parent(target);
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        // Programs that list backups skip names that begin with a dot.
        let mut builder = tempfile::Builder::new();
        builder.prefix(".outpay-backup-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o700));
        }
        let folder =
            builder.tempdir_in(parent).with_context(|| format!("cannot write into {}", parent.display()))?;
        for name in names {
            create_private(&folder.path().join(name)).map_err(Failure::from)?;
        }
        Ok(Self { folder, target: target.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds the manifest and renames the folder into place.
    pub(super) fn finish(self, manifest: &Manifest) -> Result<(), Failure> {
        let mut file = create_private(&self.path().join(manifest::FILE))?;
        file.write_all(serde_json::to_string_pretty(manifest)?.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        durable_file::sync_folder(self.path())?;
        // Fails if a folder was created there meanwhile, unless it is empty.
        std::fs::rename(self.path(), &self.target)
            .with_context(|| format!("cannot make {}", self.target.display()))?;
        // It was renamed: do not delete it on drop.
        let _moved_away = self.folder.keep();
        Ok(durable_file::sync_name(&self.target)?)
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Length and digest of these files.
pub(super) async fn digests(folder: &Path, names: Vec<String>) -> Result<Vec<CopiedFile>, Failure> {
    let folder = folder.to_owned();
    let all = move || names.into_iter().map(|name| digest(&folder, name)).collect();
    tokio::task::spawn_blocking(all).await?
}

fn digest(folder: &Path, name: String) -> Result<CopiedFile, Failure> {
    let mut file = std::fs::File::open(folder.join(&name)).with_context(|| name.clone())?;
    let (mut digest, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        bytes += read as u64;
    }
    Ok(CopiedFile { name, bytes, sha256: HEXLOWER.encode(&digest.finalize()) })
}

/// Are the files exactly those of the manifest?
pub(super) async fn check_files(source: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let names = manifest.files.iter().map(|file| file.name.clone()).collect();
    let found = digests(source, names).await.map_err(super::refused)?;
    for (found, told) in found.iter().zip(&manifest.files) {
        super::check(found == told, || {
            format!("{} is damaged: it has {} bytes and the digest {}", told.name, found.bytes, found.sha256)
        })?;
    }
    // SQLite would replay a write-ahead log that lies beside the copy.
    for entry in std::fs::read_dir(source).map_err(Failure::from)? {
        let name = entry.map_err(Failure::from)?.file_name();
        let is_known = name == manifest::FILE || manifest.files.iter().any(|file| name == file.name.as_str());
        super::check(is_known, || format!("{} does not belong into the backup", name.display()))?;
    }
    Ok(())
}
