//! The rails of the installation, as the processes that have them wrote them down: a process with another configuration can
//! so tell a rail that it lacks from one that never was.

use super::driver::Statement;
use super::sql::sql;
use super::{Failure, Store};
use ledger::{Micros, Mode};

/// A rail that some process of this installation has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallationRail {
    /// For test books?
    pub test_mode: bool,
    pub name: String,
    /// The word of what kind it is.
    pub provider: String,
    /// The line its payments stand in; empty for none.
    pub line: String,
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "test_mode, name, provider, line";

impl Store {
    /// Writes down rails that are not known yet.
    pub async fn record_rails(&self, rails: &[InstallationRail], now: Micros) -> Result<(), Failure> {
        let known = self.recorded_rails().await?;
        let sql = "INSERT INTO installation_rail (test_mode, name, provider, line, since) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (test_mode, name, provider, line) DO NOTHING";
        let new = rails.iter().filter(|rail| !known.contains(rail));
        let statements: Vec<Statement> = new
            .map(|rail| {
                let values = vec![
                    rail.test_mode.into(),
                    rail.name.as_str().into(),
                    rail.provider.as_str().into(),
                    rail.line.as_str().into(),
                    now.into(),
                ];
                Statement::new(sql, values)
            })
            .collect();
        if statements.is_empty() {
            return Ok(());
        }
        self.driver.write(statements).await.map_err(Failure::from)
    }

    /// Every rail that was ever written down.
    pub async fn recorded_rails(&self) -> Result<Vec<InstallationRail>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM installation_rail ORDER BY test_mode, name, since");
        let rows = self.driver.query(sql, Vec::new()).await?;
        rows.iter()
            .map(|row| {
                Ok(InstallationRail {
                    test_mode: row.int(0)? == 1,
                    name: row.text(1)?.to_owned(),
                    provider: row.text(2)?.to_owned(),
                    line: row.text(3)?.to_owned(),
                })
            })
            .collect()
    }

    /// The recorded rails of a mode that have this name: one, or several where the configuration was changed.
    pub async fn rails_called(&self, mode: Mode, name: &str) -> Result<Vec<InstallationRail>, Failure> {
        let mut found = self.recorded_rails().await?;
        found.retain(|rail| rail.test_mode == (mode == Mode::Test) && rail.name == name);
        Ok(found)
    }
}
