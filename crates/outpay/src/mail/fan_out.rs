//! Creates mails from journal entries. The mails and the cursor's advance are one transaction, which commits only if
//! the choice row is unchanged since it was read: no entry is mailed twice or skipped.

use super::Mail;
use crate::background::journal::{self, Advance};
use crate::mail_kind::{MailKind, MailKinds};
use crate::store::{Failure, MailEvent, NewMail, WriteError};
use ledger::BookId;
use serde_json::json;

/// Entries per transaction.
const BATCH: i64 = 500;

impl Mail {
    /// Creates all mails that a book is behind on; returns how many.
    pub(super) async fn tell_of(&self, book: BookId) -> Result<usize, Failure> {
        journal::catch_up(|| self.step(book)).await
    }

    async fn step(&self, book: BookId) -> Result<Advance, WriteError> {
        let read = self.store.mail_choice(book).await?.filter(|found| found.kinds > 0);
        let Some(read) = read else { return Ok(Advance::CaughtUp) };
        let events = self.store.mail_events(book, read.cursor, BATCH).await?;
        let Some(last) = events.last().map(|event| event.sequence) else { return Ok(Advance::CaughtUp) };
        let choice = MailKinds::from_bits(read.kinds);
        let new: Vec<NewMail> = events.iter().filter_map(|event| self.mail_of(book, choice, event)).collect();
        self.store.make_mails(read, last, &new).await?;
        Ok(Advance::Made(new.len()))
    }

    /// The same for every book that is behind, if mail is configured.
    pub(super) async fn tell_all(&self) -> Result<usize, Failure> {
        let mut made = 0;
        if self.is_configured() {
            for behind in self.store.mail_choices_behind().await? {
                made += self.tell_of(behind).await?;
            }
        }
        Ok(made)
    }

    fn mail_of(&self, book: BookId, choice: MailKinds, event: &MailEvent) -> Option<NewMail> {
        let kind = choice.mail_of(event.kind).filter(|_| event.user > 0 && !event.email.is_empty())?;
        let data = match kind {
            MailKind::ClaimLink => json!({ "balance": event.amount.0 }),
            MailKind::Expiring => json!({ "balance": event.balance.0, "ends_at": event.note }),
            _ => json!({
                "amount": event.amount.0, "fees": event.fees.0, "method": event.method, "reason": event.reason,
            }),
        };
        Some(NewMail {
            book: Some(book),
            kind,
            sequence: Some(event.sequence),
            recipient: event.email.clone(),
            user: event.user,
            data: data.to_string(),
            sealed: None,
            at: self.clock.now(),
        })
    }
}
