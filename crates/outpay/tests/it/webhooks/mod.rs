//! Webhooks from both ends: the teller on one, a receiver on the other, the worker between them driven by hand, with
//! a manual clock. Every scenario on SQLite and on PostgreSQL. Not here: the HTTP endpoints (tests/it/http), single
//! SQL statements (tests/it/conformance).

mod crash;
mod endpoint;
mod failing;
mod fan_out;
mod further;
mod guard;
mod hooks;
mod order;
mod peers;
mod running;
mod schedule;
mod trial;
