//! The `[mail]` section of the configuration, and loading its password from the environment. Not here: reading the
//! file (config.rs), the SMTP exchange (smtp.rs).

use super::smtp::{SmtpServer, Times};
use crate::named_secrets;
use crate::store::Failure;
use anyhow::{Context, ensure};
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// `[mail]` of `outpay.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The SMTP server that relays our mail.
    pub host: String,
    /// Default: 587, or 465 with implicit TLS.
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Encryption,
    /// A PEM certificate to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// User name for SMTP AUTH; without it, no authentication.
    pub username: Option<String>,
    /// Name of the environment variable that holds the password; with `_FILE` behind it, of one that holds the path of its file.
    pub password_env: Option<String>,
    /// Sender address, as in `Payouts <payouts@example.com>`.
    pub from: String,
    /// `Reply-To` address; defaults to the sender.
    pub reply_to: Option<String>,
}

/// Encryption of the connection to the mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// STARTTLS is required: only EHLO is sent before the upgrade.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Plain text; allowed only for a server on this machine.
    None,
}

impl MailConfig {
    /// Checks everything that can be checked without contacting the server.
    ///
    /// # Errors
    /// The first problem found, worded for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        ensure!(!self.host.trim().is_empty(), "`host` needs the mail server's name");
        ensure!(
            self.tls != Encryption::None || is_this_machine(&self.host),
            "`tls = \"none\"` is only for a server on this machine: localhost, 127.0.0.1 or ::1"
        );
        ensure!(
            self.username.is_some() == self.password_env.is_some(),
            "`username` and `password_env` belong together"
        );
        mailbox("from", &self.from)?;
        self.reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?;
        Ok(())
    }

    /// The port of the mail server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls == Encryption::Implicit { 465 } else { 587 })
    }

    /// Resolves the server and the sender, with the password from `environment`.
    ///
    /// # Errors
    /// A missing or unreadable setting. The error never contains a secret.
    pub(super) fn load(
        &self,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(SmtpServer, Sender), Failure> {
        self.check()?;
        let credentials = match (&self.username, &self.password_env) {
            (Some(username), Some(name)) => {
                let password = named_secrets::require(name, environment)?.expose_secret().to_owned();
                Some(Credentials::new(username.clone(), password))
            }
            _ => None,
        };
        let tls = (self.tls != Encryption::None).then(|| self.tls_parameters()).transpose()?;
        let sender = Sender {
            from: mailbox("from", &self.from)?,
            reply_to: self.reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?,
        };
        let server = SmtpServer {
            host: self.host.clone(),
            port: self.port(),
            is_implicit: self.tls == Encryption::Implicit,
            tls,
            credentials,
            hello: sender.from.email.domain().to_owned(),
            times: Times::default(),
        };
        Ok((server, sender))
    }

    fn tls_parameters(&self) -> Result<TlsParameters, Failure> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.ca_file {
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            builder = builder.add_root_certificate(Certificate::from_pem(&pem)?);
        }
        Ok(builder.build()?)
    }
}

/// The `From` and `Reply-To` of every mail.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
}

fn mailbox(field: &str, text: &str) -> Result<Mailbox, Failure> {
    let mailbox: Option<Mailbox> = text.parse().ok();
    let mailbox =
        mailbox.filter(|mailbox| mailbox.email.to_string().is_ascii() && !text.contains(char::is_control));
    mailbox.with_context(|| format!("`{field}` must be an address, as in Payouts <payouts@example.com>"))
}

/// Parses a recipient's address; only ASCII addresses are supported.
pub(super) fn address(text: &str) -> Result<Address, Failure> {
    let address: Option<Address> = text.parse().ok().filter(|_| text.is_ascii());
    address.context("the recipient's address cannot be written to")
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "host = \"mail.example.com\"\nfrom = \"Payouts <payouts@example.com>\"\n";

    fn parsed(more: &str) -> MailConfig {
        toml::from_str(&format!("{GOOD}{more}")).unwrap()
    }

    #[test]
    fn what_is_wrong_is_named() {
        parsed("").check().unwrap();
        for (more, words) in [
            ("tls = \"none\"", "on this machine"),
            ("username = \"u\"", "belong together"),
            ("reply_to = \"nobody\"", "`reply_to`"),
            ("reply_to = \"a@example.com\\r\\nBcc: b@example.com\"", "`reply_to`"),
        ] {
            let error = parsed(more).check().unwrap_err().to_string();
            assert!(error.contains(words), "{more}: {error}");
        }
        let local = "host = \"127.0.0.1\"\nfrom = \"a@example.com\"\ntls = \"none\"";
        toml::from_str::<MailConfig>(local).unwrap().check().unwrap();
    }

    #[test]
    fn a_missing_password_is_named_by_its_variable() {
        let config = parsed("username = \"u\"\npassword_env = \"MAIL_PASSWORD\"");
        let error = config.load(&|_| None).err().unwrap().to_string();
        assert!(error.contains("MAIL_PASSWORD"), "{error}");
        let (server, _) =
            config.load(&|name| (name == "MAIL_PASSWORD").then(|| "secret".to_owned())).unwrap();
        assert_eq!((server.port, server.hello.as_str()), (587, "example.com"));
        assert_eq!(parsed("tls = \"implicit\"").load(&|_| None).unwrap().0.port, 465);
    }
}
