//! The recipient's page from outside: a browser that keeps its cookies and follows forms, against a server on a free port,
//! every test on SQLite and on PostgreSQL. One file per route, named like its module in src/claim, and one for the pages
//! as they look. Not here: the API's door, scripts in a real browser.

mod authorization;
mod brand;
mod browser;
mod enter;
mod frame_policy;
mod home;
mod operation;
mod receipt;
mod reveal;
mod summary;
mod withdraw;
mod world;

/// Makes a test on each engine of every scenario, which is an `async fn(&World)`.
macro_rules! on_both_engines {
    ($($scenario:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::claim::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::claim::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
        }
    };
}
pub(crate) use on_both_engines;
