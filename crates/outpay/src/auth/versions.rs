//! The versions of the master key that a process has, against those that the database needs; and the one in use. Not here: taking a
//! new one into use (key_rotation/).

use super::Secrets;
use crate::store::{Failure, MasterKeyRow, Store};
use anyhow::Context;

/// Takes the version into use that the database says.
///
/// # Errors
/// When a version that is needed is missing or another key.
pub async fn adopt(store: &Store, secrets: &Secrets) -> Result<(), Failure> {
    let rows = store.master_keys().await?;
    check_versions(&rows, secrets)?;
    let retired: Vec<[u8; 32]> =
        rows.iter().filter(|row| row.retired_at.is_some()).map(|row| row.receipt_key).collect();
    secrets.remember_retired(&retired);
    if let Some(newest) = rows.last() {
        secrets.take_into_use(newest.version);
    }
    Ok(())
}

/// Does this process have all versions that the database needs?
///
/// # Errors
/// Names the version that is missing, or that is another key.
pub fn check_versions(rows: &[MasterKeyRow], secrets: &Secrets) -> Result<(), Failure> {
    for row in rows.iter().filter(|row| row.retired_at.is_none()) {
        let version = row.version;
        let check = secrets.check_value_of(version).with_context(|| {
            format!("the database needs version {version} of the master key, which this process does not have; give it the newest master key and start it again")
        })?;
        anyhow::ensure!(
            *check == row.check,
            "version {version} of the master key is not the one that this database was used with"
        );
    }
    Ok(())
}
