//! The thin driver: values, rows, statements, and the two engines behind one face. SQL comes in with `$1` placeholders
//! in order of first appearance and in words both engines know. Not here: the teller's load and save (teller.rs).

use super::Failure;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use anyhow::Context;

/// One of the two engines.
#[derive(Clone)]
pub(super) enum Driver {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A value going in or coming out. Times are microseconds, truth is 0 or 1: both engines store 64-bit integers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    /// BLOB or BYTEA.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer; columns by position.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    pub fn int(&self, column: usize) -> Result<i64, Failure> {
        self.maybe_int(column)?.with_context(|| format!("column {column} is NULL"))
    }

    /// An integer or NULL.
    pub fn maybe_int(&self, column: usize) -> Result<Option<i64>, Failure> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => anyhow::bail!("column {column} is not an integer"),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, Failure> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value),
            _ => anyhow::bail!("column {column} is not a text"),
        }
    }

    /// A text or NULL.
    pub fn maybe_text(&self, column: usize) -> Result<Option<&str>, Failure> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// Bytes or NULL.
    pub fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, Failure> {
        match self.0.get(column) {
            Some(Value::Null) => Ok(None),
            _ => self.bytes(column).map(Some),
        }
    }

    pub fn bytes(&self, column: usize) -> Result<&[u8], Failure> {
        match self.0.get(column) {
            Some(Value::Bytes(value)) => Ok(value),
            _ => anyhow::bail!("column {column} is not bytes"),
        }
    }
}

/// A statement that writes.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(super) sql: &'static str,
    pub(super) params: Vec<Value>,
    /// How many rows it must touch; otherwise the whole transaction is rolled back.
    pub(super) expect: Option<u64>,
    /// Its rows are to be linked into the chain of the audit log before the transaction ends.
    pub(super) writes_audit_log: bool,
}

impl Statement {
    /// A statement that may touch any number of rows.
    pub(super) fn new(sql: &'static str, params: Vec<Value>) -> Self {
        Self { sql, params, expect: None, writes_audit_log: false }
    }

    /// A statement that must touch exactly one row.
    pub(super) fn one(sql: &'static str, params: Vec<Value>) -> Self {
        Self { expect: Some(1), ..Self::new(sql, params) }
    }

    /// A statement that must touch this many rows.
    pub(super) fn exactly(rows: u64, sql: &'static str, params: Vec<Value>) -> Self {
        Self { expect: Some(rows), ..Self::new(sql, params) }
    }

    /// The same, where it writes rows of the audit log.
    pub(super) fn into_audit_log(self) -> Self {
        Self { writes_audit_log: true, ..self }
    }
}

/// Why a write was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A row that must be there was not, or one that must not be was (a UNIQUE value).
    #[error("another row stands in the way, or the expected one is gone")]
    Conflict,
    /// The database broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Driver {
    /// Reads.
    pub(super) async fn query(&self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(sqlite) => sqlite.query(sql, &params),
            Self::Postgres(postgres) => postgres.query(sql, params).await,
        }
    }

    /// Reads at most one row.
    pub(super) async fn query_one(
        &self,
        sql: &'static str,
        params: Vec<Value>,
    ) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Carries out all statements in one durable transaction, or none.
    pub(super) async fn write(&self, statements: Vec<Statement>) -> Result<(), WriteError> {
        self.write_counted(statements).await.map(drop)
    }

    /// The same; says how many rows each statement touched.
    pub(super) async fn write_counted(&self, statements: Vec<Statement>) -> Result<Vec<u64>, WriteError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(statements).await,
            Self::Postgres(postgres) => postgres.write(statements).await,
        }
    }
}
