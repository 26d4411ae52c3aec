//! The sums of days, and the marks of balances beside them.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deposit, order, withdraw};
use ledger::{AccountId, BookId, Cents, Command, Direction, EntryKind, MAX_TRANSFER};
use outpay::testing::store::{MoneySum, PEOPLE};

on_both_engines! {
    days_are_summed_up_behind_a_cursor,
    a_period_is_summed_up_with_what_stands_before_and_after_it,
    the_largest_transfers_of_one_day_are_added_up,
    the_days_know_their_sequences,
    two_processes_add_each_entry_once,
}

const DAY: i64 = 86_400_000_000;
const TODAY: i64 = NOW.div_euclid(DAY);

fn sum(kind: EntryKind, debit: AccountId, credit: AccountId, entries: i64, amount: i128) -> MoneySum {
    MoneySum { kind, debit, credit, entries, amount }
}

/// A deposit of 100,000, moved to the payout balance, and payouts of 100 and 20; a day later a payout of 3 and a withdrawal of 50.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100_000).await;
    till.carry_out(book, [create("a@example.com", 100), create("a@example.com", 20)]).await;
    till.now += DAY;
    till.carry_out(book, [create("a@example.com", 3), withdraw(order(1, 50))]).await;
    book
}

async fn days_are_summed_up_behind_a_cursor(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    assert!(!store.add_to_day_sums(book, 1).await.unwrap(), "there is more");
    while !store.add_to_day_sums(book, 2).await.unwrap() {}
    assert!(store.add_to_day_sums(book, 2).await.unwrap());
    let (world_account, main, payout) = (AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT);
    let of_today = [
        (TODAY, sum(EntryKind::Deposited, world_account, main, 1, 100_000)),
        (TODAY, sum(EntryKind::MovedToPayout, main, payout, 1, 100_000)),
        (TODAY, sum(EntryKind::UserCreated, payout, PEOPLE, 1, 100)),
        (TODAY, sum(EntryKind::UserCredited, payout, PEOPLE, 1, 20)),
    ];
    let next = [
        (TODAY + 1, sum(EntryKind::UserCredited, payout, PEOPLE, 1, 3)),
        (TODAY + 1, sum(EntryKind::WithdrawalCreated, PEOPLE, AccountId::HELD, 1, 50)),
    ];
    assert_eq!(store.day_sums(book, TODAY..TODAY + 1).await.unwrap(), of_today);
    assert_eq!(store.day_sums(book, TODAY + 1..i64::MAX).await.unwrap(), next);
    let mut till = world.till().await;
    till.now += DAY;
    till.carry_out(book, [create("a@example.com", 4)]).await;
    assert!(store.add_to_day_sums(book, 100).await.unwrap());
    let later = store.day_sums(book, TODAY + 1..TODAY + 2).await.unwrap();
    assert_eq!(later[0].1, sum(EntryKind::UserCredited, payout, PEOPLE, 2, 7));
    assert_eq!(store.totals(book, TODAY..TODAY + 2).await.unwrap()[3].amount, 27);
    assert!(store.add_to_day_sums(BookId(99), 100).await.unwrap(), "no such book");
    assert_eq!(store.day_sums(BookId(99), 0..i64::MAX).await.unwrap(), []);
}

async fn a_period_is_summed_up_with_what_stands_before_and_after_it(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    let days = TODAY + 1..TODAY + 2;
    let (cursor, nothing) = store.period_sums(book, days.clone()).await.unwrap();
    assert_eq!((cursor, nothing), (0, Default::default()));
    let balances = store.house_balances_of(book).await.unwrap();
    let unsummed = store.unsummed(book, (0, balances.sequence), days.clone()).await.unwrap();
    store.add_to_day_sums(book, 3).await.unwrap();
    let (cursor, part) = store.period_sums(book, days.clone()).await.unwrap();
    assert_eq!((cursor, part.before.len(), part.within.len()), (3, 3, 0));
    while !store.add_to_day_sums(book, 2).await.unwrap() {}
    let (cursor, whole) = store.period_sums(book, days.clone()).await.unwrap();
    assert_eq!((cursor, &whole), (balances.sequence, &unsummed));
    assert_eq!((whole.before.len(), whole.within.len(), whole.after.len()), (4, 3, 0), "{whole:?}");
    let (_, after) = store.period_sums(book, TODAY - 1..TODAY).await.unwrap();
    assert_eq!((after.before.len(), after.within.len()), (0, 0));
    let credited = after.after.iter().find(|sum| sum.kind == EntryKind::UserCredited).unwrap();
    assert_eq!((credited.entries, credited.amount), (2, 23));
    assert_eq!(store.unsummed(book, (cursor, cursor), days).await.unwrap(), Default::default());
    let held = balances.balances.iter().find(|(account, _)| *account == AccountId::HELD).unwrap();
    assert_eq!(held.1, Cents(50));
}

async fn the_largest_transfers_of_one_day_are_added_up(world: &BareStore) {
    const TIMES: i64 = 6_000;
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.carry_out(book, [deposit(MAX_TRANSFER.0, "much")]).await;
    let move_it = |direction| Command::Transfer { direction, amount: MAX_TRANSFER };
    for _ in 0..TIMES / 1_000 {
        let pairs = (0..1_000).flat_map(|_| [move_it(Direction::ToPayout), move_it(Direction::ToMain)]);
        till.carry_out(book, pairs).await;
    }
    while !world.store.add_to_day_sums(book, 5_000).await.unwrap() {}
    let sums = world.store.day_sums(book, TODAY..TODAY + 1).await.unwrap();
    let moved: i128 = sums.iter().map(|(_, sum)| sum.amount).sum();
    assert_eq!(moved, i128::from(MAX_TRANSFER.0) * i128::from(2 * TIMES + 1));
    assert!(moved > i128::from(i64::MAX));
    assert_eq!(world.store.balance_after(book, AccountId::MAIN, i64::MAX).await.unwrap(), MAX_TRANSFER);
    assert_eq!(world.store.balance_after(book, AccountId::PAYOUT, i64::MAX).await.unwrap(), Cents(0));
}

async fn the_days_know_their_sequences(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    let of = async |days| store.sequences_of_days(book, days).await.unwrap();
    assert_eq!(of(0..i64::MAX).await, (None, 0));
    while !store.add_to_day_sums(book, 2).await.unwrap() {}
    let end = store.last_sequence(book).await.unwrap();
    assert_eq!(of(TODAY..TODAY + 1).await, (Some((1, 4)), end));
    assert_eq!(of(TODAY + 1..i64::MAX).await, (Some((5, end)), end));
    assert_eq!(of(TODAY + 2..i64::MAX).await, (None, end));
}

async fn two_processes_add_each_entry_once(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    till.carry_out(book, (0..500).map(|_| create("a@example.com", 1))).await;
    world.at_once(2, async |store, _| {
        for _ in 0..40 {
            store.add_to_day_sums(book, 40).await.unwrap();
        }
    });
    assert!(world.store.add_to_day_sums(book, 1_000).await.unwrap());
    let sums = world.store.totals(book, 0..i64::MAX).await.unwrap();
    let given: i128 = sums.iter().filter(|sum| sum.credit == PEOPLE).map(|sum| sum.amount).sum();
    assert_eq!(given, 500);
    assert_eq!(world.store.balance_after(book, AccountId::PAYOUT, i64::MAX).await.unwrap(), Cents(999_500));
}
