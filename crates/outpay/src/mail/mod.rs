//! Outgoing mail: to payout users what a business chose, to members of its team what they must know.
//!
//! A mail is a row. It is written in the transaction of what it tells of (order.rs), or made from journal entries behind a
//! cursor, once each (fan_out.rs); a worker leases those that are due, writes them out (letter.rs, message.rs), hands them to
//! the mail server (smtp.rs) and writes down what that answered (worker.rs). Not here: SQL (store/mail*.rs), who may ask (cli/,
//! dashboard/). Invariants: without `[mail]` in the configuration no mail is made; no row and no log holds a hash or a token
//! in clear; a mail that is sent again has the Message-ID that it had.

mod config;
mod fan_out;
mod kind;
mod letter;
mod measures;
mod message;
mod order;
mod schedule;
mod smtp;
mod worker;

pub use config::{Encryption, MailConfig};
pub use kind::{Choice, MailKind};
pub use measures::Measures;
pub use order::{MailError, Notice};
pub use smtp::{Sent, Times};
pub use worker::{LONGEST_STEPS, Worker};

use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::ids::IdKind;
use crate::store::{Failure, Store};
use config::Sender;
use ledger::BookId;
use smtp::Server;
use std::sync::Arc;
use tokio::sync::Notify;

/// What all of mail shares; cheap to clone. Holds no handle to the teller, so that a process can end.
#[derive(Clone)]
pub struct Mail {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    entropy: Entropy,
    post: Post,
    public_url: Option<Arc<str>>,
    measures: Arc<Measures>,
    nudge: Arc<Notify>,
}

/// What the configuration came to.
#[derive(Clone)]
enum Post {
    /// There is no `[mail]`.
    None,
    /// It cannot be used by this process, for this reason. A server does not start with it; orders are taken.
    Locked(Arc<str>),
    /// It can be used.
    Open(Arc<(Server, Sender)>),
}

impl Mail {
    /// As configured; secrets come from the environment.
    #[must_use]
    pub fn new(
        config: Option<&MailConfig>,
        public_url: Option<Arc<str>>,
        store: Store,
        secrets: Arc<Secrets>,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let post = match config.map(|config| config.load(&|name| std::env::var(name).ok())) {
            None => Post::None,
            Some(Ok(open)) => Post::Open(Arc::new(open)),
            Some(Err(failure)) => Post::Locked(format!("{failure:#}").into()),
        };
        let (measures, nudge) = Default::default();
        Self { store, secrets, clock, entropy, post, public_url, measures, nudge }
    }

    /// The same with other patience.
    #[must_use]
    pub fn with_times(mut self, times: Times) -> Self {
        if let Post::Open(open) = &mut self.post
            && let Some((server, _)) = Arc::get_mut(open)
        {
            server.times = times;
        }
        self
    }

    /// Is there a `[mail]`?
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !matches!(self.post, Post::None)
    }

    /// Can this process send what is ordered, if mail is configured?
    ///
    /// # Errors
    /// What is missing, for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.post {
            Post::None => Ok(()),
            Post::Locked(reason) => anyhow::bail!("mail cannot be used: {reason}"),
            Post::Open(_) => {
                anyhow::ensure!(
                    self.public_url.is_some(),
                    "mail cannot be used: `public_url` or --public-url must say where people reach this server"
                );
                Ok(())
            }
        }
    }

    /// What is counted.
    #[must_use]
    pub fn measures(&self) -> &Arc<Measures> {
        &self.measures
    }

    /// Makes this process's worker look now. It may be lost; the worker looks by itself soon.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// The public id of a mail.
    #[must_use]
    pub fn id(&self, number: i64) -> String {
        self.secrets.ids().seal(IdKind::Mail, BookId(0), number)
    }

    fn open(&self) -> Option<&(Server, Sender)> {
        match &self.post {
            Post::Open(open) => Some(open),
            Post::None | Post::Locked(_) => None,
        }
    }
}
