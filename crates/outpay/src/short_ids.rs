//! Short ids of payments, for formats that have no room for an order number: 15 characters in a NACHA file, where an order number has
//! 36. They are encrypted places as public ids are (ids.rs), so they need no table and tell nothing, not even how many payments there are.
//!
//! How: the numbers of book and withdrawal, as 15 digits to the base 32, encrypted by FF1 (NIST SP 800-38G), which gives 15 such digits
//! again. Of the 2^75 values those that open to a payment that exists are so few that a foreign id of the same form hits none.

use aes::Aes128;
use fpe::ff1::{FF1, FlexibleNumeralString};
use ledger::{BookId, Provider};
use std::sync::Arc;

/// Characters of a short id.
pub const LENGTH: usize = 15;

const RADIX: u32 = 32;
const DIGIT_BITS: u32 = 5;
/// All numbers of a book are below 2^55: an epoch has 15 bits and stands above 40 (ledger, `floor_of_epoch`).
const NUMBER_BITS: u32 = 55;
const BOOK_BITS: u32 = 20;
/// Crockford's, which leaves out letters that are taken for digits. Capital letters, because banks change small ones.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Encrypts and decrypts short ids.
#[derive(Clone)]
pub struct ShortIds {
    cipher: Arc<FF1<Aes128>>,
}

impl ShortIds {
    #[must_use]
    pub fn new(key: &[u8; 16]) -> Self {
        Self { cipher: Arc::new(FF1::new(key, RADIX).expect("FF1 takes the base 32")) }
    }

    /// The short id of a payment of this provider; `None`: the book's number is too large for one.
    #[must_use]
    pub fn seal(&self, provider: Provider, book: BookId, number: i64) -> Option<String> {
        let fits = |number: i64, bits: u32| (0..1_i64 << bits).contains(&number);
        if !fits(book.0, BOOK_BITS) || !fits(number, NUMBER_BITS) {
            return None;
        }
        let place = u128::try_from(book.0).ok()? << NUMBER_BITS | u128::try_from(number).ok()?;
        let digit = |at: usize| (place >> (DIGIT_BITS as usize * (LENGTH - 1 - at)) & 31) as u16;
        let digits: Vec<u16> = (0..LENGTH).map(digit).collect();
        let sealed = self.cipher.encrypt(provider.word().as_bytes(), &FlexibleNumeralString::from(digits));
        let sealed = Vec::<u16>::from(sealed.expect("15 digits to the base 32 are in FF1's domain"));
        Some(sealed.into_iter().map(|digit| char::from(ALPHABET[usize::from(digit)])).collect())
    }

    /// The payment that this short id names; `None` for every other text.
    #[must_use]
    pub fn open(&self, provider: Provider, id: &str) -> Option<(BookId, i64)> {
        let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte)?.try_into().ok();
        let digits: Vec<u16> = id.bytes().map(digit).collect::<Option<_>>()?;
        if digits.len() != LENGTH {
            return None;
        }
        let opened =
            self.cipher.decrypt(provider.word().as_bytes(), &FlexibleNumeralString::from(digits)).ok()?;
        let place = Vec::<u16>::from(opened)
            .into_iter()
            .fold(0_u128, |place, digit| place << DIGIT_BITS | u128::from(digit));
        let book = i64::try_from(place >> NUMBER_BITS).ok()?;
        let number = i64::try_from(place & ((1 << NUMBER_BITS) - 1)).ok()?;
        Some((BookId(book), number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const ACH: Provider = Provider::Ach;

    proptest! {
        #[test]
        fn a_short_id_opens_to_what_it_was_sealed_from(book in 0_i64..1 << BOOK_BITS, number in 0_i64..1 << NUMBER_BITS) {
            let ids = ShortIds::new(&[7; 16]);
            let id = ids.seal(ACH, BookId(book), number).unwrap();
            prop_assert_eq!(id.len(), LENGTH);
            prop_assert_eq!(ids.open(ACH, &id), Some((BookId(book), number)));
            prop_assert_ne!(ids.open(Provider::Sepa, &id), Some((BookId(book), number)), "another provider's");
        }

        #[test]
        fn any_text_is_refused_or_is_the_one_id_of_its_payment(text in "[ -~]{0,20}|[0-9A-HJKMNP-TV-Z]{15}") {
            let ids = ShortIds::new(&[7; 16]);
            if let Some((book, number)) = ids.open(ACH, &text) {
                prop_assert_eq!(ids.seal(ACH, book, number), Some(text));
            }
        }
    }

    #[test]
    fn what_does_not_fit_has_no_short_id() {
        let ids = ShortIds::new(&[7; 16]);
        assert!(ids.seal(ACH, BookId((1 << BOOK_BITS) - 1), (1 << NUMBER_BITS) - 1).is_some());
        assert_eq!(ids.seal(ACH, BookId(1 << BOOK_BITS), 1), None);
        assert_eq!(ids.seal(ACH, BookId(2), 1 << NUMBER_BITS), None);
        assert_eq!(ids.seal(ACH, BookId(2), -1), None);
        let last = ledger::floor_of_epoch((1 << 15) - 1) + (1 << 40) - 1;
        assert_eq!(last, (1 << NUMBER_BITS) - 1, "every number of a book has room");
    }

    #[test]
    fn neighbours_share_nothing_and_another_key_gives_others() {
        let (ids, other) = (ShortIds::new(&[7; 16]), ShortIds::new(&[8; 16]));
        let seal = |ids: &ShortIds, number| ids.seal(ACH, BookId(2), number).unwrap();
        let starts: BTreeSet<String> = (0..1_000).map(|number| seal(&ids, number)[..6].to_owned()).collect();
        assert!(starts.len() > 990, "{}", starts.len());
        assert_ne!(seal(&ids, 1), seal(&other, 1));
    }
}
