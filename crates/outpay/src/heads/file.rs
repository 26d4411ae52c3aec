//! The file of signed heads: readable by its owner alone, opened for append, synced before its heads are reported as
//! signed. One process at a time appends; others read. Invariant: no byte is ever changed, so the file can also be
//! append-only for the file system (`chattr +a`).

use super::line::{SignedHead, line_digest};
use crate::auth::Secrets;
use crate::chain_head::Head;
use crate::durable_file;
use crate::store::Failure;
use anyhow::Context;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Take, Write};
use std::path::Path;

/// The file, open for append and locked: no other process appends while this value exists.
pub struct HeadsFile {
    file: File,
    /// Digest of the last line; zeros before the first.
    last: [u8; 32],
    /// The newest head of each chain.
    newest: BTreeMap<i64, Head>,
}

impl HeadsFile {
    /// Opens or creates the file and reads its newest heads. `None`: another process has the lock.
    pub fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let is_new = !path.exists();
        let mut file = private_file(path).with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if is_new {
            durable_file::sync_name(path)?;
        }
        let (mut last, mut newest, mut is_torn) = ([0; 32], BTreeMap::new(), false);
        for line in Lines::open(path, 0)? {
            let line = line?;
            last = line_digest(&line.bytes);
            is_torn = !line.is_complete;
            // The audit reports unreadable lines; here they only mean that heads are signed again.
            if let Ok(head) = SignedHead::parse(&line.bytes) {
                newest.insert(head.unchecked().book, head.unchecked());
            }
        }
        if is_torn {
            // A crash cut this line off. It stays, and the next line covers it like any other.
            file.write_all(b"\n")?;
        }
        Ok(Some(Self { file, last, newest }))
    }

    #[must_use]
    pub fn newest(&self, book: i64) -> Option<&Head> {
        self.newest.get(&book)
    }

    /// Signs heads and makes them durable. After an error the file must be opened again.
    pub fn append(&mut self, heads: &[Head], at: &str, secrets: &Secrets) -> Result<(), Failure> {
        let mut text = String::new();
        let mut last = self.last;
        for head in heads {
            let line = SignedHead::sign(head, at.to_owned(), &last, secrets).line();
            last = line_digest(line.as_bytes());
            text += &line;
            text.push('\n');
        }
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        self.last = last;
        self.newest.extend(heads.iter().map(|head| (head.book, *head)));
        Ok(())
    }
}

#[cfg(unix)]
fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}

/// A line of a file of heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadLine {
    /// Without the line feed.
    pub bytes: Vec<u8>,
    /// Is it terminated by a line feed?
    pub is_complete: bool,
}

/// The lines that a file has when it is opened; what is appended during reading is ignored.
pub struct Lines(BufReader<Take<File>>);

impl Lines {
    /// Starts at byte `from`.
    pub fn open(path: &Path, from: u64) -> Result<Self, Failure> {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from))?;
        Ok(Self(BufReader::new(file.take(length.saturating_sub(from)))))
    }
}

impl Iterator for Lines {
    type Item = Result<HeadLine, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        match self.0.read_until(b'\n', &mut bytes) {
            Err(error) => Some(Err(error.into())),
            Ok(0) => None,
            Ok(_) => {
                let is_complete = bytes.last() == Some(&b'\n');
                if is_complete {
                    bytes.pop();
                }
                Some(Ok(HeadLine { bytes, is_complete }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(book: i64, sequence: i64) -> Head {
        Head { book, sequence, digest: [u8::try_from(sequence).unwrap(); 32] }
    }

    fn lines(path: &Path) -> Vec<Vec<u8>> {
        Lines::open(path, 0).unwrap().map(|line| line.unwrap().bytes).collect()
    }

    #[test]
    fn each_line_covers_the_one_before_it_over_a_restart_and_a_torn_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let secrets = Secrets::derive(&[7; 32]);
        let mut file = HeadsFile::open(&path).unwrap().unwrap();
        file.append(&[head(2, 1), head(4, 9)], "t", &secrets).unwrap();
        file.append(&[head(2, 3)], "t", &secrets).unwrap();
        drop(file);
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"book\":2,\"seq")
            .unwrap();
        let mut file = HeadsFile::open(&path).unwrap().unwrap();
        assert_eq!(
            (file.newest(2), file.newest(4), file.newest(6)),
            (Some(&head(2, 3)), Some(&head(4, 9)), None)
        );
        file.append(&[head(2, 5)], "t", &secrets).unwrap();
        let lines = lines(&path);
        assert_eq!(lines.len(), 5);
        let mut last = [0; 32];
        for line in &lines {
            if let Ok(signed) = SignedHead::parse(line) {
                assert_eq!(signed.previous, data_encoding::HEXLOWER.encode(&last));
                assert!(signed.head(&secrets).is_some());
            } else {
                assert_eq!(line, b"{\"book\":2,\"seq", "the torn line, and it is covered too");
            }
            last = line_digest(line);
        }
    }

    #[test]
    fn only_one_appends_and_only_the_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let file = HeadsFile::open(&path).unwrap();
        assert!(file.is_some() && HeadsFile::open(&path).unwrap().is_none());
        drop(file);
        assert!(HeadsFile::open(&path).unwrap().is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_appended_while_lines_are_read_is_not_among_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        let secrets = Secrets::derive(&[7; 32]);
        let mut file = HeadsFile::open(&path).unwrap().unwrap();
        file.append(&[head(2, 1)], "t", &secrets).unwrap();
        let reading = Lines::open(&path, 0).unwrap();
        file.append(&[head(2, 2)], "t", &secrets).unwrap();
        assert_eq!(reading.count(), 1);
        assert_eq!(lines(&path).len(), 2);
    }
}
