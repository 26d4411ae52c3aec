//! The API door: one route table (router.rs), one file per endpoint, and what endpoints share. Not here: rules (ledger),
//! SQL (store). A handler reads the request, authenticates, validates, asks the teller or reads the store, answers.

mod activate;
mod balance;
mod batch;
mod body;
mod create;
mod deactivate;
mod debit;
mod docs;
mod door;
mod events;
mod healthz;
pub mod json;
mod metrics;
mod observe;
mod openapi;
mod operations;
mod page;
pub mod problem;
mod rate_limit;
mod readyz;
mod rotate_hash;
mod router;
mod server;
mod show;
mod tls;
mod transfer;
mod user;
mod user_operations;
mod users;

pub use openapi::document as openapi_document;
pub use router::router;
pub use server::{ServeConfig, Server, bind};
