//! Detects files that repeat an earlier import: a file that was saved again or got one more line has another digest,
//! and would pay the same recipients again. Invariant: an import that repeats a good part of an earlier one is paid
//! only after a person has confirmed it by the id of the newest of those.

use crate::platform::Platform;
use crate::store::{Failure, Import};
use ledger::BookId;

/// At most this many earlier imports are reported.
const MOST: i64 = 20;

/// An earlier import with some of the same payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similar {
    pub import: Import,
    /// Lines of the new file whose recipient and amount the earlier import paid, or may still pay.
    pub repeated: i64,
}

/// Earlier imports of other files that share at least half of the lines of the shorter one; newest first. Lines with
/// references do not count: a reference is paid once, whichever file it is in.
pub async fn similar(platform: &Platform, book: BookId, import: &Import) -> Result<Vec<Similar>, Failure> {
    let mut found = Vec::new();
    for (number, repeated) in platform.store.import_twins(book, import.number, MOST).await? {
        let Some(other) = platform.store.import(book, number).await? else { continue };
        // The lines of one file have the same idempotency keys, so importing it again pays nothing.
        if other.digest != import.digest && repeated * 2 >= import.lines.min(other.lines) {
            found.push(Similar { import: other, repeated });
        }
    }
    Ok(found)
}
