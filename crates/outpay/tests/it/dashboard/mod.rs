//! The dashboard from outside: a browser without script, on both engines where the store matters. One file per subject; the
//! matrix of routes and roles (authorization.rs) has a row for every route, and every page a snapshot (compared by a test in the page's own file).

mod account;
mod authorization;
mod balance;
mod batches;
mod browser;
mod deposits;
mod forgery;
mod hat;
mod home;
mod import_result;
mod imports;
mod in_flight;
mod invitation;
mod journal;
mod key_rotation;
mod keys;
mod lock_out;
mod methods;
mod money;
mod pauses;
mod proposals;
mod reconciliation;
mod requests;
mod search;
mod settings;
mod sign_in;
mod statement;
mod team;
mod two_people;
mod user;
mod users;
mod webhooks;
mod withdrawal;
mod withdrawals;
mod withdrawals_export;
