//! Migrations: numbered scripts, the same numbers on both engines, each run once under a lock when a process starts.

use super::Failure;
use super::driver::Driver;
use anyhow::Context;

/// Number, SQLite's script, PostgreSQL's script. Only ever appended to.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (
        1,
        include_str!("../../migrations/sqlite/0001_main.sql"),
        include_str!("../../migrations/postgres/0001_main.sql"),
    ),
    (
        2,
        include_str!("../../migrations/sqlite/0002_withdrawals.sql"),
        include_str!("../../migrations/postgres/0002_withdrawals.sql"),
    ),
    (
        3,
        include_str!("../../migrations/sqlite/0003_gift_cards.sql"),
        include_str!("../../migrations/postgres/0003_gift_cards.sql"),
    ),
    (
        4,
        include_str!("../../migrations/sqlite/0004_webhooks.sql"),
        include_str!("../../migrations/postgres/0004_webhooks.sql"),
    ),
];

pub(super) async fn run(driver: &Driver) -> Result<(), Failure> {
    for (version, for_sqlite, for_postgres) in MIGRATIONS {
        let ran = match driver {
            Driver::Sqlite(sqlite) => sqlite.migrate(version, for_sqlite),
            Driver::Postgres(postgres) => postgres.migrate(version, for_postgres).await,
        };
        ran.with_context(|| format!("migration {version} failed"))?;
    }
    match driver {
        Driver::Sqlite(sqlite) => sqlite.migrated(),
        Driver::Postgres(_) => Ok(()),
    }
}
