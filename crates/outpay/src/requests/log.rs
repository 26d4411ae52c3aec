//! The log of recent requests: a bounded list in memory, redacted and written in the background. Per book and second
//! it keeps a few successes and more errors; the number of skipped requests is stored with the next kept one, so that
//! a page can say that it shows a sample. Not here: request handling, and which requests belong to a business
//! (http/observe.rs).

use super::redact;
use crate::store::{Failure, RequestLine, Store};
use bytes::Bytes;
use ledger::{BookId, Micros};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};

/// Lines are deleted after this many days …
pub const DAYS: i64 = 30;
/// … or beyond this many per book.
pub const MOST_LINES: i64 = 10_000;
/// Larger bodies are not kept.
pub const MOST_KEPT_BYTES: usize = 8 * 1024;

/// Lines in memory, all books together, until they are written.
const MOST_WAITING: usize = 2_000;
/// Per book and second.
const SUCCESSES: u32 = 20;
const ERRORS: u32 = 100;
const SECOND: Micros = 1_000_000;
/// Time between two deletions of old lines.
const BETWEEN_PRUNES: Micros = 60 * SECOND;

/// A body as it was sent, not yet redacted.
#[derive(Clone, Debug, Default)]
pub enum KeptRequest {
    /// There was no body, or it is not the API's.
    #[default]
    Nothing,
    /// The whole body.
    Bytes(Bytes),
    /// Only its length was kept.
    TooLong(usize),
}

impl KeptRequest {
    /// Keeps the body, unless it is too long.
    #[must_use]
    pub fn of(bytes: &Bytes) -> Self {
        if bytes.len() > MOST_KEPT_BYTES { Self::TooLong(bytes.len()) } else { Self::Bytes(bytes.clone()) }
    }
}

/// A request to be logged.
pub struct SeenRequest {
    /// The line, with empty bodies.
    pub line: RequestLine,
    /// Request body.
    pub request: KeptRequest,
    /// Response body.
    pub response: KeptRequest,
}

#[derive(Default)]
pub(super) struct GatheredRequests(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    seen: Vec<SeenRequest>,
    /// Places reserved by `room` and not yet used by `keep`.
    promised: usize,
    books: HashMap<BookId, Pace>,
    /// Books with new lines since the last deletion of old ones.
    grown: HashSet<BookId>,
    pruned_at: Micros,
}

/// A book's share of the current second.
#[derive(Default)]
struct Pace {
    second: Micros,
    successes: u32,
    errors: u32,
    skipped: i64,
}

impl GatheredRequests {
    pub(super) fn room(&self, book: BookId, status: u16, at: Micros) -> Option<i64> {
        let mut waiting = self.0.lock();
        let is_full = waiting.seen.len() + waiting.promised >= MOST_WAITING;
        let pace = waiting.books.entry(book).or_default();
        let second = at.div_euclid(SECOND);
        if pace.second != second {
            (pace.second, pace.successes, pace.errors) = (second, 0, 0);
        }
        let (taken, most) =
            if status < 400 { (&mut pace.successes, SUCCESSES) } else { (&mut pace.errors, ERRORS) };
        if is_full || *taken >= most {
            pace.skipped += 1;
            return None;
        }
        *taken += 1;
        let skipped = std::mem::take(&mut pace.skipped);
        waiting.promised += 1;
        Some(skipped)
    }

    pub(super) fn keep(&self, seen: SeenRequest) {
        let mut waiting = self.0.lock();
        waiting.promised = waiting.promised.saturating_sub(1);
        waiting.seen.push(seen);
    }

    pub(super) async fn write(&self, store: &Store, now: Micros) -> Result<(), Failure> {
        let seen = {
            let mut waiting = self.0.lock();
            // A request that was cancelled between `room` and `keep` must not hold its place for ever.
            waiting.promised = 0;
            waiting.books.retain(|_, pace| pace.skipped > 0 || pace.second == now.div_euclid(SECOND));
            let seen = std::mem::take(&mut waiting.seen);
            waiting.grown.extend(seen.iter().map(|seen| seen.line.book));
            seen
        };
        if !seen.is_empty() {
            let lines: Vec<RequestLine> = seen.into_iter().map(redacted).collect();
            store.write_request_lines(&lines).await?;
        }
        let grown = {
            let mut waiting = self.0.lock();
            if (0..BETWEEN_PRUNES).contains(&(now - waiting.pruned_at)) {
                return Ok(());
            }
            waiting.pruned_at = now;
            std::mem::take(&mut waiting.grown)
        };
        let grown: Vec<BookId> = grown.into_iter().collect();
        store.forget_request_lines(&grown, MOST_LINES, now - DAYS * 86_400 * SECOND).await
    }
}

fn redacted(seen: SeenRequest) -> RequestLine {
    let is_error = seen.line.status >= 400;
    let text = |kept: KeptRequest, is_error: bool| match kept {
        KeptRequest::Nothing => String::new(),
        KeptRequest::Bytes(bytes) => redact::body(&bytes, is_error),
        KeptRequest::TooLong(length) => format!("({length} bytes, too long to keep)"),
    };
    RequestLine { request: text(seen.request, false), response: text(seen.response, is_error), ..seen.line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_find_room_when_successes_no_longer_do() {
        let log = GatheredRequests::default();
        let book = BookId(2);
        for _ in 0..SUCCESSES {
            assert_eq!(log.room(book, 201, 5), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(log.room(book, 200, 6), None);
        }
        assert_eq!(log.room(BookId(4), 200, 6), Some(0), "each book has its own pace");
        assert_eq!(log.room(book, 400, 7), Some(7), "and is told how many before it were skipped");
        for _ in 1..ERRORS {
            assert_eq!(log.room(book, 500, 8), Some(0));
        }
        assert_eq!(log.room(book, 401, 9), None);
        assert_eq!(log.room(book, 200, SECOND), Some(1));
    }

    #[test]
    fn memory_is_bounded() {
        let log = GatheredRequests::default();
        let given = (0..10_000).filter(|n| log.room(BookId(2), 200, n * SECOND).is_some()).count();
        assert_eq!(given, MOST_WAITING);
    }
}
