//! Loads and saves what was spent of the budgets of keys. Not here: everything else of a batch (teller.rs, columns.rs).

use super::statements::Statements;
use crate::store::Failure;
use crate::store::teller::Needs;
use ledger::{Book, BookId, Cents, Email, Spent};
use std::collections::{BTreeMap, HashMap};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

/// No statement is sent where no key with ceilings pays.
pub(super) async fn load(client: &Client, all: &Statements, needs: &Needs) -> Result<Vec<Row>, Failure> {
    let (mut books, mut budgets, mut emails) = (Vec::new(), Vec::new(), Vec::new());
    for (id, needs) in &needs.0 {
        for (budget, email) in &needs.spent {
            books.push(id.0);
            budgets.push(*budget);
            emails.push(email.as_ref().map_or("", Email::as_str));
        }
    }
    if books.is_empty() {
        return Ok(Vec::new());
    }
    Ok(client.query(&all.spent, &[&books, &budgets, &emails]).await?)
}

pub(super) fn put(found: &mut HashMap<i64, Book>, rows: &[Row]) {
    for row in rows {
        if let Some(book) = found.get_mut(&row.get::<_, i64>(0)) {
            let spent = Spent { day: row.get(3), amount: Cents(row.get(4)) };
            book.put_spent(row.get(1), row.get(2), spent);
        }
    }
}

/// Book, budget, recipient, day, sum.
#[derive(Default)]
pub(super) struct SpentColumns([Vec<i64>; 5]);

impl SpentColumns {
    pub(super) fn push(&mut self, book: BookId, changed: &BTreeMap<(i64, i64), Spent>) {
        for ((budget, user), spent) in changed {
            let row = [book.0, *budget, *user, spent.day, spent.amount.0];
            self.0.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }

    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.0.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0[0].len()
    }
}
