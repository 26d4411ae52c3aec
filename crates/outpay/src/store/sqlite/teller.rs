//! The teller's load and save on SQLite: prepared statements, one row at a time, which is the fastest way there is in
//! the same process (a statement costs one to three microseconds). One transaction per batch.

use super::expect_one;
use super::in_place::InPlace;
use super::orders;
use crate::clock::Clock;
use crate::store::codes::WITHDRAWAL_SUCCEEDED;
use crate::store::fail_stop::FailStop;
use crate::store::sql::sql;
use crate::store::teller::{BookNeeds, Needs, NewCredential, SESSION_STANDS, Saving, stored_credential};
use crate::store::{CredentialKind, Failure};
use anyhow::Context;
use ledger::{
    Account, AccountId, Book, BookHead, BookId, Cents, Email, Fingerprint, HashSalt, Micros, NewMetadata,
    OnceKey, PayoutUser, Remembered, UserStatus,
};
use parking_lot::lock_api::ArcMutexGuard;
use parking_lot::{Mutex, RawMutex};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::{Arc, OnceLock};

/// Checkpoint once about this many rows in scattered places (so: pages) were written: rarely, since a checkpoint
/// rewrites each page that the log changed once, however often it changed.
const ROWS_PER_CHECKPOINT: usize = 16_384;

/// The teller's hold on the writer connection: other writes of this process wait while a batch is open.
pub struct SqliteTeller {
    writer: Arc<Mutex<Connection>>,
    batch: Option<ArcMutexGuard<RawMutex, Connection>>,
    rows_since_checkpoint: usize,
    clock: Clock,
    in_place: Arc<OnceLock<InPlace>>,
    fail_stop: FailStop,
}

impl SqliteTeller {
    pub(super) fn new(
        writer: Arc<Mutex<Connection>>,
        clock: Clock,
        in_place: Arc<OnceLock<InPlace>>,
        fail_stop: FailStop,
    ) -> Self {
        Self { writer, batch: None, rows_since_checkpoint: 0, clock, in_place, fail_stop }
    }

    pub(crate) fn load(&mut self, needs: &Needs) -> Result<Vec<Book>, Failure> {
        let connection = Mutex::lock_arc(&self.writer);
        self.fail_stop.check()?;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let loaded = load(&connection, needs, self.clock.now());
        self.batch = Some(connection);
        if let Err(failure) = loaded {
            return Err(match self.roll_back() {
                Ok(()) => failure,
                Err(second) => failure.context(format!("and rolling back failed: {second:#}")),
            });
        }
        loaded
    }

    pub(crate) fn save(&mut self, books: &[Saving<'_>]) -> Result<(), Failure> {
        let connection = self.batch.as_deref().context("save comes after load")?;
        for saving in books {
            let saved = save(connection, saving).inspect_err(|failure| self.fail_stop.judge(failure));
            self.rows_since_checkpoint += saved?;
        }
        Ok(())
    }

    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        let connection = self.batch.as_deref().context("commit comes after load")?;
        let committed = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        let in_place = || self.in_place.get().map_or(Ok(()), InPlace::check);
        committed.map_err(Failure::from).and_then(|_| in_place()).inspect_err(|f| self.fail_stop.trip(f))?;
        self.batch = None;
        Ok(())
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), Failure> {
        let connection = self.batch.take().context("rolling back comes after load")?;
        // After some failures SQLite has rolled back by itself.
        if !connection.is_autocommit() {
            connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        Ok(())
    }

    pub(crate) fn checkpoint_if_due(&mut self, at_the_end: bool) -> Result<(), Failure> {
        if self.rows_since_checkpoint >= ROWS_PER_CHECKPOINT || (at_the_end && self.rows_since_checkpoint > 0)
        {
            // PASSIVE never waits for readers; what they hold back is left for the next time.
            self.writer.lock().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            self.rows_since_checkpoint = 0;
        }
        Ok(())
    }
}

fn load(connection: &Connection, needs: &Needs, now: Micros) -> Result<Vec<Book>, Failure> {
    let mut head = connection.prepare_cached(
        "SELECT b.sequence, b.chain, b.users, s.payouts_enabled, b.withdrawals, b.clock_ahead FROM book b JOIN business s ON s.number = b.business WHERE b.id = ?1",
    )?;
    let mut own_accounts =
        connection.prepare_cached("SELECT id, balance, head FROM account WHERE book = ?1 AND id < 0")?;
    let mut by_email = connection.prepare_cached(
        "SELECT number, status, generation, created_at, expires_at, email, salt FROM payout_user WHERE book = ?1 AND email = ?2",
    )?;
    let mut by_number = connection.prepare_cached(
        "SELECT number, status, generation, created_at, expires_at, email, salt FROM payout_user WHERE book = ?1 AND number = ?2",
    )?;
    let mut pending = connection.prepare_cached(sql!(
        "SELECT coalesce(sum(amount), 0) FROM withdrawal WHERE book = ?1 AND payout_user = ?2 \
             AND state < {WITHDRAWAL_SUCCEEDED}"
    ))?;
    let mut account =
        connection.prepare_cached("SELECT balance, head FROM account WHERE book = ?1 AND id = ?2")?;
    let mut remembered = connection
        .prepare_cached("SELECT fingerprint, outcome FROM remembered WHERE book = ?1 AND key = ?2")?;

    let mut books = Vec::with_capacity(needs.0.len());
    for (id, needs) in &needs.0 {
        let found = head.query_row([id.0], |row| {
            let (sequence, chain, users) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let head = BookHead { sequence, chain, users, withdrawals: row.get(4)? };
            let mut book = Book::new(*id, row.get::<_, i64>(3)? == 1, head);
            book.put_clock(row.get(5)?);
            Ok(book)
        });
        let Some(mut book) = found.optional()? else { continue };
        let mut rows = own_accounts.query([id.0])?;
        while let Some(row) = rows.next()? {
            book.put_account(
                AccountId(row.get(0)?),
                Account { balance: Cents(row.get(1)?), head: row.get(2)? },
            );
        }
        for email in &needs.emails {
            if let Some(user) = by_email.query_row(params![id.0, email.as_str()], user).optional()? {
                put_user(&mut book, user, &mut account)?;
            }
        }
        for number in &needs.users {
            if book.user(*number).is_none()
                && let Some(user) = by_number.query_row([id.0, *number], user).optional()?
            {
                put_user(&mut book, user, &mut account)?;
            }
            book.put_pending(*number, Cents(pending.query_row([id.0, *number], |row| row.get(0))?));
        }
        for key in &needs.once {
            let found =
                remembered.query_row(params![id.0, key.0], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
            if let Some((fingerprint, outcome)) = found.optional()? {
                put_remembered(&mut book, *key, fingerprint, &outcome)?;
            }
        }
        load_credentials(connection, &mut book, needs)?;
        orders::load(connection, &mut book, needs, now)?;
        books.push(book);
    }
    Ok(books)
}

fn load_credentials(connection: &Connection, book: &mut Book, needs: &BookNeeds) -> Result<(), Failure> {
    let mut credential = connection.prepare_cached(
        "SELECT kind, subject, active, expires_at FROM credential WHERE digest = ?1 AND book = ?2",
    )?;
    for digest in &needs.credentials {
        let found = credential.query_row(params![digest, book.id.0], |row| {
            Ok(stored_credential(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        });
        if let Some(found) = found.optional()? {
            book.put_credential(*digest, found);
        }
    }
    for stamp in &needs.sessions {
        let mut stands = connection.prepare_cached(SESSION_STANDS)?;
        if stands.exists([book.id.business(), stamp.session, stamp.role])? {
            book.put_session(*stamp);
        }
    }
    Ok(())
}

fn user(row: &Row<'_>) -> rusqlite::Result<PayoutUser> {
    let active: i64 = row.get(1)?;
    Ok(PayoutUser {
        number: row.get(0)?,
        status: if active == 1 { UserStatus::Active } else { UserStatus::Inactive },
        generation: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        email: Email::from_stored(row.get(5)?),
        salt: HashSalt(row.get(6)?),
    })
}

fn put_user(
    book: &mut Book,
    user: PayoutUser,
    account: &mut rusqlite::CachedStatement<'_>,
) -> Result<(), Failure> {
    let found = account.query_row([book.id.0, user.number], |row| {
        Ok(Account { balance: Cents(row.get(0)?), head: row.get(1)? })
    });
    if let Some(account) = found.optional()? {
        book.put_account(AccountId::user(user.number), account);
    }
    book.put_user(user);
    Ok(())
}

fn put_remembered(
    book: &mut Book,
    key: OnceKey,
    fingerprint: [u8; 16],
    outcome: &str,
) -> Result<(), Failure> {
    let reply = serde_json::from_str(outcome).context("a remembered answer cannot be read")?;
    book.put_remembered(key, Remembered { fingerprint: Fingerprint(fingerprint), reply });
    Ok(())
}

impl Drop for SqliteTeller {
    /// A batch that was not committed must not keep the database locked for other processes until this one ends.
    fn drop(&mut self) {
        if let Some(connection) = self.batch.take() {
            let _already_rolled_back = connection.execute_batch("ROLLBACK");
        }
    }
}

/// Writes one book's changes; returns about how many pages that touches.
fn save(connection: &Connection, saving: &Saving<'_>) -> Result<usize, Failure> {
    let book = saving.book;
    let id = book.id;
    let changes = &saving.changes;
    if changes.entries.is_empty() && changes.remembered.is_empty() {
        return Ok(0);
    }
    save_users(connection, id, changes)?;
    save_credentials(connection, id, &saving.credentials)?;
    let mut insert =
        connection.prepare_cached("INSERT INTO account (book, id, balance, head) VALUES (?1, ?2, ?3, ?4)")?;
    for (account, state) in &changes.new_accounts {
        insert.execute([id.0, account.0, state.balance.0, state.head])?;
    }
    let mut update = connection
        .prepare_cached("UPDATE account SET balance = ?1, head = ?2 WHERE book = ?3 AND id = ?4")?;
    for (account, state) in &changes.changed_accounts {
        expect_one(update.execute([state.balance.0, state.head, id.0, account.0])?)?;
    }
    save_entries(connection, id, changes)?;
    save_metadata(connection, id, changes.metadata)?;
    orders::save(connection, book, changes)?;
    let mut remember = connection
        .prepare_cached("INSERT INTO remembered (book, key, fingerprint, outcome) VALUES (?1, ?2, ?3, ?4)")?;
    for (key, remembered) in &changes.remembered {
        let outcome = serde_json::to_string(&remembered.reply)?;
        remember.execute(params![id.0, key.0, remembered.fingerprint.0, outcome])?;
    }
    let head = book.head;
    let mut update = connection.prepare_cached(
        "UPDATE book SET sequence = ?1, chain = ?2, users = ?3, withdrawals = ?4 WHERE id = ?5",
    )?;
    expect_one(update.execute(params![head.sequence, head.chain, head.users, head.withdrawals, id.0])?)?;
    let scattered = changes.changed_accounts.len() + 2 * changes.new_users.len() + changes.remembered.len();
    Ok(scattered + changes.entries.len() / 32)
}

/// Few payouts have any; then not even the statement is looked up.
fn save_metadata(connection: &Connection, id: BookId, new: &[NewMetadata]) -> Result<(), Failure> {
    if new.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO metadata (book, payout_user, sequence, name, value) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for NewMetadata { sequence, user, metadata } in new {
        for (name, value) in metadata.pairs() {
            insert.execute(params![id.0, user, sequence, name, value])?;
        }
    }
    Ok(())
}

fn save_users(connection: &Connection, id: BookId, changes: &ledger::Changes<'_>) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO payout_user (book, number, email, status, generation, created_at, expires_at, salt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for user in &changes.new_users {
        let active = i64::from(user.status == UserStatus::Active);
        insert.execute(params![
            id.0,
            user.number,
            user.email.as_str(),
            active,
            user.generation,
            user.created_at,
            user.expires_at,
            user.salt.0
        ])?;
    }
    let mut update = connection.prepare_cached(
        "UPDATE payout_user SET status = ?1, generation = ?2, salt = ?3 WHERE book = ?4 AND number = ?5",
    )?;
    for (user, _) in &changes.changed_users {
        let active = i64::from(user.status == UserStatus::Active);
        expect_one(update.execute(params![active, user.generation, user.salt.0, id.0, user.number])?)?;
    }
    Ok(())
}

fn save_credentials(
    connection: &Connection,
    id: BookId,
    credentials: &[NewCredential],
) -> Result<(), Failure> {
    let mut delete = connection.prepare_cached("DELETE FROM credential WHERE digest = ?1")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO credential (digest, kind, book, subject, active, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for credential in credentials {
        if let Some(replaced) = credential.replaces {
            expect_one(delete.execute([replaced])?)?;
        }
        let kind = CredentialKind::PayoutHash.code();
        let active = i64::from(credential.active);
        insert.execute(params![
            credential.digest,
            kind,
            id.0,
            credential.user,
            active,
            credential.expires_at
        ])?;
    }
    Ok(())
}

fn save_entries(connection: &Connection, id: BookId, changes: &ledger::Changes<'_>) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO journal (book, sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, chain, \
         withdrawal, actor, detail, salt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    for (entry, digest) in changes.entries {
        let moved = entry.movement.map_or([0; 5], |moved| {
            [moved.debit.0, moved.credit.0, moved.amount.0, moved.debit_previous, moved.credit_previous]
        });
        insert.execute(params![
            id.0,
            entry.sequence,
            entry.kind.code(),
            entry.at,
            entry.user,
            moved[0],
            moved[1],
            moved[2],
            moved[3],
            moved[4],
            entry.note,
            digest,
            entry.withdrawal,
            entry.actor.0,
            entry.detail,
            entry.salt.map(|salt| salt.0)
        ])?;
    }
    Ok(())
}
