//! Seals again, with the version in use, what is sealed with another one. It needs no memory of its own: a text says in its first byte
//! which version it is sealed with, so a run that was cut off goes on by looking again.

use crate::auth::seal::{Purpose, header};
use crate::mail::sealed_beside;
use crate::mail_kind::MailKind;
use crate::members::second_factor;
use crate::platform::Platform;
use crate::rails::{gift_card, tremendous};
use crate::store::{EndpointKey, Failure, SealedColumn, SealedText};
use crate::webhooks;
use anyhow::Context;
use ledger::{BookId, Cents};

/// Texts in one transaction.
const BATCH: i64 = 200;
const BEGINNING: (i64, i64) = (i64::MIN, i64::MIN);

/// A run over all sealed texts.
pub struct Resealing {
    column: usize,
    after: (i64, i64),
    /// Texts sealed again so far.
    pub done: u64,
    /// Texts that do not open with any version: they were altered, and stay as they are.
    pub unreadable: u64,
}

impl Default for Resealing {
    fn default() -> Self {
        Self { column: 0, after: BEGINNING, done: 0, unreadable: 0 }
    }
}

impl Resealing {
    /// Looks at all texts once more.
    pub fn again(&mut self) {
        *self = Self { done: self.done, ..Self::default() };
    }

    /// The next batch, durably. `false`: there is nothing left.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn step(&mut self, platform: &Platform) -> Result<bool, Failure> {
        let Some(column) = SealedColumn::ALL.get(self.column) else { return Ok(false) };
        let header = header(platform.secrets.version());
        let texts = platform.store.sealed_otherwise(*column, self.after, header, BATCH).await?;
        let Some(last) = texts.last() else {
            (self.column, self.after) = (self.column + 1, BEGINNING);
            return Ok(true);
        };
        self.after = last.place;
        let mut replaced = Vec::with_capacity(texts.len());
        for text in texts {
            let (purpose, beside) = bound_to(&text)?;
            let again =
                platform.secrets.seals().seal_again(purpose, &beside, &text.sealed, &platform.entropy);
            match again {
                Some(again) => replaced.push((text, again)),
                None => self.unreadable += 1,
            }
        }
        self.done += replaced.len() as u64;
        platform.store.replace_sealed(&replaced).await?;
        Ok(true)
    }
}

/// What a text is for, and the associated data that its room seals it beside.
fn bound_to(text: &SealedText) -> Result<(Purpose, Vec<u8>), Failure> {
    let (first, second) = text.place;
    Ok(match text.column {
        SealedColumn::WebhookKeys | SealedColumn::EarlierWebhookKeys => {
            let key = EndpointKey { book: BookId(first), number: second };
            (Purpose::Webhook, webhooks::endpoint::place(key))
        }
        SealedColumn::GiftCard => {
            let beside = gift_card::bound_to(BookId(first), &text.bound_text, Cents(text.bound));
            (Purpose::GiftCard, beside)
        }
        SealedColumn::RewardLink => {
            let beside = tremendous::link::bound_to(BookId(first), second, &text.bound_text);
            (Purpose::RewardLink, beside)
        }
        SealedColumn::SecondFactor => (Purpose::SecondFactor, second_factor::associated(first)),
        SealedColumn::NewSecondFactor => (Purpose::SecondFactor, second_factor::associated(text.bound)),
        SealedColumn::MailLink => {
            let kind = MailKind::from_code(text.bound).context("a mail of an unknown kind")?;
            (Purpose::Mail, sealed_beside(kind, &text.bound_text))
        }
    })
}
