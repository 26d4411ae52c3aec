//! The numbers that counterparts have given the payments of attempts. Not here: the attempts (attempts.rs).
//!
//! Invariant: the first number of a key stays for ever.

use super::driver::{Row, Statement};
use super::{Failure, Store};

/// How a counterpart calls the payment of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailNumber {
    /// The attempt's key.
    pub key: String,
    /// By which the counterpart is asked about it.
    pub number: String,
    /// By which its statements name it; empty until it is known.
    pub transaction: String,
}

const COLUMNS: &str = "key, number, transaction_number";

impl Store {
    /// Notes the number of an attempt's payment, and gives the one that is noted: the first stays.
    pub async fn note_rail_number(&self, rail: &str, key: &str, number: &str) -> Result<String, Failure> {
        let insert = "INSERT INTO rail_number (rail, key, number, transaction_number) VALUES ($1, $2, $3, '') \
                      ON CONFLICT (rail, key) DO NOTHING";
        let values = vec![rail.into(), key.into(), number.into()];
        self.driver.write(vec![Statement::new(insert, values)]).await?;
        let noted = self.rail_number(rail, key).await?;
        Ok(noted.map_or_else(|| number.to_owned(), |noted| noted.number))
    }

    /// Notes how the counterpart's statements call the payment of a key that has a number.
    pub async fn note_rail_transaction(
        &self,
        rail: &str,
        key: &str,
        transaction: &str,
    ) -> Result<(), Failure> {
        let sql = "UPDATE rail_number SET transaction_number = $1 WHERE rail = $2 AND key = $3";
        let values = vec![transaction.into(), rail.into(), key.into()];
        Ok(self.driver.write(vec![Statement::new(sql, values)]).await?)
    }

    /// What is known of the payment of this key.
    pub async fn rail_number(&self, rail: &str, key: &str) -> Result<Option<RailNumber>, Failure> {
        let sql = super::sql::sql!("SELECT {COLUMNS} FROM rail_number WHERE rail = $1 AND key = $2");
        let row = self.driver.query_one(sql, vec![rail.into(), key.into()]).await?;
        row.as_ref().map(number).transpose()
    }

    /// The same of the payment that a counterpart's statements call so, with the rail that has sent it: several rails may use one account.
    pub async fn rail_number_of_transaction(
        &self,
        transaction: &str,
    ) -> Result<Option<(String, RailNumber)>, Failure> {
        let sql = super::sql::sql!(
            "SELECT {COLUMNS}, rail FROM rail_number WHERE transaction_number = $1 AND transaction_number <> ''"
        );
        let row = self.driver.query_one(sql, vec![transaction.into()]).await?;
        row.map(|row| Ok((row.text(3)?.to_owned(), number(&row)?))).transpose()
    }
}

fn number(row: &Row) -> Result<RailNumber, Failure> {
    let text = |column| Ok::<_, Failure>(row.text(column)?.to_owned());
    Ok(RailNumber { key: text(0)?, number: text(1)?, transaction: text(2)? })
}
