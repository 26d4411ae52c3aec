//! Compares signed heads with the chains: each must be in its chain, with its digest. This detects a chain that was
//! changed and recomputed, and one whose newest entries are missing; nothing inside the database can.
//!
//! A head that fits proves all entries before it, so the first differing entry lies between the last head that fits
//! and the first that does not.

use super::Audit;
use super::finding::Place;
use crate::chain_head::{AUDIT_LOG, Head};
use crate::heads::{HeadLine, Lines, SignedHead, line_digest};
use crate::store::Failure;
use data_encoding::HEXLOWER;
use ledger::{BookId, EntryKind};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Evidence from outside the database.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// The installation's own file of signed heads, if there is one.
    pub own: Option<PathBuf>,
    /// Files with signed heads that were kept elsewhere, whole or in part.
    pub files: Vec<PathBuf>,
    /// Single heads that were kept elsewhere.
    pub heads: Vec<Head>,
    /// Accept a database without a book? An installation always has one.
    pub may_be_empty: bool,
    /// The configured rails that pay in a line: name and line.
    pub lines: Vec<(String, String)>,
}

/// How the heads of one chain fit it.
#[derive(Default)]
struct Fit {
    /// The newest head that fits.
    last: i64,
    /// The oldest head that does not fit, and where it came from.
    first_wrong: Option<(i64, String)>,
    /// The oldest head whose entry is missing, and where it came from.
    first_missing: Option<(i64, String)>,
}

/// Files and heads, opened before the snapshot: everything in them was committed before it.
pub(super) struct Opened {
    own: Option<Lines>,
    files: Vec<(PathBuf, Lines)>,
    heads: Vec<Head>,
}

impl Opened {
    pub(super) fn open(outside: &Outside) -> Result<Self, Failure> {
        let own = outside.own.as_deref().filter(|path| path.exists());
        let own = own.map(|path| Lines::open(path, 0)).transpose()?;
        let open = |path: &PathBuf| Ok((path.clone(), Lines::open(path, 0)?));
        let files = outside.files.iter().map(open).collect::<Result<_, Failure>>()?;
        Ok(Self { own, files, heads: outside.heads.clone() })
    }
}

impl Audit<'_> {
    pub(super) async fn signed(&mut self, opened: Opened) -> Result<(), Failure> {
        self.findings.leave();
        let mut fits = BTreeMap::new();
        self.report.heads = self.snapshot.chain_heads().await?;
        if let Some(lines) = opened.own {
            self.own_file(lines, &mut fits).await?;
        }
        for (path, lines) in opened.files {
            self.kept_file(&path, lines, &mut fits).await?;
        }
        for head in &opened.heads {
            self.report.kept_heads += 1;
            self.compare_head(head, "kept elsewhere", &mut fits).await?;
        }
        for (book, fit) in fits {
            self.tell(book, fit);
        }
        Ok(())
    }

    /// Every line must follow the one before, and be readable unless a crash cut it off; the next line's digest
    /// covers a torn line as it is.
    async fn own_file(&mut self, lines: Lines, fits: &mut BTreeMap<i64, Fit>) -> Result<(), Failure> {
        let (mut last, mut unread) = ([0; 32], None);
        for (number, line) in (1..).zip(lines) {
            let HeadLine { bytes, is_complete } = line?;
            let place = Place::HeadLine(number);
            let Ok(signed) = SignedHead::parse(&bytes) else {
                if is_complete {
                    unread = unread.or(Some(number));
                }
                last = line_digest(&bytes);
                continue;
            };
            if signed.previous != HEXLOWER.encode(&last) {
                let what = "it does not follow the line before it: lines were changed or taken out";
                self.findings.add(place, what.to_owned());
            } else {
                unread = None;
            }
            last = line_digest(&bytes);
            let Some(head) = signed.head(self.secrets) else {
                self.findings.add(place, "its signature is not this installation's".to_owned());
                continue;
            };
            self.report.signed_heads += 1;
            self.compare_head(&head, &format!("signed at {}", signed.at), fits).await?;
        }
        if let Some(number) = unread {
            self.findings
                .add(Place::HeadLine(number), "it cannot be read, and no later line covers it".to_owned());
        }
        Ok(())
    }

    /// In a copy only the signatures count: it may begin anywhere, contain the lines of several processes, or posted
    /// bodies with one array per line.
    async fn kept_file(
        &mut self,
        path: &Path,
        lines: Lines,
        fits: &mut BTreeMap<i64, Fit>,
    ) -> Result<(), Failure> {
        let mut is_empty = true;
        for (number, line) in (1..).zip(lines) {
            let bytes = line?.bytes;
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            is_empty = false;
            let one = SignedHead::parse(&bytes).map(|signed| vec![signed]);
            let all = one.or_else(|_| serde_json::from_slice(&bytes)).unwrap_or_default();
            let heads: Option<Vec<_>> =
                all.into_iter().map(|signed| Some((signed.head(self.secrets)?, signed.at))).collect();
            let Some(heads) = heads.filter(|heads| !heads.is_empty()) else {
                let what =
                    format!("line {number} of {} is not a head signed by this installation", path.display());
                self.findings.add(Place::Installation, what);
                continue;
            };
            for (head, at) in heads {
                self.report.kept_heads += 1;
                self.compare_head(&head, &format!("signed at {at}"), fits).await?;
            }
        }
        // A file without heads proves nothing, and must not look as if it did.
        anyhow::ensure!(!is_empty, "there is no head in {}", path.display());
        Ok(())
    }

    async fn compare_head(
        &mut self,
        head: &Head,
        known: &str,
        fits: &mut BTreeMap<i64, Fit>,
    ) -> Result<(), Failure> {
        let stored = self.snapshot.digest_at(head.book, head.sequence).await?;
        if stored.is_none() && self.was_recovered(head.book, head.sequence).await? {
            self.report.heads_before_recovery += 1;
            return Ok(());
        }
        let fit = fits.entry(head.book).or_default();
        let wrong = match stored {
            Some(stored) if stored == head.digest => {
                if fit.first_wrong.as_ref().is_none_or(|(first, _)| head.sequence < *first) {
                    fit.last = fit.last.max(head.sequence);
                }
                return Ok(());
            }
            Some(_) => &mut fit.first_wrong,
            None => &mut fit.first_missing,
        };
        if wrong.as_ref().is_none_or(|(first, _)| head.sequence < *first) {
            *wrong = Some((head.sequence, known.to_owned()));
        }
        Ok(())
    }

    fn tell(&mut self, book: i64, fit: Fit) {
        let place =
            |sequence| if book == AUDIT_LOG { Place::LogRow(sequence) } else { Place::Entry(sequence) };
        self.enter(BookId(book));
        if let Some((wrong, known)) = fit.first_wrong {
            // Two heads can name the same entry, and only one of them can fit.
            let first = if fit.last < wrong { fit.last + 1 } else { wrong };
            let entries =
                if first == wrong { "it".to_owned() } else { format!("an entry from {first} to {wrong}") };
            let what = format!(
                "{entries} is not what it was: the digest of {wrong} was another when it was {known}"
            );
            self.findings.add(place(first), what);
        }
        let Some((missing, known)) = fit.first_missing else { return };
        let what = format!("it is missing, and its digest was {known}: the newest entries are gone");
        self.findings.add(place(missing), what);
    }

    /// Does the gap around this sequence end with the entry of a recovery, which names what was lost? The audit log
    /// has no such entry: its numbers continue in the recovery's epoch.
    async fn was_recovered(&self, book: i64, sequence: i64) -> Result<bool, Failure> {
        if book == AUDIT_LOG {
            return Ok(sequence <= self.snapshot.log_floor().await?);
        }
        let next = self.snapshot.entries(BookId(book), sequence, 1).await?;
        Ok(next.first().is_some_and(|(next, _)| next.entry.kind == EntryKind::InstallationRecovered))
    }
}
