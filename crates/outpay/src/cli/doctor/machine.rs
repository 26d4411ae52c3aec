//! What an installation needs of its machine: folders and files that are closed to others, room on the disk, a clock, open files.

use super::{Checks, Grade};
use crate::clock::{Clock, rfc3339};
use crate::open_files;
use crate::serving::connections_in_all;
use ledger::Micros;
use std::path::Path;

/// A clock before 2025-01-01 was never set.
const EARLIEST: Micros = 1_735_689_600 * 1_000_000;
/// Free disk space, bytes: below it writes are about to fail.
const LITTLE_ROOM: u64 = 1 << 30;
/// A warning below this share of the disk, in percent.
const LITTLE_SHARE: u64 = 5;
/// Open files: below this, a few hundred clients use up all connections.
const FEW_OPEN_FILES: u64 = 4096;

pub(super) fn check_folder(data: &Path, checks: &mut Checks) {
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
            let detail =
                format!("{shown} does not exist; name the right one with --data, or run: outpay init");
            checks.add(Grade::Fail, "data folder", detail);
        }
    }
}

pub(super) fn check_database_file(path: &Path, checks: &mut Checks) {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) if mode(&found) & 0o077 != 0 => {
            let advice = format!("others can read {shown}; run: chmod 600 {shown}");
            checks.add(Grade::Warn, "database file", advice);
        }
        Ok(_) => checks.add(Grade::Pass, "database file", shown.to_string()),
        // The look at the database tells of a missing one.
        Err(_) => {}
    }
}

#[cfg(unix)]
pub(super) fn check_disk(path: &Path, checks: &mut Checks) {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let all = disk.f_blocks.saturating_mul(disk.f_frsize);
            let (grade, detail) = room(free, all);
            checks.add(grade, "disk", detail);
        }
        Err(error) => checks.add(Grade::Warn, "disk", format!("free space is unknown: {error}")),
    }
}

#[cfg(unix)]
fn room(free: u64, all: u64) -> (Grade, String) {
    let share = free.saturating_mul(100).checked_div(all).unwrap_or_default();
    let detail = format!("{} MiB free, {share} %", free >> 20);
    if free < LITTLE_ROOM {
        return (Grade::Fail, format!("{detail}: a write that fails ends the server; free some space"));
    }
    let grade = if share < LITTLE_SHARE { Grade::Warn } else { Grade::Pass };
    (grade, detail)
}

#[cfg(not(unix))]
pub(super) fn check_disk(_path: &Path, _checks: &mut Checks) {}

pub(super) fn check_clock(checks: &mut Checks) {
    let now = Clock::System.now();
    checks.pass_or_fail(now >= EARLIEST, "clock", rfc3339(now));
}

pub(super) fn check_open_files(checks: &mut Checks) {
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

#[cfg(unix)]
fn mode(found: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode()
}

#[cfg(not(unix))]
fn mode(_found: &std::fs::Metadata) -> u32 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_fails_and_one_that_fills_up_warns() {
        let gib = |gib: u64| gib << 30;
        for (free, all, grade) in [
            (gib(1) - 1, gib(10), Grade::Fail),
            (gib(1), gib(10), Grade::Pass),
            (gib(4), gib(100), Grade::Warn),
            (gib(5), gib(100), Grade::Pass),
            (0, 0, Grade::Fail),
        ] {
            let (found, detail) = room(free, all);
            assert!(found == grade && detail.contains("MiB free"), "{free} of {all}: {detail}");
        }
    }
}
