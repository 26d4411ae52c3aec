//! The mail worker: creates mails from new entries, leases due mails, sends them, records the replies. One task
//! decides and writes; sending runs in tasks beside it. Not here: the SMTP exchange (smtp.rs).
//!
//! A mail is leased before it is sent, and the reply is recorded after. If a worker dies in between, the lease
//! expires and another worker sends the mail again under the same Message-ID. Several processes can share a database.

use super::config::{self, Sender};
use super::letter::{self, LetterInput};
use super::smtp::{LONGEST_SECONDS, MailSent, SmtpServer};
use super::{Mail, message, schedule};
use crate::background::{asked_to_stop, finish_within, presence};
use crate::language::Language;
use crate::mail_kind::MailKind;
use crate::store::{Failure, Longest, MailEnd, MailRow, MailState, WriteError};
use anyhow::Context;
use ledger::{Micros, Mode};
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Concurrent SMTP exchanges per process.
const AT_ONCE: usize = 4;
/// Poll interval.
const POLL: Duration = Duration::from_millis(500);
/// Twice the longest exchange, to allow for a slow database.
const LEASE: Micros = 480 * 1_000_000;
const _: () = assert!(LEASE as u64 >= 2 * LONGEST_SECONDS * 1_000_000);
/// Upper bounds of the time until the next try, and of a lease.
pub const LONGEST_STEPS: Longest = Longest { wait: schedule::LONGEST, lease: LEASE };
/// On shutdown, how long exchanges under way may take; another process sends the rest again.
const FAREWELL: Duration = Duration::from_secs(10);
/// The name in a payment's metadata under which a business says which language its recipient reads, as a tag such as `de`.
const LANGUAGE: &str = "language";
/// Polls between two updates of the `mail_waiting` gauge.
const LOOKS_PER_COUNT: u32 = 40;

/// A worker. Tests drive it by hand with [`MailWorker::settle`].
pub struct MailWorker {
    mail: Mail,
    number: i64,
    sending: JoinSet<(MailRow, MailSent)>,
}

impl MailWorker {
    #[must_use]
    pub fn new(mail: Mail) -> Self {
        let number = presence::number(&mail.entropy);
        Self { mail, number, sending: JoinSet::new() }
    }

    /// The same under this number, which the worker keeps when it is restarted.
    #[must_use]
    pub fn numbered(self, number: i64) -> Self {
        Self { number, ..self }
    }

    /// Identifies the worker in its leases.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Works until nothing is due any more; returns the number of tries.
    pub async fn settle(&mut self) -> Result<usize, Failure> {
        let mut tries = 0;
        loop {
            self.mail.tell_all().await?;
            self.take().await?;
            let Some(ended) = self.sending.join_next().await else { return Ok(tries) };
            self.finish(ended).await;
            tries += 1;
        }
    }

    /// Works until `stop` is true or dropped, then waits up to `FAREWELL` for exchanges under way.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(POLL);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut nudged = self.mail.nudge.listen();
        let mut count = 0u32;
        loop {
            let is_look = tokio::select! {
                () = asked_to_stop(&mut stop) => break,
                () = nudged.next() => true,
                _ = looks.tick() => true,
                Some(ended) = self.sending.join_next() => {
                    self.finish(ended).await;
                    false
                }
            };
            if let Err(failure) = self.work(is_look, count).await {
                tracing::warn!(error = format!("{failure:#}"), "mail waits for the database");
                tokio::time::sleep(POLL).await;
            }
            count = count.wrapping_add(u32::from(is_look));
        }
        let farewell = async {
            while let Some(ended) = self.sending.join_next().await {
                self.finish(ended).await;
            }
        };
        if !finish_within(FAREWELL, farewell).await {
            tracing::info!("some mails were not taken in time; they will be sent again");
        }
    }

    async fn work(&mut self, is_look: bool, count: u32) -> Result<(), Failure> {
        if is_look {
            self.mail.tell_all().await?;
            if count.is_multiple_of(LOOKS_PER_COUNT) {
                self.mail.measures.waiting(self.mail.store.mails_waiting().await?);
            }
        }
        self.take().await
    }

    /// Leases due mails, as far as there is capacity, and starts sending them.
    async fn take(&mut self) -> Result<(), Failure> {
        let room = AT_ONCE.saturating_sub(self.sending.len());
        if room == 0 || self.mail.open().is_none() {
            return Ok(());
        }
        let now = self.mail.store.now().await?;
        for mut row in self.mail.store.due_mails(now, i64::try_from(room).unwrap_or(1)).await? {
            let wanted = (row.number, row.lease);
            if self.mail.store.lease_mail(wanted, self.number, now, now + LEASE).await? {
                row.lease += 1;
                let mail = self.mail.clone();
                self.sending.spawn(async move {
                    let sent = mail.try_to_send(&row).await;
                    (row, sent)
                });
            }
        }
        Ok(())
    }

    /// Records the result of one try.
    async fn finish(&self, ended: Result<(MailRow, MailSent), tokio::task::JoinError>) {
        let (row, sent) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "sending a mail crashed; it will be sent again");
                return;
            }
        };
        // Due times follow the store's clock, because this machine's may be wrong.
        let now = self.mail.store.now().await.unwrap_or_else(|_| self.mail.clock.now());
        let end = self.end_of(&row, sent, now);
        let mail = self.mail.id(row.number);
        match self.mail.store.end_mail_try(&end).await {
            Ok(()) => {
                self.mail.measures.tried(end.state);
                match end.state {
                    MailState::Sent => tracing::info!(mail, kind = row.mail.kind.word(), "mail sent"),
                    MailState::Failed => tracing::warn!(mail, kind = row.mail.kind.word(), "mail failed"),
                    MailState::Pending => {}
                }
            }
            Err(WriteError::Conflict) => tracing::warn!(mail, "a mail was sent by two workers"),
            Err(WriteError::Failure(failure)) => {
                let error = format!("{failure:#}");
                tracing::warn!(
                    mail,
                    error,
                    "the result of sending a mail could not be recorded; it will be sent again"
                );
            }
        }
    }

    fn end_of(&self, row: &MailRow, sent: MailSent, now: Micros) -> MailEnd {
        let (at, tries) = (self.mail.clock.now(), row.tries + 1);
        let again = schedule::next(tries, now);
        let (state, due_at, answer) = match (sent, again) {
            (MailSent::Accepted(answer), _) => (MailState::Sent, None, answer),
            (MailSent::NotNow(answer), Some(due_at)) => (MailState::Pending, Some(due_at), answer),
            (MailSent::NotNow(answer) | MailSent::Refused(answer), _) => (MailState::Failed, None, answer),
        };
        let (number, worker, attempts) = (row.number, self.number, row.attempts + 1);
        MailEnd { number, worker, lease: row.lease, state, tries, attempts, due_at, at, answer }
    }
}

impl Mail {
    async fn try_to_send(&self, row: &MailRow) -> MailSent {
        let Some((server, sender)) = self.open() else {
            return MailSent::NotNow("mail is not configured".to_owned());
        };
        match self.write_out(server, sender, row).await {
            Ok(sent) => sent,
            // The failure's text is not stored: it may contain anything.
            Err(failure) => {
                let mail = self.id(row.number);
                tracing::warn!(mail, error = format!("{failure:#}"), "a mail could not be written");
                MailSent::NotNow("the mail could not be written; the log says why".to_owned())
            }
        }
    }

    async fn write_out(
        &self,
        server: &SmtpServer,
        sender: &Sender,
        row: &MailRow,
    ) -> Result<MailSent, Failure> {
        let mail = &row.mail;
        let Ok(to) = config::address(&mail.recipient) else {
            return Ok(MailSent::Refused("the address cannot be written to".to_owned()));
        };
        let data: Value = serde_json::from_str(&mail.data).context("the mail's data is not JSON")?;
        let business = match mail.book {
            Some(book) => self.name_of(book.business(), mail.user > 0).await?,
            None => String::new(),
        };
        let language = self.language_of(row).await?;
        let told = LetterInput {
            kind: mail.kind,
            language: language.unwrap_or(Language::English),
            business: &business,
            is_test_mode: mail.book.is_some_and(|book| book.mode() == Mode::Test) && mail.user > 0,
            data: &data,
            link: self.link_of(row, language).await?,
        };
        let letter = letter::write(told);
        let id = self.id(row.number);
        let name = (!business.is_empty()).then_some(business.as_str());
        let envelope = message::Envelope { id: &id, to: &to, name, at: mail.at };
        let bytes = message::build(sender, &envelope, &letter)?;
        Ok(server.send(&sender.from.email, &to, &bytes).await)
    }

    /// The business's name. For payout users the one shown on the claim page, so that mail and page agree on the
    /// sender.
    async fn name_of(&self, business: i64, by_people: bool) -> Result<String, Failure> {
        let branding = if by_people { self.store.branding(business).await? } else { None };
        if let Some(shown) = branding.map(|branding| branding.display_name).filter(|name| !name.is_empty()) {
            return Ok(shown);
        }
        Ok(self.store.business(business).await?.context("there is no such business")?.name)
    }

    /// The language that the business gave with the payout user's newest payment, as `language` in its metadata.
    async fn language_of(&self, row: &MailRow) -> Result<Option<Language>, Failure> {
        let mail = &row.mail;
        let Some(book) = mail.book.filter(|_| mail.user > 0) else { return Ok(None) };
        let metadata = self.store.metadata_of_users(book, vec![mail.user]).await?;
        let given = metadata.get(&mail.user).and_then(|metadata| metadata.pairs().get(LANGUAGE));
        Ok(given.and_then(|tag| Language::from_tag(tag)))
    }

    /// A claim link is computed at send time, never stored. Other kinds of mail contain it only if the business chose
    /// to mail claim links.
    async fn link_of(
        &self,
        row: &MailRow,
        language: Option<Language>,
    ) -> Result<Option<SecretString>, Failure> {
        let mail = &row.mail;
        if mail.sealed.is_some() {
            return self.sealed_link(mail).context("the mail's link cannot be opened").map(Some);
        }
        let Some(book) = mail.book.filter(|_| mail.user > 0) else { return Ok(None) };
        let is_wanted =
            mail.kind == MailKind::ClaimLink || self.choice(book).await?.contains(MailKind::ClaimLink);
        if is_wanted { self.claim_link(book, mail.user, language).await } else { Ok(None) }
    }
}
