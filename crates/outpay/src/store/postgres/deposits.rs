//! Loads the deposits that a batch is about to reverse, and those of other businesses under the references it is about to record.
//! Not here: everything else that the teller loads (teller.rs).

use super::session::BEGIN;
use super::statements::Statements;
use crate::store::Failure;
use crate::store::teller::{Needs, put_deposit};
use futures_util::FutureExt;
use futures_util::future::{try_join, try_join_all};
use ledger::{Book, BookId, DepositedElsewhere};
use std::collections::HashMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

/// What was found.
pub(super) struct Deposits {
    reversed: Vec<(BookId, i64, Vec<Row>)>,
    elsewhere: Vec<(BookId, String, Vec<Row>)>,
}

/// How a batch begins. Deposits of two businesses lock two books, so a lock of their own puts one after the other: otherwise
/// neither would see the reference of the other. It comes before the books' locks, always, so that no two batches wait for
/// each other.
pub(super) fn begin(needs: &Needs) -> String {
    let records = needs.0.values().any(|book| !book.references.is_empty());
    let lock = if records { "; SELECT pg_advisory_xact_lock(6877126501)" } else { "" };
    format!("{BEGIN}{lock}")
}

pub(super) async fn load(client: &Client, all: &Statements, needs: &Needs) -> Result<Deposits, Failure> {
    let named = needs.0.iter().flat_map(|(book, needs)| needs.deposits.iter().map(|number| (*book, *number)));
    let reversed = named.map(|(book, number)| async move {
        let params: [&(dyn ToSql + Sync); 2] = [&book.0, &number];
        Ok::<_, Failure>((book, number, client.query(&all.deposit, &params).await?))
    });
    let named = needs.0.iter().flat_map(|(book, needs)| needs.references.iter().map(|text| (*book, text)));
    let elsewhere = named.map(|(book, reference)| async move {
        let params: [&(dyn ToSql + Sync); 2] = [reference, &book.0];
        let rows = client.query(&all.deposited_elsewhere, &params).await?;
        Ok::<_, Failure>((book, reference.clone(), rows))
    });
    let both =
        try_join(try_join_all(reversed.map(FutureExt::boxed)), try_join_all(elsewhere.map(FutureExt::boxed)));
    let (reversed, elsewhere) = both.await?;
    Ok(Deposits { reversed, elsewhere })
}

pub(super) fn put(found: &mut HashMap<i64, Book>, deposits: &Deposits) -> Result<(), Failure> {
    for (book, deposit, rows) in &deposits.reversed {
        if let Some(book) = found.get_mut(&book.0) {
            put_deposit(book, *deposit, rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))))?;
        }
    }
    for (book, reference, rows) in &deposits.elsewhere {
        if let (Some(book), Some(row)) = (found.get_mut(&book.0), rows.first()) {
            let other = DepositedElsewhere { book: BookId(row.get(0)), at: row.get(1) };
            book.put_deposited_elsewhere(reference, other);
        }
    }
    Ok(())
}
