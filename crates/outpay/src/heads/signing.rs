//! When heads are signed: every minute, or once 10,000 entries were written, whichever is first; only of chains that moved.
//! It runs beside everything else and holds nothing up: what cannot be signed now is signed at the next look.

use super::file::HeadsFile;
use super::line::Head;
use super::{HEADS_FILE, Post};
use crate::auth::Secrets;
use crate::clock::{Clock, rfc3339};
use crate::platform::Platform;
use crate::store::{Failure, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const LONGEST_END: Duration = Duration::from_secs(5);
/// Looks after which what moved is signed, however little it is.
const LOOKS: u32 = 60;
/// Entries after which it is signed at once.
const ENTRIES: u64 = 10_000;

/// Signs the heads of one installation.
pub struct Signing {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    path: PathBuf,
    /// `None` until it is opened, and after an error.
    file: Option<HeadsFile>,
    /// Entries of all chains when they were signed last.
    signed: Option<i64>,
    looks: u32,
}

impl Signing {
    /// Into the platform's data folder.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        Self {
            store: platform.store.clone(),
            secrets: Arc::clone(&platform.secrets),
            clock: platform.clock.clone(),
            path: platform.data.join(HEADS_FILE),
            file: None,
            signed: None,
            looks: 0,
        }
    }

    /// Signs if it is time to: to be called every second. How many heads were signed.
    ///
    /// # Errors
    /// When database or file break.
    pub async fn look(&mut self) -> Result<usize, Failure> {
        let entries = self.store.chain_entries().await?;
        self.looks += 1;
        if self.signed == Some(entries) {
            return Ok(0);
        }
        let is_much = self.signed.is_none_or(|signed| entries.abs_diff(signed) >= ENTRIES);
        if !is_much && self.looks < LOOKS {
            return Ok(0);
        }
        self.looks = 0;
        let signed = self.sign().await?;
        if self.file.is_some() {
            self.signed = Some(entries);
        }
        Ok(signed)
    }

    /// Signs the heads of all chains that moved since they were signed last. How many; none while another process signs
    /// into the same file.
    ///
    /// # Errors
    /// When database or file break.
    pub async fn sign(&mut self) -> Result<usize, Failure> {
        let path = self.path.clone();
        let file = match self.file.take() {
            Some(file) => Some(file),
            None => tokio::task::spawn_blocking(move || HeadsFile::open(&path)).await??,
        };
        let Some(mut file) = file else { return Ok(0) };
        // Read after the file is open: what another process signed into it before was durable by then.
        let heads = self.store.chain_heads().await?;
        let moved: Vec<Head> =
            heads.into_iter().filter(|head| file.newest(head.book) != Some(head)).collect();
        self.compare(&file, &moved).await?;
        if moved.is_empty() {
            self.file = Some(file);
            return Ok(0);
        }
        let (secrets, at, count) = (Arc::clone(&self.secrets), rfc3339(self.clock.now()), moved.len());
        let append = move || file.append(&moved, &at, &secrets).map(|()| file);
        self.file = Some(tokio::task::spawn_blocking(append).await??);
        Ok(count)
    }

    /// Says at once what the audit would find: a chain that no longer holds what was signed. Its new head is signed all the
    /// same, which shows later when it was changed.
    async fn compare(&self, file: &HeadsFile, moved: &[Head]) -> Result<(), Failure> {
        for signed in moved.iter().filter_map(|head| file.newest(head.book)) {
            if self.store.digest_at(signed.book, signed.sequence).await? != Some(signed.digest) {
                let (book, sequence) = (signed.book, signed.sequence);
                tracing::error!(
                    book,
                    sequence,
                    "what was signed is not in the database any more; run: outpay audit"
                );
            }
        }
        Ok(())
    }
}

/// Signs and posts until `stop` says true or is dropped; what moved until then is signed before it returns.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    let mut signing = Signing::new(&platform);
    let mut posting = None;
    loop {
        report(signing.look().await);
        // The process that signs posts, so that of several on one data folder only one does.
        if posting.is_none()
            && signing.file.is_some()
            && let Some(post) = Post::new(&platform)
        {
            posting = Some(tokio::spawn(post.run(stop.clone())));
        }
        tokio::select! {
            _ = stop.changed() => break,
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
        }
    }
    // A database that does not answer must not hold up the end of the process; the next start signs.
    if let Ok(signed) = tokio::time::timeout(LONGEST_END, signing.sign()).await {
        report(signed);
    }
    if let Some(posting) = posting {
        // It stops by itself; a panic in it has been told.
        let _ended = posting.await;
    }
}

fn report(signed: Result<usize, Failure>) {
    if let Err(failure) = signed {
        tracing::error!(error = format!("{failure:#}"), "heads could not be signed");
    }
}
