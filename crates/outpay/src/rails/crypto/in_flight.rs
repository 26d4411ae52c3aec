//! The treasury's commitments: signed transfers of any rail and process that no block includes yet. The balance does not
//! show them, so they are subtracted before another one is signed.

use super::chain::Chain;
use super::rpc::At;
use super::token::Token;
use super::transaction::Transaction;
use super::{CryptoRail, Prepared};
use crate::store::{Attempt, Failure};
use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use anyhow::{Context, ensure};
use std::collections::BTreeMap;

/// Amounts of the token and of the chain's coin.
#[derive(Clone, Copy, Default)]
struct Held {
    tokens: U256,
    coins: U256,
}

impl CryptoRail {
    /// The first nonce that is not used with enough confirmations.
    pub(super) async fn first_open_nonce(&self) -> Result<i64, Failure> {
        let below = self.confirmations.saturating_sub(1);
        let seen =
            self.nodes.ask(|chain| Box::pin(nonce_below(chain, below))).await.enough(self.nodes.agree)?;
        // The lowest: that reads more attempts than needed, and misses none.
        Ok(i64::try_from(seen.into_iter().min().unwrap_or(0))?)
    }

    /// Whether tokens and coins cover `prepared` beside all of `waiting`, as enough nodes say.
    pub(super) async fn check_room(&self, prepared: &Prepared, waiting: &[Attempt]) -> Result<(), Failure> {
        let answers =
            self.nodes.ask(|chain| Box::pin(async move { Ok(self.room_on(chain, prepared, waiting).await) }));
        let mut lacking = None;
        let mut granted = 0;
        for answer in answers.await.enough(self.nodes.agree)? {
            match answer {
                Ok(()) => granted += 1,
                Err(failure) => lacking = Some(failure),
            }
        }
        match lacking {
            Some(failure) if granted < self.nodes.agree => Err(failure),
            _ => Ok(()),
        }
    }

    /// Nonces and balances are read at one block, so that a payment is either in the balance or among the waiting ones.
    async fn room_on(&self, chain: &Chain, prepared: &Prepared, waiting: &[Attempt]) -> Result<(), Failure> {
        let head = At::Block(chain.rpc.head().await?);
        let used = chain.rpc.nonce(chain.treasury, head).await?;
        let holdings = chain.holdings(head).await?;
        // Attempts of one nonce together hold what the most expensive of them may take.
        let mut by_nonce: BTreeMap<u64, Held> = BTreeMap::new();
        for attempt in waiting {
            let transaction = Transaction::read(&attempt.request)?;
            if transaction.nonce >= used {
                let held = by_nonce.entry(transaction.nonce).or_default();
                let wants = self.wants(&transaction)?;
                held.tokens = held.tokens.max(wants.tokens);
                held.coins = held.coins.max(wants.coins);
            }
        }
        let new = self.wants(&Transaction::read(&prepared.request)?)?;
        let too_much = "sums beyond all numbers";
        let mut all = new;
        for held in by_nonce.values() {
            all.tokens = all.tokens.checked_add(held.tokens).context(too_much)?;
            all.coins = all.coins.checked_add(held.coins).context(too_much)?;
        }
        for (kind, has, needed, all) in [
            ("token", holdings.tokens, new.tokens, all.tokens),
            ("coin", holdings.coins, new.coins, all.coins),
        ] {
            ensure!(
                all <= has,
                "the treasury {} has {has} of the {kind}'s smallest unit; {needed} are needed, and {} are promised to \
                 payments that are in no block yet",
                chain.treasury,
                all - needed
            );
        }
        Ok(())
    }

    fn wants(&self, transaction: &Transaction) -> Result<Held, Failure> {
        let coins = transaction.fees.cost(transaction.gas);
        let tokens = if transaction.to == self.chain().token {
            Token::transferCall::abi_decode(&transaction.data)
                .context("reading an attempt's transfer")?
                .amount
        } else {
            U256::ZERO
        };
        Ok(Held { tokens, coins })
    }
}

async fn nonce_below(chain: &Chain, below: u64) -> Result<u64, Failure> {
    let deep = chain.rpc.head().await?.saturating_sub(below);
    Ok(chain.rpc.nonce(chain.treasury, At::Block(deep)).await?)
}
