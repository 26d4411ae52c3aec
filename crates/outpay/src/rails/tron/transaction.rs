//! A transfer of a token as a transaction of TRON: its bytes, id and signature. Not here: which block it refers to and when it
//! expires (prepare.rs).
//!
//! Invariant: the id is the digest of the bytes, so it is known before anything is sent. After `expiration` no block takes it.

use super::super::crypto::treasury::Treasury;
use super::address;
use crate::store::Failure;
use alloy_primitives::{Address, B256};
use anyhow::{Context, ensure};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use prost::Message;
use sha2::{Digest, Sha256};

const TRIGGER_SMART_CONTRACT: i32 = 31;
const TYPE_URL: &str = "type.googleapis.com/protocol.TriggerSmartContract";

/// A call of the token contract by the treasury.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub owner: Address,
    pub contract: Address,
    pub data: Vec<u8>,
    /// Bytes 6 and 7 of the number of a block that the chain must contain.
    pub block_bytes: Vec<u8>,
    /// Bytes 8 to 15 of the id of that block.
    pub block_hash: Vec<u8>,
    /// Milliseconds since 1970 of block time, from which on no block takes it.
    pub expiration: i64,
    pub timestamp: i64,
    /// The most that its energy may cost, in 10^-6 of the network's coin.
    pub fee_limit: i64,
}

/// The bytes to send and their id.
pub(super) struct SignedCall {
    pub id: B256,
    pub raw: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct TransactionMessage {
    #[prost(bytes = "vec", tag = "1")]
    raw_data: Vec<u8>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    signature: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct RawMessage {
    #[prost(bytes = "vec", tag = "1")]
    ref_block_bytes: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    ref_block_hash: Vec<u8>,
    #[prost(int64, tag = "8")]
    expiration: i64,
    #[prost(message, repeated, tag = "11")]
    contract: Vec<ContractMessage>,
    #[prost(int64, tag = "14")]
    timestamp: i64,
    #[prost(int64, tag = "18")]
    fee_limit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ContractMessage {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(message, optional, tag = "2")]
    parameter: Option<AnyMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyMessage {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct TriggerMessage {
    #[prost(bytes = "vec", tag = "1")]
    owner_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    contract_address: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    data: Vec<u8>,
}

impl Call {
    /// Its bytes under the treasury's signature.
    pub fn sign(&self, treasury: &Treasury) -> Result<SignedCall, Failure> {
        let raw_data = self.raw_data();
        let id = id_of(&raw_data);
        let signature = treasury.sign(id)?;
        let recovery = [27 + u8::from(signature.odd_y)];
        let signature = [&signature.r[..], &signature.s, &recovery].concat();
        let message = TransactionMessage { raw_data, signature: vec![signature] };
        Ok(SignedCall { id, raw: message.encode_to_vec() })
    }

    fn raw_data(&self) -> Vec<u8> {
        let call = TriggerMessage {
            owner_address: address::on_wire(self.owner),
            contract_address: address::on_wire(self.contract),
            data: self.data.clone(),
        };
        let parameter = AnyMessage { type_url: TYPE_URL.to_owned(), value: call.encode_to_vec() };
        let contract = ContractMessage { kind: TRIGGER_SMART_CONTRACT, parameter: Some(parameter) };
        let raw = RawMessage {
            ref_block_bytes: self.block_bytes.clone(),
            ref_block_hash: self.block_hash.clone(),
            expiration: self.expiration,
            contract: vec![contract],
            timestamp: self.timestamp,
            fee_limit: self.fee_limit,
        };
        raw.encode_to_vec()
    }

    /// Reads what [`Self::sign`] wrote, with its id and the address whose signature it bears. Anything else that the bytes might
    /// say, such as coins that are sent along, is refused.
    pub fn read(raw: &[u8]) -> Result<(Self, B256, Address), Failure> {
        let message = TransactionMessage::decode(raw).context("an attempt's request is no transaction")?;
        let fields = RawMessage::decode(message.raw_data.as_slice())?;
        let [contract] = fields.contract.as_slice() else { anyhow::bail!("a transaction of several calls") };
        ensure!(contract.kind == TRIGGER_SMART_CONTRACT, "a transaction that calls no contract");
        let parameter = contract.parameter.as_ref().context("a call without its parameters")?;
        let call = TriggerMessage::decode(parameter.value.as_slice())?;
        let read = Self {
            owner: from_wire(&call.owner_address)?,
            contract: from_wire(&call.contract_address)?,
            data: call.data,
            block_bytes: fields.ref_block_bytes,
            block_hash: fields.ref_block_hash,
            expiration: fields.expiration,
            timestamp: fields.timestamp,
            fee_limit: fields.fee_limit,
        };
        ensure!(read.raw_data() == message.raw_data, "a transaction that says more than is read here");
        let [signature] = message.signature.as_slice() else { anyhow::bail!("not one signature") };
        let again = TransactionMessage { raw_data: read.raw_data(), signature: vec![signature.clone()] };
        ensure!(again.encode_to_vec() == raw, "a transaction that is written in an unusual way");
        let id = id_of(&message.raw_data);
        Ok((read, id, signer(id, signature)?))
    }
}

fn id_of(raw_data: &[u8]) -> B256 {
    B256::from(<[u8; 32]>::from(Sha256::digest(raw_data)))
}

fn from_wire(bytes: &[u8]) -> Result<Address, Failure> {
    let found = (bytes.len() == 21).then(|| Address::from_slice(&bytes[1..]));
    let found = found.filter(|found| address::on_wire(*found) == bytes);
    found.context("an address of another network")
}

fn signer(id: B256, signature: &[u8]) -> Result<Address, Failure> {
    ensure!(signature.len() == 65, "a signature of {} bytes", signature.len());
    let (numbers, recovery) = signature.split_at(64);
    let odd_y = match recovery {
        [27] => false,
        [28] => true,
        _ => anyhow::bail!("a signature with an unusual last byte"),
    };
    let signature = Signature::from_slice(numbers).context("no signature")?;
    ensure!(signature.normalize_s().is_none(), "a signature with the larger s");
    let key = VerifyingKey::recover_from_prehash(id.as_slice(), &signature, RecoveryId::new(odd_y, false));
    let point = key.context("a signature of no key")?.to_encoded_point(false);
    Ok(Address::from_raw_public_key(&point.as_bytes()[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn treasury() -> Treasury {
        Treasury::from_hex(&SecretString::from("46".repeat(32))).unwrap()
    }

    fn call(timestamp: i64) -> Call {
        Call {
            owner: treasury().address(),
            contract: Address::repeat_byte(7),
            data: vec![0xa9, 0x05, 0x9c, 0xbb],
            block_bytes: vec![0x12, 0x34],
            block_hash: vec![8; 8],
            expiration: 1_800_000_600_000,
            timestamp,
            fee_limit: 40_000_000,
        }
    }

    #[test]
    fn what_was_signed_can_be_read() {
        for timestamp in [0, 1, 127, 128, 1_800_000_000_000] {
            let signed = call(timestamp).sign(&treasury()).unwrap();
            let read = Call::read(&signed.raw).unwrap();
            assert_eq!(read, (call(timestamp), signed.id, treasury().address()));
        }
    }

    #[test]
    fn other_bytes_are_refused_or_are_another_s() {
        let signed = call(5).sign(&treasury()).unwrap();
        for at in 0..signed.raw.len() {
            let mut altered = signed.raw.clone();
            altered[at] ^= 1;
            let by = Call::read(&altered).ok().map(|(_, _, by)| by);
            assert_ne!(by, Some(treasury().address()), "byte {at}");
        }
        assert!(Call::read(&signed.raw[..20]).is_err());
        assert!(Call::read(&[&signed.raw[..], &[0]].concat()).is_err());
    }
}
