//! When heads are signed: every minute, or after 10,000 new entries, whichever comes first, and only for chains that
//! have changed. Signing runs beside everything else and blocks nothing: what cannot be signed now is signed at the
//! next poll.

use super::file::HeadsFile;
use super::{HEADS_FILE, HeadsPost};
use crate::auth::Secrets;
use crate::background::look_again;
use crate::chain_head::Head;
use crate::clock::{Clock, rfc3339};
use crate::platform::Platform;
use crate::store::{Failure, Store};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const LONGEST_END: Duration = Duration::from_secs(5);
/// Polls after which any change is signed.
const LOOKS: u32 = 60;
/// New entries after which heads are signed at once.
const ENTRIES: u64 = 10_000;

/// Signs the heads of one installation.
pub struct Signing {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    path: PathBuf,
    /// `None` until it is opened, and after an error.
    file: Option<HeadsFile>,
    /// Number of entries in all chains at the last signing.
    signed: Option<i64>,
    looks: u32,
}

impl Signing {
    /// Signs into the platform's data folder.
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

    /// Signs if it is time; call it every second. Returns the number of heads signed.
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

    /// Signs the heads of all chains that have changed since the last signing; returns how many. None while another
    /// process has the file open.
    pub async fn sign(&mut self) -> Result<usize, Failure> {
        let path = self.path.clone();
        let file = match self.file.take() {
            Some(file) => Some(file),
            None => tokio::task::spawn_blocking(move || HeadsFile::open(&path)).await??,
        };
        let Some(mut file) = file else { return Ok(0) };
        // Read after the file is open: heads that another process signed before were durable by then.
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

    /// Reports at once what an audit would find: a chain that no longer contains a signed head. Its new head is
    /// signed anyway, which later narrows down the time of the change.
    async fn compare(&self, file: &HeadsFile, moved: &[Head]) -> Result<(), Failure> {
        for signed in moved.iter().filter_map(|head| file.newest(head.book)) {
            if self.store.digest_at(signed.book, signed.sequence).await? != Some(signed.digest) {
                let (book, sequence) = (signed.book, signed.sequence);
                tracing::error!(
                    book,
                    sequence,
                    "a signed head is not in the database any more; run: outpay audit"
                );
            }
        }
        Ok(())
    }
}

/// Signs and posts until `stop` is true or dropped; signs a last time before it returns.
pub async fn run(platform: Platform, mut stop: watch::Receiver<bool>) {
    let mut signing = Signing::new(&platform);
    let mut posting = None;
    loop {
        report(signing.look().await);
        // Only the process that signs also posts, so that of several on one data folder one posts.
        if posting.is_none()
            && signing.file.is_some()
            && let Some(post) = HeadsPost::new(&platform)
        {
            posting = Some(tokio::spawn(post.run(stop.clone())));
        }
        // It ends unasked only by a panic, which is this task's failure too: the supervisor starts both again.
        if posting.as_ref().is_some_and(JoinHandle::is_finished) && !*stop.borrow() {
            return;
        }
        if !look_again(&mut stop, None, BETWEEN_LOOKS).await {
            break;
        }
    }
    // A database that does not answer must not delay shutdown; the next start signs.
    if let Ok(signed) = tokio::time::timeout(LONGEST_END, signing.sign()).await {
        report(signed);
    }
    if let Some(posting) = posting {
        // It stops by itself, and a panic in it has been logged.
        let _ended = posting.await;
    }
}

fn report(signed: Result<usize, Failure>) {
    if let Err(failure) = signed {
        tracing::error!(error = format!("{failure:#}"), "heads could not be signed");
    }
}
