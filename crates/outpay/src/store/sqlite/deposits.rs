//! Loads the deposits that a batch is about to reverse, and those of other businesses under the references it is about to record. Not here: everything else that the teller loads (teller.rs).

use crate::store::Failure;
use crate::store::teller::{BookNeeds, DEPOSIT, DEPOSITED_ELSEWHERE, put_deposit};
use ledger::{Book, BookId, DepositedElsewhere};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn load_deposits(
    connection: &Connection,
    book: &mut Book,
    needs: &BookNeeds,
) -> Result<(), Failure> {
    for deposit in &needs.deposits {
        let mut found = connection.prepare_cached(&DEPOSIT)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
        let rows = found.query_map([book.id.0, *deposit], row)?.collect::<Result<Vec<_>, _>>()?;
        let rows = rows.iter().map(|(kind, amount, detail)| (*kind, *amount, detail.as_str()));
        put_deposit(book, *deposit, rows)?;
    }
    for reference in &needs.references {
        let mut found = connection.prepare_cached(&DEPOSITED_ELSEWHERE)?;
        let other =
            |row: &rusqlite::Row<'_>| Ok(DepositedElsewhere { book: BookId(row.get(0)?), at: row.get(1)? });
        if let Some(other) = found.query_row(params![reference, book.id.0], other).optional()? {
            book.put_deposited_elsewhere(reference, other);
        }
    }
    Ok(())
}
