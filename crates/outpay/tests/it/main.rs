//! All tests of the product from outside, in one program: a folder per door (`http`, `claim`, `dashboard`, `cli`), per
//! counterpart (`rails`, `webhooks`, `mail`, `browser`), for what holds payments back (`brakes`), for the store (`conformance`) and for `examples/`. Here beside them:
//! what several of them need. One program links the product once; the nine there were before linked it nine times.

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]

mod batches;
mod brakes;
mod browser;
mod claim;
mod cli;
mod clients;
mod conformance;
mod contrib;
mod dashboard;
mod database;
mod described;
mod examples;
mod http;
mod mail;
mod mail_server;
mod rails;
mod receiver;
mod webhooks;
mod wire;
mod world;
