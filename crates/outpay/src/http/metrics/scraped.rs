//! What is read at each scrape: from the database, and the state of teller and rails.

use crate::business;
use crate::commit::State as TellerState;
use crate::platform::Platform;
use crate::rails::FundsAlarm;
use crate::store::{Failure, MismatchKind};
use ledger::{BookId, Cents, Mode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::Ordering;

/// Rows of a book that are counted as missing in the search index.
const MOST_BEHIND: i64 = 100_000;

#[derive(Default)]
pub(super) struct Scraped {
    teller_up: Gauge,
    sending: Gauge,
    outcome_unknown: Gauge,
    rails_up: Family<RailLabels, Gauge>,
    left_alone: Family<RailLabels, Counter>,
    ceiling_reached: Family<RailLabels, Gauge>,
    ceiling_room: Family<RailLabels, Gauge>,
    funds: Family<MarkLabels, Gauge>,
    funds_alarm: Family<RailLabels, Gauge>,
    balances: Family<BalanceLabels, Gauge>,
    mismatches: Family<MismatchLabels, Gauge>,
    alarms: Family<RailLabels, Gauge>,
    reconciled: Family<RailLabels, Gauge>,
    unread: Family<RailLabels, Gauge>,
    search_behind: Family<SearchLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SearchLabels {
    /// What is searched: `people`, `withdrawals`, …
    of: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MismatchLabels {
    rail: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RailLabels {
    rail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MarkLabels {
    rail: String,
    /// `available`, or a mark: `most`, `least`.
    of: &'static str,
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
        let help = "Whether payments of this process wait for room below a rail's ceiling";
        registry.register("rail_ceiling_reached", help, self.ceiling_reached.clone());
        let help = "Cents that can still leave by a rail below its ceiling";
        registry.register("rail_ceiling_room_cents", help, self.ceiling_room.clone());
        let help = "What a rail holds, and the marks between which the operator wants it";
        registry.register("rail_funds_cents", help, self.funds.clone());
        let help = "1 while a rail holds more than the operator wants, -1 while it holds less, else 0";
        registry.register("rail_funds_alarm", help, self.funds_alarm.clone());
        let help = "Balances of each business in cents; those of recipients as one sum";
        registry.register("balance_cents", help, self.balances.clone());
        let help = "Open differences between a rail's own books and ours, by kind";
        registry.register("reconciliation_mismatches", help, self.mismatches.clone());
        let help = "Those of them by which more has left, or may leave, than our books say";
        registry.register("reconciliation_alarms", help, self.alarms.clone());
        let help = "Whether a rail's own books could not be read when that was tried last";
        registry.register("reconciliation_failing", help, self.unread.clone());
        let help = "Until when a rail's own books were compared with ours, in seconds since 1970";
        registry.register("reconciliation_compared_until_seconds", help, self.reconciled.clone());
        let help = "Rows that the dashboard's search does not find yet, at most 100000 of each book";
        registry.register("search_rows_behind", help, self.search_behind.clone());
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
            let mark = |of, cents: Option<Cents>| {
                if let Some(cents) = cents {
                    let labels = MarkLabels { rail: labels.rail.clone(), of };
                    self.funds.get_or_create(&labels).set(cents.0);
                }
            };
            let (available, alarm) = mounted.funds();
            let alarm = match alarm {
                Some(FundsAlarm::TooMuch) => 1,
                Some(FundsAlarm::TooLittle) => -1,
                None => 0,
            };
            self.funds_alarm.get_or_create(&labels).set(alarm);
            mark("available", available);
            mark("most", mounted.limits.most_funds);
            mark("least", mounted.limits.least_funds);
            self.ceiling_reached.get_or_create(&labels).set(i64::from(mounted.is_full()));
            let openings = mounted.openings.get();
            self.left_alone.get_or_create(&labels).inner().store(openings, Ordering::Relaxed);
        }
    }

    async fn read_database(&self, platform: &Platform) -> Result<(), Failure> {
        self.read_ceilings(platform).await?;
        let (sending, unknown) = platform.store.withdrawals_under_way().await?;
        self.sending.set(sending);
        self.outcome_unknown.set(unknown);
        self.read_reconciliation(platform).await?;
        for (kind, behind) in platform.store.search_lags(MOST_BEHIND).await? {
            self.search_behind.get_or_create(&SearchLabels { of: kind.word() }).set(behind);
        }
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

    async fn read_ceilings(&self, platform: &Platform) -> Result<(), Failure> {
        for mounted in platform.rails.of(Mode::Live) {
            let (rail, ceiling) = (mounted.facts().name.clone(), mounted.limits.ceiling());
            if ceiling.is_none() {
                continue;
            }
            let room = platform.store.rail_spending(&rail).await?.room(&ceiling);
            self.ceiling_room.get_or_create(&RailLabels { rail }).set(room.unwrap_or(Cents::ZERO).0);
        }
        Ok(())
    }

    async fn read_reconciliation(&self, platform: &Platform) -> Result<(), Failure> {
        let open = platform.store.open_mismatches().await?;
        let runs = platform.store.newest_reconciliation_runs().await?;
        for mounted in platform.rails.of(Mode::Live) {
            let rail = &mounted.facts().name;
            let of_rail = || open.iter().filter(|one| one.rail == *rail);
            for kind in MismatchKind::ALL {
                let count = of_rail().filter(|one| one.found.kind == kind).count();
                let labels = MismatchLabels { rail: rail.clone(), kind: kind.word() };
                self.mismatches.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
            let count = of_rail().filter(|one| one.found.is_alarm).count();
            let labels = RailLabels { rail: rail.clone() };
            self.alarms.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
            let is_unread = runs.iter().any(|run| run.rail == *rail && !run.failure.is_empty());
            self.unread.get_or_create(&labels).set(i64::from(is_unread));
        }
        for (rail, until) in platform.store.reconciled_until().await? {
            self.reconciled.get_or_create(&RailLabels { rail }).set(until / 1_000_000);
        }
        Ok(())
    }

    fn balance(&self, platform: &Platform, book: BookId, account: String) -> Gauge {
        let business = business::id(platform, book.business());
        let mode = book.mode().word();
        self.balances.get_or_create(&BalanceLabels { business, mode, account }).clone()
    }
}
