//! `prepare`: the next attempt at a payment, with its nonce, fees and signed bytes. Not here: sending it (submit.rs).
//!
//! Invariant: all attempts at one payment have one nonce. The first takes the next free one; those after it keep it.

use super::chain::{Chain, TrialRun, transfer_data};
use super::fees::Fees;
use super::rpc::At;
use super::transaction::Transaction;
use super::{CryptoOrder, CryptoRail, Outcome, Payment, Prepared, SeenTransaction};
use crate::store::{Attempt, Failure};
use anyhow::{Context, bail, ensure};

impl CryptoRail {
    /// Writes an attempt, or says why there can be none now.
    pub(super) async fn prepare_attempt(
        &self,
        payment: &Payment,
        earlier: &[Attempt],
        slot: i64,
    ) -> Result<Result<Prepared, Outcome>, Failure> {
        let order = self.order(payment)?;
        let transaction = match earlier.last() {
            None => self.first(&order, slot).await?,
            Some(last) => self.next(payment, &order, earlier, last).await?,
        };
        let transaction = match transaction {
            Ok(transaction) => transaction,
            Err(answer) => return Ok(Err(answer)),
        };
        let holdings = self.nodes.holdings().await?;
        let cost = transaction.fees.cost(transaction.gas);
        ensure!(
            holdings.coins >= cost,
            "the treasury {} has {} of the chain's smallest unit, and the fee may come to {cost}",
            self.chain().treasury,
            holdings.coins
        );
        let signed = self.signer.sign(&transaction).await?;
        let slot = i64::try_from(transaction.nonce)?;
        Ok(Ok(Prepared { key: signed.hash.to_string(), request: signed.raw, slot }))
    }

    /// Takes the store's next nonce, once the chain shows no transaction that the store does not know of.
    async fn first(&self, order: &CryptoOrder, slot: i64) -> Result<Result<Transaction, Outcome>, Failure> {
        let nonce = u64::try_from(slot).context("a slot below 0")?.max(self.first_nonce);
        // One node that has seen more is enough to stop: it may be the only one that keeps up.
        let seen = self.nodes.ask(|chain| Box::pin(seen_beyond(chain, nonce))).await;
        if let Some(more) = seen.enough(self.nodes.refunds)?.into_iter().flatten().next() {
            bail!(more);
        }
        let tokens = self.nodes.holdings().await?.tokens;
        ensure!(
            tokens >= order.units,
            "the treasury {} has {tokens} of the token's smallest unit, and {} are needed",
            self.chain().treasury,
            order.units
        );
        let fees = self.nodes.market().await?;
        ensure!(fees.max <= self.max_fee, "the market wants {}, more than `max_fee_gwei` allows", fees.max);
        let gas = match self.nodes.try_transfer(order.to, order.units).await? {
            TrialRun::Gas(gas) => gas,
            // Nothing was ever signed for this payment, so nothing can be paid.
            TrialRun::Refused => return Ok(Err(refused_by_token())),
        };
        ensure!(gas <= self.max_gas, "a transfer needs {gas} gas, more than `max_gas` allows");
        let data = transfer_data(order.to, order.units);
        let (chain_id, to) = (self.chain().id, self.chain().token);
        Ok(Ok(Transaction { chain_id, nonce, fees, gas, to, data }))
    }

    /// Replaces the earlier attempts for a higher fee.
    async fn next(
        &self,
        payment: &Payment,
        order: &CryptoOrder,
        earlier: &[Attempt],
        last: &Attempt,
    ) -> Result<Result<Transaction, Outcome>, Failure> {
        let old = Transaction::read(&last.request)?;
        if self.is_stop(&old) {
            // A payment that is being stopped is replaced by a stop again.
            return Ok(match self.stop_after(earlier).await? {
                Some(stop) => Ok(stop),
                None => Err(self.in_line(payment, order, last)?),
            });
        }
        let mut fees = old.fees;
        for attempt in earlier {
            self.check_signer(attempt)?;
            let other = Transaction::read(&attempt.request)?;
            let same = other.nonce == old.nonce && other.to == old.to && other.data == old.data;
            ensure!(same, "attempt {} is of another payment than attempt {}", attempt.number, last.number);
            fees = fees.highest(other.fees);
        }
        let data = transfer_data(order.to, order.units);
        let same = old.chain_id == self.chain().id && old.to == self.chain().token && old.data == data;
        ensure!(same, "attempt {} is not of this payment, or the configuration has changed", last.number);
        ensure!(i64::try_from(old.nonce)? == last.slot, "attempt {} has another nonce", last.number);
        Ok(match self.raised(fees).await? {
            Some(fees) => Ok(Transaction { fees, ..old }),
            None => Err(self.in_line(payment, order, last)?),
        })
    }

    /// The fees of a replacement at the market's price, or at `max_fee_gwei` where the market is above it, since it may come
    /// down. `None` where the ceiling leaves no room for a replacement.
    pub(super) async fn raised(&self, fees: Fees) -> Result<Option<Fees>, Failure> {
        let too_much = "fees beyond all numbers";
        let wanted = fees.replacement(self.nodes.market().await?).context(too_much)?;
        if wanted.max <= self.max_fee {
            return Ok(Some(wanted));
        }
        let least = fees.replacement(fees).context(too_much)?;
        let capped = Fees { max: self.max_fee, tip: wanted.tip.min(self.max_fee) };
        Ok((least.max <= self.max_fee).then_some(capped))
    }

    /// The last attempt is still pending, unchanged.
    fn in_line(&self, payment: &Payment, order: &CryptoOrder, last: &Attempt) -> Result<Outcome, Failure> {
        let seen = SeenTransaction { hash: last.key.parse()?, confirmations: 0, fee: None };
        Ok(Outcome::Accepted { detail: self.detail(payment, order, &seen) })
    }
}

/// A chain that has used more nonces than the store knows of, or a node that holds a transaction beyond them, shows that
/// something was sent which the store has forgotten, as after a restored backup: it may have paid this very withdrawal.
async fn seen_beyond(chain: &Chain, known: u64) -> Result<Option<String>, Failure> {
    let treasury = chain.treasury;
    let used = chain.rpc.nonce(treasury, At::Latest).await?;
    if used > known {
        return Ok(Some(format!(
            "the treasury {treasury} has used {used} nonces, and only {known} of them are known here: find out who was \
             paid with the others, resolve those withdrawals, then set first_nonce = {used}"
        )));
    }
    let waiting = chain.rpc.nonce(treasury, At::Pending).await?;
    Ok((waiting > known).then(|| {
        format!(
            "a transaction of the treasury {treasury} with nonce {known} waits for a block, and it is not known here: it \
             may pay one of these withdrawals. Wait until a block has it or no node does, and find out who it pays"
        )
    }))
}

fn refused_by_token() -> Outcome {
    Outcome::Refused {
        code: "refused_by_token".to_owned(),
        text: "The token does not accept a transfer to this address. Nothing was sent. Please check the address, or \
               choose another one or another method."
            .to_owned(),
    }
}
