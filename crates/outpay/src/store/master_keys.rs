//! Versions of the master key: which were taken into use and which processes have them; and what each is needed for. Never a key.

use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::{Failure, Snapshot, Store};
use anyhow::Context;
use ledger::{BookId, Micros, OnceKey};

/// A version beyond the first, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyRow {
    pub version: u8,
    /// By which a wrong key is noticed.
    pub check: [u8; 32],
    /// The public key of receipts.
    pub receipt_key: [u8; 32],
    pub since: Micros,
    /// When its rotation was finished.
    pub resealed_at: Option<Micros>,
    pub retired_at: Option<Micros>,
}

/// A serving process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    pub process: i64,
    /// A sum of bits.
    pub known: i64,
    /// With which version it makes new secrets.
    pub in_use: u8,
    pub seen_at: Micros,
}

impl KeyHolder {
    /// Does the process have this version?
    #[must_use]
    pub fn knows(&self, version: u8) -> bool {
        self.known & bit(version) != 0
    }
}

/// The bit of a version in [`KeyHolder::known`].
#[must_use]
pub fn bit(version: u8) -> i64 {
    1 << version.min(62)
}

const COLUMNS: &str = "version, check_value, receipt_key, since, resealed_at, retired_at";
/// A row that was not renewed for this long is of a process that has died.
const LONGEST_SILENCE: Micros = 60_000_000;
/// Such rows are deleted after a day.
const FORGOTTEN: Micros = 86_400_000_000;

impl Store {
    /// All versions beyond the first, the oldest first.
    pub async fn master_keys(&self) -> Result<Vec<MasterKeyRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM master_key ORDER BY version");
        self.driver.query(sql, Vec::new()).await?.iter().map(master_key).collect()
    }

    /// Takes a version into use, which must be the next one, unless a living process does not have it. `false`: it was not.
    pub async fn begin_master_key(
        &self,
        version: u8,
        (check, receipt_key): (&[u8; 32], &[u8; 32]),
    ) -> Result<bool, Failure> {
        let now = self.now().await?;
        let sql = "INSERT INTO master_key (version, check_value, receipt_key, since) \
                   SELECT CAST($1 AS BIGINT), $2, $3, CAST($4 AS BIGINT) \
                   WHERE NOT EXISTS (SELECT 1 FROM master_key WHERE version >= $1) \
                   AND NOT EXISTS (SELECT 1 FROM key_holder WHERE seen_at > $5 AND (known & $6) = 0)";
        let values = vec![
            i64::from(version).into(),
            check.as_slice().into(),
            receipt_key.as_slice().into(),
            now.into(),
            (now - LONGEST_SILENCE).into(),
            bit(version).into(),
        ];
        self.is_done(Statement::one(sql, values)).await
    }

    /// The rotation to this version is finished.
    pub async fn finish_master_key(&self, version: u8) -> Result<(), Failure> {
        let sql = "UPDATE master_key SET resealed_at = $1 WHERE version = $2 AND resealed_at IS NULL";
        let values = vec![self.now().await?.into(), i64::from(version).into()];
        Ok(self.driver.write(vec![Statement::new(sql, values)]).await?)
    }

    /// Marks a version as retired, unless it is in use, by the database or by a living process. `false`: it was not.
    pub async fn retire_master_key(&self, version: u8) -> Result<bool, Failure> {
        let now = self.now().await?;
        let sql = "UPDATE master_key SET retired_at = $1 WHERE version = $2 AND retired_at IS NULL \
                   AND version < (SELECT max(version) FROM master_key) \
                   AND NOT EXISTS (SELECT 1 FROM key_holder WHERE seen_at > $3 AND in_use = $2)";
        let values = vec![now.into(), i64::from(version).into(), (now - LONGEST_SILENCE).into()];
        self.is_done(Statement::one(sql, values)).await
    }

    /// The processes that serve now.
    pub async fn key_holders(&self) -> Result<Vec<KeyHolder>, Failure> {
        let since = self.now().await? - LONGEST_SILENCE;
        let sql =
            "SELECT process, known, in_use, seen_at FROM key_holder WHERE seen_at > $1 ORDER BY process";
        let read = |row: &Row| {
            let (process, known, seen_at) = (row.int(0)?, row.int(1)?, row.int(3)?);
            Ok(KeyHolder { process, known, in_use: version_of(row, 2)?, seen_at })
        };
        self.driver.query(sql, vec![since.into()]).await?.iter().map(read).collect()
    }

    /// Notes that this process serves with these versions.
    pub async fn hold_master_keys(&self, process: i64, known: i64, in_use: u8) -> Result<(), Failure> {
        let now = self.now().await?;
        let hold = "INSERT INTO key_holder (process, known, in_use, seen_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (process) DO UPDATE SET known = excluded.known, in_use = excluded.in_use, seen_at = excluded.seen_at";
        let values = vec![process.into(), known.into(), i64::from(in_use).into(), now.into()];
        let forget = Statement::new(
            "DELETE FROM key_holder WHERE seen_at < $1 AND process <> $2",
            vec![(now - FORGOTTEN).into(), process.into()],
        );
        Ok(self.driver.write(vec![Statement::one(hold, values), forget]).await?)
    }

    /// Notes that this process does not serve any more.
    pub async fn let_go_of_master_keys(&self, process: i64) -> Result<(), Failure> {
        let sql = "DELETE FROM key_holder WHERE process = $1";
        Ok(self.driver.write(vec![Statement::new(sql, vec![process.into()])]).await?)
    }

    /// How many users have a hash of which version.
    pub async fn count_hashes_by_version(&self) -> Result<Vec<(u8, i64)>, Failure> {
        let sql = "SELECT generation / 1099511627776, count(*) FROM payout_user GROUP BY generation / 1099511627776";
        let read = |row: &Row| Ok((version_of(row, 0)?, row.int(1)?));
        self.driver.query(sql, Vec::new()).await?.iter().map(read).collect()
    }

    /// How many members have a password with the pepper of which version: by the first character of the digest, see auth/password.rs.
    pub async fn count_passwords_by_version(&self) -> Result<Vec<(String, i64)>, Failure> {
        let sql = "SELECT substr(password, 1, 1), count(*) FROM member GROUP BY substr(password, 1, 1)";
        let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.int(1)?));
        self.driver.query(sql, Vec::new()).await?.iter().map(read).collect()
    }

    /// Remembered answers of all books behind this place, at most `limit`.
    pub async fn remembered_after(
        &self,
        (book, key): (BookId, OnceKey),
        limit: i64,
    ) -> Result<Vec<((BookId, OnceKey), String)>, Failure> {
        let sql = "SELECT book, key, outcome FROM remembered WHERE (book, key) > ($1, $2) ORDER BY book, key LIMIT $3";
        let read = |row: &Row| {
            let key = row.bytes(1)?.try_into().context("a remembered key has 16 bytes")?;
            Ok(((BookId(row.int(0)?), OnceKey(key)), row.text(2)?.to_owned()))
        };
        let values = vec![book.0.into(), key.0.as_slice().into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(read).collect()
    }

    async fn is_done(&self, statement: Statement) -> Result<bool, Failure> {
        match self.driver.write(vec![statement]).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }
}

impl Snapshot {
    /// All versions beyond the first, the oldest first.
    pub async fn master_keys(&self) -> Result<Vec<MasterKeyRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM master_key ORDER BY version");
        self.query(sql, Vec::new()).await?.iter().map(master_key).collect()
    }
}

fn version_of(row: &Row, column: usize) -> Result<u8, Failure> {
    u8::try_from(row.int(column)?).context("a version of the master key is out of range")
}

fn master_key(row: &Row) -> Result<MasterKeyRow, Failure> {
    Ok(MasterKeyRow {
        version: version_of(row, 0)?,
        check: row.bytes(1)?.try_into().context("a check value has 32 bytes")?,
        receipt_key: row.bytes(2)?.try_into().context("a public key has 32 bytes")?,
        since: row.int(3)?,
        resealed_at: row.maybe_int(4)?,
        retired_at: row.maybe_int(5)?,
    })
}
