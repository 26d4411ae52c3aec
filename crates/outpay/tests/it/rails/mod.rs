//! Rails against third-party counterparts: chains and tokens from tests/peers. Each test starts its own chain, which
//! ends with it.

mod bank;
mod bank_ach;
mod bank_books;
#[allow(clippy::print_stdout, reason = "it says how many kills there were")]
mod bank_never_twice;
mod bank_office;
mod bank_sepa_answers;
mod bank_sepa_file;
mod chain;
mod crypto_configuration;
mod crypto_destination;
mod crypto_end_to_end;
mod crypto_faults;
mod crypto_funds;
mod crypto_in_flight;
#[allow(clippy::print_stdout, reason = "it says how many cycles there were")]
mod crypto_killed_server;
#[allow(clippy::print_stdout, reason = "it says how many kills there were")]
mod crypto_never_twice;
mod crypto_nodes;
mod crypto_nonces;
mod crypto_overtaken;
mod crypto_recovery;
mod crypto_reorganisation;
mod crypto_replacement;
mod crypto_server;
mod crypto_signer;
mod crypto_stop;
mod crypto_tokens;
mod crypto_transfer;
mod crypto_two_tokens;
mod crypto_watch;
#[allow(clippy::print_stdout, reason = "it says how many cycles there were")]
mod crypto_zombies;
mod fencing;
mod http_client;
#[allow(clippy::print_stdout, reason = "the kit says what it has seen of each rail")]
mod kit;
mod logged;
#[allow(clippy::print_stdout, reason = "it says how many kills there were")]
mod never_twice;
mod never_twice_control;
#[allow(clippy::print_stdout, reason = "it says how much was checked")]
pub mod paypal;
mod peers;
mod platform;
pub mod program;
mod proxy;
mod reconciliation;
mod reconciliation_crypto;
mod simulated;
mod story;
mod supervised;
mod tokens;
mod tremendous;
mod tremendous_books;
mod tremendous_fake;
mod tremendous_never_twice;
mod tremendous_notices;
mod tremendous_peers;
mod tremendous_routes;
mod tremendous_server;
mod tremendous_states;
mod tron;
mod tron_bytes;
mod tron_fake;
#[allow(clippy::print_stdout, reason = "it says how many kills there were")]
mod tron_never_twice;
mod worker;
