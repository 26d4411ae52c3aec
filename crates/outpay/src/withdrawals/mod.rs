//! The life of a withdrawal, for every door: what a person is offered (offer.rs), asking for it (ask.rs), and what people
//! of the business do with it afterwards (review.rs, settle.rs). Not here: the states (ledger), the sending (rails).

pub mod ask;
pub mod expire;
pub mod offer;
pub mod review;
pub mod settle;

use crate::platform::Platform;
use crate::rails::{Closed, FieldProblem};
use crate::store::Failure;
use ledger::{Actor, Answer, BookId, Command, Outcome, Progress, Refusal, Request, Withdrawal};

/// Why something about a withdrawal was not done.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// There is no method of this name here.
    #[error("there is no such method")]
    UnknownMethod,
    /// Fields of the destination are wrong.
    #[error("the destination is not valid")]
    Destination(Vec<FieldProblem>),
    /// The rail cannot pay now.
    #[error("{}", .0.sentence())]
    Closed(Closed),
    /// A rule said no.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// There is no verdict of the teller.
    #[error(transparent)]
    NoVerdict(#[from] crate::commit::NoVerdict),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One step, by whoever gives it. The withdrawal afterwards.
///
/// # Errors
/// [`Stopped`].
pub async fn advance(
    platform: &Platform,
    book: BookId,
    progress: Progress,
    actor: Actor,
) -> Result<Withdrawal, Stopped> {
    let request = Request::plain(Command::Advance(Box::new(progress))).by(actor);
    match platform.teller.ask(book, request).await?? {
        Answer::Done(Outcome::Withdrawal(after)) | Answer::Replayed(Outcome::Withdrawal(after)) => {
            platform.rails.nudge.notify_one();
            Ok(*after)
        }
        _ => Err(anyhow::anyhow!("a step was answered as something else").into()),
    }
}
