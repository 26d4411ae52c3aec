//! What one connection is doing, as its parts report it, and what follows from that: nothing, or the end of the connection.
//! Not here: the parts (socket.rs, conversation.rs, responder.rs), ending it (mod.rs).
//!
//! Times are the machine's, by the monotonic clock, also where a test moves the platform's: they are about sockets.

use super::limits::{ConnectionLimits, LINGER, micros};
use crate::clock::Clock;
use ledger::Micros;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use tokio::sync::Notify;

/// No moment.
const NEVER: Micros = 0;

/// Shared by the parts of a connection and the list of all connections.
#[derive(Default)]
pub(super) struct Activity {
    /// Requests whose answer is not made yet.
    working: AtomicU32,
    /// Answers whose body is not written yet.
    sending: AtomicU32,
    /// Requests so far.
    served: AtomicU64,
    /// Requests that the client reset before they were answered.
    resets: AtomicUsize,
    has_reset_too_often: AtomicBool,
    /// Requests since the client last waited for something.
    in_a_row: AtomicU32,
    /// Since when no request is at work.
    rests_since: AtomicI64,
    /// Since when a request has begun whose head is not complete.
    head_since: AtomicI64,
    /// Since when the client takes nothing of what is written for it.
    blocked_since: AtomicI64,
    /// Since when the rest of a request is read and dropped.
    lingers_since: AtomicI64,
    /// Until when the answers that are being sent must be taken.
    send_until: AtomicI64,
    /// Bytes are written for a request, not for what could not be parsed.
    is_replying: AtomicBool,
    /// The client was still sending when it got its answer.
    is_unread: AtomicBool,
    head_is_late: AtomicBool,
    is_abandoned: AtomicBool,
    gives_way: Notify,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It goes on.
    Fine,
    /// It is silent: it ends in good order.
    Close,
    /// A request does not become complete: the client is told.
    HeadIsLate,
    /// The client takes no answer: it ends at once.
    Abandon,
}

fn now() -> Micros {
    Clock::System.monotonic().max(NEVER + 1)
}

impl Activity {
    pub(super) fn begin() -> Self {
        Self { rests_since: AtomicI64::new(now()), ..Self::default() }
    }

    /// A request was parsed.
    pub(super) fn works(&self) {
        self.working.fetch_add(1, Relaxed);
        self.served.fetch_add(1, Relaxed);
        self.in_a_row.fetch_add(1, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.is_replying.store(true, Relaxed);
        self.is_unread.store(false, Relaxed);
    }

    /// Its answer is made.
    pub(super) fn has_worked(&self) {
        self.rest();
        self.working.fetch_sub(1, Relaxed);
    }

    /// An answer of this many bytes is being sent.
    pub(super) fn sends(&self, limits: &ConnectionLimits, bytes: u64) {
        let until = now().saturating_add(limits.answer_micros(bytes));
        self.send_until.fetch_max(until, Relaxed);
        self.sending.fetch_add(1, Relaxed);
    }

    pub(super) fn has_sent(&self) {
        self.rest();
        self.sending.fetch_sub(1, Relaxed);
    }

    fn rest(&self) {
        self.rests_since.store(now(), Relaxed);
        self.head_since.store(NEVER, Relaxed);
    }

    /// Requests at work.
    pub(super) fn working(&self) -> u32 {
        self.working.load(Relaxed)
    }

    /// A request was reset; the connection ends after so many.
    pub(super) fn was_reset(&self, most: usize) {
        if self.resets.fetch_add(1, Relaxed) >= most {
            self.has_reset_too_often.store(true, Relaxed);
            self.give_way();
        }
    }

    pub(super) fn has_reset_too_often(&self) -> bool {
        self.has_reset_too_often.load(Relaxed)
    }

    fn is_at_work(&self) -> bool {
        self.working.load(Relaxed) > 0 || self.sending.load(Relaxed) > 0
    }

    /// The requests that were read in a row without waiting for the client.
    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row.load(Relaxed)
    }

    /// There is nothing to read.
    pub(super) fn waits_for_input(&self) {
        self.in_a_row.store(0, Relaxed);
    }

    /// Bytes came. Empty lines between two requests are not the beginning of one (RFC 9112, 2.2).
    pub(super) fn has_read(&self, bytes: &[u8]) {
        let begins = bytes.iter().any(|byte| !b"\r\n".contains(byte));
        if begins && !self.is_at_work() && self.head_since.load(Relaxed) == NEVER {
            self.head_since.store(now(), Relaxed);
        }
    }

    /// The socket took something, or takes nothing at present.
    pub(super) fn wrote(&self, is_blocked: bool) {
        match (is_blocked, self.blocked_since.load(Relaxed)) {
            (true, NEVER) => self.blocked_since.store(now(), Relaxed),
            (true, _) | (false, NEVER) => {}
            (false, _) => self.blocked_since.store(NEVER, Relaxed),
        }
    }

    pub(super) fn is_replying(&self) -> bool {
        self.is_replying.load(Relaxed)
    }

    /// Everything that was written has reached the socket.
    pub(super) fn has_flushed(&self) {
        if !self.is_at_work() {
            self.is_replying.store(false, Relaxed);
        }
    }

    /// The client is still sending what will not be read.
    pub(super) fn leaves_unread(&self) {
        self.is_unread.store(true, Relaxed);
    }

    pub(super) fn is_unread(&self) -> bool {
        self.is_unread.load(Relaxed)
    }

    pub(super) fn lingers(&self) {
        if self.lingers_since.load(Relaxed) == NEVER {
            self.lingers_since.store(now(), Relaxed);
        }
    }

    pub(super) fn head_is_late(&self) -> bool {
        self.head_is_late.load(Relaxed)
    }

    pub(super) fn tell_that_head_is_late(&self) {
        self.head_is_late.store(true, Relaxed);
    }

    /// Ends without waiting for the client.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Relaxed);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Relaxed)
    }

    /// Since when no request is at work on the connection, if it could make room for another.
    pub(super) fn idle_since(&self) -> Option<Micros> {
        let blocked = self.blocked_since.load(Relaxed);
        if self.working.load(Relaxed) > 0 {
            return None;
        }
        if blocked != NEVER {
            return Some(blocked);
        }
        (self.sending.load(Relaxed) == 0).then(|| self.rests_since.load(Relaxed))
    }

    /// Asks it to make room.
    pub(super) fn give_way(&self) {
        self.gives_way.notify_one();
    }

    /// Comes when it is to make room.
    pub(super) async fn asked_to_give_way(&self) {
        self.gives_way.notified().await;
    }

    pub(super) fn judge(&self, limits: &ConnectionLimits) -> Judgement {
        self.judge_at(limits, now())
    }

    fn judge_at(&self, limits: &ConnectionLimits, now: Micros) -> Judgement {
        let for_longer_than = |since: &AtomicI64, limit: i64| {
            let since = since.load(Relaxed);
            since != NEVER && now.saturating_sub(since) > limit
        };
        if for_longer_than(&self.blocked_since, micros(limits.write)) {
            return Judgement::Abandon;
        }
        if self.lingers_since.load(Relaxed) != NEVER {
            let is_over = for_longer_than(&self.lingers_since, micros(LINGER));
            return if is_over { Judgement::Abandon } else { Judgement::Fine };
        }
        if self.working.load(Relaxed) > 0 {
            return Judgement::Fine;
        }
        if self.sending.load(Relaxed) > 0 {
            let is_late = now > self.send_until.load(Relaxed);
            return if is_late { Judgement::Abandon } else { Judgement::Fine };
        }
        if self.head_since.load(Relaxed) != NEVER {
            let is_late = for_longer_than(&self.head_since, micros(limits.head));
            return if is_late { Judgement::HeadIsLate } else { Judgement::Fine };
        }
        let is_new = self.served.load(Relaxed) == 0;
        let silence = micros(if is_new { limits.head } else { limits.keep_alive });
        if for_longer_than(&self.rests_since, silence) { Judgement::Close } else { Judgement::Fine }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: Micros = 1_000_000;

    fn after(activity: &Activity, seconds: i64) -> Judgement {
        activity.judge_at(&ConnectionLimits::default(), now() + seconds * SECOND)
    }

    #[test]
    fn silence_ends_a_new_connection_sooner_than_a_kept_one() {
        let activity = Activity::begin();
        assert_eq!((after(&activity, 14), after(&activity, 16)), (Judgement::Fine, Judgement::Close));
        activity.works();
        assert_eq!(after(&activity, 3600), Judgement::Fine, "a request at work has limits of its own");
        activity.has_worked();
        assert_eq!((after(&activity, 74), after(&activity, 76)), (Judgement::Fine, Judgement::Close));
    }

    #[test]
    fn a_head_has_less_time_than_silence() {
        let activity = Activity::begin();
        activity.works();
        activity.has_worked();
        activity.has_read(b"\r\n");
        assert_eq!(after(&activity, 16), Judgement::Fine, "an empty line begins no request");
        activity.has_read(b"GET ");
        assert_eq!((after(&activity, 14), after(&activity, 16)), (Judgement::Fine, Judgement::HeadIsLate));
        activity.works();
        assert_eq!(after(&activity, 16), Judgement::Fine);
    }

    #[test]
    fn an_answer_that_is_not_taken_ends_the_connection() {
        let activity = Activity::begin();
        activity.works();
        activity.sends(&ConnectionLimits::default(), 16 * 1024 * 10);
        activity.has_worked();
        assert_eq!((after(&activity, 39), after(&activity, 41)), (Judgement::Fine, Judgement::Abandon));
        activity.has_sent();
        activity.wrote(true);
        assert_eq!((after(&activity, 29), after(&activity, 31)), (Judgement::Fine, Judgement::Abandon));
        activity.wrote(false);
        assert_eq!(after(&activity, 31), Judgement::Fine);
    }

    #[test]
    fn room_is_made_by_idle_and_by_blocked_connections() {
        let activity = Activity::begin();
        assert!(activity.idle_since().is_some());
        activity.works();
        assert_eq!(activity.idle_since(), None);
        activity.sends(&ConnectionLimits::default(), 1);
        activity.has_worked();
        assert_eq!(activity.idle_since(), None);
        activity.wrote(true);
        assert!(activity.idle_since().is_some(), "a client that takes nothing");
    }

    #[test]
    fn the_rest_of_a_request_is_read_for_a_moment() {
        let activity = Activity::begin();
        activity.lingers();
        assert_eq!((after(&activity, 4), after(&activity, 6)), (Judgement::Fine, Judgement::Abandon));
        let short = ConnectionLimits { write: Duration::from_millis(30), ..ConnectionLimits::default() };
        assert_eq!(short.grain(), Duration::from_millis(10));
    }
}
