//! An endpoint with its keys unsealed, as the other files here read it. Not here: what an owner does with it (settings.rs,
//! roll.rs). Invariant: token and secret are sealed in the database, and leave this module only to sign, or in the one
//! response to the request that created them.

use super::sign::SigningKeys;
use super::{Schedule, WebhookError, Webhooks};
use crate::auth::seal::Purpose;
use crate::ids::IdKind;
use crate::store::{EndpointKey, Failure, WebhookEndpoint};
use crate::webhook_event::EventSet;
use anyhow::Context;
use ledger::{BookId, Micros};

/// Which endpoint a command means.
#[derive(Clone, Copy, Debug)]
pub enum WhichEndpoint {
    /// The book's primary one, which there may not be yet.
    Primary(BookId),
    /// The one of this number.
    Numbered(EndpointKey),
}

impl WhichEndpoint {
    #[must_use]
    pub fn book(self) -> BookId {
        match self {
            Self::Primary(book) => book,
            Self::Numbered(key) => key.book,
        }
    }

    /// Why nothing can be done where there is none.
    pub(super) fn missing(self) -> WebhookError {
        match self {
            Self::Primary(_) => WebhookError::NoEndpoint,
            Self::Numbered(_) => WebhookError::UnknownEndpoint,
        }
    }
}

impl From<BookId> for WhichEndpoint {
    fn from(book: BookId) -> Self {
        Self::Primary(book)
    }
}

impl From<EndpointKey> for WhichEndpoint {
    fn from(key: EndpointKey) -> Self {
        Self::Numbered(key)
    }
}

/// An endpoint with its keys unsealed. No `Debug`, because of the keys.
pub struct Endpoint {
    pub(super) row: WebhookEndpoint,
    keys: SigningKeys,
    previous: Option<SigningKeys>,
}

impl Endpoint {
    #[must_use]
    pub fn key(&self) -> EndpointKey {
        self.row.key
    }

    /// Is it the one where only one is meant?
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.row.is_primary
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.row.url
    }

    /// The owner's words; empty for none.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.row.description
    }

    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.row.enabled
    }

    /// The events that the receiver subscribes to.
    #[must_use]
    pub fn events(&self) -> EventSet {
        events(&self.row)
    }

    /// How often its deliveries are tried.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule::from_code(self.row.schedule).unwrap_or_default()
    }

    /// When it was switched off because it only failed.
    #[must_use]
    pub fn disabled_at(&self) -> Option<Micros> {
        self.row.disabled_at
    }

    /// The first failed try since the last successful one.
    #[must_use]
    pub fn failing_since(&self) -> Option<Micros> {
        self.row.failing_since
    }

    /// The current token and secret.
    #[must_use]
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// The keys before the last roll, until the overlap ends; deliveries are signed with both.
    #[must_use]
    pub fn previous(&self, now: Micros) -> Option<&SigningKeys> {
        self.previous.as_ref().filter(|_| now < self.row.previous_until)
    }

    /// End of the overlap, if it has not passed.
    #[must_use]
    pub fn overlap_ends_at(&self, now: Micros) -> Option<Micros> {
        self.previous(now).map(|_| self.row.previous_until)
    }

    /// Another one after every change of the owner's.
    #[must_use]
    pub fn tag(&self) -> String {
        tag(&self.row)
    }

    #[must_use]
    pub fn created_at(&self) -> Micros {
        self.row.created_at
    }

    /// Time of the owner's last change.
    #[must_use]
    pub fn changed_at(&self) -> Micros {
        self.row.changed_at
    }

    pub(super) fn open(webhooks: &Webhooks, row: WebhookEndpoint) -> Result<Self, Failure> {
        let open = |sealed: &[u8]| {
            let text = webhooks.secrets.seals().open(Purpose::Webhook, &place(row.key), sealed);
            let keys = text.as_ref().and_then(SigningKeys::from_text);
            keys.context(
                "the keys of a webhook endpoint do not open: they were altered, or moved from another row",
            )
        };
        let keys = open(&row.sealed)?;
        let previous = row.previous.as_deref().map(open).transpose()?;
        Ok(Self { row, keys, previous })
    }
}

pub(super) fn tag(row: &WebhookEndpoint) -> String {
    format!("w{}.{}", row.key.number, row.revision)
}

pub(super) fn events(row: &WebhookEndpoint) -> EventSet {
    EventSet::from_bits(row.events).unwrap_or(EventSet::DEFAULT)
}

/// Associated data that binds sealed keys to their row. Of the first endpoint it is the book alone, as it was sealed when a
/// book could have only one.
#[must_use]
pub fn place(key: EndpointKey) -> Vec<u8> {
    let mut place = key.book.0.to_be_bytes().to_vec();
    if key.number != 1 {
        place.extend(key.number.to_be_bytes());
    }
    place
}

impl Webhooks {
    /// New keys, sealed for this row.
    pub(super) fn sealed_keys(&self, key: EndpointKey) -> Vec<u8> {
        let keys = SigningKeys::generate(&self.entropy);
        self.secrets.seals().seal(Purpose::Webhook, &place(key), &keys.to_text(), &self.entropy)
    }

    pub(super) async fn row(&self, which: WhichEndpoint) -> Result<Option<WebhookEndpoint>, Failure> {
        match which {
            WhichEndpoint::Primary(book) => self.store.primary_webhook_endpoint(book).await,
            WhichEndpoint::Numbered(key) => self.store.webhook_endpoint(key).await,
        }
    }

    /// # Errors
    /// When the database fails, or the keys cannot be unsealed.
    pub async fn endpoint(&self, which: impl Into<WhichEndpoint>) -> Result<Option<Endpoint>, Failure> {
        let row = self.row(which.into()).await?;
        row.map(|row| Endpoint::open(self, row)).transpose()
    }

    /// All endpoints of a book, oldest first.
    ///
    /// # Errors
    /// When the database fails, or the keys cannot be unsealed.
    pub async fn endpoints(&self, book: BookId) -> Result<Vec<Endpoint>, Failure> {
        let rows = self.store.webhook_endpoints(book).await?;
        rows.into_iter().map(|row| Endpoint::open(self, row)).collect()
    }

    /// The public id of an endpoint.
    #[must_use]
    pub fn endpoint_id(&self, key: EndpointKey) -> String {
        self.secrets.ids().seal(IdKind::WebhookEndpoint, key.book, key.number)
    }

    /// The endpoint with this public id, which may have been deleted.
    ///
    /// # Errors
    /// When the id is none of the book's.
    pub fn endpoint_of_id(&self, book: BookId, id: &str) -> Result<EndpointKey, WebhookError> {
        let number = self.secrets.ids().open(IdKind::WebhookEndpoint, book, id);
        number.map(|number| EndpointKey { book, number }).ok_or(WebhookError::UnknownEndpoint)
    }
}
