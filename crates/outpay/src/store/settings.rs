//! Settings of the installation: the value that shows whether the master key is the one this database was made with, and
//! the mark of a database that was put back and waits for its recovery.

use super::driver::{Driver, Statement, WriteError};
use super::postgres::ConnectionSecurity;
use super::{Failure, Store};
use ledger::{BookId, Micros, OnceKey};

/// The setting of a database that was put back and not recovered yet; its value tells from when it is.
pub const RECOVERY_MARK: &str = "recovery.needed";

impl Store {
    /// From when the database is, where it was restored and not recovered since.
    pub async fn recovery_mark(&self) -> Result<Option<String>, Failure> {
        let mark = self.setting(RECOVERY_MARK).await?;
        Ok(mark.map(|mark| String::from_utf8_lossy(&mark).into_owned()))
    }

    /// Compares `check` with what is stored, and stores it if nothing is. `false`: another master key.
    pub async fn matches_master_key(&self, check: &[u8; 32]) -> Result<bool, Failure> {
        if let Some(stored) = self.setting("master_key_check").await? {
            return Ok(stored == check);
        }
        let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        let keep = Statement::new(sql, vec!["master_key_check".into(), check.as_slice().into()]);
        match self.driver.write(vec![keep]).await {
            Ok(()) | Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
        // Another process may have been first, with another key.
        Ok(self.setting("master_key_check").await?.is_some_and(|stored| stored == check))
    }

    /// Was the database made with a master key?
    pub async fn has_master_key(&self) -> Result<bool, Failure> {
        Ok(self.setting("master_key_check").await?.is_some())
    }

    /// Is an answer remembered under this key?
    pub async fn is_remembered(&self, book: BookId, key: &OnceKey) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM remembered WHERE book = $1 AND key = $2";
        Ok(self.driver.query_one(sql, vec![book.0.into(), key.0.as_slice().into()]).await?.is_some())
    }

    async fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let row =
            self.driver.query_one("SELECT value FROM setting WHERE name = $1", vec![name.into()]).await?;
        row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Answers when the database answers and, on SQLite, is still the file that was opened, on PostgreSQL still writes durably.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), Failure> {
        if let Driver::Sqlite(sqlite) = &self.driver {
            sqlite.check_in_place()?;
        }
        match &self.driver {
            Driver::Sqlite(_) => self.driver.query("SELECT 1", Vec::new()).await.map(drop),
            Driver::Postgres(postgres) => postgres.check_still_durable().await,
        }
    }

    /// The engine's version and the settings that durability depends on, as name and value.
    pub async fn engine_facts(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        let facts: &[(&'static str, &'static str)] = match self.engine() {
            "sqlite" => &[
                ("version", "SELECT sqlite_version()"),
                ("journal_mode", "SELECT journal_mode FROM pragma_journal_mode"),
                ("integrity", "SELECT quick_check FROM pragma_quick_check LIMIT 1"),
            ],
            _ => &[
                ("version", "SELECT current_setting('server_version')"),
                ("synchronous_commit", "SELECT current_setting('synchronous_commit')"),
                ("fsync", "SELECT current_setting('fsync')"),
                ("full_page_writes", "SELECT current_setting('full_page_writes')"),
                ("read_only", "SELECT current_setting('transaction_read_only')"),
                (
                    "standbys",
                    "SELECT CASE WHEN count(*) = 0 THEN 'none' \
                     WHEN current_setting('synchronous_standby_names') = '' THEN 'asynchronous' \
                     ELSE 'synchronous' END FROM pg_stat_replication",
                ),
            ],
        };
        let mut found = Vec::new();
        for (name, sql) in facts {
            let row = self.driver.query_one(sql, Vec::new()).await?;
            found.push((*name, row.map_or(Ok(String::new()), |row| row.text(0).map(str::to_owned))?));
        }
        Ok(found)
    }

    /// How the connections to the database are secured; `None` on SQLite, which has none.
    pub async fn connection_security(&self) -> Result<Option<ConnectionSecurity>, Failure> {
        match &self.driver {
            Driver::Sqlite(_) => Ok(None),
            Driver::Postgres(postgres) => postgres.security().await.map(Some),
        }
    }

    /// The latest time at which an entry of a journal was written, by the clock of the process that wrote it.
    pub async fn newest_entry_at(&self) -> Result<Option<Micros>, Failure> {
        let sql = "SELECT max(j.at - b.clock_ahead) FROM book b JOIN journal j ON j.book = b.id AND j.sequence = b.sequence";
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(None), |row| row.maybe_int(0))
    }

    /// The database's own clock in microseconds since 1970, where it is another machine's.
    pub async fn engine_clock(&self) -> Result<Option<i64>, Failure> {
        if self.engine() == "sqlite" {
            return Ok(None);
        }
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        self.driver.query_one(sql, Vec::new()).await?.map(|row| row.int(0)).transpose()
    }
}
