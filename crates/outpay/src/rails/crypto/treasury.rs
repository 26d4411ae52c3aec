//! The key that pays, and its address. Invariant: nothing here prints the key, and no error contains it.

use crate::store::Failure;
use alloy_primitives::{Address, B256};
use anyhow::{Context, anyhow, ensure};
use data_encoding::HEXLOWER_PERMISSIVE;
use k256::ecdsa::SigningKey;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// The key and its address.
pub(in crate::rails) struct Treasury {
    key: SigningKey,
    address: Address,
}

/// An ECDSA signature over secp256k1 with the smaller `s`.
pub(in crate::rails) struct Signature {
    pub odd_y: bool,
    pub r: [u8; 32],
    pub s: [u8; 32],
}

impl Treasury {
    /// From 64 hexadecimal digits, with or without `0x`.
    pub fn from_hex(text: &SecretString) -> Result<Self, Failure> {
        let text = text.expose_secret().trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        // The decoder's own error quotes its input.
        let bytes = HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .map_err(|_| anyhow!("a private key is 64 hexadecimal digits"))?;
        Self::from_bytes(&Zeroizing::new(bytes))
    }

    /// From an encrypted file (Web3 Secret Storage, version 3).
    pub fn from_keystore(path: &Path, password: &SecretString) -> Result<Self, Failure> {
        check_lengths(path).with_context(|| format!("reading the keystore {}", path.display()))?;
        let bytes = eth_keystore::decrypt_key(path, password.expose_secret())
            .map_err(|_| anyhow!("the keystore {} does not open with this password", path.display()))?;
        Self::from_bytes(&Zeroizing::new(bytes))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let key =
            SigningKey::from_slice(bytes).map_err(|_| anyhow!("this is no private key of secp256k1"))?;
        let public = key.verifying_key().to_encoded_point(false);
        // Without the leading byte, which only marks an uncompressed point.
        let address = Address::from_raw_public_key(&public.as_bytes()[1..]);
        Ok(Self { key, address })
    }

    /// The address that holds tokens and coins.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest. The same digest gives the same signature (RFC 6979), so no randomness is needed.
    pub fn sign(&self, digest: B256) -> Result<Signature, Failure> {
        let signed = self.key.sign_prehash_recoverable(digest.as_slice());
        let (signature, recovery) = signed.context("signing")?;
        let (r, s) = signature.split_bytes();
        Ok(Signature { odd_y: recovery.is_y_odd(), r: r.into(), s: s.into() })
    }
}

/// Checks what the decoder assumes and would panic without.
fn check_lengths(path: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)?;
    let file: serde_json::Value = serde_json::from_str(&text).map_err(|_| anyhow!("it is no JSON"))?;
    let crypto = &file["crypto"];
    ensure!(crypto["kdfparams"]["dklen"].as_u64() == Some(32), "its derived key must have 32 bytes");
    let iv = crypto["cipherparams"]["iv"].as_str().map_or(0, str::len);
    ensure!(iv == 32, "its initial vector must have 16 bytes");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_address() {
        // The example of EIP-155.
        let key = SecretString::from("0x4646464646464646464646464646464646464646464646464646464646464646");
        let treasury = Treasury::from_hex(&key).unwrap();
        assert_eq!(treasury.address().to_checksum(None), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    }

    #[test]
    fn what_is_no_key_is_refused_without_saying_it() {
        for text in ["", "0x12", "zz", &"0".repeat(64), &"f".repeat(64), &"g".repeat(64)] {
            let problem =
                Treasury::from_hex(&SecretString::from(text)).err().map(|error| format!("{error:#}"));
            let problem = problem.unwrap();
            assert!(text.is_empty() || !problem.contains(text), "{problem}");
        }
    }
}
