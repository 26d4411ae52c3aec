//! Low stock: an event when few gift cards of one brand and value are left: once on the way down, and when the last is gone.

use crate::platform::Platform;
use crate::store::Failure;
use ledger::{BookId, Command, Occurrence, Request, Withdrawal};

/// Says so if the card that `withdrawal` was given brought the stock to the mark, or to nothing.
///
/// # Errors
/// When the database breaks.
pub(super) async fn tell(platform: &Platform, book: BookId, withdrawal: &Withdrawal) -> Result<(), Failure> {
    let destination: serde_json::Value = serde_json::from_str(&withdrawal.destination)?;
    let (brand, face_value) = (destination["brand"].as_str().unwrap_or_default(), withdrawal.net());
    let (now, mark) = (platform.clock.now(), platform.rails.low_stock);
    // One more than the mark is enough to know that it is not reached.
    let most = mark.saturating_add(1).max(1);
    let left = platform.store.gift_cards_left(book, (brand, face_value), now, most).await?;
    if left != mark && left != 0 {
        return Ok(());
    }
    let note = format!("{brand} {}: {left} left", face_value.0);
    let occurrence = Occurrence::GiftCardStockLow;
    let record = Command::Record { occurrence, user: 0, withdrawal: 0, note };
    let told = platform.teller.ask(book, Request::plain(record)).await?;
    told.map(drop).map_err(|refusal| anyhow::anyhow!("an event was refused: {}", refusal.sentence()))
}
