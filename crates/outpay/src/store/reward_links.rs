//! Reward links of payments that an aggregator delivers as links. They come in and go out encrypted; nothing here can read them.

use super::driver::Statement;
use super::{Failure, Store};
use ledger::{BookId, Micros};

/// A link as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardLink {
    /// The aggregator's number of what the link opens.
    pub reward: String,
    /// The link, encrypted.
    pub sealed: Vec<u8>,
}

impl Store {
    /// Keeps the link of a withdrawal; one that is kept already stays.
    pub async fn keep_reward_link(
        &self,
        book: BookId,
        withdrawal: i64,
        link: &RewardLink,
        now: Micros,
    ) -> Result<(), Failure> {
        let sql = "INSERT INTO reward_link (book, withdrawal, reward, sealed, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (book, withdrawal) DO NOTHING";
        let values = vec![
            book.0.into(),
            withdrawal.into(),
            link.reward.as_str().into(),
            link.sealed.as_slice().into(),
            now.into(),
        ];
        Ok(self.driver.write(vec![Statement::new(sql, values)]).await?)
    }

    /// The link of a withdrawal.
    pub async fn reward_link_of(&self, book: BookId, withdrawal: i64) -> Result<Option<RewardLink>, Failure> {
        let sql = "SELECT reward, sealed FROM reward_link WHERE book = $1 AND withdrawal = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(RewardLink { reward: row.text(0)?.to_owned(), sealed: row.bytes(1)?.to_vec() }))
    }
}
