//! Temporary folders and free ports for what the tools start.
//!
//! Invariant: whatever measures or tests durability is on a disk, never in memory.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What a cluster of the functional tests may grow to; containers often have a far smaller /dev/shm.
const ROOM_IN_MEMORY: u64 = 2 << 30;

/// A folder on disk. /var/tmp, because /tmp is in memory on many systems, and because the folder of a clone may be
/// inaccessible to the user that PostgreSQL runs as.
pub fn on_disk(name: &str) -> Result<TempDir> {
    let preferred = Path::new("/var/tmp");
    let parent = if preferred.is_dir() { preferred.to_path_buf() } else { std::env::temp_dir() };
    create(name, &parent)
}

/// A folder in memory if there is room, else on disk.
pub fn in_memory(name: &str) -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    match rustix::fs::statvfs(memory) {
        Ok(space) if space.f_bavail.saturating_mul(space.f_frsize) >= ROOM_IN_MEMORY => create(name, memory),
        _ => on_disk(name),
    }
}

fn create(name: &str, parent: &Path) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("outpay-{name}-"))
        .tempdir_in(parent)
        .with_context(|| format!("creating a temporary folder in {}", parent.display()))
}

/// A port that was free a moment ago. Another program can take it before it is used; a server that then fails to bind
/// reports it.
pub fn free_address() -> Result<SocketAddr> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(probe.local_addr()?)
}
