//! A recipient's client: what the holder of a payout hash can do.

use crate::call::Call;
use crate::door::{Door, Options};
use crate::error::Error;
use crate::list::{List, PageOptions, Query};
use crate::schema::{Methods, Operation, OperationDetail, Quote, RevealedCard, Statement, WithdrawBody};
use reqwest::Method;
use reqwest::header::HeaderName;
use std::sync::Arc;

/// A client with a payout hash; cheap to clone.
#[derive(Clone, Debug)]
pub struct OutpayRecipient {
    door: Arc<Door>,
}

impl OutpayRecipient {
    /// # Errors
    /// [`Error::Call`] if the hash or the address cannot be one.
    pub fn new(payout_hash: &str, base_url: &str) -> Result<Self, Error> {
        Self::with_options(payout_hash, base_url, Options::default())
    }

    /// # Errors
    /// [`Error::Call`] if the hash, the address or an option cannot be one.
    pub fn with_options(payout_hash: &str, base_url: &str, options: Options) -> Result<Self, Error> {
        if payout_hash.is_empty() {
            return Err(Error::Call("The payout hash is empty."));
        }
        let name = HeaderName::from_static("x-payout-hash");
        Ok(Self { door: Door::open(name, payout_hash, base_url, options)? })
    }

    /// The balance, with the first page of the history.
    pub fn get_statement(&self) -> Call<Statement> {
        Call::new(&self.door, Method::GET, &["payout", "operations"])
    }

    /// The history, newest first.
    #[must_use]
    pub fn list_operations(&self, page: PageOptions) -> List<Operation> {
        let (query, cursor) = page.query(Query::default());
        List::new(&self.door, &["payout", "operations"], query, cursor)
    }

    /// One operation.
    pub fn get_operation(&self, id: &str) -> Call<OperationDetail> {
        Call::new(&self.door, Method::GET, &["payout", "operations", id])
    }

    /// The ways out: fees, limits, and why one is closed.
    pub fn list_methods(&self) -> Call<Methods> {
        Call::new(&self.door, Method::GET, &["payout", "methods"])
    }

    /// The price of a withdrawal.
    pub fn quote_withdrawal(&self, body: &WithdrawBody) -> Call<Quote> {
        Call::new(&self.door, Method::POST, &["payout", "quote"]).json(body)
    }

    /// Asks for a withdrawal; its money is held from now on.
    pub fn create_withdrawal(&self, body: &WithdrawBody) -> Call<Operation> {
        Call::new(&self.door, Method::POST, &["payout", "withdraw"]).json(body)
    }

    /// Cancels a withdrawal of which nothing was sent yet.
    pub fn cancel_operation(&self, id: &str) -> Call<OperationDetail> {
        Call::new(&self.door, Method::POST, &["payout", "operations", id, "cancel"])
    }

    /// Shows the code of a delivered gift card. Every reveal is recorded.
    pub fn reveal_gift_card(&self, id: &str) -> Call<RevealedCard> {
        Call::new(&self.door, Method::POST, &["payout", "operations", id, "reveal"])
    }
}
