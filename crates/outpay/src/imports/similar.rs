//! Files that are like earlier ones: a file that was saved anew, or is a line longer, has another digest, and its lines would
//! pay the same people again. Invariant: an import that repeats a good part of an earlier one pays after a person has named
//! the newest of those, and not before.

use crate::platform::Platform;
use crate::store::{Failure, Import};
use ledger::BookId;

/// Earlier imports that are told of.
const MOST: i64 = 20;

/// An earlier import that pays some of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    /// The earlier one.
    pub import: Import,
    /// How many lines of the new file pay an amount to a person that the earlier one paid, or may still pay.
    pub repeated: i64,
}

/// Earlier imports of other files of which this one repeats half or more, or which make half of this one; newest first.
/// Lines with references count for nothing: a reference pays once, whatever file it stands in.
///
/// # Errors
/// When the database breaks.
pub async fn similar(platform: &Platform, book: BookId, import: &Import) -> Result<Vec<Similar>, Failure> {
    let mut found = Vec::new();
    for (number, repeated) in platform.store.import_twins(book, import.number, MOST).await? {
        let Some(other) = platform.store.import(book, number).await? else { continue };
        // Lines of the same file pay once.
        if other.digest != import.digest && repeated * 2 >= import.lines.min(other.lines) {
            found.push(Similar { import: other, repeated });
        }
    }
    Ok(found)
}
