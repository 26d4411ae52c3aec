//! The API door: one table of endpoints (routes.rs), a file per subject with its endpoints, and what endpoints share: reading
//! (body.rs, json.rs, fields.rs), answering (show.rs, problem.rs). Not here: rules (ledger), commands (counter), SQL (store).
//! A handler authenticates, reads and validates, calls a verb of the counter or reads the store, answers.

mod audit_log;
mod balances;
mod body;
mod connections;
mod cors;
mod docs;
mod door;
mod error_body;
mod error_code;
mod etag;
mod events;
mod fields;
mod filter;
mod health;
mod ignored;
pub mod json;
mod keys;
mod known;
mod methods;
mod metrics;
mod observe;
mod once;
mod openapi;
mod operations;
mod page;
mod pauses;
mod payouts;
pub mod problem;
mod proposals;
mod protocol;
mod proxies;
mod rate_limit;
mod request_id;
mod routes;
mod security_headers;
mod server;
mod settings;
mod show;
mod show_keys;
mod show_webhooks;
mod terms;
mod test_clock;
mod tls;
mod users;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhooks;
mod withdrawals;

pub use connections::{ConnectionLimits, in_all as connections_in_all};
pub use openapi::{document as openapi_document, document_3_0 as openapi_3_0_document};
pub use proxies::TrustedProxies;
pub use routes::{Admits, callers, router};
pub use server::{ServeConfig, Server, bind};
pub use tls::certificate_life;
