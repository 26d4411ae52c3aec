//! Migrations: numbered scripts, the same numbers on both engines, each run once under a lock when a process starts.

use super::Failure;
use super::driver::{Driver, Statement, WriteError};
use anyhow::Context;

/// Number, SQLite's script, PostgreSQL's script. Only ever appended to.
const MIGRATIONS: &[(i64, &str, &str)] = &[
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
    (
        5,
        include_str!("../../migrations/sqlite/0005_key_family.sql"),
        include_str!("../../migrations/postgres/0005_key_family.sql"),
    ),
    (
        6,
        include_str!("../../migrations/sqlite/0006_bounds.sql"),
        include_str!("../../migrations/postgres/0006_bounds.sql"),
    ),
    (
        10,
        include_str!("../../migrations/sqlite/0010_branding.sql"),
        include_str!("../../migrations/postgres/0010_branding.sql"),
    ),
    (
        15,
        include_str!("../../migrations/sqlite/0015_members.sql"),
        include_str!("../../migrations/postgres/0015_members.sql"),
    ),
    (
        16,
        include_str!("../../migrations/sqlite/0016_audit_log.sql"),
        include_str!("../../migrations/postgres/0016_audit_log.sql"),
    ),
    (
        20,
        include_str!("../../migrations/sqlite/0020_search.sql"),
        include_str!("../../migrations/postgres/0020_search.sql"),
    ),
    (
        21,
        include_str!("../../migrations/sqlite/0021_day_sums.sql"),
        include_str!("../../migrations/postgres/0021_day_sums.sql"),
    ),
    (
        22,
        include_str!("../../migrations/sqlite/0022_imports.sql"),
        include_str!("../../migrations/postgres/0022_imports.sql"),
    ),
    (
        25,
        include_str!("../../migrations/sqlite/0025_key_limits.sql"),
        include_str!("../../migrations/postgres/0025_key_limits.sql"),
    ),
    (
        26,
        include_str!("../../migrations/sqlite/0026_key_usage.sql"),
        include_str!("../../migrations/postgres/0026_key_usage.sql"),
    ),
    (
        27,
        include_str!("../../migrations/sqlite/0027_request_log.sql"),
        include_str!("../../migrations/postgres/0027_request_log.sql"),
    ),
    (
        30,
        include_str!("../../migrations/sqlite/0030_mail.sql"),
        include_str!("../../migrations/postgres/0030_mail.sql"),
    ),
    (
        31,
        include_str!("../../migrations/sqlite/0031_look_ups.sql"),
        include_str!("../../migrations/postgres/0031_look_ups.sql"),
    ),
    (
        32,
        include_str!("../../migrations/sqlite/0032_logo.sql"),
        include_str!("../../migrations/postgres/0032_logo.sql"),
    ),
    (
        33,
        include_str!("../../migrations/sqlite/0033_webhook_roll.sql"),
        include_str!("../../migrations/postgres/0033_webhook_roll.sql"),
    ),
    (
        40,
        include_str!("../../migrations/sqlite/0040_epoch.sql"),
        include_str!("../../migrations/postgres/0040_epoch.sql"),
    ),
    (
        50,
        include_str!("../../migrations/sqlite/0050_leases.sql"),
        include_str!("../../migrations/postgres/0050_leases.sql"),
    ),
    (
        51,
        include_str!("../../migrations/sqlite/0051_pauses.sql"),
        include_str!("../../migrations/postgres/0051_pauses.sql"),
    ),
    (
        52,
        include_str!("../../migrations/sqlite/0052_due_by_rail.sql"),
        include_str!("../../migrations/postgres/0052_due_by_rail.sql"),
    ),
    (
        60,
        include_str!("../../migrations/sqlite/0060_import_twins.sql"),
        include_str!("../../migrations/postgres/0060_import_twins.sql"),
    ),
    (
        65,
        include_str!("../../migrations/sqlite/0065_attempt_slots.sql"),
        include_str!("../../migrations/postgres/0065_attempt_slots.sql"),
    ),
    (
        70,
        include_str!("../../migrations/sqlite/0070_corrections.sql"),
        include_str!("../../migrations/postgres/0070_corrections.sql"),
    ),
    (
        71,
        include_str!("../../migrations/sqlite/0071_proposals.sql"),
        include_str!("../../migrations/postgres/0071_proposals.sql"),
    ),
    (
        72,
        include_str!("../../migrations/sqlite/0072_rails.sql"),
        include_str!("../../migrations/postgres/0072_rails.sql"),
    ),
    (
        80,
        include_str!("../../migrations/sqlite/0080_audit_log_chain.sql"),
        include_str!("../../migrations/postgres/0080_audit_log_chain.sql"),
    ),
    (
        93,
        include_str!("../../migrations/sqlite/0093_import_workers.sql"),
        include_str!("../../migrations/postgres/0093_import_workers.sql"),
    ),
    (
        94,
        include_str!("../../migrations/sqlite/0094_treasury_scans.sql"),
        include_str!("../../migrations/postgres/0094_treasury_scans.sql"),
    ),
    (
        95,
        include_str!("../../migrations/sqlite/0095_rail_openings.sql"),
        include_str!("../../migrations/postgres/0095_rail_openings.sql"),
    ),
    (
        96,
        include_str!("../../migrations/sqlite/0096_deposit_references.sql"),
        include_str!("../../migrations/postgres/0096_deposit_references.sql"),
    ),
    (
        97,
        include_str!("../../migrations/sqlite/0097_handed_out.sql"),
        include_str!("../../migrations/postgres/0097_handed_out.sql"),
    ),
];

/// The number of the last one.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |newest| newest.0)
}

/// Those up to `version`.
pub(super) fn until(version: i64) -> impl Iterator<Item = (i64, &'static str, &'static str)> {
    MIGRATIONS.iter().copied().filter(move |migration| migration.0 <= version)
}

/// Those that follow `version`.
pub(super) fn after(version: i64) -> impl Iterator<Item = (i64, &'static str, &'static str)> {
    MIGRATIONS.iter().copied().filter(move |migration| migration.0 > version)
}

/// PostgreSQL's tables after migration `version`, as the scripts make them: each after those that it refers to.
pub(super) fn tables(version: i64) -> Vec<&'static str> {
    let name = |rest: &'static str| rest.split([' ', '(', ';']).next().unwrap_or_default();
    let mut tables = Vec::new();
    for line in until(version).flat_map(|(_, _, script)| script.lines()) {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            tables.push(name(rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest)));
        } else if let Some(rest) = line.strip_prefix("DROP TABLE ") {
            tables.retain(|table| *table != name(rest));
        } else if let Some((old, new)) =
            line.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" RENAME TO "))
        {
            tables.iter_mut().filter(|table| **table == old).for_each(|table| *table = name(new));
        }
    }
    tables
}

pub(super) async fn run(driver: &Driver) -> Result<(), Failure> {
    for &(version, for_sqlite, for_postgres) in MIGRATIONS {
        let ran = match driver {
            Driver::Sqlite(sqlite) => sqlite.migrate(version, for_sqlite),
            Driver::Postgres(postgres) => postgres.migrate(version, for_postgres).await,
        };
        ran.with_context(|| format!("migration {version} failed"))?;
    }
    check_not_newer(driver).await?;
    check_has_salts(driver).await?;
    link_older_audit_log(driver).await?;
    match driver {
        Driver::Sqlite(sqlite) => sqlite.migrated(),
        Driver::Postgres(_) => Ok(()),
    }
}

/// Databases from before hashes had salts cannot be brought up to date: every hash that was given out would die.
async fn check_has_salts(driver: &Driver) -> Result<(), Failure> {
    let salts = driver.query("SELECT salt FROM payout_user LIMIT 1", Vec::new()).await;
    salts.map(drop).context(
        "this database was made by a version from before payout hashes had salts; start with a new one",
    )
}

/// Rows from before migration 80 are linked once, so that the audit can ask for a digest of every row.
async fn link_older_audit_log(driver: &Driver) -> Result<(), Failure> {
    let sql =
        "SELECT 1 FROM audit_log_head WHERE one = 1 AND number = 0 AND EXISTS (SELECT 1 FROM audit_log)";
    if driver.query_one(sql, Vec::new()).await?.is_none() {
        return Ok(());
    }
    let touch =
        Statement::one("UPDATE audit_log_head SET number = number WHERE one = 1 AND number = 0", Vec::new());
    match driver.write(vec![touch.into_audit_log()]).await {
        // Another process was faster.
        Ok(()) | Err(WriteError::Conflict) => Ok(()),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

/// An older program knows nothing of limits that a newer one keeps in tables of its own.
async fn check_not_newer(driver: &Driver) -> Result<(), Failure> {
    let row = driver.query_one("SELECT max(version) FROM migration", Vec::new()).await?;
    let (found, known) =
        (row.map_or(Ok(None), |row| row.maybe_int(0))?, MIGRATIONS.last().map(|newest| newest.0));
    anyhow::ensure!(
        found <= known,
        "a newer Outpay has changed this database (migration {}); use that version or a later one",
        found.unwrap_or_default()
    );
    Ok(())
}
