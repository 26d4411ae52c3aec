//! Salts of payout hashes: random bytes without which the master key alone computes no hash. Each user has one per hash
//! generation, kept in the journal and covered by its chain, so that a database which forgot a user (a restored copy, a
//! standby that lagged) never gives that user's hash to another. Not here: the hash itself (the platform knows the keys).

use crate::BookId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What a decision takes from outside: the ledger has neither clock nor dice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The time.
    pub now: crate::Micros,
    /// 32 random bytes, fresh for every batch: all salts that the batch needs come from them.
    pub seed: [u8; 32],
}

/// The salt of one user's hash in one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashSalt(pub [u8; 16]);

impl HashSalt {
    /// The salt of a new hash: the first 16 bytes of SHA-256 over the seed and the place of the hash. Two hashes made from one
    /// seed have different places, so no two have one salt.
    #[must_use]
    pub fn draw(seed: &[u8; 32], book: BookId, user: i64, generation: i64) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"outpay hash salt");
        digest.update(seed);
        for number in [book.0, user, generation] {
            digest.update(number.to_be_bytes());
        }
        let full: [u8; 32] = digest.finalize().into();
        let mut salt = [0; 16];
        salt.copy_from_slice(&full[..16]);
        Self(salt)
    }
}

/// As 32 hexadecimal digits.
impl Serialize for HashSalt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl<'de> Deserialize<'de> for HashSalt {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let salt = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        salt.map(|salt| Self(salt.to_be_bytes())).ok_or_else(|| serde::de::Error::custom("not a salt"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_and_every_seed_has_a_salt_of_its_own() {
        let draw = HashSalt::draw;
        let salts = [
            draw(&[1; 32], BookId(2), 3, 0),
            draw(&[2; 32], BookId(2), 3, 0),
            draw(&[1; 32], BookId(3), 3, 0),
            draw(&[1; 32], BookId(2), 4, 0),
            draw(&[1; 32], BookId(2), 3, 1),
        ];
        let different: std::collections::BTreeSet<_> = salts.iter().collect();
        assert_eq!(different.len(), salts.len());
        assert_eq!(draw(&[1; 32], BookId(2), 3, 0), salts[0]);
    }
}
