//! When one person is not enough: the rule of a book, and whether two have agreed. While a book has a rule, payments by hand,
//! returns, resolutions and debits above its amount take two people, and so do changes of limits, review rules, keys and roles.
//! Not here: how the second one agrees (proposals/).
//!
//! The verbs ask here themselves, so a door that does not offer a proposal is refused and does not slip through.

use crate::platform::Platform;
use crate::store::Failure;
use ledger::{Actor, BookId, Cents};

/// Who makes a change, and whether a second person has agreed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hands {
    pub actor: Actor,
    pub agreed: bool,
}

impl From<Actor> for Hands {
    fn from(actor: Actor) -> Self {
        Self { actor, agreed: false }
    }
}

impl Hands {
    /// Two people have agreed; this one confirmed it.
    #[must_use]
    pub fn agreed(actor: Actor) -> Self {
        Self { actor, agreed: true }
    }

    /// May this person alone change settings, keys and roles of this book? The operator may, whose commands set a business up.
    pub async fn suffice(self, platform: &Platform, book: BookId) -> Result<bool, Failure> {
        if self.agreed || matches!(self.actor, Actor::OPERATOR | Actor::NONE) {
            return Ok(true);
        }
        Ok(platform.store.two_people_above(book).await?.is_none())
    }
}

/// Does the rule of this book ask for a second person, given this amount?
pub async fn are_needed(platform: &Platform, book: BookId, amount: Cents) -> Result<bool, Failure> {
    Ok(platform.store.two_people_above(book).await?.is_some_and(|most| amount > most))
}
