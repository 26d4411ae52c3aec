//! The teller's way into the database: load, save, commit, on either engine. Not here: what it loads and saves, which both
//! engines share (teller.rs), and how each does it (sqlite/teller.rs, postgres/teller.rs).

use super::Failure;
use super::postgres::{PostgresTeller, without_rows};
use super::sqlite::SqliteTeller;
use super::teller::{Needs, Saving};
use ledger::Book;

/// The teller's connection.
pub enum TellerStore {
    /// The writer connection of this process.
    Sqlite(SqliteTeller),
    /// A connection of its own.
    Postgres(Box<PostgresTeller>),
}

impl TellerStore {
    /// Begins a transaction, locks the books and reads what the commands name. A book that does not exist is left out.
    ///
    /// # Errors
    /// When the database breaks; nothing was written and the transaction is gone.
    pub async fn load(&mut self, needs: &Needs) -> Result<Vec<Book>, Failure> {
        match self {
            Self::Sqlite(teller) => teller.load(needs),
            Self::Postgres(teller) => teller.load(needs).await.map_err(without_rows),
        }
    }

    /// Writes the changes of all books into the transaction that `load` began.
    ///
    /// # Errors
    /// When the database breaks, or a constraint or a type holds against a change. The caller must roll back.
    pub async fn save(&mut self, books: &[Saving<'_>]) -> Result<(), Failure> {
        match self {
            Self::Sqlite(teller) => teller.save(books),
            Self::Postgres(teller) => teller.save(books).await.map_err(without_rows),
        }
    }

    /// Makes it durable. After an error the outcome is unknown: the process must restart, and must
    /// not try again, because a second fsync may report success for pages that the first one lost.
    pub async fn commit(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(teller) => teller.commit(),
            Self::Postgres(teller) => teller.commit().await.map_err(without_rows),
        }
    }

    /// Gives up the transaction that `load` began.
    pub async fn roll_back(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(teller) => teller.roll_back(),
            Self::Postgres(teller) => teller.roll_back().await.map_err(without_rows),
        }
    }

    /// Maintenance for an idle moment: SQLite moves its write-ahead log into the database once it has grown, or at
    /// the end.
    pub fn tidy_up(&mut self, at_the_end: bool) -> Result<(), Failure> {
        match self {
            Self::Sqlite(teller) => teller.checkpoint_if_due(at_the_end),
            Self::Postgres(_) => Ok(()),
        }
    }
}
