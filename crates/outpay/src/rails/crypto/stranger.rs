//! The nonce of a payment is used, and none of its attempts has a receipt. Either the node lags, or another transaction with
//! the treasury's key was faster: a wallet's speed-up of this very payment, an attempt that a restored server has lost, or
//! something else. Only that transaction itself, found with enough confirmations and read, is proof.
//!
//! Invariant: a refund requires that the transaction is read and did not pay this person. All else is unknown.

use super::chain::{Chain, transfer_data};
use super::query::{evidence, reverted};
use super::receipt::{Receipt, Transfer};
use super::rpc::{At, BlockTransaction};
use super::token::Token;
use super::{CryptoOrder, CryptoRail, Outcome, Payment, SeenTransaction};
use crate::store::Failure;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use anyhow::{Context, ensure};

impl CryptoRail {
    /// Succeeded or refused on proof; otherwise unknown.
    pub(super) async fn find_stranger(
        &self,
        chain: &Chain,
        (payment, order): (&Payment, &CryptoOrder),
        nonce: u64,
        ours: &[B256],
    ) -> Result<Outcome, Failure> {
        let waits = |text: &str| Outcome::unknown(format!("nonce {nonce} is used up, {text}"));
        let head = chain.rpc.head().await?;
        let Some(deep) = head.checked_sub(self.confirmations.saturating_sub(1)) else {
            return Ok(waits("not deep enough to say by whom"));
        };
        if used_at(chain, deep).await? <= nonce {
            return Ok(waits("not deep enough to say by whom"));
        }
        let number = block_that_used(chain, nonce, deep).await?;
        let block = chain.rpc.full_block(number).await?.context("a block that was there is gone")?;
        ensure!(block.number == number, "another block than the one asked for");
        let user = block
            .transactions
            .iter()
            .find(|transaction| transaction.from == chain.treasury && transaction.nonce == nonce);
        let user = match user {
            None => return Ok(waits(&format!("in block {number}, by no transaction of the treasury's"))),
            Some(user) if ours.contains(&user.hash) => {
                return Ok(waits("by ours, whose receipt the node does not have yet"));
            }
            Some(user) => user,
        };
        let receipt = chain.rpc.receipt(user.hash).await?;
        let placed = receipt.filter(|receipt| (receipt.block, receipt.block_hash) == (number, block.hash));
        let Some(receipt) = placed else {
            return Ok(waits(&format!("by {}, whose receipt the node does not have yet", user.hash)));
        };
        let confirmations = (head - number).saturating_add(1);
        if user.to == Some(chain.token) && *user.input == *transfer_data(order.to, order.units) {
            return Ok(self.judge_same_payment(chain, (payment, order), &receipt, confirmations));
        }
        if !paid_another(chain, order, user, &receipt) {
            let text = format!(
                "by {} in block {number}, which is none of the attempts and is not proven not to \
                 pay this withdrawal; look at it, then resolve the withdrawal by hand",
                user.hash
            );
            return Ok(waits(&text));
        }
        // A lost attempt may have paid under a later nonce, which is in no earlier block.
        let transfer = chain.transfer(order);
        let since = chain.rpc.logs(chain.token, &transfer.topics(), (number, At::Latest)).await?;
        if let Some(found) = since.iter().find(|found| found.log.says(&transfer)) {
            let text = format!(
                "by {} for something else, but {} has paid exactly this since; if that is no other withdrawal's, \
                 it is this one's: resolve it by hand",
                user.hash, found.transaction
            );
            return Ok(waits(&text));
        }
        Ok(overtaken())
    }

    /// This payment's own transfer under another hash, as after a wallet's speed-up: judged like an attempt.
    fn judge_same_payment(
        &self,
        chain: &Chain,
        (payment, order): (&Payment, &CryptoOrder),
        receipt: &Receipt,
        confirmations: u64,
    ) -> Outcome {
        if !receipt.succeeded {
            return reverted();
        }
        match receipt.count(&chain.transfer(order)) {
            1 => {
                let seen = SeenTransaction { hash: receipt.hash, confirmations, fee: receipt.fee };
                Outcome::Succeeded { detail: self.detail(payment, order, &seen) }
            }
            count => Outcome::unknown(evidence(receipt, count, confirmations)),
        }
    }
}

/// Certainly not this payment: it changed nothing, or it is one of two plain things to others than this person, and its
/// logs say no more than that. A call that is anything else (through another contract, of a part of the amount) may have
/// paid in a way that cannot be read here.
fn paid_another(chain: &Chain, order: &CryptoOrder, user: &BlockTransaction, receipt: &Receipt) -> bool {
    if !receipt.succeeded {
        return true;
    }
    let Some(to) = user.to.filter(|to| *to != order.to) else { return false };
    if user.input.is_empty() {
        return receipt.logs.is_empty();
    }
    plain_transfer(chain.treasury, to, &user.input).is_some_and(|transfer| {
        transfer.to != order.to && receipt.logs.len() == 1 && receipt.count(&transfer) == 1
    })
}

/// What a call says that is exactly `transfer` of a token.
fn plain_transfer(from: Address, token: Address, input: &[u8]) -> Option<Transfer> {
    let call = Token::transferCall::abi_decode(input).ok()?;
    let transfer = Transfer { token, from, to: call.to, units: call.amount };
    (*input == *transfer_data(transfer.to, transfer.units)).then_some(transfer)
}

async fn used_at(chain: &Chain, block: u64) -> Result<u64, Failure> {
    Ok(chain.rpc.nonce(chain.treasury, At::Block(block)).await?)
}

/// The block in which `nonce` was used, which is not above `deep`. Goes back in growing steps, as nodes keep the state
/// of recent blocks only, then halves.
async fn block_that_used(chain: &Chain, nonce: u64, deep: u64) -> Result<u64, Failure> {
    let (mut used, mut unused, mut step) = (deep, deep, 1_u64);
    loop {
        ensure!(unused > 0, "nonce {nonce} was used before the first block");
        unused = deep.saturating_sub(step);
        if used_at(chain, unused).await? <= nonce {
            break;
        }
        used = unused;
        step = step.saturating_mul(2);
    }
    while used - unused > 1 {
        let middle = unused + (used - unused) / 2;
        if used_at(chain, middle).await? > nonce {
            used = middle;
        } else {
            unused = middle;
        }
    }
    Ok(used)
}

fn overtaken() -> Outcome {
    Outcome::Refused {
        code: "overtaken".to_owned(),
        text: "The payment could not be sent, and nothing was paid. Please try again.".to_owned(),
    }
}
