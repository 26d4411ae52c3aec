//! What the screening service said of withdrawals. Not here: asking it (`screening/`), and what follows from its word
//! (counter/screening.rs).

use super::audit_log::{self, NewAuditEntry};
use super::codes::{SCREENING_DENIED, SCREENING_RELEASED};
use super::driver::{Row, Statement};
use super::sql::sql;
use super::states::ScreeningState;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Micros};
use std::collections::BTreeMap;

/// The last word on a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreeningRow {
    pub state: ScreeningState,
    /// The service's own name of its decision; empty for none.
    pub reference: String,
    /// When it was asked.
    pub asked_at: Micros,
}

impl Store {
    /// What was said of a withdrawal, if anything.
    pub async fn screening(&self, book: BookId, withdrawal: i64) -> Result<Option<ScreeningRow>, Failure> {
        let sql = "SELECT state, reference, asked_at FROM screening WHERE book = $1 AND withdrawal = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        row.as_ref().map(screening).transpose()
    }

    /// Writes down an answer, with the entries that tell of it. `false`: two people have released the withdrawal, which stays so.
    pub async fn note_screening(
        &self,
        book: BookId,
        withdrawal: i64,
        (state, reference): (ScreeningState, &str),
        entries: &[NewAuditEntry],
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "INSERT INTO screening (book, withdrawal, state, reference, asked_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (book, withdrawal) DO UPDATE \
             SET state = excluded.state, reference = excluded.reference, asked_at = excluded.asked_at \
             WHERE screening.state <> {SCREENING_RELEASED}"
        );
        let values = vec![
            book.0.into(),
            withdrawal.into(),
            (state as i64).into(),
            reference.into(),
            self.now().await?.into(),
        ];
        let note = Statement::one(sql, values);
        self.touches_one(std::iter::once(note).chain(entries.iter().map(audit_log::note)).collect()).await
    }

    /// Two people have agreed that a withdrawal may leave although it was denied. `false`: it was not denied, or is released
    /// already; nothing was written.
    pub async fn release_screening(
        &self,
        book: BookId,
        withdrawal: i64,
        entry: &NewAuditEntry,
    ) -> Result<bool, Failure> {
        let sql = sql!(
            "UPDATE screening SET state = {SCREENING_RELEASED} WHERE book = $1 AND withdrawal = $2 \
             AND state = {SCREENING_DENIED}"
        );
        let release = Statement::one(sql, vec![book.0.into(), withdrawal.into()]);
        self.touches_one(vec![release, audit_log::note(entry)]).await
    }

    /// Which withdrawals between these two numbers were denied: number and reference.
    pub async fn denied_screenings(
        &self,
        book: BookId,
        (first, last): (i64, i64),
    ) -> Result<BTreeMap<i64, String>, Failure> {
        let sql = sql!(
            "SELECT withdrawal, reference FROM screening WHERE book = $1 AND withdrawal >= $2 AND withdrawal <= $3 \
             AND state = {SCREENING_DENIED}"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), first.into(), last.into()]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned()))).collect()
    }
}

fn screening(row: &Row) -> Result<ScreeningRow, Failure> {
    Ok(ScreeningRow {
        state: ScreeningState::from_code(row.int(0)?).context("no such state of a screening")?,
        reference: row.text(1)?.to_owned(),
        asked_at: row.int(2)?,
    })
}
