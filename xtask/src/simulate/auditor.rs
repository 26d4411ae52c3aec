//! The auditor: decides from the SQLite file alone whether the books are right. It shares no code with `ledger` or
//! `outpay` and knows only what is documented: the tables (migrations/0001_schema.sql), the kinds of entries
//! (ledger/src/entry.rs), the digested bytes (ledger/src/chain.rs), the names of remembered replies (short digests).
//!
//! Here: one pass over all tables in one read transaction. Not here: the replay of one book (replay.rs), remembered
//! replies (remembered.rs), the ceilings of a key (ceilings.rs), the audit log's chain and signed heads (chains.rs), a digest of everything (content.rs).

pub mod ceilings;
mod chains;
mod content;
mod remembered;
mod replay;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags};

pub use content::digest;
pub use remembered::Requests;
use replay::Replay;

/// One entry of a book, with the values that the auditor derives.
#[derive(Debug)]
pub struct Line {
    pub book: i64,
    pub sequence: i64,
    pub kind: i64,
    pub at: i64,
    pub user: i64,
    /// Address of the user; empty if the entry concerns none.
    pub email: String,
    pub debit: i64,
    pub credit: i64,
    pub amount: i64,
    pub debit_previous: i64,
    pub credit_previous: i64,
    pub note: String,
    /// Salt of the hash that the entry issues; empty for none.
    pub salt: Vec<u8>,
    pub chain: Vec<u8>,
    /// Balances after this entry.
    pub main: i64,
    pub payout: i64,
    pub held_by_user: i64,
}

/// Remembers where it stopped, so that the next pass reads only new entries.
#[derive(Default)]
pub struct Auditor {
    books: BTreeMap<i64, Replay>,
}

struct BookRow {
    id: i64,
    sequence: i64,
    chain: Vec<u8>,
    users: i64,
}

pub(super) struct UserRow {
    pub number: i64,
    pub email: String,
    pub active: bool,
    pub generation: i64,
    pub created_at: i64,
}

pub(super) struct CredentialRow {
    pub digest: Vec<u8>,
    pub user: i64,
    pub active: bool,
}

impl Auditor {
    /// Audits everything that is new, passes every new line to `tell`, and compares all balances and users. Returns
    /// the number of new lines.
    pub fn look(&mut self, path: &Path, tell: &mut dyn FnMut(&Line) -> Result<()>) -> Result<u64> {
        let connection = open(path)?;
        let mut credentials = read_credentials(&connection)?;
        let mut lines = 0;
        for book in read_books(&connection)? {
            let place = || format!("book {}", book.id);
            let replay = self.books.entry(book.id).or_insert_with(|| Replay::new(book.id));
            let users = read_users(&connection, book.id).with_context(place)?;
            lines += read_lines(&connection, replay, &users, tell).with_context(place)?;
            compare_head(replay, &book).with_context(place)?;
            compare_accounts(&connection, replay).with_context(place)?;
            replay.compare_users(&users).with_context(place)?;
            let credentials = credentials.remove(&book.id).unwrap_or_default();
            replay.compare_credentials(&credentials).with_context(place)?;
        }
        if let Some(book) = credentials.keys().next() {
            bail!("a user's credential opens book {book}, which does not exist");
        }
        Ok(lines)
    }

    /// Audits everything from the beginning, including remembered replies.
    pub fn look_at_all(path: &Path, requests: &Requests) -> Result<()> {
        let mut remembered = remembered::Remembered::read(&open(path)?)?;
        Self::default().look(path, &mut |line| remembered.explain(line))?;
        remembered.finish(requests)?;
        chains::log(&open(path)?)?;
        ceilings::hold(&open(path)?)?;
        no_strangers(&open(path)?)
    }
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_prepared_statement_cache_capacity(16);
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

fn read_books(connection: &Connection) -> Result<Vec<BookRow>> {
    let mut statement = connection.prepare("SELECT id, sequence, chain, users FROM book ORDER BY id")?;
    let book = |row: &rusqlite::Row<'_>| {
        Ok(BookRow { id: row.get(0)?, sequence: row.get(1)?, chain: row.get(2)?, users: row.get(3)? })
    };
    Ok(statement.query_map([], book)?.collect::<rusqlite::Result<_>>()?)
}

fn read_users(connection: &Connection, book: i64) -> Result<Vec<UserRow>> {
    let sql = "SELECT number, email, status, generation, created_at FROM payout_user WHERE book = ?1 ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let user = |row: &rusqlite::Row<'_>| {
        let active = row.get::<_, i64>(2)? == 1;
        let (generation, created_at) = (row.get(3)?, row.get(4)?);
        Ok(UserRow { number: row.get(0)?, email: row.get(1)?, active, generation, created_at })
    };
    let users: Vec<UserRow> = statement.query_map([book], user)?.collect::<rusqlite::Result<_>>()?;
    for (number, user) in (1..).zip(&users) {
        ensure!(user.number == number, "user {number} is missing, the next one is {}", user.number);
    }
    Ok(users)
}

fn read_credentials(connection: &Connection) -> Result<BTreeMap<i64, Vec<CredentialRow>>> {
    let sql = "SELECT book, digest, subject, active FROM credential WHERE kind = 3 ORDER BY book, subject";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found: BTreeMap<i64, Vec<CredentialRow>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let active = row.get::<_, i64>(3)? == 1;
        let credential = CredentialRow { digest: row.get(1)?, user: row.get(2)?, active };
        found.entry(row.get(0)?).or_default().push(credential);
    }
    Ok(found)
}

fn read_lines(
    connection: &Connection,
    replay: &mut Replay,
    users: &[UserRow],
    tell: &mut dyn FnMut(&Line) -> Result<()>,
) -> Result<u64> {
    let sql = "SELECT sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, chain, salt \
               FROM journal WHERE book = ?1 AND sequence > ?2 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([replay.book, replay.sequence])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let user: i64 = row.get(3)?;
        let known = usize::try_from(user - 1).ok().and_then(|at| users.get(at));
        let mut line = Line {
            book: replay.book,
            sequence: row.get(0)?,
            kind: row.get(1)?,
            at: row.get(2)?,
            user,
            email: known.map(|user| user.email.clone()).unwrap_or_default(),
            debit: row.get(4)?,
            credit: row.get(5)?,
            amount: row.get(6)?,
            debit_previous: row.get(7)?,
            credit_previous: row.get(8)?,
            note: row.get(9)?,
            salt: row.get::<_, Option<Vec<u8>>>(11)?.unwrap_or_default(),
            chain: row.get(10)?,
            main: 0,
            payout: 0,
            held_by_user: 0,
        };
        replay.take(&mut line).with_context(|| format!("entry {}", line.sequence))?;
        tell(&line).with_context(|| format!("entry {}: {line:?}", line.sequence))?;
        count += 1;
    }
    Ok(count)
}

fn compare_head(replay: &Replay, book: &BookRow) -> Result<()> {
    let last = replay.sequence;
    ensure!(book.sequence == last, "the newest entry is {last}, the book says {}", book.sequence);
    ensure!(book.chain == replay.chain, "the book's digest is not that of its newest entry");
    let users = replay.users();
    ensure!(book.users == users, "the entries create {users} users, the book says {}", book.users);
    Ok(())
}

fn compare_accounts(connection: &Connection, replay: &Replay) -> Result<()> {
    let sql = "SELECT id, balance, head FROM account WHERE book = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([replay.book])?;
    let mut told = replay.accounts.iter();
    let mut sum = 0i128;
    while let Some(row) = rows.next()? {
        let (id, balance, head): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some((expected, held)) = told.next() else {
            bail!("account {id} is stored, but no entry touches it")
        };
        ensure!(id == *expected, "account {expected} should be next, stored is account {id}");
        let (entries, last) = (held.balance, held.head);
        ensure!(balance == entries, "account {id}: the entries add up to {entries}, stored is {balance}");
        ensure!(head == last, "account {id}: its newest entry is {last}, stored is {head}");
        ensure!(balance >= 0 || id == replay::WORLD, "account {id}: its balance is {balance}");
        sum += i128::from(balance);
    }
    if let Some((id, _)) = told.next() {
        bail!("account {id} is missing");
    }
    ensure!(sum == 0, "the balances add up to {sum}");
    Ok(())
}

/// Rows of books that do not exist.
fn no_strangers(connection: &Connection) -> Result<()> {
    for table in ["journal", "account", "payout_user", "remembered"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE book NOT IN (SELECT id FROM book)");
        let strange: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        ensure!(strange == 0, "{table} has {strange} rows of books that do not exist");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
