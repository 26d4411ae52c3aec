//! Why a command was not carried out: the one error type of the counter and of what it asks first (offers, prices). Each door
//! turns it into its own answer in one place: `http/problem.rs`, the pages' declined page, the CLI's refusal.

use crate::batch_refused::BatchRefused;
use crate::commit::NoVerdict;
use crate::rails::{Closed, FieldProblem};
use crate::store::Failure;
use ledger::Refusal;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The book has no method of this name.
    #[error("there is no such method")]
    UnknownMethod,
    /// Fields of the destination are wrong.
    #[error("the destination is not valid")]
    Destination(Vec<FieldProblem>),
    /// The rail cannot pay now.
    #[error("{}", .0.sentence())]
    Closed(Closed),
    /// A rule refuses it.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// A payment batch cannot be made, or does not allow it.
    #[error(transparent)]
    Batch(#[from] BatchRefused),
    /// The business's rule asks for a second person.
    #[error("this takes two people here: one proposes it, another confirms it")]
    NeedsSecondPerson,
    /// It can be done later: why, in words.
    #[error("this waits: {0}")]
    Waits(&'static str),
    /// What two people agreed on cannot be done any more; a sentence.
    #[error("this cannot be done any more: {0}")]
    NotPossible(String),
    /// Money left after the backup was made, and it is not assigned yet.
    #[error("the recovery is not complete, and payments stay paused:\n  {}", .0.join("\n  "))]
    NotRecovered(Vec<String>),
    /// The teller gave no verdict.
    #[error(transparent)]
    NoVerdict(#[from] NoVerdict),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
