//! The clocks of test books: how far each is ahead of the machine's, and moving one. Not here: what goes by which clock
//! (`crate::test_clock`).

use super::audit_log::{self, NewAuditEntry};
use super::codes::{DELIVERY_PENDING, MAIL_PENDING, PAYOUT_HASH};
use super::driver::{Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use anyhow::ensure;
use ledger::{BookId, Micros, Mode, OnceKey};

/// Tries where other moves of the same clock come in between.
const TRIES: usize = 100;

/// A wish to move a clock.
#[derive(Clone, Debug)]
pub struct NewAdvance {
    pub book: BookId,
    /// By how much.
    pub micros: Micros,
    /// How far the clock may be ahead afterwards.
    pub most: Micros,
    /// The request's idempotency key.
    pub once: Option<OnceKey>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// The clock is this far ahead now.
    Ahead(Micros),
    /// The key's request moved it before; it was this far ahead then.
    Before(Micros),
    /// The key's request moved it by another time.
    OtherRequest,
    /// It would be too far ahead.
    TooFar,
}

/// What waits for a time, by the machine's clock, comes due that much sooner, and not before now: `$1` by how much, `$2` now, `$3`
/// the book. Leases are left alone.
fn sooner() -> [&'static str; 3] {
    [
        "UPDATE withdrawal SET due_at = CASE WHEN due_at - $1 < $2 THEN $2 ELSE due_at - $1 END WHERE book = $3 AND due_at > $2",
        sql!(
            "UPDATE webhook_delivery SET due_at = CASE WHEN due_at - $1 < $2 THEN $2 ELSE due_at - $1 END WHERE book = $3 \
             AND state = {DELIVERY_PENDING} AND due_at > $2"
        ),
        sql!(
            "UPDATE mail SET due_at = CASE WHEN due_at - $1 < $2 THEN $2 ELSE due_at - $1 END WHERE book = $3 \
             AND state = {MAIL_PENDING} AND due_at > $2"
        ),
    ]
}

impl Store {
    /// How far the book's clock is ahead; 0 for a live book, without a look.
    pub async fn clock_ahead(&self, book: BookId) -> Result<Micros, Failure> {
        if book.mode() == Mode::Live {
            return Ok(0);
        }
        let sql = "SELECT clock_ahead FROM book WHERE id = $1";
        self.driver.query_one(sql, vec![book.0.into()]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// The time of the book, by the clock that leases go by ([`Self::now`]).
    pub async fn book_now(&self, book: BookId) -> Result<Micros, Failure> {
        Ok(self.now().await?.saturating_add(self.clock_ahead(book).await?))
    }

    /// The books whose clocks are ahead, with how far.
    pub async fn clocks_ahead(&self) -> Result<Vec<(BookId, Micros)>, Failure> {
        let sql = "SELECT id, clock_ahead FROM book WHERE clock_ahead > 0 ORDER BY id";
        let rows = self.driver.query(sql, Vec::new()).await?;
        rows.iter().map(|row| Ok((BookId(row.int(0)?), row.int(1)?))).collect()
    }

    /// Moves a test book's clock forward, with the entries of it: what waits in the book comes due that much sooner, and hashes end
    /// that much sooner. Moves at the same time add up; one that is repeated under its key moves once.
    pub async fn advance_clock(
        &self,
        new: &NewAdvance,
        entries: &[NewAuditEntry],
    ) -> Result<Advanced, Failure> {
        ensure!(new.book.mode() == Mode::Test && new.micros > 0, "only test books have a clock to move");
        for _ in 0..TRIES {
            if let Some(before) = self.advance_once(new).await? {
                return Ok(before);
            }
            let ahead = self.clock_ahead(new.book).await?;
            let Some(after) = ahead.checked_add(new.micros).filter(|after| *after <= new.most) else {
                return Ok(Advanced::TooFar);
            };
            match self.driver.write(self.moving(new, (ahead, after), entries).await?).await {
                Ok(()) => return Ok(Advanced::Ahead(after)),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Failure(failure)) => return Err(failure),
            }
        }
        anyhow::bail!("other requests kept moving this clock")
    }

    async fn moving(
        &self,
        new: &NewAdvance,
        (ahead, after): (Micros, Micros),
        entries: &[NewAuditEntry],
    ) -> Result<Vec<Statement>, Failure> {
        let (book, micros, now) = (new.book.0, new.micros, self.now().await?);
        // The book's row first: it is the lock under which entries get their times.
        let step = "UPDATE book SET clock_ahead = $1 WHERE id = $2 AND clock_ahead = $3";
        let mut statements = vec![Statement::one(step, vec![after.into(), book.into(), ahead.into()])];
        let note = "INSERT INTO clock_advance (book, ahead, micros, at, once) VALUES ($1, $2, $3, $4, $5)";
        let once = new.once.as_ref().map(|once| once.0.as_slice());
        let values = vec![book.into(), after.into(), micros.into(), now.into(), once.into()];
        statements.push(Statement::one(note, values));
        let wait = |sql| Statement::new(sql, vec![micros.into(), now.into(), book.into()]);
        statements.extend(sooner().map(wait));
        let end = sql!(
            "UPDATE credential SET expires_at = expires_at - $1 WHERE book = $2 AND kind = {PAYOUT_HASH} \
             AND expires_at IS NOT NULL"
        );
        statements.push(Statement::new(end, vec![micros.into(), book.into()]));
        statements.extend(entries.iter().map(audit_log::note));
        Ok(statements)
    }

    /// What the move under this key did, if there was one.
    async fn advance_once(&self, new: &NewAdvance) -> Result<Option<Advanced>, Failure> {
        let Some(once) = &new.once else { return Ok(None) };
        let sql = "SELECT ahead, micros FROM clock_advance WHERE book = $1 AND once = $2";
        let row = self.driver.query_one(sql, vec![new.book.0.into(), once.0.as_slice().into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let (ahead, micros) = (row.int(0)?, row.int(1)?);
        Ok(Some(if micros == new.micros { Advanced::Before(ahead) } else { Advanced::OtherRequest }))
    }
}
