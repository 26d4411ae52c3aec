//! The command line from outside: the program itself, run on SQLite and on PostgreSQL. Not here: its internals.

mod audit;
mod audit_evidence;
mod audit_log;
mod backup;
mod batch;
pub mod beside_a_server;
mod business;
mod by_place;
mod configuration;
mod dashboard;
mod demo;
mod doctor;
mod doctor_faults;
mod documentation;
mod due;
mod giftcard;
mod health;
mod import;
mod init;
pub mod installation;
mod key;
mod key_rotation;
mod litestream;
mod mail;
mod manual;
mod master_key;
mod method;
mod named_secrets;
mod pause;
mod postgres_tls;
mod proposal;
mod reconcile;
mod recover;
pub mod secrets;
mod signed_heads;
mod swapped;
mod test_clock;
mod user;
mod webhook;
mod withdrawal;
mod witness;

/// Creates a test on each engine of every scenario.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                super::$scenario(&crate::cli::installation::Installation::on_sqlite());
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                super::$scenario(&crate::cli::installation::Installation::on_postgres());
            })*
        }
    };
}
pub(crate) use on_both_engines;
