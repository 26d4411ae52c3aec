//! Gift cards in stock, and to whom each was given. Codes come in and go out encrypted; nothing here can read them.

use super::codes::{CARD_GIVEN_OUT, CARD_IN_STOCK, CARD_RECALLED};
use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Cents, Micros};

/// A card to import.
#[derive(Clone)]
pub struct NewGiftCard {
    pub brand: String,
    pub face_value: Cents,
    /// When it stops working.
    pub expires_at: Option<Micros>,
    /// Keyed, of brand and code: a card is imported once.
    pub digest: [u8; 32],
    /// Code and pin, encrypted.
    pub sealed: Vec<u8>,
}

/// A card as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiftCard {
    /// 1, 2, … inside the book.
    pub number: i64,
    pub brand: String,
    pub face_value: Cents,
    /// When it stops working.
    pub expires_at: Option<Micros>,
    /// Code and pin, encrypted.
    pub sealed: Vec<u8>,
    /// 1 in stock, 2 given out, 3 recalled.
    pub state: i64,
    /// Whose it is.
    pub withdrawal: Option<i64>,
}

/// What became of the wish for a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// This one, now or before.
    Card(GiftCard),
    /// There is none of this kind.
    NoneLeft,
    /// Another withdrawal was faster.
    TryAgain,
}

/// The columns that `card` reads, in its order.
const COLUMNS: &str = "number, brand, face_value, expires_at, sealed, state, withdrawal";

impl Store {
    /// Takes all cards into stock, or none. `Conflict`: one of them is there already.
    pub async fn import_gift_cards(
        &self,
        book: BookId,
        cards: &[NewGiftCard],
        now: Micros,
    ) -> Result<(), WriteError> {
        let sql = sql!(
            "INSERT INTO gift_card (book, number, brand, face_value, expires_at, digest, sealed, state, imported_at) \
             SELECT $1, max(largest) + 1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), $5, $6, {CARD_IN_STOCK}, \
             CAST($7 AS BIGINT) \
             FROM (SELECT coalesce(max(number), 0) AS largest FROM gift_card WHERE book = $1 UNION ALL SELECT floor \
             FROM epoch) AS used"
        );
        let insert = |card: &NewGiftCard| {
            let values = vec![
                book.0.into(),
                card.brand.as_str().into(),
                card.face_value.0.into(),
                card.expires_at.into(),
                card.digest.as_slice().into(),
                card.sealed.as_slice().into(),
                now.into(),
            ];
            Statement::one(sql, values)
        };
        self.driver.write(cards.iter().map(insert).collect()).await
    }

    /// Which of these digests are in the book already.
    pub async fn has_gift_card(&self, book: BookId, digest: &[u8; 32]) -> Result<bool, Failure> {
        let sql = "SELECT number FROM gift_card WHERE book = $1 AND digest = $2";
        Ok(self.driver.query_one(sql, vec![book.0.into(), digest.as_slice().into()]).await?.is_some())
    }

    /// Cards in stock that still work: brand, face value, count. Reads every card; to learn whether there is one, use [`Self::gift_card_kinds`] or [`Self::gift_cards_left`].
    pub async fn gift_card_stock(
        &self,
        book: BookId,
        now: Micros,
    ) -> Result<Vec<(String, Cents, i64)>, Failure> {
        let sql = sql!(
            "SELECT brand, face_value, count(*) FROM gift_card WHERE book = $1 AND state = {CARD_IN_STOCK} \
             AND (expires_at IS NULL OR expires_at > $2) GROUP BY brand, face_value ORDER BY brand, face_value"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), now.into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), Cents(row.int(1)?), row.int(2)?))).collect()
    }

    /// Of which brands and face values there is a card in stock that still works, at most `limit`. One step of an index per
    /// kind, however many cards there are.
    pub async fn gift_card_kinds(
        &self,
        book: BookId,
        now: Micros,
        limit: usize,
    ) -> Result<Vec<(String, Cents)>, Failure> {
        let sql = sql!(
            "SELECT g.brand, g.face_value, CASE WHEN EXISTS (SELECT 1 FROM gift_card w WHERE w.book = g.book \
             AND w.brand = g.brand AND w.face_value = g.face_value AND w.state = {CARD_IN_STOCK} \
             AND coalesce(w.expires_at, 9223372036854775807) > $1) THEN 1 ELSE 0 END FROM gift_card g WHERE g.book = $2 \
             AND g.state = {CARD_IN_STOCK} AND (g.brand, g.face_value) > ($3, $4) ORDER BY g.brand, g.face_value LIMIT 1"
        );
        let (mut kinds, mut last) = (Vec::new(), (String::new(), 0));
        while kinds.len() < limit {
            let values = vec![now.into(), book.0.into(), last.0.as_str().into(), last.1.into()];
            let Some(row) = self.driver.query_one(sql, values).await? else { break };
            last = (row.text(0)?.to_owned(), row.int(1)?);
            if row.int(2)? == 1 {
                kinds.push((last.0.clone(), Cents(last.1)));
            }
        }
        Ok(kinds)
    }

    /// How many cards of a kind are in stock and still work; counts no further than `most`.
    pub async fn gift_cards_left(
        &self,
        book: BookId,
        (brand, face_value): (&str, Cents),
        now: Micros,
        most: i64,
    ) -> Result<i64, Failure> {
        let sql = sql!(
            "SELECT count(*) FROM (SELECT number FROM gift_card WHERE book = $1 AND brand = $2 AND face_value = $3 \
             AND state = {CARD_IN_STOCK} AND coalesce(expires_at, 9223372036854775807) > $4 LIMIT $5) AS counted"
        );
        let values = vec![book.0.into(), brand.into(), face_value.0.into(), now.into(), most.into()];
        self.driver.query_one(sql, values).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Gives a withdrawal one card of a brand and face value: the one it has, or the one in stock that expires first.
    pub async fn give_gift_card(
        &self,
        book: BookId,
        withdrawal: i64,
        (brand, face_value): (&str, Cents),
        now: Micros,
    ) -> Result<Given, Failure> {
        if let Some(card) = self.gift_card_of(book, withdrawal).await? {
            return Ok(Given::Card(card));
        }
        let sql = sql!(
            "SELECT number FROM gift_card WHERE book = $1 AND brand = $2 AND face_value = $3 AND state = {CARD_IN_STOCK} \
             AND coalesce(expires_at, 9223372036854775807) > $4 \
             ORDER BY coalesce(expires_at, 9223372036854775807), number LIMIT 1"
        );
        let values = vec![book.0.into(), brand.into(), face_value.0.into(), now.into()];
        let Some(first) = self.driver.query_one(sql, values).await? else {
            // Another worker may have given this withdrawal the last one a moment ago.
            return Ok(self.gift_card_of(book, withdrawal).await?.map_or(Given::NoneLeft, Given::Card));
        };
        let sql = sql!(
            "UPDATE gift_card SET state = {CARD_GIVEN_OUT}, withdrawal = $1 WHERE book = $2 AND number = $3 \
                 AND state = {CARD_IN_STOCK}"
        );
        let values = vec![withdrawal.into(), book.0.into(), first.int(0)?.into()];
        match self.driver.write(vec![Statement::one(sql, values)]).await {
            // Another worker has given this withdrawal a card, or has given this card.
            Ok(()) | Err(WriteError::Conflict) => {}
            Err(WriteError::Failure(failure)) => return Err(failure),
        }
        Ok(self.gift_card_of(book, withdrawal).await?.map_or(Given::TryAgain, Given::Card))
    }

    /// The card that a withdrawal was given.
    pub async fn gift_card_of(&self, book: BookId, withdrawal: i64) -> Result<Option<GiftCard>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM gift_card WHERE book = $1 AND withdrawal = $2");
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        row.as_ref().map(gift_card).transpose()
    }

    /// Cards of a brand with numbers above `after`, whatever became of them, at most `limit`.
    pub async fn gift_cards(
        &self,
        book: BookId,
        brand: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<GiftCard>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM gift_card WHERE book = $1 AND brand = $2 AND number > $3 ORDER BY number LIMIT $4"
        );
        let values = vec![book.0.into(), brand.into(), after.into(), limit.into()];
        self.driver.query(sql, values).await?.iter().map(gift_card).collect()
    }

    /// Takes cards of a brand that are in stock out of it for good.
    pub async fn recall_gift_cards(&self, book: BookId, brand: &str) -> Result<(), Failure> {
        let sql = sql!(
            "UPDATE gift_card SET state = {CARD_RECALLED} WHERE book = $1 AND brand = $2 AND state = {CARD_IN_STOCK}"
        );
        Ok(self.driver.write(vec![Statement::new(sql, vec![book.0.into(), brand.into()])]).await?)
    }
}

impl GiftCard {
    /// The word for what became of it.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        match self.state {
            CARD_IN_STOCK => "in_stock",
            CARD_GIVEN_OUT => "given_out",
            CARD_RECALLED => "recalled",
            _ => "unknown",
        }
    }
}

fn gift_card(row: &Row) -> Result<GiftCard, Failure> {
    Ok(GiftCard {
        number: row.int(0)?,
        brand: row.text(1)?.to_owned(),
        face_value: Cents(row.int(2)?),
        expires_at: row.maybe_int(3)?,
        sealed: row.bytes(4)?.to_vec(),
        state: row.int(5)?,
        withdrawal: row.maybe_int(6)?,
    })
}
