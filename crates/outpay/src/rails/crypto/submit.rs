//! `submit`: sends the bytes of a committed attempt to the chain. The node's answer decides nothing: the hash is looked up.

use super::rpc::RpcError;
use super::transaction::Transaction;
use super::{CryptoRail, Outcome, Payment, SeenTransaction};
use crate::store::{Attempt, Failure};
use alloy_primitives::{B256, keccak256};
use anyhow::ensure;

impl CryptoRail {
    /// Sends the attempt; may be repeated at will.
    pub(super) async fn submit_attempt(
        &self,
        payment: &Payment,
        attempt: &Attempt,
    ) -> Result<Outcome, Failure> {
        let order = self.order(payment)?;
        let hash: B256 = attempt.key.parse()?;
        ensure!(keccak256(&attempt.request) == hash, "attempt {} is not what was prepared", attempt.number);
        self.check_signer(attempt)?;
        self.chain.check().await?;
        let seen = SeenTransaction { hash, confirmations: 0, fee: None };
        let accepted = Outcome::Accepted { detail: self.detail(payment, &order, &seen) };
        match self.chain.rpc.send(&attempt.request).await {
            Ok(known) if known == hash => Ok(accepted),
            Ok(other) => Ok(Outcome::unknown(format!("the node calls the transaction {other}"))),
            // The node may have it all the same: sent before, or accepted before the answer was lost.
            Err(_) if self.chain.rpc.knows(hash).await? => Ok(accepted),
            Err(error) => {
                let text = format!("not known to the chain after {error}");
                let is_down = matches!(error, RpcError::Down(_));
                Ok(Outcome::Unknown { text: text + &self.why_not_taken(attempt).await, is_down })
            }
        }
    }

    /// Where the market is above the attempt's fee: advice for the operator.
    async fn why_not_taken(&self, attempt: &Attempt) -> String {
        let (offered, market) = (Transaction::read(&attempt.request), self.chain.market().await);
        match (offered.map(|transaction| transaction.fees.max), market.map(|fees| fees.max)) {
            (Ok(offered), Ok(wanted)) if wanted > offered => format!(
                "; it offers {offered} per unit of gas and the market wants {wanted}, where `max_fee_gwei` allows {}: \
                 wait, raise it, or stop the withdrawal",
                self.max_fee
            ),
            _ => String::new(),
        }
    }
}
