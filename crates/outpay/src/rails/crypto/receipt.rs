//! Receipts, and the one proof of a payment: the token's own log of the transfer.

use super::read;
use super::token::Token;
use crate::store::Failure;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEvent;
use anyhow::{Context, bail};
use serde_json::Value;

/// A transaction's receipt.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub hash: B256,
    /// False where the transaction reverted.
    pub succeeded: bool,
    pub block: u64,
    pub block_hash: B256,
    /// In the chain's smallest unit, a rollup's fee for its parent chain included; `None` where the node does not say.
    pub fee: Option<U256>,
    pub logs: Vec<Log>,
}

#[derive(Clone, Debug)]
pub(super) struct Log {
    pub contract: Address,
    pub topics: Vec<B256>,
    pub data: Bytes,
}

/// A log with its place in the chain.
pub(super) struct PlacedLog {
    pub log: Log,
    pub transaction: B256,
    pub block: u64,
    /// Among the logs of its block.
    pub index: u64,
}

impl PlacedLog {
    pub fn read(value: &Value) -> Result<Self, Failure> {
        Ok(Self {
            log: log(value)?,
            transaction: read::word(&value["transactionHash"])?,
            block: read::number(&value["blockNumber"])?,
            index: read::number(&value["logIndex"])?,
        })
    }
}

/// The transfer that the logs must show exactly once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub token: Address,
    pub from: Address,
    pub to: Address,
    pub units: U256,
}

impl Receipt {
    pub fn read(value: &Value) -> Result<Self, Failure> {
        let logs = value["logs"].as_array().context("a receipt without logs")?;
        let succeeded = match read::number(&value["status"])? {
            0 => false,
            1 => true,
            other => bail!("a receipt of status {other}"),
        };
        Ok(Self {
            hash: read::word(&value["transactionHash"])?,
            succeeded,
            block: read::number(&value["blockNumber"])?,
            block_hash: read::word(&value["blockHash"])?,
            fee: fee(value),
            logs: logs.iter().map(log).collect::<Result<_, _>>()?,
        })
    }

    /// How many logs say exactly this transfer.
    pub fn count(&self, transfer: &Transfer) -> usize {
        self.logs.iter().filter(|log| log.says(transfer)).count()
    }
}

impl Transfer {
    /// The topics of its log.
    pub fn topics(&self) -> [B256; 3] {
        [Token::Transfer::SIGNATURE_HASH, self.from.into_word(), self.to.into_word()]
    }
}

impl Log {
    pub fn says(&self, transfer: &Transfer) -> bool {
        self.contract == transfer.token
            && self.topics == transfer.topics()
            && self.data.as_ref() == transfer.units.to_be_bytes::<32>()
    }
}

fn log(value: &Value) -> Result<Log, Failure> {
    let topics = value["topics"].as_array().context("a log without topics")?;
    Ok(Log {
        contract: read::address(&value["address"])?,
        topics: topics.iter().map(read::word).collect::<Result<_, _>>()?,
        data: read::bytes(&value["data"])?,
    })
}

fn fee(value: &Value) -> Option<U256> {
    let gas = read::amount(&value["gasUsed"]).ok()?;
    let price = read::amount(&value["effectiveGasPrice"]).ok()?;
    let parent = read::amount(&value["l1Fee"]).unwrap_or(U256::ZERO);
    gas.checked_mul(price)?.checked_add(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSFER: Transfer = Transfer {
        token: Address::repeat_byte(1),
        from: Address::repeat_byte(2),
        to: Address::repeat_byte(3),
        units: U256::from_limbs([25_000_000, 0, 0, 0]),
    };

    fn good() -> Log {
        let topics =
            vec![Token::Transfer::SIGNATURE_HASH, TRANSFER.from.into_word(), TRANSFER.to.into_word()];
        let data = TRANSFER.units.to_be_bytes::<32>().to_vec().into();
        Log { contract: TRANSFER.token, topics, data }
    }

    fn count(logs: Vec<Log>) -> usize {
        let zero = B256::ZERO;
        let receipt = Receipt { hash: zero, succeeded: true, block: 1, block_hash: zero, fee: None, logs };
        receipt.count(&TRANSFER)
    }

    #[test]
    fn only_the_exact_transfer_counts() {
        let mut other_token = good();
        other_token.contract = Address::repeat_byte(9);
        let mut other_event = good();
        other_event.topics[0] = B256::repeat_byte(9);
        let mut from_another = good();
        from_another.topics[1] = B256::repeat_byte(9);
        let mut to_another = good();
        to_another.topics[2] = TRANSFER.from.into_word();
        let mut another_amount = good();
        another_amount.data = U256::from(24_999_999).to_be_bytes::<32>().to_vec().into();
        let mut more_data = good();
        more_data.data = [&more_data.data[..], &[0; 32]].concat().into();
        let mut not_indexed = good();
        not_indexed.topics.pop();
        let wrong =
            [other_token, other_event, from_another, to_another, another_amount, more_data, not_indexed];
        for log in &wrong {
            assert_eq!(count(vec![log.clone()]), 0, "{log:?}");
        }
        assert_eq!(count(wrong.into_iter().chain([good()]).collect()), 1);
        assert_eq!(count(vec![good(), good()]), 2);
        assert_eq!(count(Vec::new()), 0);
    }
}
