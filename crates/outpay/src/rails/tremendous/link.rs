//! The link of a reward: kept sealed, made again where it was lost, and shown to the person. The provider gives it in the answer to
//! the first request for an order and never again; a new one can be made.
//!
//! Invariant: a link leaves this file only through [`super::TremendousRail::revealed`], and lies in the database encrypted.

use super::TremendousRail;
use super::api::TremendousError;
use super::destination::RewardDestination;
use super::order::Reward;
use super::submit::key_of;
use crate::auth::seal::Purpose;
use crate::rails::{Payment, Revealed};
use crate::store::{Failure, RewardLink};
use anyhow::{Context, ensure};
use ledger::{BookId, Withdrawal};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

const LONGEST_LINK: usize = 2_048;

/// The answer of `POST /rewards/{id}/generate_link`.
#[derive(Deserialize)]
struct LinkAnswer {
    reward: LinkedReward,
}

#[derive(Deserialize)]
struct LinkedReward {
    #[serde(deserialize_with = "secret")]
    link: SecretString,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    Ok(SecretString::from(String::deserialize(from)?))
}

/// The associated data of a sealed link, so that a row moved to another withdrawal does not open.
pub fn bound_to(book: BookId, withdrawal: i64, reward: &str) -> Vec<u8> {
    format!("{}\n{withdrawal}\n{reward}", book.0).into_bytes()
}

/// A page of the provider that a person can be sent to: nothing that a browser would run.
fn check(link: &SecretString) -> Result<(), Failure> {
    let text = link.expose_secret();
    let url = url::Url::parse(text).ok();
    let is_page = url.is_some_and(|url| url.scheme() == "https" && url.has_host());
    let is_plain = text.len() <= LONGEST_LINK && text.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(is_page && is_plain, "the link of a reward is no https address");
    Ok(())
}

impl TremendousRail {
    /// Makes sure that the reward's link is kept: `given` with the order, or a new one. What is kept already stays.
    pub(super) async fn keep_link(
        &self,
        payment: &Payment,
        reward: &Reward,
        given: Option<&SecretString>,
    ) -> Result<(), TremendousError> {
        let (book, withdrawal) = (payment.book, payment.withdrawal.number);
        if self.store.reward_link_of(book, withdrawal).await.map_err(TremendousError::Unclear)?.is_some() {
            return Ok(());
        }
        let made;
        let link = match given {
            Some(link) => link,
            None => {
                let path = format!("/rewards/{}/generate_link", reward.id);
                let answer: LinkAnswer = self.api.post(&path, Vec::new()).await?;
                made = answer.reward.link;
                &made
            }
        };
        let kept = async {
            check(link)?;
            let beside = bound_to(book, withdrawal, &reward.id);
            let sealed = self.secrets.seals().seal(Purpose::RewardLink, &beside, link, &self.entropy);
            let row = RewardLink { reward: reward.id.clone(), sealed };
            self.store.keep_reward_link(book, withdrawal, &row, self.clock.now()).await
        };
        kept.await.map_err(TremendousError::Unclear)
    }

    /// Keeps the link of a payment for which none is kept: a person with proof said that it was paid.
    async fn make_link_again(&self, book: BookId, withdrawal: &Withdrawal) -> Result<(), Failure> {
        let order_id = self.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number);
        let payment = Payment { book, withdrawal: withdrawal.clone(), order_id, now: self.clock.now() };
        let key = key_of(&payment);
        let order = self.order(&key).await.map_err(TremendousError::failure)?;
        let reward = order.check(&key, withdrawal.net())?;
        self.keep_link(&payment, reward, None).await.map_err(TremendousError::failure)
    }

    /// The link of a payment that succeeded.
    pub(super) async fn revealed(
        &self,
        book: BookId,
        withdrawal: &Withdrawal,
    ) -> Result<Option<Revealed>, Failure> {
        if self.store.reward_link_of(book, withdrawal.number).await?.is_none() {
            self.make_link_again(book, withdrawal).await?;
        }
        let Some(kept) = self.store.reward_link_of(book, withdrawal.number).await? else { return Ok(None) };
        let beside = bound_to(book, withdrawal.number, &kept.reward);
        let link = self.secrets.seals().open(Purpose::RewardLink, &beside, &kept.sealed);
        let link = link.context("a reward link cannot be opened with this master key")?;
        let wanted: RewardDestination = serde_json::from_str(&withdrawal.destination)?;
        Ok(Some(Revealed::link(wanted.product, withdrawal.net(), link)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_web_page_is_a_link() {
        let check = |text: &str| check(&SecretString::from(text)).is_ok();
        assert!(check("https://testflight.tremendous.com/rewards/payout/abc--def?x=1#y"));
        for text in
            ["", "javascript:alert(1)", "http://a.example/", "https://", "https://a.example/ b", "data:,x"]
        {
            assert!(!check(text), "{text}");
        }
        assert!(!check(&format!("https://a.example/{}", "x".repeat(LONGEST_LINK))));
    }
}
