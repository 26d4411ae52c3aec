//! What a database is before it is opened: whether an installation was made in it, and by which migrations. Looking creates no
//! file, no table and no row. Not here: opening it, which runs the migrations (mod.rs).

use super::driver::Driver;
use super::postgres::Postgres;
use super::{DatabaseUrl, Failure, sqlite};
use anyhow::Context;
use std::path::Path;

/// The state of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    /// No file, or no tables of ours.
    Empty,
    /// Tables without a master key: making the installation was cut off.
    Unfinished,
    /// An installation, up to this migration.
    Made { migration: i64 },
}

impl DatabaseUrl {
    /// Looks at the database.
    ///
    /// # Errors
    /// When it cannot be reached or read.
    pub async fn state(&self) -> Result<DatabaseState, Failure> {
        match self {
            Self::Sqlite(path) => state_of_file(path).map_err(sqlite::with_advice),
            Self::Postgres(url) => state_on_server(Driver::Postgres(Postgres::open(&url.0).await?)).await,
        }
    }
}

const NEWEST: &str = "SELECT max(version) FROM migration";
const HAS_KEY: &str = "SELECT count(*) FROM setting WHERE name = 'master_key_check'";

fn state_of_file(path: &Path) -> Result<DatabaseState, Failure> {
    if !std::fs::metadata(path).is_ok_and(|found| found.len() > 0) {
        return Ok(DatabaseState::Empty);
    }
    let connection = sqlite::look(path)?;
    let number = |sql: &str| -> Result<i64, Failure> {
        let number = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        Ok(number.with_context(|| format!("cannot read {}", path.display()))?.unwrap_or_default())
    };
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('migration', 'setting')";
    state(number(tables)? == 2, || Ok((number(HAS_KEY)?, number(NEWEST)?)))
}

async fn state_on_server(driver: Driver) -> Result<DatabaseState, Failure> {
    let number = async |sql: &'static str| -> Result<i64, Failure> {
        let row = driver.query_one(sql, Vec::new()).await?;
        Ok(row.map_or(Ok(None), |row| row.maybe_int(0))?.unwrap_or_default())
    };
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename IN ('migration', 'setting') \
                  AND schemaname = ANY(current_schemas(false))";
    let has_tables = number(tables).await? == 2;
    let found = if has_tables { (number(HAS_KEY).await?, number(NEWEST).await?) } else { (0, 0) };
    state(has_tables, || Ok(found))
}

/// From the number of recorded keys and the newest migration.
fn state(
    has_tables: bool,
    found: impl FnOnce() -> Result<(i64, i64), Failure>,
) -> Result<DatabaseState, Failure> {
    if !has_tables {
        return Ok(DatabaseState::Empty);
    }
    Ok(match found()? {
        (0, _) => DatabaseState::Unfinished,
        (_, migration) => DatabaseState::Made { migration },
    })
}
