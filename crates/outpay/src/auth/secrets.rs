//! Keys derived from the master key, and what is computed with them: payout hashes, digests of credentials, public
//! ids, seals. Not here: where the master key comes from (master_key.rs), who may do what (mod.rs).
//!
//! Each use has a key of its own (HKDF-SHA256, RFC 5869), so that none tells anything about another. Hashes, seals, the pepper of
//! passwords and the signatures of receipts go with the version of the master key in use; ids and digests of random texts stay
//! with the first version (docs/decisions/0011-master-key-versions.md).

use super::key_ring::KeyRing;
use super::seal::Seals;
use crate::ids::PublicIds;
use crate::short_ids::ShortIds;
use crate::store::Failure;
use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use anyhow::Context;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use ledger::{BookId, CredentialDigest, HashBasis, key_version_of};
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

type HmacSha256 = Hmac<Sha256>;

/// Characters of a payout hash.
const HASH_LENGTH: usize = 52;

/// Everything that is derived from the master key. Does not print.
#[derive(Clone)]
pub struct Secrets {
    versions: Arc<BTreeMap<u8, VersionKeys>>,
    /// The version that new secrets are made with; the database says which it is.
    in_use: Arc<AtomicU8>,
    /// Public keys of receipts of versions that are retired.
    retired: Arc<RwLock<Vec<VerifyingKey>>>,
    digest: HmacSha256,
    pages: HmacSha256,
    ids: PublicIds,
    short_ids: ShortIds,
    seals: Seals,
}

/// What each version of the master key has of its own.
struct VersionKeys {
    hash_place: Aes128,
    hash_mac: HmacSha256,
    pepper: [u8; 32],
    check: [u8; 32],
    receipts: SigningKey,
}

/// The key of this purpose (HKDF). Never change a purpose.
fn expand(master: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut key = [0u8; 32];
    let hkdf = Hkdf::<Sha256>::new(None, master);
    hkdf.expand(purpose.as_bytes(), &mut key).expect("32 bytes is a length HKDF-SHA256 can give");
    key
}

fn hmac(master: &[u8; 32], purpose: &str) -> HmacSha256 {
    HmacSha256::new_from_slice(&expand(master, purpose)).expect("HMAC takes keys of any length")
}

fn half(master: &[u8; 32], purpose: &str) -> [u8; 16] {
    let mut half = [0u8; 16];
    half.copy_from_slice(&expand(master, purpose)[..16]);
    half
}

fn cipher(master: &[u8; 32], purpose: &str) -> Aes128 {
    Aes128::new(&half(master, purpose).into())
}

impl VersionKeys {
    fn derive(master: &[u8; 32]) -> Self {
        Self {
            hash_place: cipher(master, "outpay payout hash place"),
            hash_mac: hmac(master, "outpay payout hash"),
            pepper: expand(master, "outpay password pepper"),
            check: expand(master, "outpay master key check"),
            receipts: SigningKey::from_bytes(&expand(master, "outpay receipts ed25519")),
        }
    }
}

impl Secrets {
    /// Derives all keys of a master key that has one version.
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        Self::of(&KeyRing::of(*master))
    }

    /// Derives all keys. The first version is in use until [`Self::take_into_use`] says otherwise.
    #[must_use]
    pub fn of(ring: &KeyRing) -> Self {
        let masters: BTreeMap<u8, [u8; 32]> = ring.versions().map(|(version, key)| (version, *key)).collect();
        let first = &masters[&KeyRing::FIRST];
        let in_use = Arc::new(AtomicU8::new(KeyRing::FIRST));
        let versions = masters.iter().map(|(version, key)| (*version, VersionKeys::derive(key))).collect();
        let derive = |version: u8, purpose: &str| expand(&masters[&version], purpose);
        Self {
            versions: Arc::new(versions),
            retired: Arc::default(),
            digest: hmac(first, "outpay credential digest"),
            pages: hmac(first, "outpay pages"),
            ids: PublicIds::new(cipher(first, "outpay public ids")),
            short_ids: ShortIds::new(&half(first, "outpay short ids")),
            seals: Seals::new(masters.keys().copied(), derive, Arc::clone(&in_use)),
            in_use,
        }
    }

    /// The version that new secrets are made with.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.in_use.load(Ordering::SeqCst)
    }

    /// The versions that are known, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u8> {
        self.versions.keys().copied()
    }

    /// Makes new secrets with this version from now on, in all clones. `false`: it is not known.
    pub fn take_into_use(&self, version: u8) -> bool {
        let is_known = self.versions.contains_key(&version);
        if is_known {
            self.in_use.store(version, Ordering::SeqCst);
        }
        is_known
    }

    /// Receipts of retired versions stay verifiable by their public keys.
    pub fn remember_retired(&self, receipt_keys: &[[u8; 32]]) {
        let keys = receipt_keys.iter().filter_map(|key| VerifyingKey::from_bytes(key).ok());
        *self.retired.write() = keys.collect();
    }

    fn keys(&self, version: u8) -> &VersionKeys {
        self.versions.get(&version).expect("only a version that is known is taken into use")
    }

    /// The hash of a payout user: 52 characters, the same for the same basis, computable neither without the key nor with the
    /// key alone.
    ///
    /// 260 bits in base 32 (RFC 4648, lower case): book and user as two 64-bit numbers, encrypted as one AES-128 block; the
    /// first 128 bits of HMAC-SHA256 over book, user and salt; 4 bits that tell the version of the key.
    ///
    /// # Errors
    /// When this process does not have the version of the master key that the hash is of.
    pub fn payout_hash(&self, book: BookId, user: i64, basis: &HashBasis) -> Result<SecretString, Failure> {
        let version = key_version_of(basis.generation);
        let found = u8::try_from(version).ok().and_then(|number| Some((number, self.versions.get(&number)?)));
        let (number, keys) = found.with_context(|| {
            format!("a hash is of version {version} of the master key, which this process does not have")
        })?;
        let mut place = [0u8; 16];
        place[..8].copy_from_slice(&book.0.to_be_bytes());
        place[8..].copy_from_slice(&user.to_be_bytes());
        let mut mac = keys.hash_mac.clone();
        mac.update(&place);
        mac.update(&basis.salt.0);
        let mut bytes = [0u8; 33];
        bytes[16..32].copy_from_slice(&mac.finalize().into_bytes()[..16]);
        keys.hash_place.encrypt_block((&mut place).into());
        bytes[..16].copy_from_slice(&place);
        bytes[32] = number << 4;
        let mut text = BASE32_NOPAD.encode(&bytes);
        text.truncate(HASH_LENGTH);
        text.make_ascii_lowercase();
        Ok(SecretString::from(text))
    }

    /// The digest under which the credential with this text is stored.
    #[must_use]
    pub fn credential_digest(&self, text: &[u8]) -> CredentialDigest {
        let mut mac = self.digest.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Goes into every password's digest, so that a stolen database alone is no use for guessing. `None`: the version is not known.
    #[must_use]
    pub fn password_pepper(&self, version: u8) -> Option<&[u8; 32]> {
        self.versions.get(&version).map(|keys| &keys.pepper)
    }

    /// The digest of a payout user's hash.
    ///
    /// # Errors
    /// As [`Self::payout_hash`].
    pub fn hash_digest(
        &self,
        book: BookId,
        user: i64,
        basis: &HashBasis,
    ) -> Result<CredentialDigest, Failure> {
        Ok(self.credential_digest(self.payout_hash(book, user, basis)?.expose_secret().as_bytes()))
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
    /// key is noticed at start and not by a thousand people whose hashes fail. This is the first version's.
    #[must_use]
    pub fn check_value(&self) -> &[u8; 32] {
        &self.keys(KeyRing::FIRST).check
    }

    /// The same of any version; `None`: it is not known.
    #[must_use]
    pub fn check_value_of(&self, version: u8) -> Option<&[u8; 32]> {
        self.versions.get(&version).map(|keys| &keys.check)
    }

    /// Ed25519 over a receipt.
    #[must_use]
    pub fn sign_receipt(&self, text: &[u8]) -> [u8; 64] {
        self.keys(self.version()).receipts.sign(text).to_bytes()
    }

    /// Ed25519 over a head of a chain. What is signed begins with words that no receipt begins with (those are JSON
    /// objects), so a signature over one is none over the other.
    #[must_use]
    pub fn sign_head(&self, text: &str) -> [u8; 64] {
        self.keys(self.version()).receipts.sign(&head_text(text)).to_bytes()
    }

    /// Is this the signature of [`Self::sign_head`], by any version?
    #[must_use]
    pub fn head_signature_fits(&self, text: &str, signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        let text = head_text(text);
        let fits = |key: &VerifyingKey| key.verify_strict(&text, &signature).is_ok();
        self.versions.values().rev().any(|keys| fits(&keys.receipts.verifying_key()))
            || self.retired.read().iter().any(fits)
    }

    /// The public key that verifies receipts and heads that are signed now.
    #[must_use]
    pub fn receipt_key(&self) -> [u8; 32] {
        self.keys(self.version()).receipts.verifying_key().to_bytes()
    }

    /// That of any version; `None`: it is not known.
    #[must_use]
    pub fn receipt_key_of(&self, version: u8) -> Option<[u8; 32]> {
        self.versions.get(&version).map(|keys| keys.receipts.verifying_key().to_bytes())
    }

    /// All public keys that receipts may have been signed with, the one in use first.
    #[must_use]
    pub fn receipt_keys(&self) -> Vec<[u8; 32]> {
        let in_use = self.version();
        let others = self.versions.iter().rev().filter(|(version, _)| **version != in_use);
        let others = others.map(|(_, keys)| keys.receipts.verifying_key().to_bytes());
        let retired = self.retired.read();
        let retired = retired.iter().map(VerifyingKey::to_bytes);
        std::iter::once(self.receipt_key()).chain(others).chain(retired).collect()
    }

    /// Public ids.
    #[must_use]
    pub fn ids(&self) -> &PublicIds {
        &self.ids
    }

    /// Short ids of payments.
    #[must_use]
    pub fn short_ids(&self) -> &ShortIds {
        &self.short_ids
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
    use crate::clock::Entropy;
    use ledger::HashSalt;

    fn hash_of(secrets: &Secrets, version: i64, book: i64, user: i64, salt: u8) -> String {
        let basis = HashBasis { generation: version << 40, salt: HashSalt([salt; 16]) };
        secrets.payout_hash(BookId(book), user, &basis).unwrap().expose_secret().to_owned()
    }

    fn hash(secrets: &Secrets, book: i64, user: i64, salt: u8) -> String {
        hash_of(secrets, 0, book, user, salt)
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
        // 53 characters hold 33 bytes; the last 4 bits of the 52 are the version.
        let bytes =
            BASE32_NOPAD.decode(format!("{}A", text.to_ascii_uppercase()).as_bytes()).expect("base 32");
        assert_eq!(bytes[32], 0);
        let rotated = hash(&secrets, 2, 1, 2);
        assert_eq!(text[..25], rotated[..25], "the encrypted place");
        assert_ne!(text[26..], rotated[26..], "the MAC");
    }

    #[test]
    fn each_version_has_hashes_signatures_and_seals_of_its_own_and_ids_and_digests_stay() {
        let first = KeyRing::of([7; 32]);
        let (old, new) = (Secrets::of(&first), Secrets::of(&first.with_new(1, &Entropy::seeded(1))));
        let (signed, digest) = (new.sign_head("head"), new.credential_digest(b"text"));
        assert!(new.take_into_use(1) && !new.take_into_use(2) && !old.take_into_use(1));
        assert_eq!((new.version(), new.clone().version(), old.version()), (1, 1, 0));
        assert_eq!(hash_of(&new, 0, 2, 1, 1), hash_of(&old, 0, 2, 1, 1), "what was given out stays");
        let text = hash_of(&new, 1, 2, 1, 1);
        let bytes = BASE32_NOPAD.decode(format!("{}A", text.to_ascii_uppercase()).as_bytes()).unwrap();
        assert_eq!(bytes[32], 1 << 4);
        let basis = HashBasis { generation: 1 << 40, salt: HashSalt([1; 16]) };
        assert!(old.payout_hash(BookId(2), 1, &basis).is_err(), "a version that is not known");
        let signed_now = new.sign_head("head");
        assert_ne!(signed, signed_now);
        assert!(new.head_signature_fits("head", &signed) && new.head_signature_fits("head", &signed_now));
        assert!(old.head_signature_fits("head", &signed) && !old.head_signature_fits("head", &signed_now));
        old.remember_retired(&[new.receipt_key()]);
        assert!(old.head_signature_fits("head", &signed_now), "by the public key that was kept");
        assert_eq!(new.receipt_keys(), [new.receipt_key(), old.receipt_key()]);
        assert_eq!(
            (new.credential_digest(b"text"), new.page_mac("a", "b")),
            (digest, old.page_mac("a", "b"))
        );
        assert_ne!(new.password_pepper(0), new.password_pepper(1));
    }
}
