//! Catching up with a book's journal behind a cursor, as webhooks and mails do. What is made of entries and the cursor's advance
//! are one transaction that commits only if the cursor is where it was read, so no entry counts twice or is skipped.

use crate::store::{Failure, WriteError};

/// What one step behind the cursor came to.
pub enum Advance {
    /// So many things were made of the entries read.
    Made(usize),
    /// There was no entry behind the cursor, or there is no cursor.
    CaughtUp,
}

/// Takes steps until there is no entry left; returns how many things were made. A conflict means that another process or the
/// owner changed the cursor's row: the next step reads it again.
pub async fn catch_up<F>(mut step: impl FnMut() -> F) -> Result<usize, Failure>
where
    F: Future<Output = Result<Advance, WriteError>>,
{
    let mut made = 0;
    loop {
        match step().await {
            Ok(Advance::Made(count)) => made += count,
            Ok(Advance::CaughtUp) => return Ok(made),
            Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
    }
}
