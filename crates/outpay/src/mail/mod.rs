//! Outgoing mail: to payout users, the kinds that their business chose; to members, security notices and links.
//!
//! A mail is a row. It is written in the transaction of the change it reports (order.rs), or created from journal
//! entries behind a cursor, once each (fan_out.rs). A worker leases due mails, renders them (letter.rs, to_recipient.rs, message.rs),
//! hands them to the mail server (smtp.rs) and records the reply (worker.rs). Not here: SQL (store/mail*.rs),
//! permissions (cli/, dashboard/). Invariants: without `[mail]` in the configuration no mail is created; no row and
//! no log holds a hash or a token in clear; every retry of a mail carries the same Message-ID.

mod config;
mod fan_out;
mod letter;
mod measures;
mod message;
mod order;
mod schedule;
mod smtp;
mod to_recipient;
mod worker;

pub use config::{Encryption, MailConfig};
pub use measures::MailMeasures;
pub use order::{MailError, MailNotice, sealed_beside};
pub use smtp::{MailSent, Times};
pub use worker::{LONGEST_STEPS, MailWorker};

use crate::auth::Secrets;
use crate::background::Nudge;
use crate::clock::{Clock, Entropy};
use crate::ids::IdKind;
use crate::named_secrets;
use crate::store::{Failure, Store};
use config::Sender;
use ledger::BookId;
use smtp::SmtpServer;
use std::sync::Arc;

/// The shared state of mail; cheap to clone. Holds no handle to the teller, which would keep the process from ending.
#[derive(Clone)]
pub struct Mail {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    entropy: Entropy,
    post: MailParts,
    public_url: Option<Arc<str>>,
    measures: Arc<MailMeasures>,
    nudge: Nudge,
}

#[derive(Clone)]
enum MailParts {
    /// No `[mail]` in the configuration.
    None,
    /// The configuration cannot be used, for this reason. A server refuses to start with it; other processes still
    /// accept orders.
    Locked(Arc<str>),
    /// Ready to send.
    Open(Arc<(SmtpServer, Sender)>),
}

impl Mail {
    /// Secrets are read from the environment.
    #[must_use]
    pub fn new(
        config: Option<&MailConfig>,
        public_url: Option<Arc<str>>,
        store: Store,
        secrets: Arc<Secrets>,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let post = match config.map(|config| config.load(&named_secrets::variable)) {
            None => MailParts::None,
            Some(Ok(open)) => MailParts::Open(Arc::new(open)),
            Some(Err(failure)) => MailParts::Locked(format!("{failure:#}").into()),
        };
        let (measures, nudge) = Default::default();
        Self { store, secrets, clock, entropy, post, public_url, measures, nudge }
    }

    /// Replaces the timeouts; for tests.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        if let MailParts::Open(open) = &mut self.post {
            // A clone of its own: others may hold the same parts.
            Arc::make_mut(open).0.times = times;
        }
        self
    }

    #[must_use]
    pub fn is_configured(&self) -> bool {
        !matches!(self.post, MailParts::None)
    }

    /// Checks that a configured mail server can be used, and that links have a public URL to start with.
    ///
    /// # Errors
    /// What is missing, worded for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.post {
            MailParts::None => Ok(()),
            MailParts::Locked(reason) => anyhow::bail!("mail cannot be used: {reason}"),
            MailParts::Open(_) => {
                anyhow::ensure!(
                    self.public_url.is_some(),
                    "mail cannot be used: `public_url` or --public-url must say where people reach this server"
                );
                Ok(())
            }
        }
    }

    #[must_use]
    pub fn measures(&self) -> &Arc<MailMeasures> {
        &self.measures
    }

    /// Wakes this process's worker. A lost wake-up only delays the work until the next poll.
    pub fn nudge(&self) {
        self.nudge.send();
    }

    #[must_use]
    pub fn id(&self, number: i64) -> String {
        self.secrets.ids().seal(IdKind::Mail, BookId(0), number)
    }

    fn open(&self) -> Option<&(SmtpServer, Sender)> {
        match &self.post {
            MailParts::Open(open) => Some(open),
            MailParts::None | MailParts::Locked(_) => None,
        }
    }
}
