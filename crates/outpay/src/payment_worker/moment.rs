//! The points of a payment at which a test may kill the worker, to show that the next worker pays once. Not here: the
//! steps between them (turn.rs).

use std::sync::Arc;

/// A point at which a test may kill the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The step to `sending` is durable, there is no attempt yet.
    BeforeIntent,
    /// The attempt is durable.
    AfterIntent,
    /// About to send.
    BeforeSend,
    /// Sent and answered; the answer is not recorded.
    AfterSend,
    /// The answer is recorded; the step it proves is not made.
    AfterRecord,
    /// The step is durable; the lease is not released.
    AfterStep,
}

impl Moment {
    /// All points, in order.
    pub const ALL: [Self; 6] = [
        Self::BeforeIntent,
        Self::AfterIntent,
        Self::BeforeSend,
        Self::AfterSend,
        Self::AfterRecord,
        Self::AfterStep,
    ];
}

/// Asked at each moment; `true` kills the worker there.
pub type Killer = Arc<dyn Fn(Moment) -> bool + Send + Sync>;
