//! Businesses and their two books.

use super::driver::{Row, Statement, WriteError};
use super::epoch::Floor;
use super::keys::{NewApiKey, insert_key};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, GENESIS, Micros, Mode};

/// A business as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Business {
    pub number: i64,
    pub name: String,
    /// May it pay people?
    pub payouts_enabled: bool,
    pub created_at: Micros,
}

/// A business to create.
#[derive(Debug)]
pub struct NewBusiness {
    /// The next free number, from [`Store::next_business_number`].
    pub number: i64,
    pub name: String,
    pub created_at: Micros,
}

/// The columns that `business` reads, in its order.
const COLUMNS: &str = "number, name, payouts_enabled, created_at";

impl Store {
    /// The next free business number, unless another process takes it first.
    pub async fn next_business_number(&self) -> Result<i64, Failure> {
        self.next_number("SELECT coalesce(max(number), 0) FROM business", Vec::new(), Floor::Businesses).await
    }

    /// Creates a business, its live and test book and its first keys, all or nothing.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the number, the name or a key's number is taken.
    pub async fn create_business(
        &self,
        business: &NewBusiness,
        keys: &[NewApiKey],
    ) -> Result<(), WriteError> {
        let mut statements = vec![Statement::one(
            "INSERT INTO business (number, name, payouts_enabled, created_at) VALUES ($1, $2, 0, $3)",
            vec![business.number.into(), business.name.as_str().into(), business.created_at.into()],
        )];
        for mode in [Mode::Live, Mode::Test] {
            statements.push(Statement::one(
                "INSERT INTO book (id, business, sequence, chain, users) VALUES ($1, $2, 0, $3, 0)",
                vec![
                    BookId::new(business.number, mode).0.into(),
                    business.number.into(),
                    GENESIS.as_slice().into(),
                ],
            ));
        }
        statements.extend(keys.iter().flat_map(insert_key));
        self.driver.write(statements).await
    }

    /// All businesses, oldest first.
    pub async fn businesses(&self) -> Result<Vec<Business>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM business ORDER BY number");
        self.driver.query(sql, Vec::new()).await?.iter().map(business).collect()
    }

    /// The business with this number.
    pub async fn business(&self, number: i64) -> Result<Option<Business>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM business WHERE number = $1");
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(business).transpose()
    }

    /// The business with this name.
    pub async fn business_by_name(&self, name: &str) -> Result<Option<Business>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM business WHERE name = $1");
        self.driver.query_one(sql, vec![name.into()]).await?.as_ref().map(business).transpose()
    }

    /// Lets a business pay people, or not.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when there is no such business.
    pub async fn set_payouts_enabled(&self, number: i64, enabled: bool) -> Result<(), WriteError> {
        self.driver.write(vec![enable_payouts(number, enabled)]).await
    }
}

pub(super) fn enable_payouts(number: i64, enabled: bool) -> Statement {
    let sql = "UPDATE business SET payouts_enabled = $1 WHERE number = $2";
    Statement::one(sql, vec![enabled.into(), number.into()])
}

fn business(row: &Row) -> Result<Business, Failure> {
    Ok(Business {
        number: row.int(0)?,
        name: row.text(1)?.to_owned(),
        payouts_enabled: row.int(2)? == 1,
        created_at: row.int(3)?,
    })
}
