//! The teller's path through the store: what is loaded, decided, saved and committed is there when it is loaded
//! again; what is rolled back is not.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{ask, ask_once, create, deactivate, debit, deposit, email, rotate, to_payout};
use ledger::{
    AccountId, Applied, BatchPayout, Book, BookHead, BookId, Cents, Command, Metadata, Mode, OnceKey,
    Refusal, UserStatus,
};
use outpay::testing::commit::{decide_all, needs_of, savings};
use outpay::testing::store::{BookNeeds, Needs};

on_both_engines! {
    what_is_saved_is_loaded_again,
    a_fresh_book_is_empty,
    what_is_rolled_back_never_was,
    what_is_saved_and_not_committed_dies_with_its_teller,
    a_refused_batch_writes_nothing,
    several_books_in_one_batch,
    a_book_that_does_not_exist_is_left_out,
    the_switch_for_payouts_is_loaded,
    a_batch_of_many_rows,
    texts_come_back_as_they_were,
    the_largest_numbers_come_back,
}

/// Everything that these commands can have touched, and these users.
fn needs(book: BookId, emails: &[&str], users: &[i64], once: &[OnceKey]) -> Needs {
    let one = BookNeeds {
        emails: emails.iter().map(|text| email(text)).collect(),
        users: users.iter().copied().collect(),
        once: once.iter().copied().collect(),
        ..BookNeeds::default()
    };
    Needs([(book, one)].into())
}

fn assert_same(one: &Book, other: &Book, users: &[i64], once: &[OnceKey]) {
    assert_eq!(one.id, other.id);
    assert_eq!(one.head, other.head);
    assert_eq!(one.payouts_enabled, other.payouts_enabled);
    let own = [AccountId::WORLD, AccountId::MAIN, AccountId::PAYOUT, AccountId::HELD, AccountId::FEES];
    for account in own.into_iter().chain(users.iter().map(|user| AccountId::user(*user))) {
        assert_eq!(one.balance(account), other.balance(account), "{account}");
    }
    for user in users {
        assert!(one.user(*user).is_some(), "user {user}");
        assert_eq!(one.user(*user), other.user(*user));
    }
    for key in once {
        assert!(one.remembered(key).is_some(), "{key:?}");
        assert_eq!(one.remembered(key), other.remembered(key));
    }
}

async fn what_is_saved_is_loaded_again(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 10_000).await;
    let first = [
        ask_once(book, create("a@example.com", 1), "one"),
        ask(book, create("b@example.com", 20)),
        ask(book, create("A@Example.com", 300)),
        ask_once(book, create("c@example.com", 4_000), "three"),
        ask_once(book, create("d@example.com", 6_000), "too much"),
    ];
    let (_, verdicts) = till.save(&first).await;
    till.teller.commit().await.unwrap();
    assert_eq!(verdicts[4], Err(Refusal::PayoutBalanceIsTooLow));
    // Users changed in the batch that created them take another path than users changed later: both are here.
    let second = [
        ask(book, deactivate(2)),
        ask_once(book, rotate(3), "four"),
        ask(book, debit(1, 101)),
        ask(book, create("d@example.com", 5)),
        ask(book, rotate(3)),
        ask_once(book, deposit(7, "second"), "not used for deposits"),
    ];
    let mut books = till.teller.load(&needs_of(second.iter())).await.unwrap();
    let inputs = ledger::Inputs { now: NOW + 1, seed: crate::conformance::till::SEED, key_version: 0 };
    let rotated_at_once = [ask(book, rotate(4)), ask(book, deactivate(4))];
    let verdicts = decide_all(&mut books, second.iter().chain(&rotated_at_once), inputs);
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    till.teller.save(&savings(&books, &till.secrets).unwrap()).await.unwrap();
    till.teller.commit().await.unwrap();

    let emails = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"];
    let once = ["one", "three", "four"].map(OnceKey::of_request);
    let once = [once.as_slice(), &[OnceKey::of_deposit_reference("second")]].concat();
    let users = [1, 2, 3, 4];
    let by_email = till.teller.load(&needs(book, &emails, &[], &once)).await.unwrap().remove(0);
    till.teller.roll_back().await.unwrap();
    let by_number = till.teller.load(&needs(book, &[], &users, &once)).await.unwrap().remove(0);
    till.teller.roll_back().await.unwrap();
    let both = till.teller.load(&needs(book, &emails, &users, &once)).await.unwrap().remove(0);
    till.teller.roll_back().await.unwrap();
    assert_same(&by_email, &by_number, &users, &once);
    assert_same(&both, &by_number, &users, &once);
    assert!(by_number.remembered(&OnceKey::of_request("too much")).is_none());

    assert_eq!(both.head, books[0].head, "sequence, chain and number of users");
    assert_eq!(both.balance(AccountId::user(1)), Cents(200));
    assert_eq!(both.balance(AccountId::PAYOUT), Cents(10_000 - 1 - 20 - 300 - 4_000 + 101 - 5));
    assert_eq!(both.balance(AccountId::WORLD), Cents(-10_007));
    assert_eq!(both.user(2).unwrap().status, UserStatus::Inactive);
    assert_eq!((both.user(3).unwrap().generation, both.user(4).unwrap().generation), (2, 1));
    assert_eq!(both.user(4).unwrap().created_at, NOW + 1);
    assert_eq!(both.user_by_email(&email("c@example.com")).unwrap().number, 3);
    let changes = both.changes();
    assert!(
        changes.entries.is_empty() && changes.new_accounts.is_empty() && changes.changed_accounts.is_empty()
    );
}

async fn a_fresh_book_is_empty(world: &BareStore) {
    let live = world.book("Acme").await;
    let test = BookId::new(live.business(), Mode::Test);
    let mut till = world.till().await;
    for id in [live, test] {
        let needs = needs(id, &["a@example.com"], &[1, 2, i64::MAX], &[OnceKey([9; 16])]);
        let books = till.teller.load(&needs).await.unwrap();
        till.teller.roll_back().await.unwrap();
        assert_eq!(books.len(), 1);
        assert_eq!((books[0].id, books[0].head), (id, BookHead::default()));
        assert_eq!(books[0].balance(AccountId::PAYOUT), Cents(0));
        assert!(books[0].user(1).is_none() && books[0].remembered(&OnceKey([9; 16])).is_none());
    }
}

async fn what_is_rolled_back_never_was(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 10)]).await;
    let before = world.everything().await;
    let batch = [
        ask_once(book, create("a@example.com", 20), "key"),
        ask(book, create("b@example.com", 30)),
        ask(book, rotate(1)),
    ];
    till.save(&batch).await;
    till.teller.roll_back().await.unwrap();
    assert_eq!(world.everything().await, before);
    let verdicts = till.apply(&batch).await;
    assert!(matches!(verdicts[0], Ok(Applied { replayed: false, .. })), "not remembered: {verdicts:?}");
    assert_eq!(world.journal(book).await.len(), 6);
}

async fn what_is_saved_and_not_committed_dies_with_its_teller(world: &BareStore) {
    let book = world.book("Acme").await;
    world.till().await.fund(book, 100).await;
    let before = world.everything().await;
    {
        let process = outpay::testing::store::Store::open(&world.place.url()).await.unwrap();
        let mut till =
            crate::conformance::till::Till::new(process.teller().await.unwrap(), world.secrets.clone());
        till.save(&[ask(book, create("a@example.com", 10))]).await;
    }
    assert_eq!(world.everything().await, before);
    // And it blocks no other teller.
    world.till().await.carry_out(book, [create("a@example.com", 20)]).await;
}

async fn a_refused_batch_writes_nothing(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 10)]).await;
    let before = world.everything().await;
    let verdicts = till
        .apply(&[
            ask_once(book, create("b@example.com", 91), "key"),
            ask(book, debit(1, 11)),
            ask(book, rotate(2)),
            ask(book, to_payout(1)),
            ask(book, create("b@example.com", 0)),
        ])
        .await;
    let refused = [
        Refusal::PayoutBalanceIsTooLow,
        Refusal::UserBalanceIsTooLow,
        Refusal::PayoutUserIsUnknown,
        Refusal::MainBalanceIsTooLow,
        Refusal::AmountIsOutOfRange,
    ];
    assert_eq!(verdicts, refused.map(Err));
    assert_eq!(world.everything().await, before);
}

async fn several_books_in_one_batch(world: &BareStore) {
    let one = world.book("One").await;
    let other = world.book("Other").await;
    let test = BookId::new(one.business(), Mode::Test);
    let mut till = world.till().await;
    for (book, amount) in [(one, 100), (other, 200), (test, 300)] {
        till.fund(book, amount).await;
    }
    // Not in the order of the books, and the same key, address and user numbers in each.
    let verdicts = till
        .apply(&[
            ask_once(other, create("a@example.com", 2), "key"),
            ask_once(one, create("a@example.com", 1), "key"),
            ask_once(test, create("b@example.com", 3), "key"),
            ask_once(test, create("b@example.com", 3), "key"),
        ])
        .await;
    assert!(
        matches!(verdicts[2], Ok(Applied { replayed: false, .. }))
            && matches!(verdicts[3], Ok(Applied { replayed: true, .. }))
    );
    for (book, payout, address) in [(one, 99, "a@"), (other, 198, "a@"), (test, 297, "b@")] {
        assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(0), Cents(payout)));
        let user = world.store.user(book, 1).await.unwrap().unwrap().user;
        assert!(user.email.as_str().starts_with(address), "{user:?}");
        assert_eq!(world.journal(book).await.len(), 3);
    }
}

async fn a_book_that_does_not_exist_is_left_out(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    let unknown = BookId(99);
    let verdicts = till.apply(&[ask(unknown, create("a@example.com", 1)), ask(book, deposit(5, "r"))]).await;
    assert_eq!(verdicts[0], Err(Refusal::PayoutUserIsUnknown));
    assert!(verdicts[1].is_ok());
    assert!(world.journal(unknown).await.is_empty());
    assert!(till.teller.load(&needs(unknown, &[], &[1], &[])).await.unwrap().is_empty());
    till.teller.roll_back().await.unwrap();
    assert!(till.teller.load(&Needs::default()).await.unwrap().is_empty(), "nothing at all is asked for");
    till.teller.save(&[]).await.unwrap();
    till.teller.commit().await.unwrap();
}

async fn the_switch_for_payouts_is_loaded(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    world.store.set_payouts_enabled(book.business(), false).await.unwrap();
    let verdicts = till.apply(&[ask(book, create("a@example.com", 1))]).await;
    assert_eq!(verdicts, [Err(Refusal::PayoutsAreDisabled)]);
    world.store.set_payouts_enabled(book.business(), true).await.unwrap();
    till.carry_out(book, [create("a@example.com", 1)]).await;
}

async fn a_batch_of_many_rows(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100_000_000).await;
    let row = |number: i64| BatchPayout {
        email: email(&format!("u{}@example.com", number % 700)),
        amount: Cents(number),
        reference: (number % 2 == 0).then(|| format!("reference {number}")),
        memo: if number % 3 == 0 { format!("memo {number}") } else { String::new() },
        metadata: Metadata::from_stored(
            (0..number % 3).map(|key| (format!("key {key}"), number.to_string())).collect(),
        ),
    };
    let payouts: Vec<BatchPayout> = (1..=2_000).map(row).collect();
    till.carry_out(book, [Command::CreateMany { payouts: payouts.clone(), partial: false }]).await;
    let journal = world.journal(book).await;
    assert_eq!(journal.len(), 2_002);
    for (stored, payout) in journal[2..].iter().zip(&payouts) {
        assert_eq!(stored.entry.movement.unwrap().amount, payout.amount);
        assert_eq!(stored.entry.note, payout.reference.clone().unwrap_or_default());
    }
    let total = 2_000 * 2_001 / 2;
    assert_eq!(world.store.own_balances(book).await.unwrap().1, Cents(100_000_000 - total));
    // Rows with a reference are not paid again, the others are.
    till.carry_out(book, [Command::CreateMany { payouts, partial: true }]).await;
    assert_eq!(world.journal(book).await.len(), 3_002);
}

async fn texts_come_back_as_they_were(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    let long = "x".repeat(10_000);
    let notes =
        ["'; DROP TABLE journal; --", "zażółć 🙂 \u{202e}", "\\x00 \\ \" {} $1", "a\nb\tc", long.as_str()];
    till.carry_out(book, notes.map(|note| deposit(1, note))).await;
    let stored = world.journal(book).await;
    assert_eq!(stored.iter().map(|stored| stored.entry.note.as_str()).collect::<Vec<_>>(), notes);
}

async fn the_largest_numbers_come_back(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    let most = ledger::MAX_TRANSFER.0;
    till.carry_out(book, [deposit(most, "first")]).await;
    // As nine thousand such deposits would leave it.
    for (id, balance) in [(-1, -i64::MAX), (-2, i64::MAX)] {
        let sql = format!("UPDATE account SET balance = {balance} WHERE book = {} AND id = {id}", book.0);
        assert_eq!(world.tamper(&sql).await, Ok(1));
    }
    assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(i64::MAX), Cents(0)));
    let verdicts = till.apply(&[ask(book, deposit(1, "one more"))]).await;
    assert_eq!(verdicts, [Err(Refusal::BalanceWouldBeTooLarge)]);
    till.carry_out(book, [to_payout(most)]).await;
    assert_eq!(world.store.own_balances(book).await.unwrap(), (Cents(i64::MAX - most), Cents(most)));
}
