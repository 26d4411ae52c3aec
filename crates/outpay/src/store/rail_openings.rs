//! How often each live rail was left alone because it did not answer: for the operator, who asks in another process. Not here:
//! when a rail is left alone (`rails/mounted.rs`).

use super::driver::Statement;
use super::{Failure, Store};
use ledger::Micros;

/// What is known of a rail that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailOpening {
    pub rail: String,
    /// How often, by all processes.
    pub openings: i64,
    /// When last.
    pub opened_at: Micros,
}

impl Store {
    /// Takes note that a rail is left alone from now on.
    pub async fn note_rail_opening(&self, rail: &str, now: Micros) -> Result<(), Failure> {
        let sql = "INSERT INTO rail_opening (rail, openings, opened_at) VALUES ($1, 1, $2) \
                   ON CONFLICT (rail) DO UPDATE SET openings = rail_opening.openings + 1, opened_at = excluded.opened_at";
        Ok(self.driver.write(vec![Statement::one(sql, vec![rail.into(), now.into()])]).await?)
    }

    /// The rails that were ever left alone, by name.
    pub async fn rail_openings(&self) -> Result<Vec<RailOpening>, Failure> {
        let sql = "SELECT rail, openings, opened_at FROM rail_opening ORDER BY rail";
        let rows = self.driver.query(sql, Vec::new()).await?;
        let opening = |row: &super::Row| {
            let (rail, openings, opened_at) = (row.text(0)?.to_owned(), row.int(1)?, row.int(2)?);
            Ok(RailOpening { rail, openings, opened_at })
        };
        rows.iter().map(opening).collect()
    }
}
