//! The hash chain over a book's journal: each entry's digest covers the digest before it and the whole entry, so
//! no stored entry can be changed, dropped or slipped in without breaking every digest after it.
//!
//! The digested bytes, so that an auditor can be written without this code: SHA-256 over the previous digest (32
//! bytes; zeros before the first), then as 8-byte big-endian two's complement numbers: book, sequence, kind, at, user,
//! debit, credit, amount, debit_previous, credit_previous (0 where no money moved), the length of the address in bytes (0
//! where the entry creates no user), then the address of the user that the entry creates, then the note, both as UTF-8
//! bytes. The address is in the chain because whoever could change it would be paid in that person's place.

use crate::{BookId, Email, Entry};
use sha2::{Digest, Sha256};

/// One link: 32 bytes.
pub type ChainDigest = [u8; 32];

/// What the first entry of every book is chained to.
pub const GENESIS: ChainDigest = [0; 32];

/// The digest of `entry` in `book`, following `previous`; `created` is the address of the user that it creates, if it
/// creates one.
#[must_use]
pub fn link(previous: &ChainDigest, book: BookId, entry: &Entry, created: Option<&Email>) -> ChainDigest {
    let movement = entry.movement.map_or([0; 5], |moved| {
        [moved.debit.0, moved.credit.0, moved.amount.0, moved.debit_previous, moved.credit_previous]
    });
    let email = created.map_or("", Email::as_str);
    let length = i64::try_from(email.len()).expect("an address is short");
    let mut bytes = [0u8; 32 + 11 * 8];
    bytes[..32].copy_from_slice(previous);
    let numbers = [book.0, entry.sequence, entry.kind.code(), entry.at, entry.user]
        .into_iter()
        .chain(movement)
        .chain([length]);
    for (slot, number) in bytes[32..].chunks_exact_mut(8).zip(numbers) {
        slot.copy_from_slice(&number.to_be_bytes());
    }
    let mut digest = Sha256::new();
    digest.update(bytes);
    digest.update(email.as_bytes());
    digest.update(entry.note.as_bytes());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Cents, EntryKind, Movement};

    #[test]
    fn every_field_is_covered() {
        let entry = Entry {
            sequence: 7,
            kind: EntryKind::UserCredited,
            at: 5,
            user: 3,
            movement: Some(Movement {
                debit: AccountId::PAYOUT,
                credit: AccountId::user(3),
                amount: Cents(9),
                debit_previous: 6,
                credit_previous: 2,
            }),
            note: "n".to_owned(),
        };
        let moved = entry.movement.unwrap();
        let base = link(&GENESIS, BookId(2), &entry, None);
        let variants = [
            (BookId(3), entry.clone()),
            (BookId(2), Entry { sequence: 8, ..entry.clone() }),
            (BookId(2), Entry { kind: EntryKind::UserCreated, ..entry.clone() }),
            (BookId(2), Entry { at: 6, ..entry.clone() }),
            (BookId(2), Entry { user: 4, ..entry.clone() }),
            (BookId(2), Entry { note: String::new(), ..entry.clone() }),
            (BookId(2), Entry { movement: None, ..entry.clone() }),
            (BookId(2), Entry { movement: Some(Movement { amount: Cents(10), ..moved }), ..entry.clone() }),
            (BookId(2), Entry { movement: Some(Movement { debit_previous: 5, ..moved }), ..entry.clone() }),
            (BookId(2), Entry { movement: Some(Movement { credit_previous: 5, ..moved }), ..entry.clone() }),
        ];
        for (book, variant) in variants {
            assert_ne!(link(&GENESIS, book, &variant, None), base, "{variant:?}");
        }
        assert_ne!(link(&base, BookId(2), &entry, None), base);
        let email = Email::from_stored("n".to_owned());
        let moved_over = Entry { note: String::new(), ..entry.clone() };
        assert_ne!(link(&GENESIS, BookId(2), &moved_over, Some(&email)), base, "an address is not a note");
        assert_ne!(link(&GENESIS, BookId(2), &entry, Some(&email)), base);
    }
}
