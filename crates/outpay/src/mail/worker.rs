//! The worker: makes mails from new entries, takes those that are due, sends them, writes down what was answered. One task
//! decides and writes; the sending runs beside it. Not here: how one mail is handed over (smtp.rs).
//!
//! A mail is leased before it is sent and its end recorded after; a worker that dies in between leaves a lease that runs out,
//! and another one sends it again under the same Message-ID. Two processes on one database are safe.

use super::config::{self, Sender};
use super::letter::{self, Told};
use super::smtp::{LONGEST_SECONDS, Sent, Server};
use super::{Mail, MailKind, message, schedule};
use crate::presence;
use crate::store::{Failure, Longest, MailEnd, MailRow, MailState, WriteError};
use anyhow::Context;
use ledger::{Micros, Mode};
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Exchanges with the mail server under way at once in one process.
const AT_ONCE: usize = 4;
/// How long until it looks again by itself.
const POLL: Duration = Duration::from_millis(500);
/// The longest exchange, and as much again for a slow database.
const LEASE: Micros = 480 * 1_000_000;
const _: () = assert!(LEASE as u64 >= 2 * LONGEST_SECONDS * 1_000_000);
/// From now on no mail waits longer for its next try, and no lease lasts longer.
pub const LONGEST_STEPS: Longest = Longest { wait: schedule::LONGEST, lease: LEASE };
/// What is under way when the process is asked to end may take this long; the rest is sent again by another.
const FAREWELL: Duration = Duration::from_secs(10);
/// Looks between two counts of what waits.
const LOOKS_PER_COUNT: u32 = 40;

/// A worker. Tests drive one by hand with [`Worker::settle`].
pub struct Worker {
    mail: Mail,
    number: i64,
    sending: JoinSet<(MailRow, Sent)>,
}

impl Worker {
    /// One that has not looked yet.
    #[must_use]
    pub fn new(mail: Mail) -> Self {
        let number = presence::number(&mail.entropy);
        Self { mail, number, sending: JoinSet::new() }
    }

    /// What its leases name.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Works until nothing is due any more; says how many tries it made.
    ///
    /// # Errors
    /// When the database breaks.
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

    /// Works until `stop` says true or is dropped, then waits a little for what is under way.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        if !self.mail.is_configured() {
            return;
        }
        let mut looks = tokio::time::interval(POLL);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let nudge = std::sync::Arc::clone(&self.mail.nudge);
        let mut count = 0u32;
        loop {
            let is_look = tokio::select! {
                () = asked_to_stop(&mut stop) => break,
                () = nudge.notified() => true,
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
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
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

    /// Takes what is due, as far as there is room, and begins to send it.
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

    /// Writes down what has ended.
    async fn finish(&self, ended: Result<(MailRow, Sent), tokio::task::JoinError>) {
        let (row, sent) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "sending a mail ended badly; it will be sent again");
                return;
            }
        };
        // Due times go by the store's time, however wrong this machine's clock is.
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
                    "what became of a mail could not be written down; it will be sent again"
                );
            }
        }
    }

    fn end_of(&self, row: &MailRow, sent: Sent, now: Micros) -> MailEnd {
        let (at, tries) = (self.mail.clock.now(), row.tries + 1);
        let again = schedule::next(tries, now);
        let (state, due_at, answer) = match (sent, again) {
            (Sent::Accepted(answer), _) => (MailState::Sent, None, answer),
            (Sent::NotNow(answer), Some(due_at)) => (MailState::Pending, Some(due_at), answer),
            (Sent::NotNow(answer) | Sent::Refused(answer), _) => (MailState::Failed, None, answer),
        };
        let (number, worker, attempts) = (row.number, self.number, row.attempts + 1);
        MailEnd { number, worker, lease: row.lease, state, tries, attempts, due_at, at, answer }
    }
}

/// Comes when the process is asked to end, or nobody is left who could ask.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    let _asked_or_gone = stop.wait_for(|stop| *stop).await.is_ok();
}

impl Mail {
    async fn try_to_send(&self, row: &MailRow) -> Sent {
        let Some((server, sender)) = self.open() else {
            return Sent::NotNow("mail is not configured".to_owned());
        };
        match self.write_out(server, sender, row).await {
            Ok(sent) => sent,
            // Not its text: it may come from anywhere.
            Err(failure) => {
                let mail = self.id(row.number);
                tracing::warn!(mail, error = format!("{failure:#}"), "a mail could not be written");
                Sent::NotNow("the mail could not be written; the log says why".to_owned())
            }
        }
    }

    async fn write_out(&self, server: &Server, sender: &Sender, row: &MailRow) -> Result<Sent, Failure> {
        let mail = &row.mail;
        let Ok(to) = config::address(&mail.recipient) else {
            return Ok(Sent::Refused("the address cannot be written to".to_owned()));
        };
        let data: Value = serde_json::from_str(&mail.data).context("the mail's data is no JSON")?;
        let business = match mail.book {
            Some(book) => self.name_of(book.business(), mail.user > 0).await?,
            None => String::new(),
        };
        let told = Told {
            kind: mail.kind,
            business: &business,
            is_test_mode: mail.book.is_some_and(|book| book.mode() == Mode::Test) && mail.user > 0,
            data: &data,
            link: self.link_of(row).await?,
            method: &data["method"].as_str().unwrap_or_default().replace('_', " "),
        };
        let letter = letter::write(told);
        let id = self.id(row.number);
        let name = (!business.is_empty()).then_some(business.as_str());
        let envelope = message::Envelope { id: &id, to: &to, name, at: mail.at };
        let bytes = message::build(sender, &envelope, &letter)?;
        Ok(server.send(&sender.from.email, &to, &bytes).await)
    }

    /// What a business is called: by people as on the claim page, so that the mail and the page are of one sender.
    async fn name_of(&self, business: i64, by_people: bool) -> Result<String, Failure> {
        let branding = if by_people { self.store.branding(business).await? } else { None };
        if let Some(shown) = branding.map(|branding| branding.display_name).filter(|name| !name.is_empty()) {
            return Ok(shown);
        }
        Ok(self.store.business(business).await?.context("there is no such business")?.name)
    }

    /// A claim link is computed when it is sent. In other mails it stands only where the business lets links be mailed.
    async fn link_of(&self, row: &MailRow) -> Result<Option<SecretString>, Failure> {
        let mail = &row.mail;
        if mail.sealed.is_some() {
            return self.sealed_link(mail).context("the mail's link cannot be opened").map(Some);
        }
        let Some(book) = mail.book.filter(|_| mail.user > 0) else { return Ok(None) };
        let is_wanted =
            mail.kind == MailKind::ClaimLink || self.choice(book).await?.contains(MailKind::ClaimLink);
        if is_wanted { self.claim_link(book, mail.user).await } else { Ok(None) }
    }
}
