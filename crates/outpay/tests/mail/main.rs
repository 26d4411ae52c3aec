//! Mail from both ends: the teller on one, a mail server that nobody here wrote on the other, the worker between them driven
//! by hand, and a clock that stands still. Every scenario on SQLite and on PostgreSQL. Not here: the SQL one statement at a
//! time (tests/conformance), the program (tests/cli).

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]

#[path = "../http/database.rs"]
#[allow(dead_code, reason = "the HTTP tests do more with a database")]
mod database;
mod delivery;
mod encryption;
mod members;
mod server;
mod told;
mod world;

/// Makes a test on each engine of every scenario, which is an `async fn(&World)`.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
        }
    };
}
pub(crate) use on_both_engines;
