//! PostgreSQL: a pool for everything but the teller, which has a connection of its own (teller.rs). Every connection is
//! checked for durable commits when it is made.

mod columns;
mod copy;
mod deposits;
mod metadata;
mod secured;
mod session;
mod spent;
mod statements;
mod teller;

pub(super) use copy::file_of;
pub use secured::{ConnectionSecurity, TlsMode};
pub use teller::PostgresTeller;

use super::Failure;
use super::audit_log_chain::{self, LogHead};
use super::driver::{Row, Statement, Value, WriteError};
use super::migrations::{Dialect, Migration};
use crate::clock::Clock;
use anyhow::Context;
use bytes::BytesMut;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Transaction,
};
use ledger::Micros;
use secured::Secured;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Client;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

const POOL_SIZE: usize = 8;
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// Any number that no other program on the same database takes for its advisory lock: "outpay" in ASCII.
const MIGRATION_LOCK: i64 = 0x6f75_7470_6179;

/// A handle to one PostgreSQL database.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
    server: Arc<Secured>,
}

impl Postgres {
    /// Connects and checks that commits are durable.
    ///
    /// # Errors
    /// When the server cannot be reached or does not write durably.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let mut server = Secured::read(url)?;
        let config = &mut server.config;
        config.application_name("outpay");
        // A server that vanished without a word must be noticed.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(LONGEST_SILENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(LONGEST_SILENCE);
        }
        let manager = Manager::from_config(
            server.config.clone(),
            server.connector.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let durable = Hook::async_fn(|client, _| {
            Box::pin(async move {
                session::set_up(client).await.map_err(|error| HookError::message(format!("{error:#}")))
            })
        });
        let pool = Pool::builder(manager).max_size(POOL_SIZE).post_create(durable).build()?;
        session::check_pooling(&server).await?;
        session::check_encoding(&*pool.get().await.context("cannot connect to PostgreSQL")?).await?;
        Ok(Self { pool, server: Arc::new(server) })
    }

    /// A connection for the teller alone.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn teller(&self, clock: Clock) -> Result<PostgresTeller, Failure> {
        PostgresTeller::new(self.connect().await?, clock).await
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let client = self.server.connect().await?;
        session::set_up(&client).await?;
        Ok(client)
    }

    /// How connections are secured, and what the server says of one.
    pub(super) async fn security(&self) -> Result<ConnectionSecurity, Failure> {
        let sql = "SELECT version || ', ' || cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let rows = self.query(sql, Vec::new()).await?;
        let encrypted = rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()?;
        let (mode, is_local) = (self.server.mode, self.server.is_local);
        Ok(ConnectionSecurity { mode, is_local, encrypted })
    }

    pub(super) async fn connection(&self) -> Result<Object, Failure> {
        self.pool.get().await.context("no connection to PostgreSQL")
    }

    pub(super) async fn query(&self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        let connection = self.connection().await?;
        let read = async {
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, &refs(&params)).await
        };
        read.await.map_err(|error| without_rows(error.into()))?.iter().map(row).collect()
    }

    /// The database's own time.
    pub(super) async fn now(&self) -> Result<Micros, Failure> {
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        self.query(sql, Vec::new()).await?.first().context("the database tells no time")?.int(0)
    }

    pub(super) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<u64>, WriteError> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await.map_err(anyhow::Error::from)?;
        transaction.batch_execute(session::SET_LOCAL).await.map_err(anyhow::Error::from)?;
        // Taken before anything else is locked, so that no two transactions wait for each other.
        let log = match statements.iter().any(|statement| statement.writes_audit_log) {
            true => Some(lock_audit_log(&transaction).await?),
            false => None,
        };
        let mut counts = Vec::with_capacity(statements.len());
        for statement in &statements {
            counts.push(execute(&transaction, statement).await?);
        }
        if let Some(head) = log {
            link_audit_log(&transaction, head).await?;
        }
        transaction.commit().await.map_err(write_error)?;
        Ok(counts)
    }

    /// Answers, and still writes durably: `fsync` can be turned off while the server runs.
    pub(super) async fn check_still_durable(&self) -> Result<(), Failure> {
        session::check(&*self.connection().await?).await
    }

    /// Runs a migration if it is not recorded yet; an advisory lock makes two starters take turns.
    pub(super) async fn migrate(&self, migration: &Migration) -> Result<(), Failure> {
        let version = migration.number;
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
        transaction
            .batch_execute("CREATE TABLE IF NOT EXISTS migration (version BIGINT NOT NULL PRIMARY KEY)")
            .await?;
        let done = transaction.query_opt("SELECT 1 FROM migration WHERE version = $1", &[&version]).await?;
        if done.is_none() {
            let script = migration.script(Dialect::Postgres);
            transaction.batch_execute(&script).await.map_err(|error| without_rows(error.into()))?;
            transaction.execute("INSERT INTO migration (version) VALUES ($1)", &[&version]).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn execute(transaction: &Transaction<'_>, statement: &Statement) -> Result<u64, WriteError> {
    let prepared = transaction.prepare_cached(statement.sql).await.map_err(write_error)?;
    let touched = transaction.execute(&prepared, &refs(&statement.params)).await.map_err(write_error)?;
    if statement.expect.is_some_and(|expect| expect != touched) {
        return Err(WriteError::Conflict);
    }
    Ok(touched)
}

async fn lock_audit_log(transaction: &Transaction<'_>) -> Result<LogHead, WriteError> {
    let head = transaction.query_opt(audit_log_chain::LOCKED_HEAD, &[]).await.map_err(write_error)?;
    let head = head.as_ref().map(row).transpose()?;
    Ok(LogHead::of(head.as_ref())?)
}

/// Links what this transaction wrote: nothing else can be there, since the head is locked.
async fn link_audit_log(transaction: &Transaction<'_>, mut head: LogHead) -> Result<(), WriteError> {
    loop {
        let rows = transaction
            .query(audit_log_chain::UNLINKED.as_str(), &[&head.number])
            .await
            .map_err(write_error)?;
        let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let (statements, more) = head.extend(&rows)?;
        for statement in &statements {
            execute(transaction, statement).await?;
        }
        if !more {
            return Ok(());
        }
    }
}

fn refs(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

pub(super) async fn query(client: &Client, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
    client.query(sql, &refs(params)).await?.iter().map(row).collect()
}

/// A query with a number and an array of byte strings.
pub(super) async fn query_any(
    client: &Client,
    sql: &str,
    first: i64,
    any: &[&[u8]],
) -> Result<Vec<Row>, Failure> {
    client.query(sql, &[&first, &any]).await?.iter().map(row).collect()
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Failure> {
    let value = |column: usize| -> Result<Value, Failure> {
        Ok(match *row.columns()[column].type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(column)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(column)?.map(i64::from).into(),
            Type::TEXT => row.try_get::<_, Option<&str>>(column)?.into(),
            Type::BYTEA => row.try_get::<_, Option<&[u8]>>(column)?.into(),
            ref other => anyhow::bail!("column {column} has the type {other}, which no table has"),
        })
    };
    Ok(Row((0..row.len()).map(value).collect::<Result<_, _>>()?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

fn write_error(error: tokio_postgres::Error) -> WriteError {
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION | &SqlState::FOREIGN_KEY_VIOLATION) => WriteError::Conflict,
        _ => WriteError::Failure(without_rows(error.into())),
    }
}

/// The failure without what the server tells of rows: its DETAIL holds whole ones, with addresses and destinations, and
/// failures end in a log.
pub(super) fn without_rows(failure: Failure) -> Failure {
    let Some(told) = failure.chain().find_map(|cause| cause.downcast_ref::<DbError>()) else {
        return failure;
    };
    let place = [told.table(), told.constraint()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    anyhow::anyhow!("{failure}: {} {}: {} ({place})", told.severity(), told.code().code(), told.message())
}
