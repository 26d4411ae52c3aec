//! PostgreSQL's whole database as one file per table: COPY in one REPEATABLE READ snapshot, read again in temporary tables
//! of one connection, or into a database that is empty. Not here: where copies lie and what is said of them (backup/).

use super::{Postgres, without_rows};
use crate::store::Failure;
use crate::store::copies::MADE_AGAIN;
use crate::store::migrations::{self, Dialect};
use anyhow::Context;
use deadpool_postgres::{ClientWrapper, Object};
use futures_util::{SinkExt, StreamExt, pin_mut};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::Client;

/// Bytes that travel at once.
const CHUNK: usize = 256 * 1024;
/// A copy takes as long as it takes: limits that a role or a database sets are for short statements.
const NO_TIME_LIMITS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// The file of a table.
pub(in crate::store) fn file_of(table: &str) -> String {
    format!("{table}.copy")
}

impl Postgres {
    /// Writes one moment of all tables into files in `folder`; the names of the files, in the order that restores.
    pub(in crate::store) async fn copy_into(&self, folder: &Path) -> Result<Vec<String>, Failure> {
        let mut connection = self.connection().await?;
        let transaction = connection.build_transaction();
        let level = tokio_postgres::IsolationLevel::RepeatableRead;
        let transaction = transaction.isolation_level(level).read_only(true).start().await?;
        let tables = migrations::tables(migrations::newest());
        // The locks come before the snapshot, so that no migration changes a table in between.
        let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", tables.join(", "));
        transaction.batch_execute(&format!("{NO_TIME_LIMITS}; {lock}")).await?;
        let row = transaction.query_one("SELECT max(version) FROM migration", &[]).await?;
        anyhow::ensure!(
            row.get::<_, i64>(0) == migrations::newest(),
            "a newer Outpay has changed this database meanwhile; use that version"
        );
        let mut files = Vec::with_capacity(tables.len());
        for table in tables {
            let name = file_of(table);
            let rows = transaction.copy_out(&format!("COPY {table} TO STDOUT (FORMAT binary)")).await?;
            pin_mut!(rows);
            let mut file = tokio::fs::OpenOptions::new().write(true).open(folder.join(&name)).await?;
            while let Some(chunk) = rows.next().await {
                file.write_all(&chunk?).await?;
            }
            file.flush().await?;
            file.sync_all().await?;
            files.push(name);
        }
        transaction.commit().await?;
        Ok(files)
    }

    /// Reads a copy into temporary tables, which no other connection sees and which go with this one. The constraints of the
    /// tables check every row.
    pub(in crate::store) async fn open_copy(
        &self,
        folder: &Path,
        schema: i64,
    ) -> Result<ClientWrapper, Failure> {
        let connection = Object::take(self.connection().await?);
        connection
            .batch_execute(&format!("BEGIN; {NO_TIME_LIMITS}; SET LOCAL search_path = pg_temp"))
            .await?;
        make_tables(&connection, schema).await?;
        fill_tables(&connection, folder, schema).await?;
        for migration in migrations::after(schema) {
            let script = migration.script(Dialect::Postgres);
            connection.batch_execute(&script).await.map_err(|error| without_rows(error.into()))?;
        }
        for table in migrations::tables(migrations::newest()) {
            connection.batch_execute(&format!("ANALYZE {table}")).await?;
        }
        Ok(connection)
    }

    /// Does the database hold tables of Outpay's?
    pub(in crate::store) async fn is_empty(&self) -> Result<bool, Failure> {
        let row = self.connection().await?.query_one("SELECT to_regclass('migration') IS NULL", &[]).await?;
        Ok(row.get(0))
    }

    /// Fills an empty database from a copy in one transaction, with a setting that was not in the copy.
    pub(in crate::store) async fn restore_copy(
        &self,
        folder: &Path,
        schema: i64,
        (name, value): (&str, &[u8]),
    ) -> Result<(), Failure> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await?;
        transaction.batch_execute(NO_TIME_LIMITS).await?;
        transaction.batch_execute("CREATE TABLE migration (version BIGINT NOT NULL PRIMARY KEY)").await?;
        let client = transaction.client();
        make_tables(client, schema).await?;
        fill_tables(client, folder, schema).await?;
        for migration in migrations::until(schema) {
            client.execute("INSERT INTO migration (version) VALUES ($1)", &[&migration.number]).await?;
        }
        for table in migrations::tables(schema) {
            if MADE_AGAIN.contains(&table) {
                client.batch_execute(&format!("DELETE FROM {table}")).await?;
            }
            advance_sequences(client, table).await?;
        }
        let mark = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        client.execute(mark, &[&name, &value]).await?;
        Ok(transaction.commit().await?)
    }
}

async fn make_tables(client: &Client, schema: i64) -> Result<(), Failure> {
    for migration in migrations::until(schema) {
        let script = migration.script(Dialect::Postgres);
        client.batch_execute(&script).await.map_err(|error| without_rows(error.into()))?;
    }
    // A script may write rows of its own, which are in the copy too.
    for table in migrations::tables(schema).iter().rev() {
        client.batch_execute(&format!("DELETE FROM {table}")).await?;
    }
    Ok(())
}

async fn fill_tables(client: &Client, folder: &Path, schema: i64) -> Result<(), Failure> {
    for table in migrations::tables(schema) {
        let name = file_of(table);
        let mut file = tokio::fs::File::open(folder.join(&name)).await.with_context(|| name.clone())?;
        let sink = client.copy_in(&format!("COPY {table} FROM STDIN (FORMAT binary)")).await?;
        pin_mut!(sink);
        loop {
            let mut chunk = bytes::BytesMut::with_capacity(CHUNK);
            if file.read_buf(&mut chunk).await? == 0 {
                break;
            }
            sink.send(chunk.freeze())
                .await
                .map_err(|error| without_rows(error.into()))
                .context(name.clone())?;
        }
        sink.finish().await.map_err(|error| without_rows(error.into())).context(name)?;
    }
    Ok(())
}

/// Rows that come with their numbers do not move the sequence that gives the next one.
async fn advance_sequences(client: &Client, table: &str) -> Result<(), Failure> {
    let columns =
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attidentity <> ''";
    for row in client.query(columns, &[&table]).await? {
        let column: String = row.get(0);
        let advance = format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table} HAVING max({column}) IS NOT NULL"
        );
        client.query(&advance, &[]).await?;
    }
    Ok(())
}
