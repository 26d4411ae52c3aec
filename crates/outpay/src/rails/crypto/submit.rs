//! `submit`: sends the bytes of a committed attempt to every node of the chain. An answer decides nothing: the hash is looked up.

use super::chain::Chain;
use super::rpc::RpcError;
use super::transaction::Transaction;
use super::{CryptoRail, Outcome, Payment, SeenTransaction};
use crate::store::{Attempt, Failure};
use alloy_primitives::{B256, keccak256};
use anyhow::{bail, ensure};

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
        let seen = SeenTransaction { hash, confirmations: 0, fee: None };
        let accepted = Outcome::Accepted { detail: self.detail(payment, &order, &seen) };
        let answers = self.nodes.ask(|chain| Box::pin(self.send_to(chain, hash, &attempt.request))).await;
        let mut is_down = false;
        let mut texts = Vec::new();
        for (node, failure) in &answers.failures {
            is_down |= failure.chain().any(|cause| matches!(cause.downcast_ref(), Some(RpcError::Down(_))));
            texts.push(format!("node {node}: {failure:#}"));
        }
        if !texts.is_empty() {
            let (rail, order, reasons) = (&self.facts.name, &payment.order_id, texts.join("; "));
            tracing::warn!(rail, order, hash = attempt.key, reasons, "a node did not take a payment");
        }
        if !answers.given.is_empty() {
            return Ok(accepted);
        }
        let text = format!("not known to the chain after {}", texts.join("; "));
        Ok(Outcome::Unknown { text: text + &self.why_not_taken(attempt).await, is_down })
    }

    /// Sends to one node. An error is none where the node has the transaction all the same: it was sent before, or it was taken
    /// before the answer was lost.
    async fn send_to(&self, chain: &Chain, hash: B256, raw: &[u8]) -> Result<(), Failure> {
        let error = match chain.rpc.send(raw).await {
            Ok(known) if known == hash => return Ok(()),
            Ok(other) => {
                chain.rpc.count("other_hash");
                bail!("the node calls the transaction {other}")
            }
            Err(error) => error,
        };
        if chain.rpc.knows(hash).await? {
            return Ok(());
        }
        chain.rpc.count("not_taken");
        Err(error.into())
    }

    /// Where the market is above the attempt's fee: advice for the operator.
    async fn why_not_taken(&self, attempt: &Attempt) -> String {
        let (offered, market) = (Transaction::read(&attempt.request), self.nodes.market().await);
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
