//! What is read at each scrape: from the database, and the state of teller and rails.

use crate::business;
use crate::commit::State as TellerState;
use crate::platform::Platform;
use crate::store::Failure;
use ledger::{BookId, Mode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::Ordering;

#[derive(Default)]
pub(super) struct Scraped {
    teller_up: Gauge,
    sending: Gauge,
    outcome_unknown: Gauge,
    rails_up: Family<RailLabels, Gauge>,
    left_alone: Family<RailLabels, Counter>,
    balances: Family<BalanceLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RailLabels {
    rail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BalanceLabels {
    business: String,
    mode: &'static str,
    account: String,
}

impl Scraped {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("teller_up", "Whether the teller is at work", self.teller_up.clone());
        let help = "Withdrawals that a rail is at work on";
        registry.register("withdrawals_sending", help, self.sending.clone());
        let help = "Withdrawals of which the rail has not said what it did";
        registry.register("withdrawals_outcome_unknown", help, self.outcome_unknown.clone());
        let help = "Whether a live rail is used; 0 while it is left alone because it does not answer";
        registry.register("rail_up", help, self.rails_up.clone());
        let help = "How often a rail that did not answer was left alone for a while";
        registry.register("rail_left_alone", help, self.left_alone.clone());
        let help = "Balances of each business in cents; those of recipients as one sum";
        registry.register("balance_cents", help, self.balances.clone());
    }

    pub(super) async fn read(&self, platform: &Platform) {
        self.teller_up.set(i64::from(platform.teller.state() == TellerState::Working));
        self.read_rails(platform);
        if let Err(failure) = self.read_database(platform).await {
            tracing::error!(error = format!("{failure:#}"), "the database could not be read for the metrics");
        }
    }

    fn read_rails(&self, platform: &Platform) {
        let now = platform.clock.monotonic();
        for mounted in platform.rails.of(Mode::Live) {
            let labels = RailLabels { rail: mounted.facts().name.clone() };
            let is_up = mounted.left_alone_until(now).is_none();
            self.rails_up.get_or_create(&labels).set(i64::from(is_up));
            let openings = mounted.openings.get();
            self.left_alone.get_or_create(&labels).inner().store(openings, Ordering::Relaxed);
        }
    }

    async fn read_database(&self, platform: &Platform) -> Result<(), Failure> {
        let (sending, unknown) = platform.store.withdrawals_under_way().await?;
        self.sending.set(sending);
        self.outcome_unknown.set(unknown);
        let mut recipients = 0;
        let accounts = platform.store.house_balances().await?;
        for (place, (book, account, balance)) in accounts.iter().enumerate() {
            // The sum of all accounts of a book is 0.
            recipients -= balance.0;
            self.balance(platform, *book, account.to_string()).set(balance.0);
            if accounts.get(place + 1).is_none_or(|next| next.0 != *book) {
                self.balance(platform, *book, "recipients".to_owned()).set(recipients);
                recipients = 0;
            }
        }
        Ok(())
    }

    fn balance(&self, platform: &Platform, book: BookId, account: String) -> Gauge {
        let business = business::id(platform, book.business());
        let mode = book.mode().word();
        self.balances.get_or_create(&BalanceLabels { business, mode, account }).clone()
    }
}
