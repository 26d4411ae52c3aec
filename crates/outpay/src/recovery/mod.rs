//! What a database needs that may have lost its end. Not here: putting a backup in its place (backup/).

use crate::store::{Failure, Snapshot};

/// How often the installation was recovered: the high bits of all its numbers.
///
/// # Errors
/// When the database breaks.
pub async fn epoch(snapshot: &Snapshot) -> Result<i64, Failure> {
    let books = snapshot.books().await?;
    Ok(books.iter().map(|book| book.head.sequence >> 40).max().unwrap_or(0))
}
