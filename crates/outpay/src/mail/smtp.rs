//! One SMTP exchange, with a timeout for each step. No other module speaks SMTP. Not here: the mail's bytes
//! (message.rs), what follows from a reply (worker.rs). Invariants: nothing confidential is sent in clear where TLS
//! is configured; no reply and no log contains the password.

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::time::Duration;

/// Characters of a reply that are kept.
const LONGEST_ANSWER: usize = 300;
/// Steps before the content (connect, STARTTLS, AUTH, MAIL, RCPT, DATA), and QUIT.
const STEPS: u64 = 7;

/// Timeouts.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub step: Duration,
    /// For the content, until the server has accepted it.
    pub content: Duration,
}

const STEP_SECONDS: u64 = 20;
const CONTENT_SECONDS: u64 = 90;
/// The longest possible exchange with the default timeouts.
pub(super) const LONGEST_SECONDS: u64 = STEPS * STEP_SECONDS + CONTENT_SECONDS;

impl Default for Times {
    fn default() -> Self {
        Self { step: Duration::from_secs(STEP_SECONDS), content: Duration::from_secs(CONTENT_SECONDS) }
    }
}

/// The configured mail server.
#[derive(Clone)]
pub(super) struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_implicit: bool,
    pub(super) tls: Option<TlsParameters>,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: String,
    pub(super) times: Times,
}

/// The result of handing a mail to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailSent {
    /// Accepted; the server's reply.
    Accepted(String),
    /// Rejected for good (5xx); the server's reply.
    Refused(String),
    /// Rejected for now, or no reply: try again later.
    NotNow(String),
}

impl SmtpServer {
    /// Hands one mail to the server, for one recipient.
    pub(super) async fn send(&self, from: &Address, to: &Address, mail: &[u8]) -> MailSent {
        // An error before RCPT concerns our access to the server, not this mail, so it never fails the mail for good.
        let mut connection = match self.greet(from).await {
            Ok(connection) => connection,
            Err(answer) => return MailSent::NotNow(answer),
        };
        let sent = self.hand_over(&mut connection, to, mail).await;
        // The outcome is decided; the reply to QUIT does not change it.
        let goodbye = async {
            match &sent {
                MailSent::Accepted(_) => drop(connection.quit().await),
                _ => connection.abort().await,
            }
        };
        drop(tokio::time::timeout(self.times.step, goodbye).await);
        sent
    }

    async fn greet(&self, from: &Address) -> Result<AsyncSmtpConnection, String> {
        let hello = ClientId::Domain(self.hello.clone());
        let wrapped = self.tls.clone().filter(|_| self.is_implicit);
        let place = (self.host.as_str(), self.port);
        let connect =
            AsyncSmtpConnection::connect_tokio1(place, Some(self.times.step), &hello, wrapped, None);
        let mut connection = self.step("connecting", connect).await?;
        if let Some(tls) = self.tls.clone().filter(|_| !self.is_implicit) {
            self.step("STARTTLS", connection.starttls(tls, &hello)).await?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.step("AUTH", connection.auth(&mechanisms, credentials)).await?;
        }
        self.step("MAIL", connection.command(Mail::new(Some(from.clone()), Vec::new()))).await?;
        Ok(connection)
    }

    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, to: &Address, mail: &[u8]) -> MailSent {
        let recipient = connection.command(Rcpt::new(to.clone(), Vec::new()));
        if let Err(refused) = judged(tokio::time::timeout(self.times.step, recipient).await, "RCPT") {
            return refused;
        }
        let data = connection.command(Data);
        if let Err(refused) = judged(tokio::time::timeout(self.times.step, data).await, "DATA") {
            return refused;
        }
        match judged(tokio::time::timeout(self.times.content, connection.message(mail)).await, "the mail") {
            Ok(response) => {
                let text: Vec<&str> = response.message().collect();
                MailSent::Accepted(cleaned(&format!("{} {}", response.code(), text.join(" "))))
            }
            Err(refused) => refused,
        }
    }

    async fn step<T>(&self, name: &str, step: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        match tokio::time::timeout(self.times.step, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(cleaned(&format!("{name}: {error}"))),
            Err(_) => Err(format!("{name}: no answer in time")),
        }
    }
}

type Timed = Result<Result<Response, Error>, tokio::time::error::Elapsed>;

fn judged(ended: Timed, name: &str) -> Result<Response, MailSent> {
    match ended {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) if error.is_permanent() => {
            Err(MailSent::Refused(cleaned(&format!("{name}: {error}"))))
        }
        Ok(Err(error)) => Err(MailSent::NotNow(cleaned(&format!("{name}: {error}")))),
        Err(_) => Err(MailSent::NotNow(format!("{name}: no answer in time"))),
    }
}

/// A reply is untrusted text: keep one line of limited length, without control characters that could steer a
/// terminal.
fn cleaned(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(printable).take(LONGEST_ANSWER).collect()
}
