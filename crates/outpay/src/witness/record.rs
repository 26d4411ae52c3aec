//! The records of a witness, one line each, with a checksum, so that a torn line is ignored. Numbers and digests
//! only: no code, hash, key or address.

use data_encoding::HEXLOWER;
use ledger::{BookId, ChainDigest, Micros};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Something that was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The newest entry of a book.
    Entry { book: BookId, sequence: i64, digest: ChainDigest },
    /// A user's hash was rotated this often.
    Rotation { book: BookId, user: i64, rotations: i64 },
    /// An API key was revoked.
    Revocation { key: i64 },
    /// A member was removed from a team.
    Removal { business: i64, member: i64, at: Micros },
    /// The code of a gift card was shown.
    RevealedCard {
        book: BookId,
        /// The card's row, never its code.
        card: i64,
    },
    /// A slot of a treasury's line was taken: the chain may have seen this nonce.
    Nonce { line: String, nonce: i64 },
}

/// The newest record of each thing, of one or more processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessMemory {
    /// Sequence and digest by book.
    pub entries: BTreeMap<BookId, (i64, ChainDigest)>,
    /// Generation by book and user.
    pub rotations: BTreeMap<(BookId, i64), i64>,
    /// Keys.
    pub revocations: BTreeSet<i64>,
    /// Time by business and member.
    pub removals: BTreeMap<(i64, i64), Micros>,
    pub revealed_cards: BTreeSet<(BookId, i64)>,
    /// Highest nonce by line.
    pub nonces: BTreeMap<String, i64>,
}

impl WitnessMemory {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a record; one that is older than what is known changes nothing.
    pub fn take(&mut self, record: Record) {
        match record {
            Record::Entry { book, sequence, digest } => {
                let newest = self.entries.entry(book).or_insert((sequence, digest));
                if sequence > newest.0 {
                    *newest = (sequence, digest);
                }
            }
            Record::Rotation { book, user, rotations } => {
                let newest = self.rotations.entry((book, user)).or_insert(rotations);
                *newest = rotations.max(*newest);
            }
            Record::Revocation { key } => {
                self.revocations.insert(key);
            }
            Record::Removal { business, member, at } => {
                let newest = self.removals.entry((business, member)).or_insert(at);
                *newest = at.max(*newest);
            }
            Record::RevealedCard { book, card } => {
                self.revealed_cards.insert((book, card));
            }
            Record::Nonce { line, nonce } => {
                let highest = self.nonces.entry(line).or_insert(nonce);
                *highest = nonce.max(*highest);
            }
        }
    }

    /// Adds all records of another one.
    pub fn merge(&mut self, other: &Self) {
        other.records().for_each(|record| self.take(record));
    }

    /// One record per thing.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let entries = self.entries.iter().map(|(book, (sequence, digest))| Record::Entry {
            book: *book,
            sequence: *sequence,
            digest: *digest,
        });
        let rotations = self.rotations.iter().map(|((book, user), rotations)| Record::Rotation {
            book: *book,
            user: *user,
            rotations: *rotations,
        });
        let revocations = self.revocations.iter().map(|key| Record::Revocation { key: *key });
        let removals = self.removals.iter().map(|((business, member), at)| Record::Removal {
            business: *business,
            member: *member,
            at: *at,
        });
        let cards =
            self.revealed_cards.iter().map(|(book, card)| Record::RevealedCard { book: *book, card: *card });
        let nonces =
            self.nonces.iter().map(|(line, nonce)| Record::Nonce { line: line.clone(), nonce: *nonce });
        entries.chain(rotations).chain(revocations).chain(removals).chain(cards).chain(nonces)
    }
}

/// Appends a record's line to `text`.
pub(super) fn write(record: &Record, text: &mut String) {
    let start = text.len();
    let written = match record {
        Record::Entry { book, sequence, digest } => {
            write!(text, "entry {} {sequence} {}", book.0, HEXLOWER.encode(digest))
        }
        Record::Rotation { book, user, rotations } => {
            write!(text, "rotation {} {user} {rotations}", book.0)
        }
        Record::Revocation { key } => write!(text, "revocation {key}"),
        Record::Removal { business, member, at } => write!(text, "removal {business} {member} {at}"),
        Record::RevealedCard { book, card } => write!(text, "card {} {card}", book.0),
        // The only free text in a line: hexadecimal, so that it cannot break the line.
        Record::Nonce { line, nonce } => write!(text, "nonce {} {nonce}", HEXLOWER.encode(line.as_bytes())),
    };
    let sum = crc32fast::hash(&text.as_bytes()[start..]);
    let ended = writeln!(text, " {sum:08x}");
    debug_assert!(written.and(ended).is_ok(), "writing into a text cannot fail");
}

/// Parses a whole file. A torn line is skipped: it was being written when the machine stopped, so what it records was
/// not acknowledged.
pub(super) fn read(text: &[u8]) -> WitnessMemory {
    let mut remembered = WitnessMemory::default();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(record) = std::str::from_utf8(line).ok().and_then(parse) {
            remembered.take(record);
        }
    }
    remembered
}

fn parse(line: &str) -> Option<Record> {
    let (told, sum) = line.rsplit_once(' ')?;
    (sum.len() == 8 && u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(told.as_bytes()))
        .then_some(())?;
    let words: Vec<&str> = told.split(' ').collect();
    let number = |at: usize| words.get(at)?.parse::<i64>().ok();
    let bytes = |at: usize| HEXLOWER.decode(words.get(at)?.as_bytes()).ok();
    match *words.first()? {
        "entry" => {
            let digest = bytes(3)?.try_into().ok()?;
            Some(Record::Entry { book: BookId(number(1)?), sequence: number(2)?, digest })
        }
        "rotation" => {
            Some(Record::Rotation { book: BookId(number(1)?), user: number(2)?, rotations: number(3)? })
        }
        "revocation" => Some(Record::Revocation { key: number(1)? }),
        "removal" => Some(Record::Removal { business: number(1)?, member: number(2)?, at: number(3)? }),
        "card" => Some(Record::RevealedCard { book: BookId(number(1)?), card: number(2)? }),
        "nonce" => Some(Record::Nonce { line: String::from_utf8(bytes(1)?).ok()?, nonce: number(2)? }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Record> {
        let book = BookId(2);
        vec![
            Record::Entry { book, sequence: (1 << 40) + 7, digest: [9; 32] },
            Record::Rotation { book, user: 3, rotations: 4 },
            Record::Revocation { key: 5 },
            Record::Removal { business: 1, member: 6, at: 1_800_000_000_000_000 },
            Record::RevealedCard { book, card: 8 },
            Record::Nonce { line: "1 0xAb\n x".to_owned(), nonce: 0 },
        ]
    }

    fn text(records: &[Record]) -> String {
        let mut text = String::new();
        records.iter().for_each(|record| write(record, &mut text));
        text
    }

    #[test]
    fn what_is_written_is_read() {
        let read = read(text(&all()).as_bytes());
        assert_eq!(read.records().collect::<Vec<_>>(), all());
    }

    #[test]
    fn half_a_line_or_a_changed_one_says_nothing() {
        for record in all() {
            let line = text(std::slice::from_ref(&record));
            for end in 0..line.len() - 1 {
                assert!(read(&line.as_bytes()[..end]).is_empty(), "{end} of {line}");
            }
            let mut changed = line.clone().into_bytes();
            for at in 0..line.len() - 1 {
                changed[at] ^= 1;
                assert!(read(&changed).is_empty(), "{}", String::from_utf8_lossy(&changed));
                changed[at] ^= 1;
            }
        }
        // Zeros, as a file system leaves in blocks that were never written.
        let torn = [vec![0; 4096], text(&all()).into_bytes()].concat();
        assert_eq!(read(&torn).records().count(), all().len() - 1, "the line after the zeros is lost");
    }

    #[test]
    fn the_newest_counts_whatever_the_order() {
        let book = BookId(2);
        let entry =
            |sequence| Record::Entry { book, sequence, digest: [u8::try_from(sequence).unwrap(); 32] };
        let mut one = WitnessMemory::default();
        [entry(2), entry(9), entry(3)].into_iter().for_each(|record| one.take(record));
        assert_eq!(one.entries[&book], (9, [9; 32]));
        let mut other = read(text(&[entry(10), Record::Revocation { key: 1 }]).as_bytes());
        other.merge(&one);
        assert_eq!(other.entries[&book], (10, [10; 32]));
        assert_eq!(other.revocations.len(), 1);
    }
}
