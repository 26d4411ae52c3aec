//! An EIP-1559 transaction with a call of the token: its bytes, signature and hash.
//! Not here: which nonce and fees it gets.

use super::fees::Fees;
use super::treasury::Treasury;
use crate::store::Failure;
use alloy_primitives::{Address, B256, keccak256};
use alloy_rlp::{Decodable, EMPTY_LIST_CODE, Encodable, Header};
use anyhow::{Context, ensure};
use k256::ecdsa::{self, RecoveryId, VerifyingKey};

/// The type's number (EIP-2718).
const DYNAMIC_FEE: u8 = 2;

/// It never carries coins, and no access list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub chain_id: u64,
    pub nonce: u64,
    pub fees: Fees,
    pub gas: u64,
    /// The token.
    pub to: Address,
    pub data: Vec<u8>,
}

/// The bytes to send and their hash.
pub(super) struct Signed {
    pub hash: B256,
    pub raw: Vec<u8>,
}

impl Transaction {
    /// Its bytes under the treasury's signature.
    pub fn sign(&self, treasury: &Treasury) -> Result<Signed, Failure> {
        let mut fields = self.fields();
        let signature = treasury.sign(keccak256(envelope(&fields)))?;
        signature.odd_y.encode(&mut fields);
        without_zeros(&signature.r).encode(&mut fields);
        without_zeros(&signature.s).encode(&mut fields);
        let raw = envelope(&fields);
        Ok(Signed { hash: keccak256(&raw), raw })
    }

    /// Reads what [`Self::sign`] wrote.
    pub fn read(raw: &[u8]) -> Result<Self, Failure> {
        ensure!(raw.first() == Some(&DYNAMIC_FEE), "an attempt's request is no EIP-1559 transaction");
        let mut rest = &raw[1..];
        let mut fields = Header::decode_bytes(&mut rest, true)?;
        let fields = &mut fields;
        let (chain_id, nonce) = (u64::decode(fields)?, u64::decode(fields)?);
        let (tip, max) = (u128::decode(fields)?, u128::decode(fields)?);
        let gas = u64::decode(fields)?;
        let to = Address::from(<[u8; 20]>::decode(fields)?);
        ensure!(u64::decode(fields)? == 0, "an attempt's request carries coins");
        let data = Header::decode_bytes(fields, false)?.to_vec();
        Ok(Self { chain_id, nonce, fees: Fees { max, tip }, gas, to, data })
    }

    /// Reads a signed transaction strictly, and tells whose signature it bears. Its bytes are the only ones that this transaction
    /// can have with this signature.
    ///
    /// # Errors
    /// When anything in it is not as [`Self::sign`] writes it.
    pub fn read_signed(raw: &[u8]) -> Result<(Self, Address), Failure> {
        let transaction = Self::read(raw)?;
        let mut fields = transaction.fields();
        let digest = keccak256(envelope(&fields));
        let mut rest = &raw[1..];
        let mut signature = Header::decode_bytes(&mut rest, true)?;
        ensure!(rest.is_empty(), "bytes behind the transaction");
        let signature = &mut signature;
        // The fields that were read above, up to the empty access list.
        for _ in 0..8 {
            Header::decode_bytes(signature, false)?;
        }
        let accesses = Header::decode_bytes(signature, true)?;
        ensure!(accesses.is_empty(), "a transaction with an access list");
        let odd_y = bool::decode(signature)?;
        let [r, s] = [number_of_32(signature)?, number_of_32(signature)?];
        odd_y.encode(&mut fields);
        without_zeros(&r).encode(&mut fields);
        without_zeros(&s).encode(&mut fields);
        ensure!(envelope(&fields) == raw, "a transaction that is written in an unusual way");
        let signature = ecdsa::Signature::from_scalars(r, s).context("no signature")?;
        ensure!(signature.normalize_s().is_none(), "a signature with the larger s");
        let key =
            VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, RecoveryId::new(odd_y, false));
        let point = key.context("a signature of no key")?.to_encoded_point(false);
        Ok((transaction, Address::from_raw_public_key(&point.as_bytes()[1..])))
    }

    /// The unsigned fields one after another, in the order of EIP-1559.
    fn fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.chain_id.encode(&mut out);
        self.nonce.encode(&mut out);
        self.fees.tip.encode(&mut out);
        self.fees.max.encode(&mut out);
        self.gas.encode(&mut out);
        self.to.into_array().encode(&mut out);
        0_u64.encode(&mut out);
        self.data.as_slice().encode(&mut out);
        out.push(EMPTY_LIST_CODE);
        out
    }
}

fn envelope(fields: &[u8]) -> Vec<u8> {
    let mut out = vec![DYNAMIC_FEE];
    Header { list: true, payload_length: fields.len() }.encode(&mut out);
    out.extend_from_slice(fields);
    out
}

fn number_of_32(fields: &mut &[u8]) -> Result<[u8; 32], Failure> {
    let digits = Header::decode_bytes(fields, false)?;
    let mut number = [0; 32];
    let start = number.len().checked_sub(digits.len()).context("a number of more than 32 bytes")?;
    number[start..].copy_from_slice(digits);
    Ok(number)
}

/// Integers have no leading zeros on the wire.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    fn treasury() -> Treasury {
        Treasury::from_hex(&SecretString::from("46".repeat(32))).unwrap()
    }

    fn sample(nonce: u64) -> Transaction {
        let fees = Fees { max: 30_000_000_001, tip: 1_000_000_000 };
        let to = Address::repeat_byte(7);
        Transaction { chain_id: 8453, nonce, fees, gas: 65_000, to, data: vec![0xa9, 0x05, 0x9c, 0xbb] }
    }

    #[test]
    fn what_was_signed_can_be_read() {
        for nonce in [0, 1, 127, 128, 255, 256, u64::MAX] {
            let signed = sample(nonce).sign(&treasury()).unwrap();
            assert_eq!(Transaction::read(&signed.raw).unwrap(), sample(nonce));
        }
    }

    #[test]
    fn the_same_transaction_has_the_same_bytes() {
        let [one, two] = [1, 1].map(|nonce| sample(nonce).sign(&treasury()).unwrap());
        assert_eq!((one.hash, one.raw), (two.hash, two.raw));
    }

    #[test]
    fn a_signature_tells_whose_it_is() {
        for nonce in 0..300 {
            let signed = sample(nonce).sign(&treasury()).unwrap();
            assert_eq!(Transaction::read_signed(&signed.raw).unwrap(), (sample(nonce), treasury().address()));
            let mut longer = signed.raw.clone();
            longer.push(0);
            assert!(Transaction::read_signed(&longer).is_err());
            let mut altered = signed.raw;
            let last = altered.len() - 1;
            altered[last] ^= 1;
            let by = Transaction::read_signed(&altered).ok().map(|(_, by)| by);
            assert_ne!(by, Some(treasury().address()));
        }
    }

    #[test]
    fn integers_lose_their_zeros() {
        assert_eq!(without_zeros(&[0, 0, 1, 0]), [1, 0]);
        assert_eq!(without_zeros(&[0, 0]), [0_u8; 0]);
    }

    #[test]
    fn other_bytes_are_refused() {
        let raw = sample(3).sign(&treasury()).unwrap().raw;
        for wrong in [&raw[1..], &raw[..20], &[][..], &[2][..]] {
            assert!(Transaction::read(wrong).is_err());
        }
    }
}
