//! Hands the bytes of a committed attempt to the chain. Whatever a node says of them decides nothing: the hash is looked
//! up.

use super::{Answer, CryptoRail, Payment, Seen};
use crate::store::{Attempt, Failure};
use alloy_primitives::{B256, keccak256};
use anyhow::ensure;

impl CryptoRail {
    /// Sends; may be repeated with the same attempt at will.
    pub(super) async fn send(&self, payment: &Payment, attempt: &Attempt) -> Result<Answer, Failure> {
        let order = self.order(payment)?;
        let hash: B256 = attempt.key.parse()?;
        ensure!(keccak256(&attempt.request) == hash, "attempt {} is not what was prepared", attempt.number);
        self.check_signer(attempt)?;
        self.chain.check().await?;
        let seen = Seen { hash, confirmations: 0, fee: None };
        let accepted = Answer::Accepted { detail: self.detail(payment, &order, &seen) };
        match self.chain.rpc.send(&attempt.request).await {
            Ok(known) if known == hash => Ok(accepted),
            Ok(other) => Ok(Answer::Unknown { text: format!("the node calls the transaction {other}") }),
            // It may be there all the same: sent before, or taken before the answer was lost.
            Err(_) if self.chain.rpc.knows(hash).await? => Ok(accepted),
            Err(error) => Ok(Answer::Unknown { text: format!("not known to the chain after {error}") }),
        }
    }
}
