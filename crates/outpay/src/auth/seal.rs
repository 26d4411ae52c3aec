//! Sealing: what must be read again in clear (a webhook's token, a gift card's code) lies in the database encrypted and
//! authenticated (XChaCha20-Poly1305) under a key that is derived from the master key. Not here: digests of what is only
//! ever compared (secrets.rs). Invariants: each purpose has a key of its own; a sealed text opens only beside the
//! associated data it was sealed with, so a row cannot be moved under another owner; nothing here prints.
//!
//! A sealed text is one byte (1 + the version of the master key), a nonce of 24 random bytes, the ciphertext and a tag of 16 bytes.
//! New texts are sealed with the version in use; old ones open as long as theirs is known.

use crate::clock::Entropy;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const NONCE: usize = 24;

/// What a sealed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Token and signing secret of a webhook endpoint.
    Webhook,
    /// Code and pin of a gift card.
    GiftCard,
    /// The session of a person on the claim page, in a cookie.
    ClaimSession,
    /// The TOTP key of a member.
    SecondFactor,
    /// The link of a mail that waits to be sent.
    Mail,
    /// A challenge for a passkey, in a page.
    Passkey,
    /// The link of a payment by an aggregator.
    RewardLink,
}

impl Purpose {
    const ALL: &[Self] = &[
        Self::Webhook,
        Self::GiftCard,
        Self::ClaimSession,
        Self::SecondFactor,
        Self::Mail,
        Self::Passkey,
        Self::RewardLink,
    ];

    /// What the key is derived with: never change one.
    fn derivation(self) -> &'static str {
        match self {
            Self::Webhook => "outpay sealed webhook secrets",
            Self::GiftCard => "outpay sealed gift cards",
            Self::SecondFactor => "outpay sealed second factors",
            Self::ClaimSession => "outpay sealed claim sessions",
            Self::Mail => "outpay sealed mail links",
            Self::Passkey => "outpay sealed passkey challenges",
            Self::RewardLink => "outpay sealed reward links",
        }
    }
}

/// The keys of all purposes, of all versions of the master key.
#[derive(Clone)]
pub struct Seals {
    versions: Vec<(u8, Ciphers)>,
    in_use: Arc<AtomicU8>,
}

type Ciphers = Vec<(Purpose, XChaCha20Poly1305)>;

/// The version with which something is sealed that begins with this byte.
#[must_use]
pub fn version_of(header: u8) -> u8 {
    header.saturating_sub(1)
}

/// The first byte of what is sealed with this version.
#[must_use]
pub fn header(version: u8) -> u8 {
    version + 1
}

impl Seals {
    /// With the key that `derive` gives for each version and purpose. `in_use` says which version new texts are sealed with.
    pub(super) fn new(
        versions: impl Iterator<Item = u8>,
        derive: impl Fn(u8, &str) -> [u8; 32],
        in_use: Arc<AtomicU8>,
    ) -> Self {
        let cipher = |version: u8, purpose: Purpose| {
            (purpose, XChaCha20Poly1305::new(&Key::from(derive(version, purpose.derivation()))))
        };
        let ciphers = |version: u8| Purpose::ALL.iter().map(|purpose| cipher(version, *purpose)).collect();
        Self { versions: versions.map(|version| (version, ciphers(version))).collect(), in_use }
    }

    /// Seals `plain` beside `associated`, which is not stored and must be given again to open it.
    #[must_use]
    pub fn seal(
        &self,
        purpose: Purpose,
        associated: &[u8],
        plain: &SecretString,
        entropy: &Entropy,
    ) -> Vec<u8> {
        let mut nonce = [0u8; NONCE];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain.expose_secret().as_bytes(), aad: associated };
        let version = self.in_use.load(Ordering::SeqCst);
        let cipher = self.cipher(version, purpose).expect("only a version that is known is taken into use");
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a text in memory is shorter than the cipher's limit of 256 GiB");
        [&[header(version)], nonce.as_slice(), &sealed].concat()
    }

    /// Opens what was sealed for the same purpose beside the same associated data; `None` for everything else.
    #[must_use]
    pub fn open(&self, purpose: Purpose, associated: &[u8], sealed: &[u8]) -> Option<SecretString> {
        let (header, rest) = sealed.split_first()?;
        let cipher = self.cipher(header.checked_sub(1)?, purpose)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: ciphertext, aad: associated };
        let plain = cipher.decrypt(&XNonce::from(nonce), payload).ok()?;
        String::from_utf8(plain).ok().map(SecretString::from)
    }

    fn cipher(&self, version: u8, purpose: Purpose) -> Option<&XChaCha20Poly1305> {
        let (_, ciphers) = self.versions.iter().find(|(other, _)| *other == version)?;
        ciphers.iter().find(|(other, _)| *other == purpose).map(|(_, cipher)| cipher)
    }

    /// Seals again with the version in use what was sealed with another one; `None`: it does not open.
    #[must_use]
    pub fn seal_again(
        &self,
        purpose: Purpose,
        associated: &[u8],
        sealed: &[u8],
        entropy: &Entropy,
    ) -> Option<Vec<u8>> {
        let plain = self.open(purpose, associated, sealed)?;
        Some(self.seal(purpose, associated, &plain, entropy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secrets;

    fn seals(master: u8) -> Seals {
        Secrets::derive(&[master; 32]).seals().clone()
    }

    #[test]
    fn only_the_same_purpose_place_and_key_open() {
        let (entropy, plain) = (Entropy::seeded(1), SecretString::from("AMZN-1234 pin 99"));
        let sealed = seals(7).seal(Purpose::GiftCard, b"book 4 card 1", &plain, &entropy);
        let open = |seals: &Seals, purpose, associated: &[u8], sealed: &[u8]| {
            seals.open(purpose, associated, sealed).map(|plain| plain.expose_secret().to_owned())
        };
        let right = open(&seals(7), Purpose::GiftCard, b"book 4 card 1", &sealed);
        assert_eq!(right.as_deref(), Some("AMZN-1234 pin 99"));
        assert_eq!(open(&seals(8), Purpose::GiftCard, b"book 4 card 1", &sealed), None, "another master key");
        assert_eq!(open(&seals(7), Purpose::Webhook, b"book 4 card 1", &sealed), None, "another purpose");
        assert_eq!(open(&seals(7), Purpose::GiftCard, b"book 4 card 2", &sealed), None, "another row");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            let opened = open(&seals(7), Purpose::GiftCard, b"book 4 card 1", &altered);
            assert_eq!(opened, None, "byte {at} altered");
            assert_eq!(
                open(&seals(7), Purpose::GiftCard, b"book 4 card 1", &sealed[..at]),
                None,
                "cut at {at}"
            );
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_the_same_way() {
        let (entropy, plain) = (Entropy::seeded(1), SecretString::from("again"));
        let seal = || seals(7).seal(Purpose::Webhook, b"", &plain, &entropy);
        let (first, second) = (seal(), seal());
        assert_ne!(first, second);
        assert_eq!(first.len(), 1 + NONCE + "again".len() + 16);
        assert!(!first.windows(5).any(|window| window == b"again"));
    }

    #[test]
    fn an_empty_text_is_sealed_like_any_other() {
        let (entropy, plain) = (Entropy::seeded(1), SecretString::from(""));
        let sealed = seals(7).seal(Purpose::Webhook, b"x", &plain, &entropy);
        let opened = seals(7).open(Purpose::Webhook, b"x", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "");
    }
}
