//! Reads the values of JSON-RPC answers, strictly: hexadecimal text with `0x`, or an error.

use crate::store::Failure;
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, ensure};
use serde_json::Value;

fn text(value: &Value) -> Result<&str, Failure> {
    value.as_str().context("text was expected")
}

/// The digits of a number.
fn digits(value: &Value) -> Result<&str, Failure> {
    let digits = text(value)?.strip_prefix("0x").context("a number begins with 0x")?;
    let fine = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(fine, "a number has hexadecimal digits");
    Ok(digits)
}

pub(super) fn number(value: &Value) -> Result<u64, Failure> {
    u64::from_str_radix(digits(value)?, 16).context("a number of 64 bits")
}

pub(super) fn large(value: &Value) -> Result<u128, Failure> {
    u128::from_str_radix(digits(value)?, 16).context("a number of 128 bits")
}

pub(super) fn amount(value: &Value) -> Result<U256, Failure> {
    U256::from_str_radix(digits(value)?, 16).context("a number of 256 bits")
}

pub(super) fn word(value: &Value) -> Result<B256, Failure> {
    text(value)?.parse().context("32 bytes")
}

pub(super) fn address(value: &Value) -> Result<Address, Failure> {
    text(value)?.parse().context("an address")
}

pub(super) fn bytes(value: &Value) -> Result<Bytes, Failure> {
    let text = text(value)?;
    ensure!(text.starts_with("0x"), "bytes begin with 0x");
    text.parse().context("bytes in hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_hexadecimal_text_is_a_number() {
        assert_eq!(number(&json!("0x10")).unwrap(), 16);
        let too_large = format!("0x1{}", "0".repeat(16));
        for wrong in
            [json!(null), json!(16), json!(""), json!("0x"), json!("16"), json!("0x+1"), json!(too_large)]
        {
            assert!(number(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_addresses_and_bytes_have_their_lengths() {
        assert!(word(&json!(format!("0x{}", "ab".repeat(32)))).is_ok());
        assert!(word(&json!(format!("0x{}", "ab".repeat(31)))).is_err());
        assert!(address(&json!(format!("0x{}", "ab".repeat(20)))).is_ok());
        assert!(address(&json!(format!("0x{}", "ab".repeat(32)))).is_err());
        assert_eq!(bytes(&json!("0x")).unwrap().len(), 0);
        assert!(bytes(&json!("abcd")).is_err());
        assert!(bytes(&json!("0xabc")).is_err());
    }
}
