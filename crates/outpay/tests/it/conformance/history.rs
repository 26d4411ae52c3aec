//! One account's history along its links, and a book's entries page by page.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deactivate, debit, order, rotate, step, withdraw};
use ledger::{AccountId, BookId, Cents, EntryKind, Step};
use outpay::testing::store::{HistoryPlace, StoredEntry};

on_both_engines! {
    history_goes_from_the_newest_to_the_first,
    a_place_on_another_account_is_none,
    a_long_history_pages_to_its_end,
    entries_page_in_sequence,
    a_withdrawal_has_its_own_entries,
}

fn sequences(entries: &[StoredEntry]) -> Vec<i64> {
    entries.iter().map(|stored| stored.entry.sequence).collect()
}

/// Entries: 1, 2 funds; 3 a, 4 b, 5 a, 6 rotate a, 7 debit a, 8 b, 9 deactivate b, 10 a.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    let (a, b) = ("a@example.com", "b@example.com");
    let commands = [
        create(a, 1),
        create(b, 2),
        create(a, 4),
        rotate(1),
        debit(1, 3),
        create(b, 8),
        deactivate(2),
        create(a, 16),
    ];
    till.carry_out(book, commands).await;
    book
}

async fn history(
    world: &BareStore,
    book: BookId,
    account: AccountId,
    place: HistoryPlace,
    limit: i64,
) -> Option<Vec<i64>> {
    world.store.history(book, account, place, limit).await.unwrap().map(|entries| sequences(&entries))
}

async fn history_goes_from_the_newest_to_the_first(world: &BareStore) {
    use HistoryPlace::{At, Before};
    let book = start(world).await;
    let a = AccountId::user(1);
    let b = AccountId::user(2);
    assert_eq!(world.store.user(book, 1).await.unwrap().unwrap().history, 10);
    for (account, place, limit, expected) in [
        (a, At(10), 100, vec![10, 7, 5, 3]),
        (a, At(10), 2, vec![10, 7]),
        (a, At(10), 0, vec![]),
        (a, At(7), 100, vec![7, 5, 3]),
        (a, Before(10), 2, vec![7, 5]),
        (a, Before(5), 2, vec![3]),
        (a, Before(3), 2, vec![]),
        (a, At(0), 100, vec![]),
        (b, At(8), 100, vec![8, 4]),
        (b, Before(8), 100, vec![4]),
        (AccountId::PAYOUT, At(10), 100, vec![10, 8, 7, 5, 4, 3, 2]),
        (AccountId::PAYOUT, Before(7), 2, vec![5, 4]),
        (AccountId::MAIN, At(2), 100, vec![2, 1]),
        (AccountId::WORLD, At(1), 100, vec![1]),
    ] {
        assert_eq!(
            history(world, book, account, place, limit).await,
            Some(expected),
            "{account}, {place:?}, {limit}"
        );
    }
    let entries = world.store.history(book, a, At(10), 2).await.unwrap().unwrap();
    let journal = world.journal(book).await;
    assert_eq!(entries, [journal[9].clone(), journal[6].clone()], "whole entries, digests too");
    assert_eq!(
        (entries[1].entry.kind, entries[1].entry.note.as_str()),
        (EntryKind::UserDebited, "taken back")
    );
    assert_eq!(entries[1].entry.movement.unwrap().amount, Cents(3));
    assert_eq!(entries[1].previous_of(a), Some(5));
    assert_eq!(entries[1].previous_of(b), None);
}

async fn a_place_on_another_account_is_none(world: &BareStore) {
    use HistoryPlace::{At, Before};
    let book = start(world).await;
    let test = BookId(book.0 + 1);
    let a = AccountId::user(1);
    for (book, account, place) in [
        (book, a, Before(4)),
        (book, a, Before(6)),
        (book, a, Before(2)),
        (book, a, Before(99)),
        (book, a, Before(0)),
        (book, a, Before(-5)),
        (test, a, Before(10)),
        (book, AccountId::user(3), Before(10)),
        (book, a, At(4)),
        (book, a, At(6)),
        (book, AccountId::user(3), At(10)),
    ] {
        assert_eq!(history(world, book, account, place, 9).await, None, "{}, {account}, {place:?}", book.0);
    }
    assert_eq!(
        history(world, test, a, At(10), 9).await,
        Some(vec![]),
        "another book's entries are not there"
    );
}

async fn a_long_history_pages_to_its_end(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    for _ in 0..6 {
        let pairs = (0..250).flat_map(|_| [create("a@example.com", 2), create("b@example.com", 1)]);
        till.carry_out(book, pairs).await;
    }
    let a = AccountId::user(1);
    let mut place = HistoryPlace::At(world.store.user(book, 1).await.unwrap().unwrap().history);
    let mut told = Vec::new();
    loop {
        let page = history(world, book, a, place, 400).await.unwrap();
        told.extend_from_slice(&page);
        let Some(last) = page.last() else { break };
        place = HistoryPlace::Before(*last);
    }
    let mut expected: Vec<i64> = (0..1_500).map(|number| 3 + 2 * number).collect();
    expected.reverse();
    assert_eq!(told, expected);
    let whole = history(world, book, AccountId::PAYOUT, HistoryPlace::At(3_002), 10_000).await.unwrap();
    assert_eq!(whole.len(), 3_001);
}

async fn entries_page_in_sequence(world: &BareStore) {
    let book = start(world).await;
    let other = world.book("Other").await;
    world.till().await.fund(other, 5).await;
    let page = async |book, after, limit| sequences(&world.store.entries(book, after, limit).await.unwrap());
    assert_eq!(page(book, 0, 3).await, [1, 2, 3]);
    assert_eq!(page(book, 3, 3).await, [4, 5, 6]);
    assert_eq!(page(book, 9, 3).await, [10]);
    assert!(page(book, 10, 3).await.is_empty());
    assert!(page(book, i64::MAX, 3).await.is_empty());
    assert!(page(book, 0, 0).await.is_empty());
    assert_eq!(page(book, -7, 1).await, [1]);
    assert_eq!(page(other, 0, 9).await, [1, 2]);
    assert!(page(BookId(99), 0, 9).await.is_empty());
    let entries = world.store.entries(book, 5, 1).await.unwrap();
    assert_eq!((entries[0].entry.kind, entries[0].entry.movement), (EntryKind::HashRotated, None));
    assert_eq!(entries[0].entry.user, 1);
}

async fn a_withdrawal_has_its_own_entries(world: &BareStore) {
    let book = start(world).await;
    let mut till = world.till().await;
    till.carry_out(book, [create("a@example.com", 100), withdraw(order(1, 10)), withdraw(order(1, 20))])
        .await;
    till.carry_out(book, [step(2, Step::Send), step(1, Step::Cancel), create("a@example.com", 5)]).await;
    till.carry_out(book, [step(2, Step::Succeed)]).await;
    let told = async |book, withdrawal| {
        let entries = world.store.entries_of_withdrawal(book, withdrawal).await.unwrap();
        entries.iter().map(|stored| stored.entry.kind).collect::<Vec<_>>()
    };
    use EntryKind::{
        WithdrawalCancelled, WithdrawalCreated, WithdrawalQueued, WithdrawalSending, WithdrawalSucceeded,
    };
    assert_eq!(told(book, 1).await, [WithdrawalCreated, WithdrawalQueued, WithdrawalCancelled]);
    let second = [WithdrawalCreated, WithdrawalQueued, WithdrawalSending, WithdrawalSucceeded];
    assert_eq!(told(book, 2).await, second);
    for (book, withdrawal) in [(book, 3), (book, 0), (book, -1), (BookId(book.0 + 1), 1)] {
        assert!(told(book, withdrawal).await.is_empty(), "{book:?} {withdrawal}");
    }
    let whole = world.store.entries_of_withdrawal(book, 2).await.unwrap();
    let journal = world.journal(book).await;
    let of_it: Vec<StoredEntry> = journal.into_iter().filter(|stored| stored.entry.withdrawal == 2).collect();
    assert_eq!(whole, of_it, "whole entries, digests too");
}
