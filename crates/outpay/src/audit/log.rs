//! The audit log's chain: each row's digest follows from the row before. Not here: whether the newest rows are
//! missing, which only a signed head can show (signed.rs).

use super::Audit;
use super::finding::Place;
use crate::store::{Failure, LogDigest};

/// The digest before the first row.
const GENESIS: LogDigest = [0; 32];

impl Audit<'_> {
    /// After a difference, continues from the stored digest, so that one changed row is one difference.
    pub(super) async fn log(&mut self) -> Result<(), Failure> {
        self.findings.leave();
        let (mut last, mut digest) = (0, GENESIS);
        loop {
            let page = self.snapshot.log_rows(last, super::PAGE).await?;
            for row in &page {
                let what = match row.digest {
                    None => "it has no digest: it was not written by Outpay".to_owned(),
                    Some(stored) if stored == row.following(&digest)? => String::new(),
                    Some(_) => format!(
                        "the row does not follow from the one before it ({last}): it was changed, or one between them is gone"
                    ),
                };
                if !what.is_empty() {
                    self.findings.add(Place::LogRow(row.number), what);
                }
                last = row.number;
                digest = row.digest.unwrap_or(digest);
            }
            self.report.log_rows += page.len() as u64;
            if !self.count(page.len()) {
                break;
            }
        }
        let (number, stored) = self.snapshot.log_head().await?;
        if (number, stored) != (last, digest) {
            let what = format!("the newest row is {last}, its head says {number} or has another digest");
            self.findings.add(Place::LogRow(last), what);
        }
        Ok(())
    }
}
