//! Outpay: a self-hosted payout platform.
//!
//! A request goes one way: a door (`http`, `cli`) gives a command to the teller (`commit`), which loads through the
//! `store`, decides with the `ledger` crate, saves, commits once per batch, and only then replies.

pub mod api_keys;
pub mod audit;
pub mod audit_log;
pub mod auth;
pub mod background;
pub mod backup;
pub mod business;
pub mod by_hand;
pub mod chain_head;
pub mod claim;
pub mod cli;
pub mod clock;
pub mod commit;
pub mod config;
pub mod counter;
pub mod dashboard;
pub mod due;
pub mod durable_file;
pub mod format;
pub mod heads;
pub mod http;
pub mod ids;
pub mod imports;
pub mod key_limits;
pub mod kill_switch;
pub mod language;
pub mod line;
pub mod line_numbers;
pub mod mail;
pub mod mail_kind;
pub mod members;
pub mod networks;
pub mod overview;
pub mod payment_worker;
pub mod platform;
pub mod proposals;
pub mod rails;
pub mod recovery;
pub mod recovery_progress;
pub mod requests;
pub mod roles;
pub mod serving;
pub mod sheet;
pub mod stopped;
pub mod store;
pub mod unclaimed;
pub mod web;
pub mod webhook_event;
pub mod webhooks;
pub mod withdrawals;
pub mod witness;
