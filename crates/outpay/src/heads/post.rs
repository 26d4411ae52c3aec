//! Posts signed heads to the address in `outpay.toml`, so that another machine keeps what an intruder on this one
//! cannot delete. The lines of the file are posted in order, as JSON arrays, each until the receiver has answered
//! 2xx. The position is stored in a file, so a restart skips none; a head may be posted twice. Uses the webhook
//! client and its guard.

use super::HEADS_FILE;
use super::file::Lines;
use crate::background::{asked_to_stop, look_again};
use crate::platform::Platform;
use crate::store::Failure;
use crate::webhooks::WebhookClient;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Holds the position in the file of heads up to which it was posted, in bytes.
const POSTED_FILE: &str = "heads.posted";
/// Lines per request.
const MOST_LINES: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Upper bound of the delay after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Posts the heads of one installation.
pub struct HeadsPost {
    client: WebhookClient,
    url: Arc<str>,
    heads: PathBuf,
    posted: PathBuf,
}

impl HeadsPost {
    /// `None` if no address is configured.
    #[must_use]
    pub fn new(platform: &Platform) -> Option<Self> {
        let url = platform.post_heads_to.clone()?;
        let client = platform.webhooks.client().clone();
        let (heads, posted) = (platform.data.join(HEADS_FILE), platform.data.join(POSTED_FILE));
        Some(Self { client, url, heads, posted })
    }

    /// Posts until `stop` is true or dropped.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = BETWEEN_LOOKS;
        loop {
            let posted = tokio::select! {
                () = asked_to_stop(&mut stop) => return,
                posted = self.step() => posted,
            };
            pause = match posted {
                Ok(0) => BETWEEN_LOOKS,
                Ok(_) => Duration::ZERO,
                Err(failure) => {
                    let pause = (pause.max(BETWEEN_LOOKS) * 2).min(LONGEST_PAUSE);
                    tracing::warn!(
                        error = format!("{failure:#}"),
                        "signed heads could not be posted; trying again"
                    );
                    pause
                }
            };
            if !look_again(&mut stop, None, pause).await {
                return;
            }
        }
    }

    /// Posts the next lines; returns how many, 0 if there is nothing new.
    ///
    /// # Errors
    /// When the receiver did not accept them, or a file cannot be read or written.
    pub async fn step(&self) -> Result<usize, Failure> {
        let (heads, posted) = (self.heads.clone(), self.posted.clone());
        let read = move || next_lines(&heads, read_place(&posted));
        let (lines, place) = tokio::task::spawn_blocking(read).await??;
        if lines.is_empty() {
            return Ok(0);
        }
        let body = [b"[".as_slice(), &lines.join(&b","[..]), b"]"].concat();
        let sent = self.client.post(&self.url, &[], body).await;
        let is_taken = sent.status.is_some_and(|status| (200..300).contains(&status));
        anyhow::ensure!(is_taken, "the receiver answered {:?} {}", sent.status, sent.error);
        std::fs::write(&self.posted, place.to_string())?;
        Ok(lines.len())
    }
}

/// An unreadable position means the beginning: posting a head twice is harmless, skipping one is not.
fn read_place(posted: &Path) -> u64 {
    std::fs::read_to_string(posted).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The complete JSON lines from there on, and the position after them.
fn next_lines(heads: &Path, from: u64) -> Result<(Vec<Vec<u8>>, u64), Failure> {
    let length = std::fs::metadata(heads)?.len();
    // The file was replaced by a shorter one.
    let mut place = if from > length { 0 } else { from };
    let mut lines = Vec::new();
    for line in Lines::open(heads, place)?.take(MOST_LINES) {
        let line = line?;
        if !line.is_complete {
            break;
        }
        place += line.bytes.len() as u64 + 1;
        if serde_json::from_slice::<serde_json::Value>(&line.bytes).is_ok() {
            lines.push(line.bytes);
        }
    }
    Ok((lines, place))
}
