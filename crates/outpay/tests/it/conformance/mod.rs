//! The conformance suite of the store: one test body per promise, run on SQLite and on PostgreSQL. Not here:
//! decisions of the ledger, responses of the doors. Invariant: the store behaves the same on both engines.

mod attempts;
mod audit_log;
mod bare_store;
mod branding;
mod businesses;
mod chains;
mod constraints;
mod copies;
mod credentials;
mod day_sums;
mod deposits;
mod due;
mod epoch;
mod evidence;
mod expectations;
mod gift_cards;
mod history;
mod imports;
mod key_usage;
mod keys;
mod lists;
mod mail;
mod master_keys;
mod members;
mod metadata;
mod method_activity;
mod mismatches;
mod opening;
mod own_movements;
mod pauses;
mod payment_batches;
mod payment_references;
mod pgbouncer;
mod proposals;
mod rail_notices;
mod rail_numbers;
mod rail_openings;
mod rail_spending;
mod recipients;
mod reconciliations;
mod recovery;
mod request_log;
mod reward_links;
mod screening;
mod search_index;
mod searches;
mod sessions;
mod settings;
mod snapshot;
mod teller;
mod teller_withdrawals;
mod terms;
mod test_clocks;
mod till;
mod treasury_scans;
mod turns;
mod users;
mod waiting;
mod webhook_endpoints;
mod webhooks;
mod withdrawal_traces;
mod withdrawals;
mod witnessed;

/// Creates a test on each engine of every scenario, an `async fn(&BareStore)`.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::conformance::bare_store::BareStore::run(crate::conformance::bare_store::Engine::Sqlite, super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::conformance::bare_store::BareStore::run(crate::conformance::bare_store::Engine::Postgres, super::$scenario);
            })*
        }
    };
}
use on_both_engines;
