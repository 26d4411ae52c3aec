//! Keys derived from the master key, and what is computed with them: payout hashes, digests of credentials, public
//! ids, seals. Not here: where the master key comes from (master_key.rs), who may do what (mod.rs).
//!
//! Each use has a key of its own (HKDF-SHA256, RFC 5869), so that none tells anything about another.

use super::seal::Seals;
use crate::ids::PublicIds;
use aes::Aes128;
use data_encoding::BASE32_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use ledger::BookId;
use secrecy::SecretString;
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// Everything that is derived from the master key. Does not print.
#[derive(Clone)]
pub struct Secrets {
    hash: HmacSha256,
    digest: HmacSha256,
    check: [u8; 32],
    ids: PublicIds,
    seals: Seals,
}

/// The keyed digest under which a credential is looked up: of no use to whoever steals the database.
pub type CredentialDigest = [u8; 32];

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
        let mut id_key = [0u8; 16];
        id_key.copy_from_slice(&key("outpay public ids")[..16]);
        Self {
            hash: hmac("outpay payout hash"),
            digest: hmac("outpay credential digest"),
            check: key("outpay master key check"),
            ids: PublicIds::new(Aes128::new(&id_key.into())),
            seals: Seals::new(key),
        }
    }

    /// The hash of a payout user: 52 characters, the same for the same generation, not computable without the key.
    #[must_use]
    pub fn payout_hash(&self, book: BookId, user: i64, generation: i64) -> SecretString {
        let mut mac = self.hash.clone();
        mac.update(&book.0.to_be_bytes());
        mac.update(&user.to_be_bytes());
        mac.update(&generation.to_be_bytes());
        let mut text = BASE32_NOPAD.encode(&mac.finalize().into_bytes());
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

    /// The digest of a payout user's hash.
    #[must_use]
    pub fn hash_digest(&self, book: BookId, user: i64, generation: i64) -> CredentialDigest {
        use secrecy::ExposeSecret;
        self.credential_digest(self.payout_hash(book, user, generation).expose_secret().as_bytes())
    }

    /// A value that differs for every master key and tells nothing about it; kept in the database, so that a wrong
    /// key is noticed at start and not by a thousand people whose hashes fail.
    #[must_use]
    pub fn check_value(&self) -> &[u8; 32] {
        &self.check
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
