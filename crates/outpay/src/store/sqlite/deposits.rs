//! Loads the deposits that a batch is about to reverse. Not here: everything else that the teller loads (teller.rs).

use crate::store::Failure;
use crate::store::teller::{BookNeeds, DEPOSIT, put_deposit};
use ledger::Book;
use rusqlite::Connection;

pub(super) fn load_deposits(
    connection: &Connection,
    book: &mut Book,
    needs: &BookNeeds,
) -> Result<(), Failure> {
    for deposit in &needs.deposits {
        let mut found = connection.prepare_cached(DEPOSIT)?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
        let rows = found.query_map([book.id.0, *deposit], row)?.collect::<Result<Vec<_>, _>>()?;
        let rows = rows.iter().map(|(kind, amount, detail)| (*kind, *amount, detail.as_str()));
        put_deposit(book, *deposit, rows)?;
    }
    Ok(())
}
