//! The stock as the rail's own books: every card that was given out is a payment of its face value.

use super::GiftCards;
use crate::rails::{Booked, Standing};
use crate::store::{Failure, GivenCard};
use ledger::{Micros, Provider};

impl GiftCards {
    /// The cards that were given out in this time, of all live books.
    pub(super) async fn given_out(&self, period: (Micros, Micros)) -> Result<Vec<Booked>, Failure> {
        let cards = self.store.given_gift_cards(period).await?;
        Ok(cards.iter().map(|card| self.booked(card)).collect())
    }

    fn booked(&self, card: &GivenCard) -> Booked {
        Booked {
            reference: self.secrets.ids().order_id(Provider::GiftCard, card.book, card.withdrawal),
            rail_number: format!("card {} of book {}", card.number, card.book.0),
            amount: card.face_value,
            fee: None,
            at: card.at,
            standing: Standing::Paid,
        }
    }
}
