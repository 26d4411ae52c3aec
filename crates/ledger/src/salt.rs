//! Salts of payout hashes: random bytes without which the master key alone computes no hash. Each user has one per hash
//! generation, kept in the journal and covered by its chain, so that a database which forgot a user (a restored copy, a
//! standby that lagged) never gives that user's hash to another. And the generations of hashes, which say with which version of the
//! master key a hash is computed. Not here: the hash itself (the platform knows the keys).

use crate::BookId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What a decision takes from outside: the ledger has neither clock nor dice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The time of the caller; what a book's clock shows then, [`crate::Book::time`] says.
    pub now: crate::Micros,
    /// 32 random bytes, fresh for every batch: all salts that the batch needs come from them.
    pub seed: [u8; 32],
    /// The version of the master key that new hashes are computed with.
    pub key_version: u8,
}

/// Bits of a generation for how often the hash was rotated. The version of the master key stands above them, so that a row, a
/// remembered reply and a claim link name all that a hash is computed from, for ever.
const ROTATION_BITS: u32 = 40;

/// The generation of a user's first hash.
fn first_generation(key_version: u8) -> i64 {
    i64::from(key_version) << ROTATION_BITS
}

/// The generation after a rotation. A version never falls: a process that has not heard of a newer one must not go back.
fn next_generation(generation: i64, key_version: u8) -> i64 {
    let version = key_version_of(generation).max(i64::from(key_version));
    (version << ROTATION_BITS) + rotations_of(generation) + 1
}

/// How often a hash of this generation was rotated.
#[must_use]
pub fn rotations_of(generation: i64) -> i64 {
    generation & ((1 << ROTATION_BITS) - 1)
}

/// The version of the master key that a hash of this generation is computed with.
#[must_use]
pub fn key_version_of(generation: i64) -> i64 {
    generation >> ROTATION_BITS
}

/// What a user's hash is computed from, beside the user's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashBasis {
    /// Which hash of the user, and with which version of the master key.
    pub generation: i64,
    /// Of this hash.
    pub salt: HashSalt,
}

impl HashBasis {
    /// Of a user's first hash.
    #[must_use]
    pub fn first(inputs: &Inputs, book: BookId, user: i64) -> Self {
        let generation = first_generation(inputs.key_version);
        Self { generation, salt: HashSalt::draw(&inputs.seed, book, user, generation) }
    }

    /// Of the hash after this one.
    #[must_use]
    pub fn next(&self, inputs: &Inputs, book: BookId, user: i64) -> Self {
        let generation = next_generation(self.generation, inputs.key_version);
        Self { generation, salt: HashSalt::draw(&inputs.seed, book, user, generation) }
    }
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

    #[test]
    fn a_generation_tells_rotations_and_key_version_and_only_grows() {
        let told = |generation| (key_version_of(generation), rotations_of(generation));
        assert_eq!((first_generation(0), next_generation(0, 0)), (0, 1), "as before there were versions");
        let first = first_generation(3);
        let rotated = next_generation(first, 3);
        let newer = next_generation(rotated, 15);
        let older = next_generation(newer, 3);
        assert_eq!([first, rotated, newer, older].map(told), [(3, 0), (3, 1), (15, 2), (15, 3)]);
        assert!(0 < first && first < rotated && rotated < newer && newer < older);
    }
}
