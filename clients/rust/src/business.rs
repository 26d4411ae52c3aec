//! A business's client: a method per operation of the API, under its name there. Not here: webhooks and their deliveries
//! (webhook_endpoints.rs).

use crate::call::Call;
use crate::door::{Door, Options};
use crate::error::Error;
use crate::list::{List, OperationFilter, PageOptions, Query, UserFilter, WithdrawalFilter};
use crate::schema::{
    AdvanceBody, ApiKey, ApiKeys, AuditEntry, Balances, BatchAnswer, BatchAnswerBody, BatchBody, CreateBody,
    DebitBody, DissolveBatchBody, Event, Hash, NewKey, NewKeyBody, Operation, PauseAnswer, PauseBody, Pauses,
    PaymentBatch, PaymentBatchAnswer, PaymentBatchBody, PaymentBatchFile, Proposal, Proposals, RejectBody,
    ResumeAnswer, RollKeyBody, Settings, SettleBody, TestClock, TransferBody, User, Withdrawal,
};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A client with a secret key; cheap to clone.
#[derive(Clone, Debug)]
pub struct Outpay {
    pub(crate) door: Arc<Door>,
}

/// What takes two people where the settings say so.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant, reason = "made once for each call; a box would be in the caller's way")]
pub enum Decided<T> {
    /// It is done.
    Done(T),
    /// It is proposed to a second person; nothing was done yet.
    Proposed(Proposal),
}

impl Outpay {
    /// # Errors
    /// [`Error::Call`] if the key or the address cannot be one.
    pub fn new(secret_key: &str, base_url: &str) -> Result<Self, Error> {
        Self::with_options(secret_key, base_url, Options::default())
    }

    /// # Errors
    /// [`Error::Call`] if the key, the address or an option cannot be one.
    pub fn with_options(secret_key: &str, base_url: &str, options: Options) -> Result<Self, Error> {
        if secret_key.is_empty() {
            return Err(Error::Call("The secret key is empty."));
        }
        let credential = format!("Bearer {secret_key}");
        Ok(Self { door: Door::open(AUTHORIZATION, &credential, base_url, options)? })
    }

    /// Creates a payout user, or adds funds to one. The hash is a secret: it gives access to the money.
    pub fn create_payout(&self, body: &CreateBody) -> Call<Hash> {
        self.post(&["payout", "create"]).json(body)
    }

    /// Up to 10,000 payouts at once. A `reference` is paid at most once, ever.
    pub fn create_payout_batch(&self, body: &BatchBody) -> Call<BatchAnswer> {
        self.post(&["payout", "batch"]).json(body)
    }

    /// Payout users: the people who were paid.
    #[must_use]
    pub fn list_users(&self, filter: UserFilter) -> List<User> {
        let (query, cursor) = filter.query();
        List::new(&self.door, &["payout", "users"], query, cursor)
    }

    /// One user.
    pub fn get_user(&self, id: &str) -> Call<User> {
        self.get(&["payout", "users", id])
    }

    /// A user's balance history.
    #[must_use]
    pub fn list_user_operations(&self, id: &str, filter: OperationFilter) -> List<Operation> {
        let (query, cursor) = filter.query();
        List::new(&self.door, &["payout", "users", id, "operations"], query, cursor)
    }

    /// The hash works again.
    pub fn activate_user(&self, id: &str) -> Call<User> {
        self.post(&["payout", "users", id, "activate"])
    }

    /// The hash stops working; the money stays.
    pub fn deactivate_user(&self, id: &str) -> Call<User> {
        self.post(&["payout", "users", id, "deactivate"])
    }

    /// A new hash; the old one no longer works.
    pub fn rotate_user_hash(&self, id: &str) -> Call<Hash> {
        self.post(&["payout", "users", id, "rotate-hash"])
    }

    /// Takes unspent money back.
    pub fn debit_user(&self, id: &str, body: &DebitBody) -> Call<Decided<User>> {
        self.post(&["payout", "users", id, "debit"]).json(body)
    }

    /// Withdrawals of all users.
    #[must_use]
    pub fn list_withdrawals(&self, filter: WithdrawalFilter) -> List<Withdrawal> {
        let (query, cursor) = filter.query();
        List::new(&self.door, &["payout", "withdrawals"], query, cursor)
    }

    /// One withdrawal.
    pub fn get_withdrawal(&self, id: &str) -> Call<Withdrawal> {
        self.get(&["payout", "withdrawals", id])
    }

    /// Replaces all metadata of a withdrawal.
    pub fn set_withdrawal_metadata(&self, id: &str, metadata: &BTreeMap<String, String>) -> Call<Withdrawal> {
        let body = BTreeMap::from([("metadata", metadata)]);
        Call::new(&self.door, Method::PUT, &["payout", "withdrawals", id, "metadata"]).json(&body)
    }

    /// Lets a withdrawal in review go. Where it takes two people, it is proposed.
    pub fn approve_withdrawal(&self, id: &str) -> Call<Decided<Withdrawal>> {
        self.post(&["payout", "withdrawals", id, "approve"])
    }

    /// Gives the money of a withdrawal in review back to the person.
    pub fn reject_withdrawal(&self, id: &str, body: &RejectBody) -> Call<Withdrawal> {
        self.post(&["payout", "withdrawals", id, "reject"]).json(body)
    }

    /// Says that a person paid it.
    pub fn settle_withdrawal(&self, id: &str, body: &SettleBody) -> Call<Decided<Withdrawal>> {
        self.post(&["payout", "withdrawals", id, "settle"]).json(body)
    }

    /// Payments that people make by hand, in files: of all methods, or of one.
    #[must_use]
    pub fn list_payment_batches(&self, method: Option<&str>, page: PageOptions) -> List<PaymentBatch> {
        let (query, cursor) = page.query(Query::default().with("method", method));
        List::new(&self.door, &["payout", "payment-batches"], query, cursor)
    }

    /// A batch of the payments that wait; the people cannot cancel them any more.
    pub fn create_payment_batch(&self, body: &PaymentBatchBody) -> Call<PaymentBatch> {
        self.post(&["payout", "payment-batches"]).json(body)
    }

    /// One batch with its lines.
    pub fn get_payment_batch(&self, id: &str) -> Call<PaymentBatch> {
        self.get(&["payout", "payment-batches", id])
    }

    /// Lets the file of a batch be had. It takes no idempotency key, and is sent once.
    pub fn approve_payment_batch(&self, id: &str) -> Call<Decided<PaymentBatch>> {
        self.post(&["payout", "payment-batches", id, "approve"]).once()
    }

    /// The file of a batch: the same bytes each time, and each time is counted.
    pub fn get_payment_batch_file(&self, id: &str) -> Call<PaymentBatchFile> {
        self.post(&["payout", "payment-batches", id, "file"]).once()
    }

    /// Says that the file of a batch was not sent. It takes no idempotency key, and is sent once.
    pub fn dissolve_payment_batch(&self, id: &str, body: &DissolveBatchBody) -> Call<Decided<PaymentBatch>> {
        self.post(&["payout", "payment-batches", id, "dissolve"]).once().json(body)
    }

    /// Takes every line of a bank's file, once however often it is brought.
    pub fn answer_payment_batches(&self, body: &BatchAnswerBody) -> Call<PaymentBatchAnswer> {
        self.post(&["payout", "payment-batches", "answers"]).once().json(body)
    }

    /// Stops of payments.
    pub fn list_pauses(&self) -> Call<Pauses> {
        self.get(&["payout", "pauses"])
    }

    /// Stops all payments, those of a method, or those of a user.
    pub fn pause_payouts(&self, body: &PauseBody) -> Call<PauseAnswer> {
        self.post(&["payout", "pause"]).json(body)
    }

    /// Ends a pause.
    pub fn resume_payouts(&self, body: &PauseBody) -> Call<ResumeAnswer> {
        self.post(&["payout", "resume"]).json(body)
    }

    /// What waits for a second person.
    pub fn list_proposals(&self) -> Call<Proposals> {
        self.get(&["payout", "proposals"])
    }

    /// Carries a proposal out. It takes no idempotency key, and is sent once.
    pub fn confirm_proposal(&self, id: &str) -> Call<Proposal> {
        self.post(&["payout", "proposals", id, "confirm"]).once()
    }

    /// Takes a proposal back. It takes no idempotency key, and is sent once.
    pub fn withdraw_proposal(&self, id: &str) -> Call<Proposal> {
        self.post(&["payout", "proposals", id, "withdraw"]).once()
    }

    /// The settings; [`Call::send`] gives their tag too.
    pub fn get_settings(&self) -> Call<Settings> {
        self.get(&["payout", "settings"])
    }

    /// Merges `body`, a [`crate::schema::SettingsBody`] or, to take a limit away with `null`, a `serde_json::json!`.
    pub fn update_settings(&self, body: &(impl Serialize + ?Sized)) -> Call<Decided<Settings>> {
        Call::new(&self.door, Method::PUT, &["payout", "settings"]).json(body)
    }

    /// The clock of test mode.
    pub fn get_test_clock(&self) -> Call<TestClock> {
        self.get(&["test", "clock"])
    }

    /// Moves the clock of test mode forward.
    pub fn advance_test_clock(&self, body: &AdvanceBody) -> Call<TestClock> {
        self.post(&["test", "clock"]).json(body)
    }

    /// The keys of this mode.
    pub fn list_api_keys(&self) -> Call<ApiKeys> {
        self.get(&["payout", "keys"])
    }

    /// A new key, whose text is shown this once. So it takes no idempotency key and is sent once; revoke a key whose answer
    /// was lost.
    pub fn create_api_key(&self, body: &NewKeyBody) -> Call<NewKey> {
        self.post(&["payout", "keys"]).json(body).once()
    }

    /// Replaces a key. Like [`Self::create_api_key`] it is sent once.
    pub fn roll_api_key(&self, id: &str, body: &RollKeyBody) -> Call<NewKey> {
        self.post(&["payout", "keys", id, "roll"]).json(body).once()
    }

    /// Ends a key now. It takes no idempotency key, and is sent once.
    pub fn revoke_api_key(&self, id: &str) -> Call<ApiKey> {
        self.post(&["payout", "keys", id, "revoke"]).once()
    }

    /// Who did what, oldest first.
    #[must_use]
    pub fn export_audit_log(&self, page: PageOptions) -> List<AuditEntry> {
        let (query, cursor) = page.query(Query::default());
        List::new(&self.door, &["payout", "audit-log"], query, cursor)
    }

    /// Everything that happened after the event of this sequence, oldest first; 0 for all.
    #[must_use]
    pub fn list_events(&self, after: u64, page: PageOptions) -> List<Event> {
        let (query, cursor) = page.query(Query::default().with("after", Some(after)));
        List::new(&self.door, &["payout", "events"], query, cursor)
    }

    /// The business's own money.
    pub fn get_balance(&self) -> Call<Balances> {
        self.get(&["balance"])
    }

    /// Moves money between the two balances.
    pub fn transfer_balance(&self, body: &TransferBody) -> Call<Balances> {
        self.post(&["balance", "transfer"]).json(body)
    }

    pub(crate) fn get<T>(&self, path: &[&str]) -> Call<T> {
        Call::new(&self.door, Method::GET, path)
    }

    pub(crate) fn post<T>(&self, path: &[&str]) -> Call<T> {
        Call::new(&self.door, Method::POST, path)
    }
}
