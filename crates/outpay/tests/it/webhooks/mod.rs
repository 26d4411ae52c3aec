//! Webhooks from both ends: the teller on one, a receiver on the other, the worker between them driven by hand, with
//! a manual clock. Every scenario on SQLite and on PostgreSQL. Not here: the HTTP endpoints (tests/it/http), single
//! SQL statements (tests/it/conformance).

mod crash;
mod endpoint;
mod fan_out;
mod guard;
mod order;
mod peers;
mod running;
mod schedule;
mod trial;
mod world;

/// Creates a test on each engine of every scenario, an `async fn(&World)`.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::webhooks::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::webhooks::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
        }
    };
}
pub(crate) use on_both_engines;
