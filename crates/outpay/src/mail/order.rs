//! Orders for mails: notices to members, written together with what they tell of; a claim link by hand; what a business
//! chooses; retries. Not here: mails that come from the journal (fan_out.rs).

use super::kind::{Choice, MailKind};
use super::smtp::Sent;
use super::{Mail, config, letter, message};
use crate::auth::seal::Purpose;
use crate::ids::IdKind;
use crate::store::{Failure, MailChoice, MailRow, NewMail, WriteError};
use ledger::{BookId, Micros, UserStatus};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

const TRIES: usize = 20;

/// Why something about mail was not done.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// There is no `[mail]`.
    #[error("There is no [mail] in the configuration, so no mail is sent.")]
    NotConfigured,
    /// No such mail.
    #[error("Mail not found")]
    Unknown,
    /// Only a failed mail can be retried.
    #[error("Only a failed mail can be sent again.")]
    NotFailed,
    /// The person's link opens nothing now.
    #[error("This person is inactive or has expired, so the link opens nothing.")]
    LinkIsDead,
    /// Cannot be written to.
    #[error("This address cannot be written to.")]
    Address,
    /// Others changed it all the time.
    #[error("Busy; nothing was changed. Try again.")]
    Busy,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Something that somebody must know, and that stands in no journal.
pub struct Notice<'a> {
    /// The book, if it is of one.
    pub book: Option<BookId>,
    /// To whom.
    pub to: &'a str,
    /// What.
    pub kind: MailKind,
    /// What it says, without any secret: see letter.rs for the fields of each kind.
    pub data: Value,
    /// A path of ours that only the reader may see, as in `/dashboard/invitation#TOKEN`.
    pub link: Option<SecretString>,
}

impl Mail {
    /// The mail to be written in the transaction of what it tells of; `None` where there is no `[mail]`.
    #[must_use]
    pub fn order(&self, notice: &Notice<'_>) -> Option<NewMail> {
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

    /// Sends a payout user the claim link, whatever the business chose.
    ///
    /// # Errors
    /// [`MailError::NotConfigured`], or the database breaks.
    pub async fn send_claim_link(&self, book: BookId, user: i64) -> Result<(), MailError> {
        if !self.is_configured() {
            return Err(MailError::NotConfigured);
        }
        let found = self.store.user(book, user).await?.ok_or(MailError::Unknown)?.user;
        let has_expired = found.expires_at.is_some_and(|end| end <= self.clock.now());
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

    /// The mails that a book's people get.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn choice(&self, book: BookId) -> Result<Choice, Failure> {
        Ok(self
            .store
            .mail_choice(book)
            .await?
            .map_or_else(Choice::default, |row| Choice::from_bits(row.kinds)))
    }

    /// Sets which mails a book's people get of what happens from now on. What happened before is told as was chosen then.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn choose(&self, book: BookId, choice: Choice) -> Result<(), MailError> {
        if !self.is_configured() {
            return Err(MailError::NotConfigured);
        }
        for _ in 0..TRIES {
            self.tell_of(book).await?;
            let written = match self.store.mail_choice(book).await? {
                // While nothing was chosen nothing was looked at.
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

    /// Lets a failed mail be tried again.
    ///
    /// # Errors
    /// [`MailError`].
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

    /// The same for all that failed at `since` or after; says how many.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn retry_failed(&self, since: Micros) -> Result<u64, Failure> {
        let retried = self.store.retry_failed_mails(since, self.store.now().await?).await?;
        self.nudge();
        Ok(retried)
    }

    /// Sends a mail at once, without a row, to see whether mail works.
    ///
    /// # Errors
    /// [`MailError`]; what the server said is in the answer.
    pub async fn send_test(&self, to: &str) -> Result<Sent, MailError> {
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

/// A sealed link opens only in a mail of its kind to its reader.
pub(super) fn sealed_beside(kind: MailKind, to: &str) -> Vec<u8> {
    format!("mail {} {to}", kind.word()).into_bytes()
}

impl Mail {
    /// The link of a mail, opened.
    pub(super) fn sealed_link(&self, mail: &NewMail) -> Option<SecretString> {
        let sealed = mail.sealed.as_deref()?;
        let path =
            self.secrets.seals().open(Purpose::Mail, &sealed_beside(mail.kind, &mail.recipient), sealed)?;
        self.link(path.expose_secret())
    }

    /// The claim link of a payout user, as the hash is now.
    pub(super) async fn claim_link(&self, book: BookId, user: i64) -> Result<Option<SecretString>, Failure> {
        let Some(salt) = self.store.hash_salt(book, user).await? else { return Ok(None) };
        let hash = self.secrets.payout_hash(book, user, &salt);
        Ok(self.link(&format!("/p#{}", hash.expose_secret())))
    }

    fn link(&self, path: &str) -> Option<SecretString> {
        let base = self.public_url.as_deref()?;
        Some(SecretString::from(format!("{base}{path}")))
    }
}
