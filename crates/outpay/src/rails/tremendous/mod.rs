//! The rail that pays through Tremendous: gift cards, prepaid cards, PayPal, bank transfers. An order holds one reward, which is
//! delivered as a link; the person opens it. Here: its facts and the trait. Beside it, a file per verb: submit.rs, link.rs,
//! notice.rs, books.rs, and what they need.
//!
//! Invariants: a payment has one order, under one `external_id`, which the provider makes once. Paid is only an order that was
//! executed and whose link is kept here, sealed. Not paid is only an order that was never charged or whose price was refunded.

mod api;
mod books;
mod catalogue;
mod config;
mod decimal;
mod destination;
mod detail;
mod diagnose;
mod funds;
mod kept;
pub mod link;
mod notice;
mod order;
mod simulated;
mod submit;

pub use config::{TremendousAccess, TremendousConfig};

use super::client::{ClientLimits, RailClient};
use super::kind::text_of;
use super::locked::Locked;
use super::mounted::{MountParts, Rails};
use super::simulated::Simulated;
use super::{
    Booked, Closed, Diagnosis, Facts, FieldProblem, Finding, Funds, Kind, Notice, NoticeRefused, Outcome,
    Payment, Prepared, Quote, Rail, RailText, Revealed,
};
use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::named_secrets;
use crate::store::{Attempt, Failure, Store};
use api::TremendousApi;
use catalogue::Catalogue;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use kept::KeptAnswer;
use ledger::{BookId, Cents, Micros, Mode, Provider, Withdrawal};
use secrecy::SecretString;
use serde_json::{Map, Value};
use simulated::TestRewards;
use std::sync::Arc;
use std::time::Duration;

/// Characters of a product's name.
const LONGEST_PRODUCT: usize = 120;
/// Bytes; the catalogue of all countries is the largest answer.
const LARGEST_ANSWER: usize = 32 << 20;
const MINUTE: Micros = 60_000_000;
/// The catalogue: asked for again after, used up to.
const CATALOGUE_AGES: (Micros, Micros) = (60 * MINUTE, 24 * 60 * MINUTE);
/// What the funding source holds: only for display, since the provider refuses an order that it does not cover.
const FUNDS_AGES: (Micros, Micros) = (MINUTE / 4, MINUTE);

/// What is true of Tremendous.
pub const KIND: Kind = Kind {
    provider: Provider::Tremendous,
    fixed_names: &[],
    reviewed_by_default: false,
    expected_within: 60 * 60 * 1_000_000,
    reveals_code: true,
    keeps_books: false,
    detail_order: detail::ORDER,
    transaction: Some("reward_id"),
    public_detail: detail::known,
    payee: &["email"],
    sample_destination: r#"{"product":"PayPal International","name":"Ann Doe","email":"ann@example.com"}"#,
    sample_paid: detail::sample,
    receives: |to, _| RailText::code("receive_reward").with("product", text_of(to.get("product"))),
    mark: "ticket",
    mount,
};

/// Mounts a rail for each table of the configuration; where its secrets are missing, one that is closed. Its simulation needs none.
fn mount(rails: &mut Rails, parts: &MountParts<'_>) {
    for (name, config) in &parts.config.tremendous {
        rails.mount(Mode::Test, Arc::new(Simulated::new(TestRewards::new(name, config))));
        let access = TremendousAccess::load(config, &named_secrets::variable);
        let parts = RewardParts {
            store: parts.store.clone(),
            secrets: Arc::clone(parts.secrets),
            clock: parts.clock.clone(),
            entropy: Entropy::System,
        };
        let opened = access.and_then(|access| TremendousRail::new(name, config.clone(), access, parts));
        match opened {
            Ok(rail) => rails.mount(Mode::Live, Arc::new(rail)),
            Err(failure) => {
                let reason = format!("{failure:#}");
                rails.locked.push(format!("the rail {name} cannot be used: {reason}"));
                rails.mount(Mode::Live, Arc::new(Locked::new(facts(name, config), reason)));
            }
        }
    }
}

/// What a rail needs of the platform.
pub struct RewardParts {
    /// The database, for links.
    pub store: Store,
    /// Keys derived from the master key, for links.
    pub secrets: Arc<Secrets>,
    /// Time.
    pub clock: Clock,
    /// Randomness for sealing.
    pub entropy: Entropy,
}

/// One funding source at Tremendous.
pub struct TremendousRail {
    facts: Facts,
    config: TremendousConfig,
    api: TremendousApi,
    webhook_key: Option<SecretString>,
    products: KeptAnswer<Catalogue>,
    funds: KeptAnswer<Option<Cents>>,
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    entropy: Entropy,
}

impl TremendousRail {
    /// Makes no call: a provider that does not answer closes the method and does not stop the server.
    ///
    /// # Errors
    /// When the configuration is wrong.
    pub fn new(
        name: &str,
        config: TremendousConfig,
        access: TremendousAccess,
        parts: RewardParts,
    ) -> Result<Self, Failure> {
        config.check()?;
        let total = Duration::from_secs(config.timeout_seconds);
        let client = RailClient::new(ClientLimits {
            connect: Duration::from_secs(5).min(total),
            total,
            answer: LARGEST_ANSWER,
        })?;
        let RewardParts { store, secrets, clock, entropy } = parts;
        Ok(Self {
            facts: facts(name, &config),
            api: TremendousApi::new(client, &config.base()?, &access.api_key)?,
            config,
            webhook_key: access.webhook_key,
            products: KeptAnswer::new("catalogue", CATALOGUE_AGES, clock.clone()),
            funds: KeptAnswer::new("funds", FUNDS_AGES, clock.clone()),
            store,
            secrets,
            clock,
            entropy,
        })
    }
}

fn facts(name: &str, config: &TremendousConfig) -> Facts {
    Facts {
        name: name.to_owned(),
        provider: Provider::Tremendous,
        title: RailText::configured(&config.title),
        expected_time: RailText::configured(&config.expected_time),
        fields: destination::fields(),
        line: None,
    }
}

impl Rail for TremendousRail {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        destination::read(fields)
    }

    fn quote<'a>(
        &'a self,
        _: BookId,
        net: Cents,
        destination: &'a str,
    ) -> BoxFuture<'a, Result<Quote, Closed>> {
        Box::pin(self.quote_of(net, destination))
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        Box::pin(self.funds_and_choices())
    }

    fn diagnose(&self) -> BoxFuture<'_, Diagnosis> {
        Box::pin(self.diagnosis())
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        _slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        Box::pin(self.prepare_order(payment, earlier))
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        Box::pin(self.submit_order(payment, attempt))
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        Box::pin(self.query_orders(payment, attempts))
    }

    fn reveal<'a>(
        &'a self,
        book: BookId,
        withdrawal: &'a Withdrawal,
    ) -> BoxFuture<'a, Result<Option<Revealed>, Failure>> {
        Box::pin(self.revealed(book, withdrawal))
    }

    fn is_spent<'a>(
        &'a self,
        payment: &'a Payment,
        attempts: &'a [Attempt],
    ) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(self.are_spent(payment, attempts))
    }

    fn notice<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>> {
        Box::pin(self.read_notice(headers, body))
    }

    fn own_books(&self, period: (Micros, Micros)) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        Box::pin(async move { self.booked(period).await.map(Some) })
    }
}
