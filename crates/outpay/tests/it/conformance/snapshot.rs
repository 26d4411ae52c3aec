//! The audit's view: one snapshot of the whole database, however much is written meanwhile.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use crate::conformance::till::{by_hand, create, deactivate, order, rotate, step, withdraw};
use ledger::{Account, AccountId, BookId, Cents, Step};
use outpay::testing::store::{HashCredential, Snapshot, StoredEntry};

on_both_engines! {
    a_snapshot_shows_what_is_stored,
    a_snapshot_stands_still_while_writes_go_on,
    everything_pages,
    withdrawals_stand_still_with_the_rest,
}

async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(
        book,
        [create("a@example.com", 10), create("b@example.com", 20), rotate(1), deactivate(2)],
    )
    .await;
    book
}

async fn a_snapshot_shows_what_is_stored(world: &BareStore) {
    let book = start(world).await;
    let snapshot = world.store.snapshot().await.unwrap();
    let books = snapshot.books().await.unwrap();
    assert_eq!(books.iter().map(|book| book.id.0).collect::<Vec<_>>(), [book.0, book.0 + 1]);
    let entries = snapshot.entries(book, 0, 100).await.unwrap();
    let (entries, payees): (Vec<StoredEntry>, Vec<String>) = entries.into_iter().unzip();
    assert_eq!(payees, ["", "", "a@example.com", "b@example.com", "", ""]);
    assert_eq!(entries, world.journal(book).await);
    assert_eq!((books[0].head.sequence, books[0].head.users, books[0].business.as_str()), (6, 2, "Acme"));
    assert_eq!(books[0].head.chain, entries[5].chain);
    let accounts = snapshot.accounts(book, i64::MIN, 100).await.unwrap();
    let accounts: Vec<_> = accounts.iter().map(|one| (one.id, one.account)).collect();
    let account = |id, balance, head| (id, Account { balance: Cents(balance), head });
    let expected = [
        account(AccountId::PAYOUT, 970, 4),
        account(AccountId::MAIN, 0, 2),
        account(AccountId::WORLD, -1_000, 1),
        account(AccountId::user(1), 10, 3),
        account(AccountId::user(2), 20, 4),
    ];
    assert_eq!(accounts, expected);
    let users = snapshot.users(book, i64::MIN, 100).await.unwrap();
    let users: Vec<_> = users.iter().map(|user| (user.number, user.active, user.generation)).collect();
    assert_eq!(users, [(1, true, 1), (2, false, 0)]);
    let mut credentials = snapshot.hash_credentials(&[], 100).await.unwrap();
    credentials.sort_by_key(|credential| credential.user);
    let credential = |user, generation, active| {
        let digest =
            world.secrets.hash_digest(book, user, &crate::conformance::till::basis(book, user, generation));
        let digest = digest.unwrap();
        HashCredential { digest, book, user, active }
    };
    assert_eq!(credentials, [credential(1, 1, true), credential(2, 0, false)]);
}

async fn told(snapshot: &Snapshot, book: BookId) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        snapshot.books().await.unwrap(),
        snapshot.entries(book, 0, 100).await.unwrap(),
        snapshot.accounts(book, i64::MIN, 100).await.unwrap(),
        snapshot.users(book, i64::MIN, 100).await.unwrap(),
        snapshot.hash_credentials(&[], 100).await.unwrap()
    )
}

async fn a_snapshot_stands_still_while_writes_go_on(world: &BareStore) {
    let book = start(world).await;
    // The snapshot is taken when it is opened, not at the first read.
    let unasked = world.store.snapshot().await.unwrap();
    let asked = world.store.snapshot().await.unwrap();
    let before = told(&asked, book).await;
    let other = world.book("Other").await;
    let mut till = world.till().await;
    till.fund(other, 9).await;
    for number in 0..20 {
        till.carry_out(
            book,
            [create(&format!("new{number}@example.com"), 1), create("a@example.com", 1), rotate(2)],
        )
        .await;
        assert_eq!(told(&asked, book).await, before);
    }
    assert_eq!(told(&unasked, book).await, before);
    let now = world.store.snapshot().await.unwrap();
    assert_eq!(now.entries(book, 0, 100).await.unwrap().len(), 66);
    assert_eq!(now.books().await.unwrap().len(), 4);
}

async fn everything_pages(world: &BareStore) {
    let book = start(world).await;
    let snapshot = world.store.snapshot().await.unwrap();
    let sequences: Vec<_> = snapshot.entries(book, 2, 2).await.unwrap();
    assert_eq!(sequences.iter().map(|(stored, _)| stored.entry.sequence).collect::<Vec<_>>(), [3, 4]);
    let accounts = snapshot.accounts(book, -2, 2).await.unwrap();
    assert_eq!(accounts.iter().map(|one| one.id.0).collect::<Vec<_>>(), [-1, 1]);
    assert_eq!(snapshot.users(book, 1, 5).await.unwrap().len(), 1);
    let all = snapshot.hash_credentials(&[], 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all[0].digest < all[1].digest);
    let mut paged = snapshot.hash_credentials(&[], 1).await.unwrap();
    paged.extend(snapshot.hash_credentials(&paged[0].digest, 1).await.unwrap());
    assert_eq!(paged, all);
    assert!(snapshot.hash_credentials(&all[1].digest, 10).await.unwrap().is_empty());
    assert!(all.iter().all(|credential| credential.book == book && credential.user <= 2));
}

async fn withdrawals_stand_still_with_the_rest(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 500)]).await;
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(by_hand(1, 20)), withdraw(order(1, 30))]).await;
    let snapshot = world.store.snapshot().await.unwrap();
    till.carry_out(book, [step(1, Step::Cancel), withdraw(order(1, 40))]).await;

    let all = snapshot.withdrawals(book, 0, 100).await.unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.number, one.state.word(), one.amount.0)).collect();
    assert_eq!(told, [(1, "queued", 10), (2, "queued", 20), (3, "queued", 30)]);
    assert_eq!(all[1], world.store.withdrawal(book, 2).await.unwrap().unwrap(), "every column");
    assert_eq!(snapshot.withdrawals(book, 1, 1).await.unwrap(), all[1..2]);
    assert_eq!(snapshot.withdrawals(book, 3, 9).await.unwrap(), []);
    assert_eq!(snapshot.withdrawals(BookId(book.0 + 1), 0, 9).await.unwrap(), [], "another book's");
    let books = snapshot.books().await.unwrap();
    assert_eq!((books[0].head.withdrawals, books[1].head.withdrawals), (3, 0));
    // The entry that creates a withdrawal covers its recipient and rail.
    let entries = snapshot.entries(book, 3, 100).await.unwrap();
    let payees: Vec<&str> = entries.iter().map(|(_, payee)| payee.as_str()).collect();
    let orders = [all[0].order_text(), all[1].order_text(), all[2].order_text()];
    assert_eq!(payees, [&orders[0], "", &orders[1], "", &orders[2], ""]);
    let now = world.store.snapshot().await.unwrap();
    assert_eq!(now.withdrawals(book, 0, 100).await.unwrap().len(), 4);
}
