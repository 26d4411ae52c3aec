//! Fail-stop on SQLite: once a durable write of this process has failed, by whatever part of it, nothing more is written and the
//! process ends. After a failed fsync a second one may report success for pages that the first one lost, so going on could
//! answer for what is not on disk.

use super::Failure;
use rusqlite::ErrorCode;
use std::sync::Arc;
use tokio::sync::watch;

/// Whether a durable write of this process has failed; cheap to clone.
#[derive(Clone)]
pub(super) struct FailStop(Arc<watch::Sender<bool>>);

impl FailStop {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Refuses a write after one that failed.
    pub(super) fn check(&self) -> Result<(), Failure> {
        anyhow::ensure!(!self.is_tripped(), "an earlier durable write failed; this process writes no more");
        Ok(())
    }

    /// Takes note of a failed write, where it means that the file cannot be trusted with another one. A constraint that holds, or
    /// a lock that another process kept for too long, was rolled back and says nothing of the disk.
    pub(super) fn judge(&self, failure: &Failure) {
        if is_of_the_disk(failure) {
            self.trip(failure);
        }
    }

    /// Takes note of a failure after which nothing may be written.
    pub(super) fn trip(&self, failure: &Failure) {
        if !self.0.send_replace(true) {
            tracing::error!(error = format!("{failure:#}"), "a durable write failed; the process ends");
        }
    }

    pub(super) fn is_tripped(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) async fn tripped(&self) {
        let mut says = self.0.subscribe();
        // No error: the sender lives as long as this handle.
        drop(says.wait_for(|tripped| *tripped).await);
    }
}

fn is_of_the_disk(failure: &Failure) -> bool {
    let code = failure.chain().find_map(|cause| match cause.downcast_ref::<rusqlite::Error>() {
        Some(rusqlite::Error::SqliteFailure(error, _)) => Some(error.code),
        _ => None,
    });
    matches!(
        code,
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::InternalMalfunction
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Failure {
        Failure::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
            .context("a write")
    }

    #[test]
    fn the_disk_ends_the_process_and_a_constraint_does_not() {
        for (code, ends) in [
            (rusqlite::ffi::SQLITE_IOERR_FSYNC, true),
            (rusqlite::ffi::SQLITE_FULL, true),
            (rusqlite::ffi::SQLITE_CORRUPT, true),
            (rusqlite::ffi::SQLITE_READONLY, true),
            (rusqlite::ffi::SQLITE_BUSY, false),
            (rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, false),
        ] {
            let stop = FailStop::new();
            stop.judge(&failure(code));
            assert_eq!((stop.is_tripped(), stop.check().is_err()), (ends, ends), "{code}");
        }
    }
}
