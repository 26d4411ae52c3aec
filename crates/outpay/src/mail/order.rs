//! Ordering mails: notices to members, written in the transaction of the change they report; a claim link on request;
//! a business's choice of kinds; retries. Not here: mails from the journal (fan_out.rs).

use super::smtp::MailSent;
use super::{Mail, config, letter, message};
use crate::auth::seal::Purpose;
use crate::ids::IdKind;
use crate::language::Language;
use crate::mail_kind::{MailKind, MailKinds};
use crate::store::{Failure, MailChoice, MailRow, NewMail, WriteError};
use ledger::{BookId, Micros, UserStatus};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const TRIES: usize = 20;

/// Why an order was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("There is no [mail] in the configuration, so no mail is sent.")]
    NotConfigured,
    #[error("Mail not found")]
    Unknown,
    #[error("Only a failed mail can be sent again.")]
    NotFailed,
    /// The payout user is inactive or has expired, so the claim link does not work.
    #[error("This person is inactive or has expired, so the link opens nothing.")]
    LinkIsDead,
    #[error("This address cannot be written to.")]
    Address,
    /// Concurrent changes kept getting in the way.
    #[error("Busy; nothing was changed. Try again.")]
    Busy,
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A mail to a member about something that is not in a journal.
pub struct MailNotice<'a> {
    /// The book it is about, if any.
    pub book: Option<BookId>,
    pub to: &'a str,
    pub kind: MailKind,
    /// Fields of the text, without secrets: letter.rs says which ones each kind has.
    pub data: Value,
    /// A path on our site that only the reader may see, as in `/dashboard/invitation#TOKEN`.
    pub link: Option<SecretString>,
}

impl Mail {
    /// The row to insert in the transaction of the change it reports; `None` without `[mail]`.
    #[must_use]
    pub fn order(&self, notice: &MailNotice<'_>) -> Option<NewMail> {
        let sealed = notice.link.as_ref().map(|link| {
            let beside = sealed_beside(notice.kind, notice.to);
            self.secrets.seals().seal(Purpose::Mail, &beside, link, &self.entropy)
        });
        self.is_configured().then(|| NewMail {
            book: notice.book,
            kind: notice.kind,
            sequence: None,
            recipient: notice.to.to_owned(),
            user: 0,
            data: notice.data.to_string(),
            sealed,
            at: self.clock.now(),
        })
    }

    /// Sends a payout user the claim link, whatever the business has chosen.
    ///
    /// # Errors
    /// [`MailError::NotConfigured`], [`MailError::Unknown`], [`MailError::LinkIsDead`], or a failure.
    pub async fn send_claim_link(&self, book: BookId, user: i64) -> Result<(), MailError> {
        if !self.is_configured() {
            return Err(MailError::NotConfigured);
        }
        let found = self.store.user(book, user).await?.ok_or(MailError::Unknown)?.user;
        let of_book = self.clock.now().saturating_add(self.store.clock_ahead(book).await?);
        let has_expired = found.expires_at.is_some_and(|end| end <= of_book);
        if found.status == UserStatus::Inactive || has_expired {
            return Err(MailError::LinkIsDead);
        }
        let mail = NewMail {
            book: Some(book),
            kind: MailKind::ClaimLink,
            sequence: None,
            recipient: found.email.to_string(),
            user,
            data: json!({ "balance": found.balance.0, "again": true }).to_string(),
            sealed: None,
            at: self.clock.now(),
        };
        self.store.order_mail(&mail).await.map_err(anyhow::Error::from)?;
        self.nudge();
        Ok(())
    }

    /// The kinds of mail that a book's payout users get.
    pub async fn choice(&self, book: BookId) -> Result<MailKinds, Failure> {
        Ok(self
            .store
            .mail_choice(book)
            .await?
            .map_or_else(MailKinds::default, |row| MailKinds::from_bits(row.kinds)))
    }

    /// Sets which mails a book's payout users get from now on. Earlier events are mailed by the earlier choice.
    pub async fn choose(&self, book: BookId, choice: MailKinds) -> Result<(), MailError> {
        if !self.is_configured() {
            return Err(MailError::NotConfigured);
        }
        for _ in 0..TRIES {
            self.tell_of(book).await?;
            let written = match self.store.mail_choice(book).await? {
                // A cursor does not advance while no kind is chosen: skip the entries of that time.
                Some(old) => {
                    let last = self.store.last_sequence(book).await?;
                    let cursor = if old.kinds == 0 { last } else { old.cursor };
                    self.store.change_mail_choice(old, choice.bits(), cursor).await
                }
                None => {
                    let cursor = self.store.last_sequence(book).await?;
                    let new = MailChoice { book, kinds: choice.bits(), cursor, revision: 1 };
                    self.store.create_mail_choice(new).await
                }
            };
            match written {
                Ok(()) => return Ok(()),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Failure(failure)) => return Err(failure.into()),
            }
        }
        Err(MailError::Busy)
    }

    /// Makes a failed mail due again.
    pub async fn retry(&self, id: &str) -> Result<MailRow, MailError> {
        let number = self.secrets.ids().open(IdKind::Mail, BookId(0), id).ok_or(MailError::Unknown)?;
        let before = self.store.mail(number).await?.ok_or(MailError::Unknown)?;
        match self.store.retry_mail(number, self.store.now().await?).await {
            Ok(()) => self.nudge(),
            Err(WriteError::Conflict) => return Err(MailError::NotFailed),
            Err(WriteError::Failure(failure)) => return Err(failure.into()),
        }
        Ok(self.store.mail(number).await?.unwrap_or(before))
    }

    /// Makes all mails due again that failed at `since` or later; returns how many.
    pub async fn retry_failed(&self, since: Micros) -> Result<u64, Failure> {
        let retried = self.store.retry_failed_mails(since, self.store.now().await?).await?;
        self.nudge();
        Ok(retried)
    }

    /// Sends a test mail at once, without a row. The server's reply is in the result.
    pub async fn send_test(&self, to: &str) -> Result<MailSent, MailError> {
        let Some((server, sender)) = self.open() else {
            self.check()?;
            return Err(MailError::NotConfigured);
        };
        let address = config::address(to).map_err(|_| MailError::Address)?;
        let mut random = [0u8; 16];
        self.entropy.fill(&mut random);
        let id = format!("test_{}", data_encoding::HEXLOWER.encode(&random));
        let envelope = message::Envelope { id: &id, to: &address, name: None, at: self.clock.now() };
        let bytes = message::build(sender, &envelope, &letter::test())?;
        Ok(server.send(&sender.from.email, &address, &bytes).await)
    }
}

/// Associated data of a sealed link: it opens only in a mail of the same kind to the same address.
pub fn sealed_beside(kind: MailKind, to: &str) -> Vec<u8> {
    format!("mail {} {to}", kind.word()).into_bytes()
}

impl Mail {
    /// Opens the sealed link of a mail.
    pub(super) fn sealed_link(&self, mail: &NewMail) -> Option<SecretString> {
        let sealed = mail.sealed.as_deref()?;
        let path =
            self.secrets.seals().open(Purpose::Mail, &sealed_beside(mail.kind, &mail.recipient), sealed)?;
        self.link(path.expose_secret())
    }

    /// The claim link of a payout user, computed from the current hash. It opens the page in the mail's language, where that is known.
    pub(super) async fn claim_link(
        &self,
        book: BookId,
        user: i64,
        language: Option<Language>,
    ) -> Result<Option<SecretString>, Failure> {
        let Some(basis) = self.store.hash_basis(book, user).await? else { return Ok(None) };
        let hash = self.secrets.payout_hash(book, user, &basis)?;
        let query = language.map(|language| format!("?lang={}", language.tag())).unwrap_or_default();
        Ok(self.link(&format!("/p{query}#{}", hash.expose_secret())))
    }

    fn link(&self, path: &str) -> Option<SecretString> {
        let base = self.public_url.as_deref()?;
        Some(SecretString::from(format!("{base}{path}")))
    }
}
