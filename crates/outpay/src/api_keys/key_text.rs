//! API keys as text: `sk_live_` + 43 base62 characters (256 bits) + 6 characters of CRC32 in base62. The checksum is for
//! scanners that look for leaked keys; authentication does not look at it, so it never answers sooner because of it.

use crate::clock::Entropy;
use crate::store::CredentialKind;
use ledger::Mode;
use secrecy::SecretString;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new key of this kind.
#[must_use]
pub fn generate(kind: CredentialKind, mode: Mode, entropy: &Entropy) -> SecretString {
    let letter = if kind == CredentialKind::PublicKey { "pk" } else { "sk" };
    let mut bytes = [0u8; 32];
    entropy.fill(&mut bytes);
    let body = base62(&bytes, 43);
    let text = format!("{letter}_{}_{body}", mode.word());
    let checksum = base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), 6);
    SecretString::from(text + &checksum)
}

/// Does the checksum fit? For scanners and forms, not for authentication.
#[must_use]
pub fn has_valid_checksum(text: &str) -> bool {
    let Some(at) = text.len().checked_sub(6).filter(|at| text.is_char_boundary(*at)) else { return false };
    let (body, checksum) = text.split_at(at);
    checksum == base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), 6)
}

/// What a list shows instead of the key.
#[must_use]
pub fn hint(key: &str) -> String {
    let start: String = key.split_inclusive('_').take(2).collect();
    format!("{start}…{}", &key[key.len() - 4..])
}

/// A big-endian number in base 62, padded with zeros to `length` digits.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let current = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(current / 62).expect("a quotient of less than 62 * 256 by 62 fits a byte");
            remainder = current % 62;
        }
        *digit = DIGITS[remainder as usize];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_key_has_the_documented_form_and_a_checksum() {
        for (kind, mode, prefix) in [
            (CredentialKind::SecretKey, Mode::Live, "sk_live_"),
            (CredentialKind::SecretKey, Mode::Test, "sk_test_"),
            (CredentialKind::PublicKey, Mode::Live, "pk_live_"),
            (CredentialKind::PublicKey, Mode::Test, "pk_test_"),
        ] {
            let key = generate(kind, mode, &Entropy::seeded(1));
            let text = key.expose_secret();
            assert!(text.starts_with(prefix));
            assert_eq!(text.len(), prefix.len() + 43 + 6);
            assert!(has_valid_checksum(text));
            let wrong = text.replace(&text[20..21], if &text[20..21] == "a" { "b" } else { "a" });
            assert!(!has_valid_checksum(&wrong));
            assert_eq!(hint(text), format!("{prefix}…{}", &text[text.len() - 4..]));
        }
    }

    #[test]
    fn base62_counts_like_paper_and_pencil() {
        assert_eq!(base62(&[0], 3), "000");
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[62], 2), "10");
        assert_eq!(base62(&[1, 0], 3), "048");
        assert_eq!(base62(&[255; 32], 43).len(), 43);
        assert_eq!(base62(&[255; 4], 6), "4gfFC3");
    }
}
