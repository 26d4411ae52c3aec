//! Bounds on connections: how many there may be, and how long each may take for what.

use crate::open_files;
use std::time::Duration;

/// Connections that are kept for the probes of a load balancer when all others are at work.
pub(super) const RESERVE: usize = 16;
/// After an answer that the client may not have read because it was still sending: how much more is read, and for how long.
/// Closing at once would reset the connection, and the answer would be lost with it.
pub(super) const LINGER: Duration = Duration::from_secs(5);
pub(super) const MOST_DRAINED: usize = 16 * 1024 * 1024;
/// A large answer has more time: a second for each of these.
const BYTES_PER_SECOND: u64 = 16 * 1024;
/// A connection costs some 300 KiB at worst, most of it in the kernel.
const MOST_BY_DEFAULT: u64 = 20_000;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// How many connections there may be, and how long each may take for what.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// From the first byte of a request to the end of its head, and from the opening of a connection to its first request.
    pub head: Duration,
    /// Between an answer and the next request.
    pub keep_alive: Duration,
    /// For a client to take what was written for it.
    pub write: Duration,
    /// Connections of one client address (IPv6: one /64) at the same time.
    pub per_address: Option<usize>,
    /// Connections of all clients at the same time.
    pub in_all: usize,
    /// Requests that are answered in a row without the client having waited for an answer.
    pub pipelined: u32,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            keep_alive: Duration::from_secs(75),
            write: Duration::from_secs(30),
            per_address: Some(512),
            in_all: in_all(open_files::limits().now),
            pipelined: 64,
        }
    }
}

/// How many connections an open-file limit has room for: a quarter is left to databases, webhooks and files.
#[must_use]
pub fn in_all(open_files: u64) -> usize {
    let three_quarters = open_files.saturating_mul(3) / 4;
    usize::try_from(three_quarters.clamp(1, MOST_BY_DEFAULT)).unwrap_or(usize::MAX)
}

impl ConnectionLimits {
    /// How often a connection is looked at. A time limit is exceeded by this much at most.
    pub(super) fn grain(&self) -> Duration {
        let shortest = self.head.min(self.keep_alive).min(self.write);
        (shortest / 3).clamp(Duration::from_millis(5), Duration::from_secs(5))
    }

    /// How long a client may take for an answer of this many bytes, in microseconds.
    pub(super) fn answer_micros(&self, bytes: u64) -> i64 {
        let for_its_size = i64::try_from(bytes / BYTES_PER_SECOND).unwrap_or(i64::MAX);
        micros(self.write).saturating_add(for_its_size.saturating_mul(MICROS_PER_SECOND))
    }
}

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_open_files_is_left_to_others() {
        assert_eq!(in_all(1024), 768);
        assert_eq!(in_all(65_536), 20_000);
        assert_eq!(in_all(0), 1);
        assert_eq!(in_all(u64::MAX), 20_000);
    }

    #[test]
    fn a_large_answer_has_more_time() {
        let limits = ConnectionLimits::default();
        assert_eq!(limits.answer_micros(100), 30_000_000);
        assert_eq!(limits.answer_micros(16 * 1024 * 10), 40_000_000);
        assert_eq!(limits.answer_micros(u64::MAX), i64::MAX);
    }
}
