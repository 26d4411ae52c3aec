//! The nonce of a payment is used up, and none of its attempts has a receipt. Either the node lags behind, or a stranger
//! with the treasury's key was faster, and then no attempt can ever be made good. Only the stranger itself, found in a
//! block deep enough, is proof.

use super::rpc::At;
use super::{Answer, CryptoRail};
use crate::store::Failure;
use alloy_primitives::B256;
use anyhow::{Context, ensure};

impl CryptoRail {
    /// Refused with the proof in hand; otherwise unknown.
    pub(super) async fn find_stranger(&self, nonce: u64, ours: &[B256]) -> Result<Answer, Failure> {
        let rpc = &self.chain.rpc;
        let waits = |text: &str| Answer::Unknown { text: format!("nonce {nonce} is used up, {text}") };
        let deep = rpc.head().await?.checked_sub(self.confirmations.saturating_sub(1));
        let Some(deep) = deep else { return Ok(waits("not deep enough to say by whom")) };
        if self.used_at(deep).await? <= nonce {
            return Ok(waits("not deep enough to say by whom"));
        }
        let number = self.block_that_used(nonce, deep).await?;
        let block = rpc.full_block(number).await?.context("a block that was there is gone")?;
        ensure!(block.number == number, "another block than the one asked for");
        let user = block
            .transactions
            .iter()
            .find(|transaction| transaction.from == self.chain.treasury && transaction.nonce == nonce);
        Ok(match user {
            None => waits(&format!("in block {number}, by no transaction of the treasury's")),
            Some(user) if ours.contains(&user.hash) => {
                waits("by ours, whose receipt the node does not have yet")
            }
            Some(_) => overtaken(),
        })
    }

    async fn used_at(&self, block: u64) -> Result<u64, Failure> {
        Ok(self.chain.rpc.nonce(self.chain.treasury, At::Block(block)).await?)
    }

    /// The block in which `nonce` was used, which is not above `deep`. Goes back in growing steps, as nodes keep the state
    /// of recent blocks only, then halves.
    async fn block_that_used(&self, nonce: u64, deep: u64) -> Result<u64, Failure> {
        let (mut used, mut unused, mut step) = (deep, deep, 1_u64);
        loop {
            ensure!(unused > 0, "nonce {nonce} was used before the first block");
            unused = deep.saturating_sub(step);
            if self.used_at(unused).await? <= nonce {
                break;
            }
            used = unused;
            step = step.saturating_mul(2);
        }
        while used - unused > 1 {
            let middle = unused + (used - unused) / 2;
            if self.used_at(middle).await? > nonce {
                used = middle;
            } else {
                unused = middle;
            }
        }
        Ok(used)
    }
}

fn overtaken() -> Answer {
    Answer::Refused {
        code: "overtaken".to_owned(),
        text: "The payment could not be sent, and nothing was paid. Please try again.".to_owned(),
    }
}
