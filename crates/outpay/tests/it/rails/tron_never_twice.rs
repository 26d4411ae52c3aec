//! The whole platform over the fake of a TRON node: whatever fails and wherever the worker is killed, the node shows one payment
//! per withdrawal, and no paid withdrawal is refunded.

use crate::rails::never_twice::repeats;
use crate::rails::platform::{
    Installation, ask, assert_books_are_clean, balance, book_with, top_up, withdrawal,
};
use crate::rails::tron::{OTHER, PERSON, World, rail_at, units, wire};
use crate::rails::tron_fake::{Act, Ending};
use alloy_primitives::U256;
use ledger::{BookId, Cents, WithdrawalState};
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::platform::Platform;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const GROSS: i64 = 1_050;
const NET: u64 = 1_000;
/// Longer than a lease.
const LATER: i64 = 700_000_000;

const FAULTS: [&str; 7] = ["nothing", "lost", "time-out", "status 500", "not found", "expired", "dropped"];

/// Works in rounds, with blocks after each, until the withdrawal has ended.
async fn drive(
    world: &World,
    platform: &Platform,
    (book, number): (BookId, i64),
    kill: Option<Moment>,
    fault: &str,
) -> WithdrawalState {
    let armed = Arc::new(AtomicBool::new(kill.is_some()));
    let during = match fault {
        "lost" => Act::Hang,
        "time-out" => Act::PassThenSilence,
        "status 500" => Act::PassThenStatus(500),
        "not found" => Act::Empty,
        _ => Act::Pass,
    };
    world.node.act(move |path| {
        let sends = path == "/wallet/broadcasthex";
        let looks_up = path.contains("gettransaction");
        match during {
            Act::Empty if looks_up => Act::Empty,
            Act::PassThenStatus(_) | Act::PassThenSilence | Act::Hang if sends => during,
            Act::Hang if looks_up => Act::Hang,
            _ => Act::Pass,
        }
    });
    for round in 0..40 {
        if round == 2 {
            world.node.act(|_| Act::Pass);
        }
        let kills = Arc::clone(&armed);
        let killer = move |moment| kill == Some(moment) && kills.swap(false, Ordering::SeqCst);
        let worker = PaymentWorker::new(platform.clone()).with_killer(Arc::new(killer));
        worker.round().await.unwrap();
        match fault {
            // It is in no block until it has expired.
            "expired" if round == 0 => world.node.pass(1_200),
            // The nodes forget what waits.
            "dropped" if round == 0 => world.node.drop_pending(),
            _ => world.node.settle(),
        }
        world.clock.advance(LATER);
        let found = withdrawal(platform, book, number).await;
        if !found.state.holds_money() {
            assert!(!armed.load(Ordering::SeqCst), "{kill:?} was never reached");
            return found.state;
        }
    }
    panic!("{kill:?}, {fault}: {:?}", withdrawal(platform, book, number).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_killed_and_failing_payments_are_paid_once_each() {
    let world = World::new().await;
    let installation = Installation::new(&world.clock);
    let rail = rail_at(&world.node, &[&world.node.url], &world.clock, |_| {});
    let platform = installation.open(Arc::new(rail), 1).await;
    let book = book_with(&platform, "usdt", 1_000).await;
    // 7 faults x 6 kills x 8 = 336, and 56 without a kill.
    let times = repeats(8, FAULTS.len() * 7);
    let wealth = 1_000 + i64::from(times) * 49 * GROSS;
    top_up(&platform, book, wealth - 1_000).await;
    let mut made = 0;
    for _ in 0..times {
        for fault in FAULTS {
            for kill in Moment::ALL.into_iter().map(Some).chain([None]) {
                made += 1;
                world.node.act(|_| Act::Pass);
                let to = if made % 2 == 0 { PERSON } else { OTHER };
                let before = world.node.paid(wire(to));
                let asked = ask(&platform, book, "usdt", GROSS, to).await;
                let ended = drive(&world, &platform, (book, asked.number), kill, fault).await;
                assert_eq!(ended, WithdrawalState::Succeeded, "{kill:?}, {fault}");
                assert_eq!(world.node.paid(wire(to)) - before, units(NET), "{kill:?}, {fault}");
            }
        }
    }
    // Nothing that was ever sent pays again.
    let seen = world.node.state.lock().seen.clone();
    assert!(i64::try_from(seen.len()).unwrap() > made, "some were sent again");
    for raw in seen {
        world.node.state.lock().send_again(&raw);
    }
    world.node.settle();
    let paid = world.node.paid(wire(PERSON)) + world.node.paid(wire(OTHER));
    assert_eq!(paid, units(NET) * U256::from(made));
    assert_eq!(balance(&platform, book).await, Cents(wealth - GROSS * made));
    println!("usdt: {made} payments, {} faults, {} kills, none paid twice", FAULTS.len(), made / 7 * 6);
    assert_books_are_clean(&platform).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_the_network_does_not_carry_out_is_given_back_whole() {
    let world = World::new().await;
    let installation = Installation::new(&world.clock);
    let rail = rail_at(&world.node, &[&world.node.url], &world.clock, |_| {});
    let platform = installation.open(Arc::new(rail), 1).await;
    let book = book_with(&platform, "usdt", 5_000).await;
    world.node.state.lock().ending = Ending::Fails("OUT_OF_ENERGY");
    let asked = ask(&platform, book, "usdt", GROSS, PERSON).await;
    let ended = drive(&world, &platform, (book, asked.number), None, "nothing").await;
    assert_eq!(ended, WithdrawalState::Failed);
    assert_eq!(balance(&platform, book).await, Cents(5_000));
    assert!(world.node.paid(wire(PERSON)).is_zero());
    assert_books_are_clean(&platform).await;
}
