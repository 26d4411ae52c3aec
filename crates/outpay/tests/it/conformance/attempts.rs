//! Attempts: written before anything is sent, changed only by an answer; numbers, keys and slots are each taken once.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::BookId;
use outpay::testing::clock::Clock;
use outpay::testing::store::{Attempt, Hold, Store};

on_both_engines! {
    attempts_come_back_in_order,
    an_answer_stands_on_its_own_attempt,
    nothing_is_written_under_a_lease_that_is_not_held,
    a_number_and_a_key_are_taken_once,
    slots_follow_one_another,
    rails_in_one_line_share_its_slots,
    what_is_not_written_takes_no_slot,
    of_workers_at_once_one_attempts,
    of_workers_at_once_one_gets_the_slot,
    every_slot_is_taken_by_one,
    attempts_of_rails_are_found_from_a_slot_on,
}

const BOOK: BookId = BookId(2);

fn attempt(number: i64, key: &str, slot: i64) -> Attempt {
    Attempt {
        number,
        rail: "usdc".to_owned(),
        key: key.to_owned(),
        request: vec![0, 255, 10, 39],
        slot,
        created_at: NOW + number,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    }
}

async fn add(store: &Store, withdrawal: i64, attempt: &Attempt, takes_slot: bool) -> bool {
    let line = takes_slot.then_some(attempt.rail.as_str());
    store.add_attempt(hold(withdrawal), attempt, line).await.unwrap()
}

/// The hold of a worker that has a withdrawal of [`start`].
fn hold(withdrawal: i64) -> Hold {
    Hold { book: BOOK, withdrawal, lease: 1 }
}

/// Withdrawals that a worker has leased.
async fn start(world: &BareStore) {
    let (columns, begin) =
        ("provider, amount, fees, destination, state, outcome_unknown, reason_code, reason", NOW);
    let row = |number: i64| {
        let end = NOW + 1_000;
        format!(
            "(2, {number}, 1, 'usdc', 'crypto', 10, 0, '{{}}', 4, 0, '', '', {begin}, {begin}, {end}, 5, 1)"
        )
    };
    let rows: Vec<String> = (1..=100).map(row).collect();
    let sql = format!(
        "INSERT INTO withdrawal (book, number, payout_user, method, {columns}, created_at, changed_at, leased_until, \
         leased_by, lease) VALUES {}",
        rows.join(", ")
    );
    world.tamper(&sql).await.unwrap();
}

async fn keys(store: &Store, withdrawal: i64) -> Vec<String> {
    let attempts = store.attempts(BOOK, withdrawal).await.unwrap();
    attempts.into_iter().map(|attempt| attempt.key).collect()
}

async fn attempts_come_back_in_order(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    let (first, second) = (attempt(1, "one", 0), attempt(2, "two", i64::MAX - 1));
    assert!(add(store, 1, &second, false).await);
    assert!(add(store, 1, &first, false).await);
    assert!(add(store, 2, &attempt(1, "of another", 0), false).await);
    assert_eq!(store.attempts(BOOK, 1).await.unwrap(), [first, second]);
    assert_eq!(keys(store, 2).await, ["of another"]);
    assert!(store.attempts(BookId(3), 1).await.unwrap().is_empty(), "another book's");
    assert!(store.attempts(BOOK, 3).await.unwrap().is_empty());
}

async fn an_answer_stands_on_its_own_attempt(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    let (first, second) = (attempt(1, "one", 0), attempt(2, "two", 0));
    add(store, 1, &first, false).await;
    add(store, 1, &second, false).await;
    let late = ("unknown", "timed out; it's 'late'");
    assert!(store.record_answer(hold(1), 2, late, NOW + 5).await.unwrap());
    let mut answered = Attempt {
        answer: "unknown".to_owned(),
        answer_text: "timed out; it's 'late'".to_owned(),
        answered_at: Some(NOW + 5),
        ..second
    };
    assert_eq!(store.attempts(BOOK, 1).await.unwrap(), [first.clone(), answered.clone()]);
    assert!(store.record_answer(hold(1), 2, ("succeeded", ""), NOW + 9).await.unwrap());
    answered.answer = "succeeded".to_owned();
    answered.answer_text = String::new();
    answered.answered_at = Some(NOW + 9);
    assert_eq!(store.attempts(BOOK, 1).await.unwrap(), [first.clone(), answered.clone()]);
    let of_another_book = Hold { book: BookId(3), ..hold(1) };
    for (hold, number) in [(of_another_book, 2), (hold(2), 2), (hold(1), 3), (hold(1), 1)] {
        let written = store.record_answer(hold, number, ("refused", ""), NOW).await.unwrap();
        assert!(!written, "{number} is not the last attempt of {hold:?}");
    }
    assert_eq!(store.attempts(BOOK, 1).await.unwrap(), [first, answered]);
}

async fn nothing_is_written_under_a_lease_that_is_not_held(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    assert!(add(store, 1, &attempt(1, "one", 0), true).await);
    let late = store.clone().with_clock(Clock::manual(NOW + 1_000));
    let (older, newer) = (Hold { lease: 0, ..hold(1) }, Hold { lease: 2, ..hold(1) });
    for (store, hold) in [(store, older), (store, newer), (&late, hold(1))] {
        assert!(!store.add_attempt(hold, &attempt(2, "two", 1), Some("usdc")).await.unwrap(), "{hold:?}");
        assert!(!store.record_answer(hold, 1, ("refused", "no"), NOW).await.unwrap(), "{hold:?}");
    }
    assert_eq!(store.attempts(BOOK, 1).await.unwrap(), [attempt(1, "one", 0)]);
    assert_eq!(store.next_slot("usdc", &[]).await.unwrap(), 1, "no slot was taken");
    let in_time = store.clone().with_clock(Clock::manual(NOW + 999));
    assert!(in_time.record_answer(hold(1), 1, ("unknown", ""), NOW).await.unwrap());
}

async fn a_number_and_a_key_are_taken_once(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    assert!(add(store, 1, &attempt(1, "one", 0), false).await);
    assert!(!add(store, 1, &attempt(1, "other", 0), false).await, "the number");
    assert!(!add(store, 1, &attempt(2, "one", 0), false).await, "the key");
    assert!(!add(store, 2, &attempt(1, "one", 0), false).await, "the key, by another withdrawal");
    let elsewhere = Attempt { rail: "usdt".to_owned(), ..attempt(1, "one", 0) };
    assert!(add(store, 2, &elsewhere, false).await, "another rail has keys of its own");
    assert_eq!((keys(store, 1).await.len(), keys(store, 2).await.len()), (1, 1));
}

async fn slots_follow_one_another(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    let next = async || store.next_slot("usdc", &[]).await.unwrap();
    assert_eq!(next().await, 0);
    // The account was used before this installation had it.
    assert!(add(store, 1, &attempt(1, "1-1", 7), true).await);
    assert_eq!(next().await, 8);
    assert!(!add(store, 2, &attempt(1, "2-1", 7), true).await, "it is taken");
    assert!(!add(store, 2, &attempt(1, "2-1", 6), true).await, "it is past");
    assert_eq!(next().await, 8);
    assert!(add(store, 2, &attempt(1, "2-1", 8), true).await);
    // A replacement takes the same slot as the attempt before it.
    assert!(add(store, 1, &attempt(2, "1-2", 7), false).await);
    assert_eq!(next().await, 9);
    // An operator has moved the line forward by hand.
    assert!(add(store, 3, &attempt(1, "3-1", 12), true).await);
    assert_eq!(next().await, 13);
    assert_eq!(store.next_slot("usdt", &[]).await.unwrap(), 0, "another rail's line");
    let slots: Vec<i64> = store.attempts(BOOK, 1).await.unwrap().iter().map(|attempt| attempt.slot).collect();
    assert_eq!(slots, [7, 7]);
}

async fn rails_in_one_line_share_its_slots(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    // Before there were lines, this rail counted under its own name.
    assert!(add(store, 1, &attempt(1, "1-1", 4), true).await);
    let next = async || store.next_slot("line", &["usdc", "usdt"]).await.unwrap();
    assert_eq!(next().await, 5);
    let take = async |withdrawal: i64, rail: &str, slot: i64| {
        let attempt = Attempt { rail: rail.to_owned(), ..attempt(1, &format!("{withdrawal}-1"), slot) };
        store.add_attempt(hold(withdrawal), &attempt, Some("line")).await.unwrap()
    };
    assert!(take(2, "usdt", 5).await);
    assert!(!take(3, "usdc", 5).await, "the other rail has it");
    assert_eq!(next().await, 6);
    assert!(take(3, "usdc", 6).await);
    assert_eq!(next().await, 7);
}

async fn what_is_not_written_takes_no_slot(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    assert!(add(store, 1, &attempt(1, "one", 0), true).await);
    assert!(!add(store, 2, &attempt(1, "one", 1), true).await, "the key is taken");
    assert!(!add(store, 1, &attempt(1, "two", 1), true).await, "the number is taken");
    assert_eq!(store.next_slot("usdc", &[]).await.unwrap(), 1, "no gap is left in the line");
    let fresh = Attempt { rail: "fresh".to_owned(), ..attempt(1, "two", 5) };
    assert!(!add(store, 1, &fresh, true).await, "the number is taken");
    assert_eq!(store.next_slot("fresh", &[]).await.unwrap(), 0);
    assert!(add(store, 2, &attempt(1, "two", 1), true).await);
}

async fn of_workers_at_once_one_attempts(world: &BareStore) {
    start(world).await;
    for round in 1..=10 {
        let won = world.at_once(2, async |store, worker| {
            add(&store, round, &attempt(1, &format!("{round} of {worker}"), 0), false).await
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
        let winner = won.iter().position(|won| *won).unwrap();
        assert_eq!(keys(&world.store, round).await, [format!("{round} of {winner}")]);
    }
}

async fn of_workers_at_once_one_gets_the_slot(world: &BareStore) {
    start(world).await;
    let won = world.at_once(4, async |store, worker| {
        let mut won = Vec::new();
        // The first round creates the line, which is a separate code path.
        for slot in 0..10 {
            let withdrawal = slot * 10 + worker as i64 + 1;
            if add(&store, withdrawal, &attempt(1, &withdrawal.to_string(), slot), true).await {
                won.push(slot);
            }
        }
        won
    });
    let mut slots: Vec<i64> = won.into_iter().flatten().collect();
    slots.sort_unstable();
    assert!(slots.windows(2).all(|pair| pair[0] < pair[1]), "a slot was taken twice: {slots:?}");
    assert_eq!(slots.last(), Some(&9));
    assert_eq!(world.store.next_slot("usdc", &[]).await.unwrap(), 10);
}

async fn every_slot_is_taken_by_one(world: &BareStore) {
    start(world).await;
    const EACH: i64 = 8;
    world.at_once(3, async |store, worker| {
        for number in 1..=EACH {
            let withdrawal = worker as i64 + 1;
            let key = format!("{withdrawal}-{number}");
            loop {
                let slot = store.next_slot("usdc", &[]).await.unwrap();
                if add(&store, withdrawal, &attempt(number, &key, slot), true).await {
                    break;
                }
            }
        }
    });
    let mut slots = Vec::new();
    for withdrawal in 1..=3 {
        let attempts = world.store.attempts(BOOK, withdrawal).await.unwrap();
        slots.extend(attempts.iter().map(|attempt| attempt.slot));
    }
    slots.sort_unstable();
    assert_eq!(slots, (0..3 * EACH).collect::<Vec<_>>(), "a line without a gap");
}

async fn attempts_of_rails_are_found_from_a_slot_on(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    let other = Attempt { rail: "usdt".to_owned(), ..attempt(1, "c", 6) };
    for (withdrawal, attempt) in [(1, attempt(1, "a", 4)), (2, attempt(1, "b", 5)), (3, other)] {
        assert!(store.add_attempt(hold(withdrawal), &attempt, None).await.unwrap());
    }
    let found = async |rails: &[&str], slot| {
        let found = store.attempts_from(rails, slot).await.unwrap();
        found.into_iter().map(|attempt| attempt.key).collect::<Vec<_>>()
    };
    assert_eq!(found(&["usdc"], 4).await, ["a", "b"]);
    assert_eq!(found(&["usdc", "usdt"], 5).await, ["b", "c"]);
    assert!(found(&["usdc"], 6).await.is_empty());
    world.tamper("UPDATE attempt SET book = 3 WHERE key = 'a'").await.unwrap();
    assert_eq!(
        found(&["usdc"], 4).await,
        ["b"],
        "a simulated rail of test mode has the same name, and no line"
    );
}
