//! Reconciliation against a chain: a transfer from the treasury that was not ordered here is found and pauses the rail, and a stranger
//! cannot pause it.

use crate::rails::chain::{CONFIRMATIONS, Chain, TREASURY, person, units};
use crate::rails::crypto_recovery::was_paid;
use crate::rails::platform::{Installation, ask, assert_books_are_clean, book_with, withdrawal};
use crate::rails::tokens::{call_data, word};
use alloy_primitives::{Address, U256};
use ledger::{Cents, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::reconciliation::{self, Reconciled};
use outpay::testing::store::{MismatchKind, PauseScope};
use serde_json::json;
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000;

/// Of all time: the chain has a clock of its own.
async fn run(platform: &Platform) -> Reconciled {
    reconciliation::run(platform, "usdc", (0, platform.clock.now() + 1_000_000 * HOUR)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_from_the_treasury_that_was_not_ordered_pauses_the_rail() {
    let world = Chain::anvil().await;
    let installation = Installation::new(&world.clock);
    let platform = installation.open(Arc::new(world.rail_at(&world.node.url, |_| {})), 1).await;
    let book = book_with(&platform, "usdc", 20_000).await;
    let paid = ask(&platform, book, "usdc", 1_050, &person(0x11).to_checksum(None)).await.number;
    for _ in 0..8 {
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        world.node.mine(1).await;
        world.clock.advance(20_000_000);
    }
    assert_eq!(withdrawal(&platform, book, paid).await.state, WithdrawalState::Succeeded);
    world.clock.advance(2 * HOUR);
    // Anybody can have the token log a transfer of nothing from the treasury.
    let nothing = [word(TREASURY.parse::<Address>().unwrap()), word(person(0x66)), U256::ZERO];
    let data = call_data("transferFrom(address,address,uint256)", &nothing);
    world.node.transact(json!({"to": world.token.to_string(), "data": data})).await;
    let done = run(&platform).await;
    assert_eq!((done.run.booked, done.run.matched, done.run.found, done.paused), (1, 1, 0, false));

    let foreign = was_paid(&world, person(0x21), units(500, 6)).await;
    world.node.mine(CONFIRMATIONS).await;
    let done = run(&platform).await;
    assert_eq!((done.run.booked, done.run.matched, done.run.found, done.paused), (2, 1, 1, true));
    let open = platform.store.open_mismatches().await.unwrap();
    let found = &open[0].found;
    assert_eq!((found.kind, found.is_alarm, found.owner), (MismatchKind::MissingHere, true, None));
    assert_eq!((found.reference.as_str(), found.there), (foreign.as_str(), Some(Cents(500))));
    let pauses = platform.store.pauses().await.unwrap();
    assert_eq!(pauses[0].scope, PauseScope::Rail("usdc".to_owned()));
    assert!(pauses[0].reason.starts_with("Reconciliation: "), "{}", pauses[0].reason);
    assert_books_are_clean(&platform).await;
}
