//! Hands out the verdicts of a committed batch from inside the callers' runtime: waking a few hundred tasks from the
//! teller's own thread would cost it as much as deciding them.

use super::{Job, TellerMeasures, Verdict};
use std::sync::Arc;
use tokio::sync::mpsc::{self, UnboundedSender};

/// The jobs of one committed batch and their verdicts, in order.
pub(super) type Committed = (Vec<Job>, Vec<Verdict>);

/// Starts the task on the runtime of the caller. Bounded by the queue: what is handed over here was waiting there.
pub(super) fn start(measures: Arc<TellerMeasures>) -> UnboundedSender<Committed> {
    let (sender, mut committed) = mpsc::unbounded_channel::<Committed>();
    tokio::spawn(async move {
        while let Some((jobs, verdicts)) = committed.recv().await {
            for (job, verdict) in jobs.into_iter().zip(verdicts) {
                match verdict {
                    Ok(_) => measures.settled.inc(),
                    Err(_) => measures.refused.inc(),
                };
                // A caller may have gone away: its command is carried out all the same, and an idempotency key finds its reply.
                drop(job.answer.send(Ok(verdict)));
            }
        }
    });
    sender
}
