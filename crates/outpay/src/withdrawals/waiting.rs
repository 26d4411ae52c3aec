//! Why a withdrawal does not leave, for the business: pauses and switches, which recipients see too, and the operator's brakes,
//! which they do not. Not here: what the recipient is told (`claim/words.rs`).

use crate::platform::Platform;
use crate::store::{Failure, Stop};
use ledger::{BookId, Mode, Withdrawal, WithdrawalState};
use std::collections::{BTreeMap, HashMap};

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyWaiting {
    /// Lifted by the one who set it.
    Stop(Stop),
    /// Until the window of the ceiling has moved.
    Ceiling,
    /// In review, with the screening service's name of its decision: two people let it go.
    Denied(String),
}

impl WhyWaiting {
    /// The words of the reasons that are no [`Stop`].
    pub const OF_BRAKES: [&'static str; 2] = ["ceiling_reached", "screening_denied"];

    /// For programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let [ceiling, denied] = Self::OF_BRAKES;
        match self {
            Self::Stop(stop) => stop.word(),
            Self::Ceiling => ceiling,
            Self::Denied(_) => denied,
        }
    }

    /// For members.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Stop(stop) => format!("{}; sent once this is lifted", stop.words()),
            Self::Ceiling => {
                "the operator's ceiling of this method is reached; sent once there is room again".to_owned()
            }
            Self::Denied(reference) if reference.is_empty() => {
                "the screening service denied it; it takes two people to approve it".to_owned()
            }
            Self::Denied(reference) => {
                format!("the screening service denied it ({reference}); it takes two people to approve it")
            }
        }
    }
}

/// The reasons of all that wait, by their numbers.
pub async fn many(
    platform: &Platform,
    book: BookId,
    all: &[Withdrawal],
) -> Result<BTreeMap<i64, WhyWaiting>, Failure> {
    let numbers = || all.iter().map(|of| of.number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(BTreeMap::new()) };
    let mut found = BTreeMap::new();
    if all.iter().any(|of| of.state == WithdrawalState::Queued) {
        let stops = platform.store.stops_of_queued(book, (first, last)).await?;
        found = queued(platform, book, all, &stops).await?;
    }
    if all.iter().any(|of| matches!(of.state, WithdrawalState::Review | WithdrawalState::Sending)) {
        let denied = platform.store.denied_screenings(book, (first, last)).await?;
        found.extend(denied.into_iter().map(|(number, reference)| (number, WhyWaiting::Denied(reference))));
    }
    Ok(found)
}

async fn queued(
    platform: &Platform,
    book: BookId,
    all: &[Withdrawal],
    stops: &HashMap<i64, Stop>,
) -> Result<BTreeMap<i64, WhyWaiting>, Failure> {
    let mut found = BTreeMap::new();
    for of in all.iter().filter(|of| of.state == WithdrawalState::Queued) {
        if let Some(stop) = stops.get(&of.number) {
            found.insert(of.number, WhyWaiting::Stop(*stop));
        } else if book.mode() == Mode::Live && is_above_ceiling(platform, book, of).await? {
            found.insert(of.number, WhyWaiting::Ceiling);
        }
    }
    Ok(found)
}

async fn is_above_ceiling(platform: &Platform, book: BookId, of: &Withdrawal) -> Result<bool, Failure> {
    let Some(mounted) = platform.rails.get(book.mode(), &of.method) else { return Ok(false) };
    let ceiling = mounted.limits.ceiling();
    if ceiling.is_none() {
        return Ok(false);
    }
    let spent = platform.store.rail_spending(&of.method).await?;
    Ok(spent.look_again_at(&ceiling, of.net()).is_some())
}

/// The same of one.
pub async fn one(platform: &Platform, book: BookId, of: &Withdrawal) -> Result<Option<WhyWaiting>, Failure> {
    Ok(many(platform, book, std::slice::from_ref(of)).await?.remove(&of.number))
}
