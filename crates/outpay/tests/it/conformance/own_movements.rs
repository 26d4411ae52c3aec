//! Movements of the main and the payout balance, with the balance after each.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, debit, deposit, order, to_payout, withdraw};
use ledger::{AccountId, BookId, EntryKind};
use outpay::testing::store::{ALL_DAYS, MovementFilter, MovementKinds};

on_both_engines! {
    every_movement_has_the_balance_after_it,
    movements_are_found_by_kind_and_day,
    a_page_goes_on_where_the_one_before_ended,
    movements_that_are_not_in_the_sums_are_found_too,
    a_clock_that_went_back_loses_no_movement,
}

const DAY: i64 = 86_400_000_000;
const TODAY: i64 = NOW.div_euclid(DAY);

fn filter(account: AccountId, kinds: MovementKinds) -> MovementFilter {
    MovementFilter { account, kinds, days: ALL_DAYS, before: None }
}

/// Sequence, what it added, and the balance after it, newest first.
async fn found(world: &BareStore, book: BookId, filter: &MovementFilter) -> Vec<(i64, i64, i64)> {
    let found = world.store.own_movements(book, filter, 10_000).await.unwrap();
    let facts = |one: &outpay::testing::store::OwnMovement| {
        let entry = &one.stored.entry;
        (entry.sequence, entry.signed_for(filter.account).0, one.balance.0)
    };
    found.iter().map(facts).collect()
}

/// The same, worked out from the whole journal.
async fn expected(world: &BareStore, book: BookId, filter: &MovementFilter) -> Vec<(i64, i64, i64)> {
    let (mut balance, mut all) = (0, Vec::new());
    for stored in world.journal(book).await {
        let entry = &stored.entry;
        if stored.previous_of(filter.account).is_none() {
            continue;
        }
        let amount = entry.signed_for(filter.account).0;
        balance += amount;
        let is_payout = matches!(entry.kind, EntryKind::UserCreated | EntryKind::UserCredited);
        let fits = match filter.kinds {
            MovementKinds::All => true,
            MovementKinds::Payouts => is_payout,
            MovementKinds::One(kind) => entry.kind == kind,
        };
        let is_before = filter.before.is_none_or(|before| entry.sequence < before);
        if fits && is_before && filter.days.contains(&entry.at.div_euclid(DAY)) {
            all.push((entry.sequence, amount, balance));
        }
    }
    all.reverse();
    all
}

/// Several days of everything that moves the two balances, more entries than stand between two marks.
async fn busy(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    for day in 0..4 {
        till.now = NOW + day * DAY;
        till.carry_out(book, [deposit(50_000, &format!("line {day}")), to_payout(40_000)]).await;
        till.carry_out(book, (0..300).map(|number| create(&format!("p{}@example.com", number % 7), 10)))
            .await;
        till.carry_out(book, [debit(1, 5), debit(2, 6), withdraw(order(3, 20))]).await;
        till.carry_out(book, (0..100).map(|_| withdraw(order(4, 1)))).await;
    }
    book
}

async fn every_movement_has_the_balance_after_it(world: &BareStore) {
    let book = busy(world).await;
    while !world.store.add_to_day_sums(book, 700).await.unwrap() {}
    for account in [AccountId::MAIN, AccountId::PAYOUT] {
        let wanted = filter(account, MovementKinds::All);
        let found = found(world, book, &wanted).await;
        assert!(found.len() > 7, "{}", found.len());
        assert_eq!(found, expected(world, book, &wanted).await);
        let (main, payout) = world.store.own_balances(book).await.unwrap();
        let now = if account == AccountId::MAIN { main } else { payout };
        assert_eq!(found[0].2, now.0);
        for (sequence, _, balance) in found.into_iter().step_by(97) {
            let after = world.store.balance_after(book, account, sequence).await.unwrap();
            assert_eq!(after.0, balance, "{sequence}");
        }
    }
}

async fn movements_are_found_by_kind_and_day(world: &BareStore) {
    let book = busy(world).await;
    while !world.store.add_to_day_sums(book, 700).await.unwrap() {}
    let kinds = [
        MovementKinds::All,
        MovementKinds::Payouts,
        MovementKinds::One(EntryKind::MovedToPayout),
        MovementKinds::One(EntryKind::UserDebited),
        MovementKinds::One(EntryKind::Deposited),
        MovementKinds::One(EntryKind::PaidOut),
    ];
    let days = [
        ALL_DAYS,
        TODAY..TODAY + 1,
        TODAY + 1..TODAY + 3,
        TODAY + 3..ALL_DAYS.end,
        TODAY + 9..ALL_DAYS.end,
        0..TODAY,
    ];
    for account in [AccountId::MAIN, AccountId::PAYOUT] {
        for kinds in kinds {
            for days in days.clone() {
                let wanted = MovementFilter { days, ..filter(account, kinds) };
                assert_eq!(
                    found(world, book, &wanted).await,
                    expected(world, book, &wanted).await,
                    "{wanted:?}"
                );
            }
        }
    }
}

async fn a_page_goes_on_where_the_one_before_ended(world: &BareStore) {
    let book = busy(world).await;
    while !world.store.add_to_day_sums(book, 700).await.unwrap() {}
    for kinds in [MovementKinds::All, MovementKinds::Payouts, MovementKinds::One(EntryKind::UserDebited)] {
        let mut wanted = MovementFilter { days: TODAY + 1..TODAY + 3, ..filter(AccountId::PAYOUT, kinds) };
        let all = expected(world, book, &wanted).await;
        let mut pages = Vec::new();
        loop {
            let page = world.store.own_movements(book, &wanted, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            wanted.before = Some(last.stored.entry.sequence);
            pages.extend(page.iter().map(|one| (one.stored.entry.sequence, one.balance.0)));
        }
        assert_eq!(pages, all.iter().map(|one| (one.0, one.2)).collect::<Vec<_>>(), "{kinds:?}");
    }
    let foreign = world.journal(book).await.into_iter().find(|one| one.entry.withdrawal > 0).unwrap();
    let wanted = MovementFilter {
        before: Some(foreign.entry.sequence),
        ..filter(AccountId::PAYOUT, MovementKinds::All)
    };
    assert_eq!(found(world, book, &wanted).await, [], "not a movement of this balance");
}

async fn movements_that_are_not_in_the_sums_are_found_too(world: &BareStore) {
    let book = busy(world).await;
    for portions in [0, 1, 2] {
        for _ in 0..portions {
            world.store.add_to_day_sums(book, 333).await.unwrap();
        }
        for kinds in [MovementKinds::All, MovementKinds::Payouts, MovementKinds::One(EntryKind::UserDebited)]
        {
            for days in [ALL_DAYS, TODAY + 2..TODAY + 3] {
                let wanted = MovementFilter { days, ..filter(AccountId::PAYOUT, kinds) };
                assert_eq!(
                    found(world, book, &wanted).await,
                    expected(world, book, &wanted).await,
                    "{wanted:?}"
                );
            }
        }
    }
}

async fn a_clock_that_went_back_loses_no_movement(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    for (at, amount) in [(DAY, 1), (0, 2), (2 * DAY, 3), (DAY, 4), (0, 5)] {
        till.now = NOW + at;
        till.carry_out(book, [create("a@example.com", amount)]).await;
    }
    while !world.store.add_to_day_sums(book, 2).await.unwrap() {}
    for days in [TODAY..TODAY + 1, TODAY + 1..TODAY + 2, TODAY + 2..TODAY + 3, TODAY..TODAY + 2] {
        for kinds in [MovementKinds::All, MovementKinds::Payouts] {
            let wanted = MovementFilter { days: days.clone(), ..filter(AccountId::PAYOUT, kinds) };
            assert_eq!(found(world, book, &wanted).await, expected(world, book, &wanted).await, "{wanted:?}");
        }
    }
}
