//! A disk whose power can be cut: a file system in an image file, mounted through a loop device.
//!
//! Not here: what runs on it. Invariant: after [`Disk::cut`] and a new mount, exactly the data is there that the file
//! system was asked to sync (or had written by itself); the guard removes mount and image. What it cannot simulate: a
//! drive that reports writes it has not made, because the image is in the memory of a machine that keeps running.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use tokio::process::Command;

use crate::clock;

/// Sparse: it uses only the space that is written. PostgreSQL alone keeps up to 1 GiB of log.
const SIZE: u64 = 4 << 30;
/// How long a killed process may hold the disk.
const UNMOUNT_LIMIT: Duration = Duration::from_secs(20);
const TOOL_LIMIT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileSystem {
    Ext4,
    Xfs,
}

pub struct Disk {
    image: PathBuf,
    root: PathBuf,
    is_mounted: bool,
    keeps_image: bool,
}

impl Disk {
    /// A new file system, mounted in `folder`.
    pub async fn create(folder: &Path, kind: FileSystem) -> Result<Self> {
        let (image, root) = (folder.join("disk.image"), folder.join("disk"));
        File::create(&image)?.set_len(SIZE)?;
        std::fs::create_dir_all(&root)?;
        let mut disk = Self { image, root, is_mounted: false, keeps_image: false };
        let image = disk.image.as_os_str();
        match kind {
            FileSystem::Ext4 => tool("mkfs.ext4", ["-q".as_ref(), "-F".as_ref(), image]).await?,
            FileSystem::Xfs => tool("mkfs.xfs", ["-q".as_ref(), "-f".as_ref(), image]).await?,
        }
        disk.mount().await?;
        Ok(disk)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub async fn mount(&mut self) -> Result<()> {
        ensure!(!self.is_mounted, "the disk is mounted already");
        let arguments = ["-o".as_ref(), "loop".as_ref(), self.image.as_os_str(), self.root.as_os_str()];
        tool("mount", arguments).await.context("this tool needs root and loop devices")?;
        self.is_mounted = true;
        Ok(())
    }

    /// Syncs everything, so that it survives a cut.
    pub async fn settle(&self) -> Result<()> {
        tool("sync", ["-f".as_ref(), self.root.as_os_str()]).await
    }

    /// From here on nothing reaches the image, including the file system's own log, and every write fails.
    pub async fn cut(&self) -> Result<()> {
        let shutdown = ["-x".as_ref(), "-c".as_ref(), "shutdown".as_ref(), self.root.as_os_str()];
        tool("xfs_io", shutdown).await?;
        // xfs_io exits with 0 silently if the file system does not support it.
        let probe = File::create(self.root.join("written-after-the-cut"));
        ensure!(probe.is_err(), "the power was cut, but a file could be made afterwards");
        Ok(())
    }

    /// Waits for killed processes to let go of it.
    pub async fn unmount(&mut self) -> Result<()> {
        let deadline = clock::now() + UNMOUNT_LIMIT;
        loop {
            match tool("umount", [self.root.as_os_str()]).await {
                Ok(()) => break,
                Err(error) if clock::now() >= deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        self.is_mounted = false;
        Ok(())
    }

    /// Keeps the image for an investigation of a failure.
    pub fn keep(&mut self) -> &Path {
        self.keeps_image = true;
        &self.image
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let umount = |lazily: &[&str]| {
            let status = std::process::Command::new("umount").args(lazily).arg(&self.root).output();
            status.is_ok_and(|output| output.status.success())
        };
        // Killed processes let go of it within moments; a hanging one must not block this tool.
        let deadline = clock::now() + Duration::from_secs(5);
        while self.is_mounted && !umount(&[]) {
            if clock::now() >= deadline {
                eprintln!(
                    "powercut: {} is busy; it goes once its last process has ended",
                    self.root.display()
                );
                umount(&["--lazy"]);
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        if !self.keeps_image
            && let Err(error) = std::fs::remove_file(&self.image)
        {
            eprintln!("powercut: deleting {}: {error}", self.image.display());
        }
    }
}

/// Checks that the tools are installed; the message names their Debian packages.
pub fn check_tools(names: &[(&str, &str)]) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let mut missing: Vec<&str> =
        names.iter().filter(|(name, _)| !is_there(name)).map(|(_, package)| *package).collect();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("packages are missing; on Debian: apt-get install -y {}", missing.join(" "))
}

async fn tool<'a>(name: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let ran = Command::new(name).args(arguments).kill_on_drop(true).output();
    let output = tokio::time::timeout(TOOL_LIMIT, ran).await.with_context(|| format!("{name} hangs"))?;
    let output = output.with_context(|| format!("running {name}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}: {}", output.status, errors.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages_are_named() {
        check_tools(&[("sh", "dash")]).unwrap();
        let told =
            check_tools(&[("sh", "dash"), ("no-such-tool", "wanted"), ("nor-this", "wanted")]).unwrap_err();
        assert!(told.to_string().ends_with("apt-get install -y wanted"), "{told}");
    }
}
