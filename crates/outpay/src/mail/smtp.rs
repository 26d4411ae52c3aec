//! One exchange with the mail server, with a time for each of its steps. Nothing else in the house speaks SMTP. Not here: what
//! is sent (message.rs), what becomes of an answer (worker.rs). Invariants: nothing is said in clear where TLS is configured;
//! a password is in no answer and no log.

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use std::time::Duration;

/// Counted in characters; what is kept of an answer.
const LONGEST_ANSWER: usize = 300;
/// Steps before the mail itself: connect, STARTTLS, AUTH, MAIL, RCPT, DATA; and one for QUIT.
const STEPS: u64 = 7;

/// How long the server may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For each step.
    pub step: Duration,
    /// To take the mail.
    pub content: Duration,
}

const STEP_SECONDS: u64 = 20;
const CONTENT_SECONDS: u64 = 90;
/// The longest that an exchange can last with the usual times.
pub(super) const LONGEST_SECONDS: u64 = STEPS * STEP_SECONDS + CONTENT_SECONDS;

impl Default for Times {
    fn default() -> Self {
        Self { step: Duration::from_secs(STEP_SECONDS), content: Duration::from_secs(CONTENT_SECONDS) }
    }
}

/// The mail server that takes mails from us.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_implicit: bool,
    pub(super) tls: Option<TlsParameters>,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: String,
    pub(super) times: Times,
}

/// What the server made of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It has it.
    Accepted(String),
    /// It will never take it.
    Refused(String),
    /// It did not take it, or did not say so; it may later.
    NotNow(String),
}

impl Server {
    /// Hands over one mail to one recipient.
    pub(super) async fn send(&self, from: &Address, to: &Address, mail: &[u8]) -> Sent {
        // Up to here it is the server that does not want us, which is the operator's to mend; no mail is at fault.
        let mut connection = match self.greet(from).await {
            Ok(connection) => connection,
            Err(answer) => return Sent::NotNow(answer),
        };
        let sent = self.hand_over(&mut connection, to, mail).await;
        // Whatever it says to that, the mail is where it is.
        let goodbye = async {
            match &sent {
                Sent::Accepted(_) => drop(connection.quit().await),
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

    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, to: &Address, mail: &[u8]) -> Sent {
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
                Sent::Accepted(cleaned(&format!("{} {}", response.code(), text.join(" "))))
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

fn judged(ended: Timed, name: &str) -> Result<Response, Sent> {
    match ended {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) if error.is_permanent() => Err(Sent::Refused(cleaned(&format!("{name}: {error}")))),
        Ok(Err(error)) => Err(Sent::NotNow(cleaned(&format!("{name}: {error}")))),
        Err(_) => Err(Sent::NotNow(format!("{name}: no answer in time"))),
    }
}

/// An answer is a stranger's text: one line, not too long, nothing that steers a terminal.
fn cleaned(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(printable).take(LONGEST_ANSWER).collect()
}
