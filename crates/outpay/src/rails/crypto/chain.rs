//! One token on one chain, seen through a node: the chain's identity, the treasury's balances, the cost of a payment. Not
//! here: payments.
//!
//! Invariant: nothing is sent, and no answer is used, before the node has confirmed the configured chain id.

use super::CryptoOrder;
use super::fees::Fees;
use super::receipt::Transfer;
use super::rpc::{At, Rpc, RpcError};
use super::token::Token;
use crate::store::Failure;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use anyhow::{Context, ensure};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub(super) struct Chain {
    pub rpc: Rpc,
    pub id: u64,
    pub token: Address,
    pub decimals: u8,
    pub treasury: Address,
    /// The contract has confirmed the decimals; they cannot change.
    decimals_fit: AtomicBool,
    /// The highest block that this node has shown.
    highest: AtomicU64,
}

/// The treasury's balances.
pub(super) struct Holdings {
    /// The token's smallest units.
    pub tokens: U256,
    /// The chain's smallest units.
    pub coins: U256,
}

/// Whether the token would make a transfer now.
pub(super) enum TrialRun {
    /// With the gas it needs, and a margin for small changes of state.
    Gas(u64),
    /// The contract refuses while the node works.
    Refused,
}

impl Chain {
    pub fn new(rpc: Rpc, id: u64, token: Address, decimals: u8, treasury: Address) -> Self {
        Self {
            rpc,
            id,
            token,
            decimals,
            treasury,
            decimals_fit: AtomicBool::new(false),
            highest: AtomicU64::new(0),
        }
    }

    /// The newest block's number.
    ///
    /// # Errors
    /// When the node had shown a higher one before: it lags, and what it does not see may be there.
    pub async fn head_that_does_not_lag(&self) -> Result<u64, Failure> {
        let head = self.rpc.head().await?;
        let highest = self.highest.fetch_max(head, Ordering::Relaxed);
        ensure!(head >= highest, "the node lags: it is at block {head} and was at {highest}");
        Ok(head)
    }

    /// Checks the chain id on every call, since the node behind an address may be replaced.
    pub async fn check(&self) -> Result<(), Failure> {
        let id = self.rpc.chain_id().await?;
        if id != self.id {
            self.rpc.count("other_chain");
        }
        ensure!(id == self.id, "the node is of chain {id}, but chain {} is configured", self.id);
        if !self.decimals_fit.load(Ordering::Relaxed) {
            let answer = self.view(&Token::decimalsCall {}.abi_encode()).await?;
            let decimals = U256::try_from_be_slice(&answer).filter(|_| answer.len() == 32);
            let decimals = decimals.context("the token does not say how many decimals it has")?;
            let fits = decimals == U256::from(self.decimals);
            ensure!(fits, "the token has {decimals} decimals, but {} are configured", self.decimals);
            self.decimals_fit.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    pub async fn holdings(&self, at: At) -> Result<Holdings, Failure> {
        let call = Token::balanceOfCall { owner: self.treasury }.abi_encode();
        let answer = self.rpc.view(self.treasury, self.token, &call, at).await?;
        let tokens = U256::try_from_be_slice(&answer).filter(|_| answer.len() == 32);
        let tokens = tokens.context("the token does not say what the treasury has")?;
        Ok(Holdings { tokens, coins: self.rpc.coins(self.treasury, at).await? })
    }

    /// The fee for one of the next blocks.
    pub async fn market(&self) -> Result<Fees, Failure> {
        let block = self.rpc.block(At::Latest).await?.context("the node has no newest block")?;
        let fee = block.fee.context("this chain has no EIP-1559 fees")?;
        Fees::market(fee, self.rpc.tip(fee).await?).context("fees beyond all numbers")
    }

    /// Simulates a transfer. The text of an error decides nothing: the token has refused if it refuses in two ways and the same
    /// node then gets an answer to another call of it.
    pub async fn try_transfer(&self, to: Address, units: U256) -> Result<TrialRun, Failure> {
        let data = transfer_data(to, units);
        match self.rpc.gas(self.treasury, self.token, &data).await {
            Ok(gas) => Ok(TrialRun::Gas(gas.saturating_add(gas / 4))),
            Err(silent @ (RpcError::Down(_) | RpcError::Silent(_))) => Err(silent.into()),
            Err(spoken) => match self.view(&data).await {
                Ok(_) => Err(Failure::from(spoken).context("estimating the gas of a transfer")),
                Err(silent @ (RpcError::Down(_) | RpcError::Silent(_))) => Err(silent.into()),
                Err(RpcError::Spoken { .. }) => {
                    self.view(&Token::decimalsCall {}.abi_encode()).await?;
                    Ok(TrialRun::Refused)
                }
            },
        }
    }

    /// The transfer that pays an order.
    pub fn transfer(&self, order: &CryptoOrder) -> Transfer {
        Transfer { token: self.token, from: self.treasury, to: order.to, units: order.units }
    }

    async fn view(&self, data: &[u8]) -> Result<alloy_primitives::Bytes, RpcError> {
        self.rpc.view(self.treasury, self.token, data, At::Latest).await
    }
}

/// The call data of the transfer.
pub(super) fn transfer_data(to: Address, units: U256) -> Vec<u8> {
    Token::transferCall { to, amount: units }.abi_encode()
}
