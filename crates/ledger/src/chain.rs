//! The hash chain over a book's journal: each entry's digest covers the digest before it and the whole entry, so
//! no stored entry can be changed, dropped or slipped in without breaking every digest after it.
//!
//! The digested bytes, so that an auditor can be written without this code: SHA-256 over the previous digest (32
//! bytes; zeros before the first), then as 8-byte big-endian two's complement numbers: book, sequence, kind, at, user,
//! debit, credit, amount, debit_previous, credit_previous (0 where no money moved), the length of the payee in bytes (0
//! where the entry creates none), then the payee, then the note, both as UTF-8 bytes. Where an entry has a withdrawal, an
//! actor or a detail, 256 is added to the kind, and after the length of the payee come the withdrawal, the actor and the
//! length of the note; the detail follows the note. Where an entry gives its user a hash, 512 is added to the kind, and the
//! hash's salt (16 bytes) comes last.
//!
//! The payee is what decides who is paid and is stored in another table: the address of the user that the entry creates, or
//! the order of the withdrawal that it creates ([`crate::Withdrawal::order_text`]). Without it in the digest, an unseen change
//! there would redirect a payment.

use crate::{Actor, BookId, Entry};
use sha2::{Digest, Sha256};

/// One link: 32 bytes.
pub type ChainDigest = [u8; 32];

/// What the first entry of every book is chained to.
pub const GENESIS: ChainDigest = [0; 32];

/// Added to the kind of an entry that has a withdrawal, an actor or a detail.
const WIDE: i64 = 256;
/// Added to the kind of an entry that gives its user a hash.
const SALTED: i64 = 512;

/// The digest of `entry` in `book`, following `previous`; `payee` as described at the top of this file, empty for none.
#[must_use]
pub fn link(previous: &ChainDigest, book: BookId, entry: &Entry, payee: &str) -> ChainDigest {
    let movement = entry.movement.map_or([0; 5], |moved| {
        [moved.debit.0, moved.credit.0, moved.amount.0, moved.debit_previous, moved.credit_previous]
    });
    let is_wide = entry.withdrawal != 0 || entry.actor != Actor::NONE || !entry.detail.is_empty();
    let kind =
        entry.kind.code() + if is_wide { WIDE } else { 0 } + if entry.salt.is_some() { SALTED } else { 0 };
    let wide = [entry.withdrawal, entry.actor.0, length(&entry.note)];
    let numbers = [book.0, entry.sequence, kind, entry.at, entry.user]
        .into_iter()
        .chain(movement)
        .chain([length(payee)])
        .chain(wide.into_iter().filter(|_| is_wide));
    let mut bytes = [0u8; 32 + 14 * 8];
    bytes[..32].copy_from_slice(previous);
    let mut end = 32;
    for number in numbers {
        bytes[end..end + 8].copy_from_slice(&number.to_be_bytes());
        end += 8;
    }
    let mut digest = Sha256::new();
    digest.update(&bytes[..end]);
    digest.update(payee.as_bytes());
    digest.update(entry.note.as_bytes());
    digest.update(entry.detail.as_bytes());
    if let Some(salt) = entry.salt {
        digest.update(salt.0);
    }
    digest.finalize().into()
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).expect("texts in a journal are short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, Cents, EntryKind, HashSalt, Movement};

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
            withdrawal: 0,
            actor: Actor::NONE,
            detail: String::new(),
            salt: None,
        };
        let moved = entry.movement.unwrap();
        let base = link(&GENESIS, BookId(2), &entry, "");
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
            assert_ne!(link(&GENESIS, book, &variant, ""), base, "{variant:?}");
        }
        assert_ne!(link(&base, BookId(2), &entry, ""), base);
        let moved_over = Entry { note: String::new(), ..entry.clone() };
        assert_ne!(link(&GENESIS, BookId(2), &moved_over, "n"), base, "a payee is not a note");
        assert_ne!(link(&GENESIS, BookId(2), &entry, "n"), base);
        let wide = Entry { detail: "d".to_owned(), ..entry.clone() };
        let variants = [
            wide.clone(),
            Entry { withdrawal: 1, ..entry.clone() },
            Entry { actor: Actor(1), ..entry.clone() },
            Entry { note: String::new(), detail: "nd".to_owned(), ..wide },
            Entry { note: "nd".to_owned(), ..entry.clone() },
            Entry { salt: Some(HashSalt([0; 16])), ..entry.clone() },
            Entry { salt: Some(HashSalt([1; 16])), ..entry.clone() },
            entry,
        ];
        let links: std::collections::HashSet<_> =
            variants.iter().map(|variant| link(&GENESIS, BookId(2), variant, "")).collect();
        assert_eq!(links.len(), variants.len());
    }

    /// The bytes as the top of this file gives them to an auditor, put together without the code above.
    fn documented(previous: &ChainDigest, book: i64, entry: &Entry, payee: &str) -> ChainDigest {
        let is_wide = entry.withdrawal != 0 || entry.actor.0 != 0 || !entry.detail.is_empty();
        let mut kind = entry.kind.code();
        if is_wide {
            kind += 256;
        }
        if entry.salt.is_some() {
            kind += 512;
        }
        let mut numbers = vec![book, entry.sequence, kind, entry.at, entry.user];
        match entry.movement {
            None => numbers.extend([0; 5]),
            Some(Movement { debit, credit, amount, debit_previous, credit_previous }) => {
                numbers.extend([debit.0, credit.0, amount.0, debit_previous, credit_previous]);
            }
        }
        numbers.push(payee.len() as i64);
        if is_wide {
            numbers.extend([entry.withdrawal, entry.actor.0, entry.note.len() as i64]);
        }
        let mut bytes = previous.to_vec();
        numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
        [payee, &entry.note, &entry.detail].iter().for_each(|text| bytes.extend(text.as_bytes()));
        bytes.extend(
            entry.salt.map(|salt| salt.0).unwrap_or_default().iter().take(if entry.salt.is_some() {
                16
            } else {
                0
            }),
        );
        Sha256::digest(bytes).into()
    }

    #[test]
    fn the_digested_bytes_are_those_that_auditors_are_told() {
        let plain = Entry {
            sequence: 7,
            kind: EntryKind::UserCredited,
            at: 1_800_000_000_000_000,
            user: 3,
            movement: None,
            note: "Miete für Mai".to_owned(),
            withdrawal: 0,
            actor: Actor::NONE,
            detail: String::new(),
            salt: None,
        };
        let movement = Movement {
            debit: AccountId::PAYOUT,
            credit: AccountId::user(3),
            amount: Cents(9),
            debit_previous: 6,
            credit_previous: 2,
        };
        let entries = [
            plain.clone(),
            Entry { movement: Some(movement), ..plain.clone() },
            Entry { withdrawal: 4, ..plain.clone() },
            Entry { actor: Actor(-1), ..plain.clone() },
            Entry { detail: "{}".to_owned(), ..plain.clone() },
            Entry { salt: Some(HashSalt([9; 16])), ..plain.clone() },
            Entry {
                salt: Some(HashSalt([9; 16])),
                actor: Actor(5),
                withdrawal: 6,
                detail: "d".to_owned(),
                ..plain
            },
        ];
        for entry in entries {
            for payee in ["", "ada@example.com"] {
                let previous = [17; 32];
                let linked = link(&previous, BookId(2), &entry, payee);
                assert_eq!(linked, documented(&previous, 2, &entry, payee), "{entry:?}");
            }
        }
    }
}
