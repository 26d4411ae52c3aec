//! The code of a delivered gift card, for every door. The witness remembers the card's number before the code leaves the
//! house, so that a restored stock does not give the card to another person. Not here: how often a person may look (ledger).

use crate::platform::Platform;
use crate::rails::{self, Revealed};
use crate::store::Failure;
use crate::witness::Record;
use ledger::{BookId, Withdrawal, WithdrawalState};

/// True where the withdrawal has left a code that the person can have shown.
#[must_use]
pub fn has_code(withdrawal: &Withdrawal) -> bool {
    rails::kind(withdrawal.provider).reveals_code && withdrawal.state == WithdrawalState::Succeeded
}

/// The card that a withdrawal was given, with its secrets.
///
/// # Errors
/// When the database breaks, the card was sealed with another key, or the witness cannot be written.
pub async fn reveal(platform: &Platform, book: BookId, withdrawal: i64) -> Result<Option<Revealed>, Failure> {
    let revealed = platform.rails.reveal(book, withdrawal).await?;
    if let Some(card) = &revealed {
        platform.witness.note([Record::RevealedCard { book, card: card.number }])?;
    }
    Ok(revealed)
}
