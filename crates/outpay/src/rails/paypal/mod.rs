//! The rail that pays into PayPal and Venmo accounts, by PayPal's payouts: one payout of one item for each payment. Here: its facts and
//! the trait. Beside it, a file per verb: submit.rs, query.rs, stop.rs, notice.rs, funds.rs, own_books.rs, and what they need.
//!
//! Invariant: no payment is made twice. An attempt's key is the payout's `sender_batch_id`, which PayPal pays once within 30 days;
//! nothing is sent again after 29. A payment ends only by what PayPal says of the payout under its own number.

mod account;
mod answers;
mod api;
mod config;
mod diagnose;
mod funds;
mod money;
mod notice;
mod own_books;
mod query;
mod request;
mod stop;
mod submit;
mod tokens;
mod verdict;

pub use config::{PaypalConfig, Wallet};

use super::client::{ClientLimits, RailClient};
use super::kind::{Known, text_of};
use super::locked::Locked;
use super::mounted::{MountParts, Rails};
use super::simulated::Simulated;
use super::{
    Booked, Closed, Diagnosis, Facts, FieldProblem, Finding, Funds, Kind, Notice, NoticeRefused, Outcome,
    Payment, Prepared, Quote, Rail, RailText,
};
use crate::clock::Clock;
use crate::named_secrets;
use crate::store::{Attempt, Failure, Store};
use account::Account;
use api::{Api, ApiError};
use funds::KeptFloat;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::HeaderMap;
use ledger::{BookId, Cents, Micros, Mode, Provider};
use notice::NoticeLimit;
use request::{EmailDestination, Sent};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Bytes.
const LARGEST_ANSWER: usize = 4 << 20;
/// A payment that waits for its recipient is asked about at least so often.
const PATIENCE: Micros = 3_600_000_000;

/// What is true of PayPal payments.
pub const KIND: Kind = Kind {
    provider: Provider::Paypal,
    fixed_names: &[],
    reveals_code: false,
    keeps_books: false,
    reviewed_by_default: true,
    expected_within: 60 * 60 * 1_000_000,
    detail_order: &["order_id", "email"],
    transaction: None,
    public_detail,
    payee: &["email"],
    sample_destination: r#"{"email":"paypal@example.com"}"#,
    sample_paid: public_detail,
    receives: |to, _| RailText::code("receive_wallet").with("email", text_of(to.get("email"))),
    mark: "wallet",
    mount,
};

/// Mounts a rail for each table of the configuration; where its secret is missing, one that is closed. Its simulation needs none.
fn mount(rails: &mut Rails, parts: &MountParts<'_>) {
    for (name, config) in &parts.config.paypal {
        rails.mount(Mode::Test, Arc::new(Simulated::new(Account::new(name, config))));
        match PaypalRail::open(name, config, parts.store.clone(), parts.clock.clone()) {
            Ok(rail) => rails.mount(Mode::Live, Arc::new(rail)),
            Err(failure) => {
                let reason = format!("{failure:#}");
                rails.locked.push(format!("the rail {name} cannot be used: {reason}"));
                rails.mount(Mode::Live, Arc::new(Locked::new(account::facts(name, config), reason)));
            }
        }
    }
}

/// Mounts the simulation alone, for a demo that has no account.
pub fn mount_for_demo(rails: &mut Rails) {
    let table = r#"{ "client_id": "none", "client_secret_env": "NONE" }"#;
    let config: PaypalConfig = serde_json::from_str(table).expect("it has what a table needs");
    rails.mount(Mode::Test, Arc::new(Simulated::new(Account::new("paypal", &config))));
}

/// One PayPal business account.
pub struct PaypalRail {
    facts: Facts,
    config: PaypalConfig,
    api: Api,
    store: Store,
    clock: Clock,
    notices: NoticeLimit,
    float: KeptFloat,
}

impl PaypalRail {
    /// Makes no call: a PayPal that does not answer closes the method and does not stop the server.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn new(
        name: &str,
        config: PaypalConfig,
        secret: SecretString,
        store: Store,
        clock: Clock,
    ) -> Result<Self, Failure> {
        config.check()?;
        let total = Duration::from_secs(config.timeout_seconds);
        let limits =
            ClientLimits { connect: Duration::from_secs(5).min(total), total, answer: LARGEST_ANSWER };
        let app = (config.client_id.clone(), secret);
        let api = Api::new(RailClient::new(limits)?, config.base()?, app, clock.clone());
        let (facts, notices) = (account::facts(name, &config), NoticeLimit::new(&clock));
        Ok(Self { facts, config, api, store, clock, notices, float: KeptFloat::default() })
    }

    /// The same with the secret that the configuration points to.
    ///
    /// # Errors
    /// When the configuration is wrong or the secret is missing.
    pub fn open(name: &str, config: &PaypalConfig, store: Store, clock: Clock) -> Result<Self, Failure> {
        let secret = named_secrets::require(&config.client_secret_env, &named_secrets::variable)?;
        let secret = SecretString::from(secret.expose_secret().trim());
        Self::new(name, config.clone(), secret, store, clock)
    }
}

impl PaypalRail {
    fn note_refusal(&self, payment: &Payment, answer: &Outcome) {
        if let Outcome::Refused { code, .. } = answer {
            tracing::warn!(
                rail = self.facts.name,
                payment = payment.order_id,
                code,
                "PayPal refused a payment"
            );
        }
    }
}

/// What a webhook says of a payment.
fn public_detail(known: &Known<'_>) -> String {
    known.object(known.text("email", "email"))
}

/// The same of a payment that PayPal has.
fn detail(payment: &Payment) -> String {
    let destination: Option<EmailDestination> = serde_json::from_str(&payment.withdrawal.destination).ok();
    let email = destination.map(|destination| destination.email).unwrap_or_default();
    let (order_id, email) = (Value::from(payment.order_id.as_str()), Value::from(email));
    format!(r#"{{"order_id":{order_id},"email":{email}}}"#)
}

/// PayPal's word for where an accepted payment stands, of the answer that [`verdict::accepted`] has written.
fn state_of(answer: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    answer["state"].as_str().map(str::to_owned)
}

fn down(error: &ApiError) -> Outcome {
    Outcome::down(format!("{error:#}"))
}

fn broken(failure: &Failure) -> Outcome {
    Outcome::unknown(format!("{failure:#}"))
}

impl Rail for PaypalRail {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        account::read_destination(fields)
    }

    fn quote<'a>(&'a self, _: BookId, net: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        self.price(net).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        self.funds().boxed()
    }

    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        self.diagnosis().boxed()
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        let prepared = || {
            if !earlier.is_empty() {
                return Err(Outcome::unknown("a payment has one payout, and this one was made"));
            }
            let key = format!("{}-1", payment.order_id);
            let request = self.request(payment, &key).map_err(|failure| broken(&failure))?;
            Ok(Prepared { key, request: Sent::Payout(request).bytes(), slot: 0 })
        };
        ready(prepared()).boxed()
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        async move {
            let answer = self.submit_attempt(payment, attempt).await;
            let answer = answer.unwrap_or_else(|failure| broken(&failure));
            if let Outcome::Unknown { text, .. } = &answer {
                let (rail, payment) = (&self.facts.name, &payment.order_id);
                tracing::warn!(rail, payment, reason = text, "it is not known what became of a payment");
            }
            self.note_refusal(payment, &answer);
            answer
        }
        .boxed()
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        async move {
            let found = self.query_attempts(payment, attempts).await;
            let found = found.unwrap_or_else(|failure| Finding::Outcome(broken(&failure)));
            if let Finding::Outcome(answer) = &found {
                self.note_refusal(payment, answer);
            }
            found
        }
        .boxed()
    }

    fn prepare_stop<'a>(
        &'a self,
        _: &'a Payment,
        earlier: &'a [Attempt],
    ) -> BoxFuture<'a, Result<Prepared, Failure>> {
        self.prepare_cancel(earlier).boxed()
    }

    fn is_spent<'a>(
        &'a self,
        payment: &'a Payment,
        attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        self.has_ended(payment, attempts).boxed()
    }

    fn waits_for(&self, last: &Attempt) -> Option<RailText> {
        let waits =
            last.answer == "accepted" && state_of(&last.answer_text).as_deref() == Some(verdict::UNCLAIMED);
        waits.then(|| RailText::code("paypal_unclaimed").with("method", self.facts.title.english()))
    }

    fn patience(&self) -> Micros {
        PATIENCE
    }

    fn notice<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>> {
        self.read_notice(headers, body).boxed()
    }

    fn expected_fee(&self, net: Cents) -> Option<Cents> {
        self.config.expected_fee.map(|rule| rule.fee(net))
    }

    fn own_books(&self, period: (Micros, Micros)) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        self.list_books(period).boxed()
    }
}
