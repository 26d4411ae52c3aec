//! The life of a withdrawal, for every door: what a person is offered (offer.rs), asking for it (ask.rs), and what people
//! of the business do with it afterwards (review.rs, settle.rs, by_hand.rs), seeing its evidence (evidence.rs). Not here: the states (ledger), the sending (rails).

pub mod ask;
pub mod by_hand;
pub mod evidence;
pub mod expire;
pub mod offer;
pub mod pause;
pub mod reveal;
pub mod review;
pub mod settle;
pub mod stop;

use crate::platform::Platform;
use crate::rails::{Closed, FieldProblem};
use crate::store::Failure;
use ledger::{Answer, BookId, Command, OnceKey, Origin, Outcome, Progress, Refusal, Request, Withdrawal};

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
    /// Money left after the backup, and it is not said yet whose it was.
    #[error("the recovery is not complete, and payments stay paused:\n  {}", .0.join("\n  "))]
    NotRecovered(Vec<String>),
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
    origin: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    advance_once(platform, book, progress, origin, None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn advance_once(
    platform: &Platform,
    book: BookId,
    progress: Progress,
    origin: impl Into<Origin>,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    let request = Request::maybe_once(Command::Advance(Box::new(progress)), once).by(origin);
    let (outcome, replayed) = match platform.teller.ask(book, request).await?? {
        Answer::Done(outcome) => (outcome, false),
        Answer::Replayed(outcome) => (outcome, true),
    };
    let Outcome::Withdrawal(after) = outcome else {
        return Err(anyhow::anyhow!("a step was answered as something else").into());
    };
    platform.rails.nudge.send();
    Ok((*after, replayed))
}

/// Was something answered under this key? Then whatever else stands in the way does not matter: the teller gives the answer
/// again, or refuses the key.
async fn is_remembered(platform: &Platform, book: BookId, once: Option<OnceKey>) -> Result<bool, Failure> {
    match once {
        Some(key) => platform.store.is_remembered(book, &key).await,
        None => Ok(false),
    }
}
