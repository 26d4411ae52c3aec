//! Times and time-outs that the files of the worker share.

use crate::rails::Outcome;
use ledger::Micros;
use std::time::Duration;

pub(super) const SECOND: Micros = 1_000_000;
/// Longer than all calls of one visit together.
pub(super) const LEASE: Micros = 300 * SECOND;
/// Time-out of a single call to a rail.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(60);
/// The shortest wait before the next query.
pub(super) const SOONEST: Micros = SECOND;

pub(super) fn too_slow() -> Outcome {
    Outcome::down(format!("no answer within {} seconds", LONGEST_CALL.as_secs()))
}
