//! Client of the Outpay payout API: [`Outpay`] for a business, [`OutpayRecipient`] for the holder of a payout hash,
//! [`Verifier`] for webhooks. README.md has a quick start.
//!
//! A method per operation returns a [`Call`], which is sent when it is awaited, and again under the same idempotency key where
//! that is safe. Lists are a [`List`]. What goes in and comes out is in [`schema`], generated from the OpenAPI document.
//!
//! Invariant: no secret key, hash or signing secret that a client was given is in an error or in what `Debug` prints.

mod bodies;
mod business;
mod call;
mod door;
mod error;
mod list;
mod recipient;
pub mod schema;
mod webhook;
mod webhook_endpoints;

pub use business::{Decided, Outpay};
pub use call::{Answer, Call};
pub use door::Options;
pub use error::{Error, Refusal, Row};
pub use list::{Bounds, List, OperationFilter, Page, PageOptions, UserFilter, WithdrawalFilter};
pub use recipient::OutpayRecipient;
pub use reqwest;
pub use webhook::{Verifier, WebhookError, WebhookEvent};
