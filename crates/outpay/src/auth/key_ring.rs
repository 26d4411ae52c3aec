//! The versions of the master key that an installation knows, and the text that holds them. Not here: where the text is read from
//! (master_key.rs), which version is in use (the database says it).
//!
//! The text is 64 hexadecimal digits, the first version alone; or a line for each version, `0:` and 64 digits, `1:` and 64 digits …
//! A number is never used twice, and the first version stays for ever: docs/decisions/0011-master-key-versions.md.

use crate::clock::Entropy;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// Versions by number. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRing(BTreeMap<u8, [u8; 32]>);

impl KeyRing {
    /// The number of the version that an installation begins with.
    pub const FIRST: u8 = 0;
    /// A payout hash has four bits for it.
    pub const LAST: u8 = 15;

    /// With the first version alone.
    #[must_use]
    pub fn of(first: [u8; 32]) -> Self {
        Self(BTreeMap::from([(Self::FIRST, first)]))
    }

    /// Reads a text; `None` if it is not one of a ring.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.contains(':') {
            return key(text).map(Self::of);
        }
        let mut versions = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (number, digits) = line.split_once(':')?;
            let number: u8 = number.parse().ok().filter(|number| *number <= Self::LAST)?;
            if versions.insert(number, key(digits)?).is_some() {
                return None;
            }
        }
        versions.contains_key(&Self::FIRST).then_some(Self(versions))
    }

    /// The text that [`Self::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let line = |(number, key): (&u8, &[u8; 32])| format!("{number}:{}\n", HEXLOWER.encode(key));
        SecretString::from(match self.0.get(&Self::FIRST) {
            Some(first) if self.0.len() == 1 => format!("{}\n", HEXLOWER.encode(first)),
            _ => self.0.iter().map(line).collect::<String>(),
        })
    }

    /// Numbers and keys, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = (u8, &[u8; 32])> {
        self.0.iter().map(|(number, key)| (*number, key))
    }

    #[must_use]
    pub fn newest(&self) -> u8 {
        self.0.keys().next_back().copied().unwrap_or(Self::FIRST)
    }

    #[must_use]
    pub fn has(&self, version: u8) -> bool {
        self.0.contains_key(&version)
    }

    /// With one more, under this number.
    #[must_use]
    pub fn with_new(&self, number: u8, entropy: &Entropy) -> Self {
        let mut key = [0; 32];
        entropy.fill(&mut key);
        let mut versions = self.0.clone();
        versions.entry(number).or_insert(key);
        Self(versions)
    }

    /// Without this one; the first stays.
    #[must_use]
    pub fn without(&self, number: u8) -> Self {
        let kept = self.0.iter().filter(|(version, _)| **version != number || number == Self::FIRST);
        Self(kept.map(|(version, key)| (*version, *key)).collect())
    }
}

/// The text is a secret: an error says nothing of it.
fn key(digits: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(digits.trim().as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let first = KeyRing::of([7; 32]);
        assert_eq!(first.to_text().expose_secret(), &format!("{}\n", "07".repeat(32)));
        let second = first.with_new(1, &Entropy::seeded(1));
        let third = second.with_new(2, &Entropy::seeded(2));
        for ring in [&first, &second, &third, &third.without(1)] {
            assert!(KeyRing::parse(ring.to_text().expose_secret()).as_ref() == Some(ring));
        }
        assert_eq!(
            (third.newest(), third.without(2).newest(), third.without(KeyRing::FIRST).has(KeyRing::FIRST)),
            (2, 1, true)
        );
        assert!(second.with_new(1, &Entropy::seeded(9)) == second, "a version is never replaced");
    }

    #[test]
    fn what_is_not_a_ring_is_refused() {
        let key = "ab".repeat(32);
        for text in [
            String::new(),
            "ab".repeat(31),
            format!("1:{key}"),
            format!("0:{key}\n0:{key}"),
            format!("0:{key}\n16:{key}"),
            format!("0:{key}\n1:{key}00"),
            format!("0:{key}\n{key}"),
        ] {
            assert!(KeyRing::parse(&text).is_none(), "{text}");
        }
        assert!(KeyRing::parse(&format!("  {} \n", key.to_uppercase())).is_some());
    }
}
