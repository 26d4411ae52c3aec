//! The witness files of a data folder: `witness-1`, `witness-2`, …. Each belongs to one process at a time, which
//! holds its lock. A starting process takes over the first file that is not locked, with its contents.

use super::record::{self, Record, WitnessMemory};
use crate::store::Failure;
use anyhow::Context;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

const PREFIX: &str = "witness-";
/// A file larger than this is compacted, if its live records are less than a quarter of it.
const LARGE: u64 = 1 << 20;

/// The file of this process.
pub(super) struct OwnFile {
    path: PathBuf,
    file: File,
    /// In bytes.
    length: u64,
    /// The newest record of each thing.
    pub(super) remembered: WitnessMemory,
    text: String,
}

/// Reads all files of a folder, including those of running processes.
pub(super) fn read_all(data: &Path) -> Result<WitnessMemory, Failure> {
    let mut all = WitnessMemory::default();
    for (_, path) in files(data)? {
        match std::fs::read(&path) {
            Ok(text) => all.merge(&record::read(&text)),
            // A recovery has just renamed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    Ok(all)
}

/// All witness files, by number.
pub(super) fn files(data: &Path) -> Result<Vec<(u32, PathBuf)>, Failure> {
    let entries = match std::fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", data.display())),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let number = entry.file_name().to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
        found.extend(number.map(|number| (number, entry.path())));
    }
    found.sort();
    Ok(found)
}

impl OwnFile {
    /// Takes the first unlocked file, or creates one.
    pub(super) fn take(data: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(data)?;
        for number in 1..=u32::MAX {
            let path = data.join(format!("{PREFIX}{number}"));
            if let Some(file) = locked(&path)? {
                let text = std::fs::read(&path)?;
                let (length, remembered) = (text.len() as u64, record::read(&text));
                let mut own = Self { path, file, length, remembered, text: String::new() };
                // A torn last line after a crash would merge with the next one.
                if text.last().is_some_and(|last| *last != b'\n') {
                    own.append("\n")?;
                }
                return Ok(own);
            }
        }
        anyhow::bail!("more processes than numbers")
    }

    /// Creates a file with the next number above all existing ones.
    pub(super) fn make(data: &Path) -> Result<Self, Failure> {
        let number = files(data)?.last().map_or(0, |(number, _)| *number) + 1;
        let path = data.join(format!("{PREFIX}{number}"));
        let file = locked(&path)?.with_context(|| format!("another process has taken {}", path.display()))?;
        Ok(Self { path, file, length: 0, remembered: WitnessMemory::default(), text: String::new() })
    }

    /// Appends records in one write, without fsync: the witness may lose lines, because everything it records was
    /// durable in the database before.
    pub(super) fn note(&mut self, records: impl Iterator<Item = Record>) -> Result<(), Failure> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for record in records {
            record::write(&record, &mut text);
            self.remembered.take(record);
        }
        if !text.is_empty() {
            self.append(&text)?;
        }
        self.text = text;
        if self.length >= LARGE { self.shorten() } else { Ok(()) }
    }

    fn append(&mut self, text: &str) -> Result<(), Failure> {
        self.file
            .write_all(text.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Rewrites the file under another name and renames it into place; locked before the rename.
    fn shorten(&mut self) -> Result<(), Failure> {
        let mut text = String::new();
        self.remembered.records().for_each(|record| record::write(&record, &mut text));
        if text.len() as u64 > self.length / 4 {
            return Ok(());
        }
        let draft = self.path.with_extension("new");
        drop(std::fs::remove_file(&draft));
        let mut file = open(&draft)?;
        file.lock()?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&draft, &self.path)?;
        (self.file, self.length) = (file, text.len() as u64);
        Ok(())
    }
}

/// Opens and locks a file; `None` if another process holds the lock.
pub(super) fn locked(path: &Path) -> Result<Option<File>, Failure> {
    loop {
        let file = open(path).with_context(|| {
            let shown = path.display();
            format!("cannot keep {shown}, which notices a database that has lost something; give a folder that can be written with --data")
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // Between open and lock, its holder may have renamed another file into its place.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> std::io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::BookId;

    fn entry(book: i64, sequence: i64) -> Record {
        Record::Entry { book: BookId(book), sequence, digest: [7; 32] }
    }

    fn names(data: &Path) -> Vec<u32> {
        files(data).unwrap().into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn each_process_has_a_file_and_the_next_one_takes_it_over() {
        let data = tempfile::tempdir().unwrap();
        let (mut one, mut two) = (OwnFile::take(data.path()).unwrap(), OwnFile::take(data.path()).unwrap());
        one.note([entry(2, 5)].into_iter()).unwrap();
        two.note([entry(2, 6), entry(4, 1)].into_iter()).unwrap();
        assert_eq!(names(data.path()), [1, 2]);
        let all = read_all(data.path()).unwrap();
        assert_eq!((all.entries[&BookId(2)].0, all.entries[&BookId(4)].0), (6, 1));
        drop(one);
        let again = OwnFile::take(data.path()).unwrap();
        assert_eq!(again.remembered.entries[&BookId(2)].0, 5);
        assert_eq!(names(data.path()), [1, 2]);
    }

    #[test]
    fn half_a_line_at_the_end_does_not_spoil_the_next() {
        let data = tempfile::tempdir().unwrap();
        let mut own = OwnFile::take(data.path()).unwrap();
        own.note([entry(2, 5)].into_iter()).unwrap();
        own.append("entry 2 6 07").unwrap();
        drop(own);
        let mut own = OwnFile::take(data.path()).unwrap();
        own.note([entry(2, 7)].into_iter()).unwrap();
        assert_eq!(read_all(data.path()).unwrap().entries[&BookId(2)].0, 7);
    }

    #[test]
    fn a_file_stays_small_and_locked() {
        let data = tempfile::tempdir().unwrap();
        let mut own = OwnFile::take(data.path()).unwrap();
        own.note([Record::Revocation { key: 3 }].into_iter()).unwrap();
        let mut largest = 0;
        for sequence in 1..=30_000 {
            own.note([entry(2, sequence)].into_iter()).unwrap();
            largest = std::fs::metadata(&own.path).unwrap().len().max(largest);
        }
        assert!(largest < LARGE + 200, "{largest}");
        let all = read_all(data.path()).unwrap();
        assert_eq!((all.entries[&BookId(2)].0, all.revocations.len()), (30_000, 1));
        assert!(locked(&data.path().join("witness-1")).unwrap().is_none(), "the new file is locked as well");
        assert_eq!(names(data.path()), [1]);
    }
}
