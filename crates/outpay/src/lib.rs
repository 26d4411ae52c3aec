//! Outpay: a self-hosted payout platform.
//!
//! A request goes one way: a door (`http`, `cli`) gives a command to the teller (`commit`), which loads through the
//! `store`, decides with the `ledger` crate, saves, commits once per batch, and only then replies.

mod api_keys;
mod attacks;
mod audit;
mod audit_log;
mod auth;
mod background;
mod backup;
mod business;
mod by_hand;
mod chain_head;
mod claim;
mod cli;
mod clock;
mod commit;
mod config;
mod counter;
mod dashboard;
mod due;
mod durable_file;
mod format;
mod heads;
mod http;
mod ids;
mod imports;
mod key_limits;
mod key_rotation;
mod kill_switch;
mod language;
mod line;
mod line_numbers;
mod mail;
mod mail_kind;
mod members;
mod memory_dumps;
mod networks;
mod open_files;
mod overview;
mod payment_worker;
mod platform;
mod precondition;
mod private_files;
mod proposals;
mod rails;
mod recovery;
mod recovery_progress;
mod requests;
mod roles;
mod scopes;
mod serving;
mod sheet;
mod stopped;
mod store;
mod test_clock;
pub mod testing;
mod two_people;
mod unclaimed;
mod unknown_name;
mod web;
mod webhook_event;
mod webhooks;
mod withdrawals;
mod witness;

pub use cli::main;
