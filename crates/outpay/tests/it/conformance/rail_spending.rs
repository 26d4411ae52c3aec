//! What has begun to leave by a rail: counted in the attempt's transaction, never above the ceiling, also where two ask at the same
//! moment.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{BookId, Cents};
use outpay::testing::clock::Clock;
use outpay::testing::store::{Attempt, Ceiling, Hold, Reservation, Store};

on_both_engines! {
    a_window_moves_by_the_minute,
    a_first_attempt_takes_its_room_with_it,
    what_does_not_fit_leaves_no_attempt,
    rails_have_rooms_of_their_own,
    of_workers_at_once_one_gets_the_last_room,
    many_at_once_never_exceed_the_ceiling,
    queued_payments_without_room_are_counted,
}

const MINUTE: i64 = 60_000_000;

fn ceiling(per_hour: i64, per_day: i64) -> Ceiling {
    let some = |cents| (cents > 0).then_some(Cents(cents));
    Ceiling { per_hour: some(per_hour), per_day: some(per_day) }
}

fn reservation(amount: i64, ceiling: Ceiling) -> Reservation {
    Reservation { amount: Cents(amount), ceiling }
}

fn at(store: &Store, minutes: i64) -> Store {
    store.clone().with_clock(Clock::manual(NOW + minutes * MINUTE))
}

async fn reserve(store: &Store, amount: i64, ceiling: Ceiling) -> bool {
    store.reserve_spending("usdc", &reservation(amount, ceiling)).await.unwrap()
}

async fn spent(store: &Store) -> (i64, i64) {
    let spent = store.rail_spending("usdc").await.unwrap();
    (spent.hour.0, spent.day.0)
}

/// Withdrawals that a worker has leased.
async fn start(world: &BareStore) {
    let end = NOW + 10_000 * MINUTE;
    let row = |number: i64| {
        format!("(2, {number}, 1, 'usdc', 'crypto', 10, 0, '{{}}', 4, 0, '', '', {NOW}, {NOW}, {end}, 5, 1)")
    };
    let rows: Vec<String> = (1..=200).map(row).collect();
    let sql = format!(
        "INSERT INTO withdrawal (book, number, payout_user, method, provider, amount, fees, destination, state, \
         outcome_unknown, reason_code, reason, created_at, changed_at, leased_until, leased_by, lease) VALUES {}",
        rows.join(", ")
    );
    world.tamper(&sql).await.unwrap();
}

async fn attempt(store: &Store, withdrawal: i64, reservation: &Reservation) -> bool {
    let hold = Hold { book: BookId(2), withdrawal, lease: 1 };
    let attempt = Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: withdrawal.to_string(),
        request: Vec::new(),
        slot: 0,
        created_at: NOW,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    store.add_first_attempt(hold, &attempt, None, reservation).await.unwrap()
}

async fn a_window_moves_by_the_minute(world: &BareStore) {
    let (store, hourly) = (&world.store, ceiling(100, 0));
    assert_eq!(spent(store).await, (0, 0));
    assert!(reserve(store, 60, hourly).await);
    assert!(reserve(&at(store, 30), 40, hourly).await, "all of it");
    assert!(!reserve(&at(store, 30), 1, hourly).await);
    assert_eq!(spent(&at(store, 30)).await, (100, 100));
    assert_eq!(
        store.rail_spending("usdc").await.unwrap().look_again_at(&hourly, Cents(1)),
        Some((NOW / MINUTE + 61) * MINUTE),
        "when the oldest minute is over"
    );
    assert!(!reserve(&at(store, 60), 1, hourly).await, "a part of the first minute is within the hour");
    assert_eq!(spent(&at(store, 61)).await, (40, 100));
    assert!(reserve(&at(store, 61), 60, hourly).await);
    assert!(!reserve(&at(store, 61), 1, hourly).await);
    let daily = ceiling(0, 200);
    assert!(!reserve(&at(store, 1_440), 41, daily).await, "160 in the day, the first minute too");
    assert!(reserve(&at(store, 1_441), 41 + 59, daily).await);
    assert_eq!(spent(&at(store, 1_441)).await, (100, 200));
    // A clock that is behind sees what was counted ahead of it.
    assert!(!reserve(&at(store, 1_400), 1, daily).await);
    assert!(reserve(&at(store, 10_000), 200, daily).await);
}

async fn a_first_attempt_takes_its_room_with_it(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    assert!(attempt(store, 1, &reservation(70, ceiling(100, 0))).await);
    assert_eq!(spent(store).await, (70, 70));
    assert!(!attempt(store, 1, &reservation(10, ceiling(100, 0))).await, "the number is taken");
    assert_eq!(spent(store).await, (70, 70), "and nothing is counted for it");
    assert!(attempt(store, 2, &reservation(10, Ceiling::default())).await, "without a ceiling");
    assert_eq!(spent(store).await, (70, 70), "nothing is counted");
}

async fn what_does_not_fit_leaves_no_attempt(world: &BareStore) {
    start(world).await;
    let store = &world.store;
    assert!(attempt(store, 1, &reservation(70, ceiling(100, 0))).await);
    assert!(!attempt(store, 2, &reservation(31, ceiling(100, 0))).await);
    assert!(store.attempts(BookId(2), 2).await.unwrap().is_empty());
    assert!(attempt(store, 3, &reservation(30, ceiling(100, 0))).await, "a smaller one does");
    assert!(attempt(&at(store, 61), 2, &reservation(31, ceiling(100, 0))).await, "an hour later");
}

async fn rails_have_rooms_of_their_own(world: &BareStore) {
    let store = &world.store;
    assert!(reserve(store, 100, ceiling(100, 0)).await);
    let other = store.reserve_spending("usdt", &reservation(100, ceiling(100, 0))).await.unwrap();
    assert!(other && !reserve(store, 1, ceiling(100, 0)).await);
    assert_eq!(store.rail_spending("bank").await.unwrap().hour, Cents::ZERO);
}

async fn of_workers_at_once_one_gets_the_last_room(world: &BareStore) {
    start(world).await;
    for round in 0..10 {
        let at_once = world.at_once(2, async |store, worker| {
            let store = at(&store, round * 61);
            attempt(&store, round * 2 + worker as i64 + 1, &reservation(60, ceiling(100, 0))).await
        });
        assert_eq!(at_once.iter().filter(|won| **won).count(), 1, "round {round}: {at_once:?}");
    }
}

async fn many_at_once_never_exceed_the_ceiling(world: &BareStore) {
    start(world).await;
    let most = ceiling(100, 150);
    let made = world.at_once(4, async |store, worker| {
        let mut made = 0;
        for number in 0..20 {
            // Each works through two minutes, whose rows differ.
            let store = at(&store, number / 10);
            made += i64::from(attempt(&store, worker as i64 * 20 + number + 1, &reservation(7, most)).await);
        }
        made
    });
    // A conflict of two that both fit is possible; more than the ceiling is not.
    let made: i64 = made.iter().sum();
    assert_eq!(spent(&at(&world.store, 1)).await.0, made * 7);
    assert_eq!(made, 14, "14 of 7 cents fit below 100");
}

async fn queued_payments_without_room_are_counted(world: &BareStore) {
    let book = world.book("Acme").await;
    assert_eq!(world.store.queued_by_rail("usdc", Cents(50)).await.unwrap(), (0, 0));
    let row = |number: i64, amount: i64, state: i64| {
        format!(
            "({}, {number}, 1, 'usdc', 'crypto', {amount}, 10, '{{}}', {state}, 0, '', '', {NOW}, {NOW})",
            book.0
        )
    };
    let rows = [row(1, 60, 3), row(2, 61, 3), row(3, 500, 3), row(4, 500, 4), row(5, 500, 2)];
    let sql = format!(
        "INSERT INTO withdrawal (book, number, payout_user, method, provider, amount, fees, destination, state, \
         outcome_unknown, reason_code, reason, created_at, changed_at) VALUES {}",
        rows.join(", ")
    );
    world.tamper(&sql).await.unwrap();
    assert_eq!(world.store.queued_by_rail("usdc", Cents(50)).await.unwrap(), (3, 2));
    assert_eq!(world.store.queued_by_rail("usdt", Cents(50)).await.unwrap(), (0, 0));
}
