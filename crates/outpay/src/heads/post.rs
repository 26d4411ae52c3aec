//! Posts signed heads to the address in `outpay.toml`: another machine keeps what an intruder here cannot take back. The
//! lines of the file are posted in order, as a JSON array, until the receiver has answered 2xx; where it stands is kept in a
//! file, so that a restart leaves none out. A head may come twice. Through the client of webhooks and under its guard.

use super::HEADS_FILE;
use super::file::Lines;
use crate::platform::Platform;
use crate::store::Failure;
use crate::webhooks::Client;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How far the file was posted, in bytes.
const POSTED_FILE: &str = "heads.posted";
/// Lines in one request.
const MOST_LINES: usize = 100;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Posts the heads of one installation.
pub struct Post {
    client: Client,
    url: Arc<str>,
    heads: PathBuf,
    posted: PathBuf,
}

impl Post {
    /// `None` where no address is configured.
    #[must_use]
    pub fn new(platform: &Platform) -> Option<Self> {
        let url = platform.post_heads_to.clone()?;
        let client = platform.webhooks.client().clone();
        let (heads, posted) = (platform.data.join(HEADS_FILE), platform.data.join(POSTED_FILE));
        Some(Self { client, url, heads, posted })
    }

    /// Posts until `stop` says true or is dropped.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = BETWEEN_LOOKS;
        loop {
            let posted = tokio::select! {
                _ = stop.changed() => return,
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
            tokio::select! {
                _ = stop.changed() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Posts what comes next. How many lines; 0 when there is nothing new.
    ///
    /// # Errors
    /// When the receiver did not take them, or a file breaks.
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

/// What cannot be read means from the beginning: a head that comes twice is harmless, one that never comes is not.
fn read_place(posted: &Path) -> u64 {
    std::fs::read_to_string(posted).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// Complete lines from there on that are JSON, and the place behind them.
fn next_lines(heads: &Path, from: u64) -> Result<(Vec<Vec<u8>>, u64), Failure> {
    let length = std::fs::metadata(heads)?.len();
    // A new file stands where a longer one was.
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
