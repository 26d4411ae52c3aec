//! Keys derived from the master key, and what is computed with them: payout hashes, digests of credentials, public
//! ids, seals. Not here: where the master key comes from (master_key.rs), who may do what (mod.rs).
//!
//! Each use has a key of its own (HKDF-SHA256, RFC 5869), so that none tells anything about another.

use super::seal::Seals;
use crate::ids::PublicIds;
use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use ledger::{BookId, CredentialDigest, HashSalt};
use secrecy::SecretString;
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// Characters of a payout hash.
const HASH_LENGTH: usize = 52;
/// The master key's version, in the last 4 bits of a payout hash. There is one version so far.
const HASH_KEY_VERSION: u8 = 0;

/// Everything that is derived from the master key. Does not print.
#[derive(Clone)]
pub struct Secrets {
    hash_place: Aes128,
    hash_mac: HmacSha256,
    digest: HmacSha256,
    pepper: [u8; 32],
    pages: HmacSha256,
    check: [u8; 32],
    receipts: SigningKey,
    ids: PublicIds,
    seals: Seals,
}

impl Secrets {
    /// Derives all keys.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, master);
        let key = |purpose: &str| {
            let mut key = [0u8; 32];
            hkdf.expand(purpose.as_bytes(), &mut key).expect("32 bytes is a length HKDF-SHA256 can give");
            key
        };
        let hmac =
            |purpose: &str| HmacSha256::new_from_slice(&key(purpose)).expect("HMAC takes keys of any length");
        let cipher = |purpose: &str| {
            let mut half = [0u8; 16];
            half.copy_from_slice(&key(purpose)[..16]);
            Aes128::new(&half.into())
        };
        Self {
            hash_place: cipher("outpay payout hash place"),
            hash_mac: hmac("outpay payout hash"),
            digest: hmac("outpay credential digest"),
            pepper: key("outpay password pepper"),
            pages: hmac("outpay pages"),
            check: key("outpay master key check"),
            receipts: SigningKey::from_bytes(&key("outpay receipts ed25519")),
            ids: PublicIds::new(cipher("outpay public ids")),
            seals: Seals::new(key),
        }
    }

    /// The hash of a payout user: 52 characters, the same for the same salt, computable neither without the key nor with the
    /// key alone.
    ///
    /// 260 bits in base 32 (RFC 4648, lower case): book and user as two 64-bit numbers, encrypted as one AES-128 block; the
    /// first 128 bits of HMAC-SHA256 over book, user and salt; 4 bits that tell the version of the key.
    #[must_use]
    pub fn payout_hash(&self, book: BookId, user: i64, salt: &HashSalt) -> SecretString {
        let mut place = [0u8; 16];
        place[..8].copy_from_slice(&book.0.to_be_bytes());
        place[8..].copy_from_slice(&user.to_be_bytes());
        let mut mac = self.hash_mac.clone();
        mac.update(&place);
        mac.update(&salt.0);
        let mut bytes = [0u8; 33];
        bytes[16..32].copy_from_slice(&mac.finalize().into_bytes()[..16]);
        self.hash_place.encrypt_block((&mut place).into());
        bytes[..16].copy_from_slice(&place);
        bytes[32] = HASH_KEY_VERSION << 4;
        let mut text = BASE32_NOPAD.encode(&bytes);
        text.truncate(HASH_LENGTH);
        text.make_ascii_lowercase();
        SecretString::from(text)
    }

    /// The digest under which the credential with this text is stored.
    #[must_use]
    pub fn credential_digest(&self, text: &[u8]) -> CredentialDigest {
        let mut mac = self.digest.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Goes into every password's digest, so that a stolen database alone is no use for guessing.
    #[must_use]
    pub fn password_pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    /// The digest of a payout user's hash.
    #[must_use]
    pub fn hash_digest(&self, book: BookId, user: i64, salt: &HashSalt) -> CredentialDigest {
        use secrecy::ExposeSecret;
        self.credential_digest(self.payout_hash(book, user, salt).expose_secret().as_bytes())
    }

    /// A keyed digest over a text that a page carries and brings back (a CSRF token, a signed cookie), or under which a token
    /// that a browser keeps is stored; each purpose has its own.
    #[must_use]
    pub fn page_mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        self.page_mac_over(purpose, text).finalize().into_bytes().into()
    }

    /// Is this the digest of [`Self::page_mac`]? Takes the same time for every wrong one.
    #[must_use]
    pub fn page_mac_fits(&self, purpose: &str, text: &str, sent: &[u8]) -> bool {
        self.page_mac_over(purpose, text).verify_slice(sent).is_ok()
    }

    fn page_mac_over(&self, purpose: &str, text: &str) -> HmacSha256 {
        let mut mac = self.pages.clone();
        // The length keeps purposes apart whose texts begin alike.
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(text.as_bytes());
        mac
    }

    /// A value that differs for every master key and tells nothing about it; kept in the database, so that a wrong
    /// key is noticed at start and not by a thousand people whose hashes fail.
    #[must_use]
    pub fn check_value(&self) -> &[u8; 32] {
        &self.check
    }

    /// Ed25519 over a receipt.
    #[must_use]
    pub fn sign_receipt(&self, text: &[u8]) -> [u8; 64] {
        self.receipts.sign(text).to_bytes()
    }

    /// Ed25519 over a head of a chain. What is signed begins with words that no receipt begins with (those are JSON
    /// objects), so a signature over one is none over the other.
    #[must_use]
    pub fn sign_head(&self, text: &str) -> [u8; 64] {
        self.receipts.sign(&head_text(text)).to_bytes()
    }

    /// Is this the signature of [`Self::sign_head`]?
    #[must_use]
    pub fn head_signature_fits(&self, text: &str, signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.receipts.verifying_key().verify_strict(&head_text(text), &signature).is_ok()
    }

    /// The public key that verifies receipts and heads.
    #[must_use]
    pub fn receipt_key(&self) -> [u8; 32] {
        self.receipts.verifying_key().to_bytes()
    }

    /// Public ids.
    #[must_use]
    pub fn ids(&self) -> &PublicIds {
        &self.ids
    }

    /// Encryption of what must be read again in clear.
    #[must_use]
    pub fn seals(&self) -> &Seals {
        &self.seals
    }
}

fn head_text(text: &str) -> Vec<u8> {
    ["outpay head\n", text].concat().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn hash(secrets: &Secrets, book: i64, user: i64, salt: u8) -> String {
        secrets.payout_hash(BookId(book), user, &HashSalt([salt; 16])).expose_secret().to_owned()
    }

    #[test]
    fn a_hash_depends_on_the_key_the_place_and_the_salt() {
        let (ours, other) = (Secrets::derive(&[7; 32]), Secrets::derive(&[8; 32]));
        let first = hash(&ours, 2, 1, 1);
        assert_eq!(hash(&ours, 2, 1, 1), first);
        let others =
            [hash(&other, 2, 1, 1), hash(&ours, 3, 1, 1), hash(&ours, 2, 2, 1), hash(&ours, 2, 1, 2)];
        let all: std::collections::BTreeSet<&String> = others.iter().chain([&first]).collect();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn a_hash_is_52_characters_of_place_mac_and_key_version() {
        let secrets = Secrets::derive(&[7; 32]);
        let text = hash(&secrets, 2, 1, 1);
        assert_eq!(text.len(), 52);
        // 53 characters hold 33 bytes; the last 4 bits are zero.
        let bytes =
            BASE32_NOPAD.decode(format!("{}A", text.to_ascii_uppercase()).as_bytes()).expect("base 32");
        assert_eq!(bytes[32], HASH_KEY_VERSION << 4);
        let rotated = hash(&secrets, 2, 1, 2);
        assert_eq!(text[..25], rotated[..25], "the encrypted place");
        assert_ne!(text[26..], rotated[26..], "the MAC");
    }
}
