//! Mail from both ends: the teller on one, a third-party mail server on the other, the worker between them driven by
//! hand, with a manual clock. Every scenario on SQLite and on PostgreSQL. Not here: single SQL statements
//! (tests/it/conformance), the program (tests/it/cli).

mod delivery;
mod encryption;
mod members;
mod told;
mod world;

/// Creates a test on each engine of every scenario, an `async fn(&World)`.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::mail::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::mail::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
        }
    };
}
pub(crate) use on_both_engines;
