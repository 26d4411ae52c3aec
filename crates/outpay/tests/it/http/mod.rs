//! The API from outside: raw HTTP/1.1 against a server on a free port, every test on SQLite and on PostgreSQL,
//! responses compared to the byte. One file per endpoint, named like its module in src/http, and one for each promise
//! that all endpoints share. Not here: rules of the ledger, SQL, the command line; they have their own tests.

mod activate;
mod approve;
mod authentication;
mod authorization;
mod balance;
mod batch;
mod cancel;
mod concurrency;
mod create;
mod deactivate;
mod debit;
mod docs;
mod events;
mod headers;
mod healthz;
mod hooked;
mod idempotency;
mod idempotency_of_payouts;
mod in_flight;
mod key_limits;
mod methods;
mod openapi;
mod operation;
mod operations;
mod pause;
mod pauses;
mod process;
mod quote;
mod readyz;
mod recipient;
mod reject;
mod resume;
mod reveal;
mod rotate_hash;
mod settings;
mod settings_set;
mod settle;
mod tls;
mod transfer;
mod user;
mod user_operations;
mod users;
mod webhook;
mod webhook_deliveries;
mod webhook_delivery;
mod webhook_replay;
mod webhook_retry;
mod webhook_roll;
mod webhook_set;
mod webhook_test;
mod withdraw;
mod withdrawal;
mod withdrawals;
mod world;

/// Creates a test on each engine of every scenario, an `async fn(&TestWorld)`; after `@postgres` come those that only
/// PostgreSQL can run.
macro_rules! on_both_engines {
    ($($scenario:ident,)* $(@postgres $of_postgres:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::http::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::http::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
            $(#[test]
            fn $of_postgres() {
                crate::http::world::run(crate::database::Database::on_postgres(), super::$of_postgres);
            })*
        }
    };
}
pub(crate) use on_both_engines;
