//! What a witness (witness/) remembers, looked up in one frozen view. Not here: the entries' digests (copies.rs).

use super::{Failure, Snapshot};
use ledger::{BookId, Micros};

impl Snapshot {
    /// How often a user's hash was rotated; `None` where there is no such user.
    pub async fn rotations_of(&self, book: BookId, user: i64) -> Result<Option<i64>, Failure> {
        let sql = "SELECT generation FROM payout_user WHERE book = $1 AND number = $2";
        let rows = self.query(sql, vec![book.0.into(), user.into()]).await?;
        rows.first().map(|row| Ok(ledger::rotations_of(row.int(0)?))).transpose()
    }

    /// Is there such a key, and is it revoked?
    pub async fn is_revoked(&self, key: i64) -> Result<bool, Failure> {
        let sql = "SELECT 1 FROM api_key WHERE number = $1 AND revoked_at IS NOT NULL";
        Ok(!self.query(sql, vec![key.into()]).await?.is_empty())
    }

    /// Since when a member is in a team; `None` where the member is not.
    pub async fn member_since(&self, business: i64, member: i64) -> Result<Option<Micros>, Failure> {
        let sql = "SELECT since FROM membership WHERE business = $1 AND member = $2";
        let rows = self.query(sql, vec![business.into(), member.into()]).await?;
        rows.first().map(|row| row.int(0)).transpose()
    }

    /// Could this card still be given out, or is it not there?
    pub async fn is_card_in_stock(&self, book: BookId, card: i64) -> Result<bool, Failure> {
        let sql = "SELECT state FROM gift_card WHERE book = $1 AND number = $2";
        let rows = self.query(sql, vec![book.0.into(), card.into()]).await?;
        rows.first().map_or(Ok(true), |row| Ok(row.int(0)? == 1))
    }

    /// The first slot of a line that was not taken; 0 before the first.
    pub async fn next_slot_of(&self, line: &str) -> Result<i64, Failure> {
        let rows = self.query("SELECT next FROM rail_slot WHERE rail = $1", vec![line.into()]).await?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }
}
