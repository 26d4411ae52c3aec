//! The witness: a record of what this process has acknowledged, kept in the data folder outside the database. A
//! database that was restored, cloned, failed over or swapped is consistent, and still lacks what clients were told;
//! only a record outside of it can reveal that. Each process writes its own file (file.rs) after the commit and
//! before the reply, and reads those of all processes when it opens. Not here: what follows a loss (recovery/).
//!
//! Invariant: a witness is never ahead of an intact database. What it records was durable before.

mod file;
mod record;

pub use record::{Record, WitnessMemory};

use crate::clock::rfc3339;
use crate::store::{Failure, Snapshot, Store};
use anyhow::Context;
use file::OwnFile;
use ledger::{BookId, ChainDigest, Micros, Mode};
use parking_lot::Mutex;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// This process's witness; cheap to clone.
#[derive(Clone)]
pub struct Witness {
    own: Arc<Mutex<OwnFile>>,
}

/// Something acknowledged that the database lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// An acknowledged entry is missing or replaced by another one.
    #[error("this database has lost what was acknowledged: book {book}, sequence {sequence}", book = .0.0, sequence = .1)]
    Entry(BookId, i64),
    /// A rotation: the hash before it would work again.
    #[error("this database has lost what was acknowledged: book {book}, the rotation of user {user}'s hash", book = .0.0, user = .1)]
    Rotation(BookId, i64),
    /// A revocation: the key would work again.
    #[error("this database has lost what was acknowledged: the revocation of API key {0}")]
    Revocation(i64),
    /// A removal: the member would have access again.
    #[error("this database has lost what was acknowledged: the removal of member {member} from the team of business {business}", business = .0, member = .1)]
    Removal(i64, i64),
    /// A gift card is in stock although its code was shown.
    #[error("this database has lost what was acknowledged: book {book}, that the code of gift card {card} was shown", book = .0.0, card = .1)]
    RevealedCard(BookId, i64),
    /// A nonce would be given out again that the chain may have seen.
    #[error("this database has lost what was acknowledged: line {line:?}, nonce {nonce}", line = .0, nonce = .1)]
    Nonce(String, i64),
}

/// The records of all processes of a data folder.
pub fn read_all(data: &Path) -> Result<WitnessMemory, Failure> {
    file::read_all(data)
}

/// All records that the database contradicts, in the order of the books. `remembered` must have been read before the
/// snapshot was opened: what other processes acknowledge in between is then in the database.
pub async fn missing(remembered: &WitnessMemory, snapshot: &Snapshot) -> Result<Vec<Lost>, Failure> {
    let mut lost = Vec::new();
    for record in remembered.records() {
        let held = match &record {
            Record::Entry { book, sequence, digest } => {
                snapshot.digest_of(*book, *sequence).await? == Some(*digest)
            }
            Record::Rotation { book, user, rotations } => {
                snapshot.rotations_of(*book, *user).await? >= Some(*rotations)
            }
            Record::Revocation { key } => snapshot.is_revoked(*key).await?,
            // A member who has joined again since is not a loss.
            Record::Removal { business, member, at } => {
                snapshot.member_since(*business, *member).await?.is_none_or(|since| since > *at)
            }
            // Files of earlier versions name cards of test mode too, which are in no stock.
            Record::RevealedCard { book, .. } if book.mode() == Mode::Test => true,
            Record::RevealedCard { book, card } => !snapshot.is_card_in_stock(*book, *card).await?,
            Record::Nonce { line, nonce } => snapshot.next_slot_of(line).await? > *nonce,
        };
        if !held {
            lost.push(Lost::from(record));
        }
    }
    Ok(lost)
}

impl From<Record> for Lost {
    fn from(record: Record) -> Self {
        match record {
            Record::Entry { book, sequence, .. } => Self::Entry(book, sequence),
            Record::Rotation { book, user, .. } => Self::Rotation(book, user),
            Record::Revocation { key } => Self::Revocation(key),
            Record::Removal { business, member, .. } => Self::Removal(business, member),
            Record::RevealedCard { book, card } => Self::RevealedCard(book, card),
            Record::Nonce { line, nonce } => Self::Nonce(line, nonce),
        }
    }
}

impl Witness {
    /// Takes a file for this process, after checking the database against all files.
    ///
    /// # Errors
    /// [`Lost`], or when the folder or the database cannot be read.
    pub async fn open(data: &Path, store: &Store) -> Result<Self, Failure> {
        let all = read_all(data)?;
        check(&all, store).await?;
        Ok(Self { own: Arc::new(Mutex::new(OwnFile::take(data)?)) })
    }

    /// Takes a new file, beside those that record a loss.
    pub fn begin_anew(data: &Path) -> Result<Self, Failure> {
        Ok(Self { own: Arc::new(Mutex::new(OwnFile::make(data)?)) })
    }

    /// Does the database still hold everything that this process has acknowledged? Call it on every new connection,
    /// which may lead to another machine.
    ///
    /// # Errors
    /// [`Lost`], or a failure.
    pub async fn check(&self, store: &Store) -> Result<(), Failure> {
        let own = self.own.lock().remembered.clone();
        check(&own, store).await
    }

    /// Checks that a book, as just loaded, is not behind what this process has acknowledged. In memory only.
    pub fn check_book(&self, book: BookId, sequence: i64, digest: &ChainDigest) -> Result<(), Lost> {
        let own = self.own.lock();
        match own.remembered.entries.get(&book) {
            Some((known, same)) if sequence < *known || (sequence == *known && digest != same) => {
                Err(Lost::Entry(book, *known))
            }
            _ => Ok(()),
        }
    }

    /// Records the nonce that an attempt has taken, if its rail pays in a line.
    ///
    /// # Errors
    /// As [`Self::note`]: nothing may be sent then.
    pub fn note_slot(&self, line: Option<&str>, nonce: i64) -> Result<(), Failure> {
        self.note(line.map(|line| Record::Nonce { line: line.to_owned(), nonce }))
    }

    /// Records what was just made durable and is about to be acknowledged.
    ///
    /// # Errors
    /// When the file cannot be written: nothing may be acknowledged then.
    pub fn note(&self, records: impl IntoIterator<Item = Record>) -> Result<(), Failure> {
        self.own.lock().note(records.into_iter())
    }
}

async fn check(remembered: &WitnessMemory, store: &Store) -> Result<(), Failure> {
    if remembered.is_empty() {
        return Ok(());
    }
    let lost = missing(remembered, &store.snapshot().await?).await?;
    let Some(first) = lost.first().cloned() else { return Ok(()) };
    let more = lost.len() - 1;
    let also = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    Err(Failure::new(first).context(format!(
        "the database is not the one that this data folder has worked with, or was set back{also}; put the right one back, or \
         accept the loss with: outpay recover --accept-loss"
    )))
}

/// All witness files of a data folder, locked, so that no other process works there.
pub struct PutAside(Vec<(PathBuf, File)>);

impl PutAside {
    /// # Errors
    /// When another process holds one.
    pub fn hold(data: &Path) -> Result<Self, Failure> {
        let mut held = Vec::new();
        for (number, path) in file::files(data)? {
            let file = file::locked(&path)?.with_context(|| {
                let shown = data.display();
                format!("another process works with {shown} (it holds witness-{number}); end it first")
            })?;
            held.push((path, file));
        }
        Ok(Self(held))
    }

    /// Renames the files, so that they are kept but not read any more.
    pub fn put_away(self, now: Micros) -> Result<(), Failure> {
        for (path, _held) in &self.0 {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".before-{}", rfc3339(now).replace([':', '.'], "-")));
            std::fs::rename(path, PathBuf::from(name))
                .with_context(|| format!("cannot put {} away", path.display()))?;
        }
        Ok(())
    }
}
