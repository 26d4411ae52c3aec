//! The last line of defence: the database itself refuses, as a whole, a save that contradicts what is stored,
//! whatever the books in memory say.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{SEED, Till, ask, ask_once, basis, create, deposit, email, rotate};
use ledger::{
    Account, AccountId, Book, BookHead, BookId, Cents, Command, HashSalt, Inputs, OnceKey, PayoutUser,
    Request, UserStatus, apply,
};
use outpay::testing::commit::{needs_of, savings};
use outpay::testing::store::{BookNeeds, Needs, Saving};

on_both_engines! {
    a_user_number_is_given_once,
    an_address_is_one_user,
    a_sequence_number_is_taken_once,
    an_answer_is_remembered_once,
    a_credential_to_replace_must_be_there,
    a_credential_is_one_users,
    a_changed_account_must_be_there,
    a_new_account_must_not_be_there,
    a_changed_user_must_be_there,
    a_changed_book_must_be_there,
    no_account_but_world_goes_below_zero,
    columns_hold_only_what_they_mean,
}

/// A book with one paid user, and a teller.
async fn start(world: &BareStore) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000).await;
    till.apply(&[ask_once(book, create("a@example.com", 100), "key")]).await;
    (book, till)
}

/// The book with only its own accounts loaded, in an open transaction.
async fn load_bare(till: &mut Till, book: BookId) -> Book {
    till.teller.load(&Needs([(book, BookNeeds::default())].into())).await.unwrap().remove(0)
}

fn decide(book: &mut Book, command: Command) {
    apply(book, &Request::plain(command), Inputs { now: NOW, seed: SEED, key_version: 0 }).unwrap();
}

/// Saving must fail, change nothing, and leave the teller usable.
async fn refused(world: &BareStore, till: &mut Till, savings: &[Saving<'_>], before: &str) {
    assert!(till.teller.save(savings).await.is_err(), "the database took it");
    till.teller.roll_back().await.unwrap();
    assert_eq!(world.everything().await, before);
    let id = savings[0].book.id;
    if id.0 < 90 {
        till.carry_out(id, [create("z@example.com", 1)]).await;
    }
}

async fn a_user_number_is_given_once(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    loaded.head.users -= 1;
    decide(&mut loaded, create("b@example.com", 5));
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn an_address_is_one_user(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    decide(&mut loaded, create("a@example.com", 5));
    assert_eq!(loaded.head.users, 2, "the book in memory takes it for a new one");
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn a_sequence_number_is_taken_once(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    loaded.head.sequence -= 1;
    decide(&mut loaded, deposit(5, "again"));
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn an_answer_is_remembered_once(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let asked = ask_once(book, create("a@example.com", 100), "key");
    let mut needs = needs_of([&asked].into_iter());
    needs.0.get_mut(&book).unwrap().once.clear();
    let mut loaded = till.teller.load(&needs).await.unwrap().remove(0);
    apply(&mut loaded, &asked.request, Inputs { now: NOW, seed: SEED, key_version: 0 }).unwrap();
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn a_credential_to_replace_must_be_there(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let asked = ask(book, rotate(1));
    let mut books = till.teller.load(&needs_of([&asked].into_iter())).await.unwrap();
    apply(&mut books[0], &asked.request, Inputs { now: NOW, seed: SEED, key_version: 0 }).unwrap();
    let mut savings = savings(&books, &world.secrets).unwrap();
    assert!(savings[0].credentials[0].replaces.is_some());
    savings[0].credentials[0].replaces = Some([9; 32]);
    refused(world, &mut till, &savings, &before).await;
}

async fn a_credential_is_one_users(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    decide(&mut loaded, create("b@example.com", 5));
    let books = [loaded];
    let mut savings = savings(&books, &world.secrets).unwrap();
    savings[0].credentials[0].digest = world.secrets.hash_digest(book, 1, &basis(book, 1, 0)).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

fn stranger(number: i64) -> PayoutUser {
    PayoutUser {
        number,
        email: email("stranger@example.com"),
        status: UserStatus::Active,
        generation: 0,
        salt: HashSalt([number as u8; 16]),
        created_at: NOW,
        expires_at: None,
    }
}

async fn a_changed_account_must_be_there(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    loaded.put_user(stranger(50));
    loaded.put_account(AccountId::user(50), Account { balance: Cents(70), head: 3 });
    decide(&mut loaded, crate::conformance::till::debit(50, 60));
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn a_new_account_must_not_be_there(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    loaded.put_user(PayoutUser { email: email("a@example.com"), ..stranger(1) });
    decide(&mut loaded, create("a@example.com", 5));
    let books = [loaded];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
}

async fn a_changed_user_must_be_there(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    let mut loaded = load_bare(&mut till, book).await;
    loaded.put_user(stranger(50));
    decide(&mut loaded, rotate(50));
    let books = [loaded];
    let mut savings = savings(&books, &world.secrets).unwrap();
    savings[0].credentials.clear();
    refused(world, &mut till, &savings, &before).await;
}

async fn a_changed_book_must_be_there(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    load_bare(&mut till, book).await;
    let mut unknown = Book::new(BookId(99), true, BookHead::default());
    decide(&mut unknown, deposit(5, "r"));
    let books = [unknown];
    let savings = savings(&books, &world.secrets).unwrap();
    refused(world, &mut till, &savings, &before).await;
    assert!(world.journal(BookId(99)).await.is_empty());
}

async fn no_account_but_world_goes_below_zero(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let before = world.everything().await;
    for id in [-2, -3, -4, -9, 1] {
        let sql = format!("UPDATE account SET balance = -1 WHERE book = {} AND id = {id}", book.0);
        let changed = world.tamper(&sql).await;
        assert!(changed.is_err() || changed == Ok(0), "account {id}: {changed:?}");
        let sql = format!("INSERT INTO account (book, id, balance, head) VALUES (90, {id}, -1, 1)");
        assert!(world.tamper(&sql).await.is_err(), "account {id}");
    }
    assert!(
        world.tamper("INSERT INTO account (book, id, balance, head) VALUES (90, 0, 1, 1)").await.is_err()
    );
    assert_eq!(world.everything().await, before);
    till.carry_out(book, [deposit(5, "world goes further below")]).await;

    // A balance that was tampered with misleads the books in memory; the money is still not there.
    let mut loaded = load_bare(&mut till, book).await;
    loaded.put_account(AccountId::PAYOUT, Account { balance: Cents(1_000_000), head: 3 });
    decide(&mut loaded, create("b@example.com", 5_000));
    let stored = loaded.balance(AccountId::PAYOUT);
    assert_eq!(stored, Cents(995_000), "saved as it is: only an audit can tell");
    till.teller.roll_back().await.unwrap();
}

async fn columns_hold_only_what_they_mean(world: &BareStore) {
    let (book, _) = start(world).await;
    let before = world.everything().await;
    let id = book.0;
    for sql in [
        "UPDATE business SET payouts_enabled = 2".to_owned(),
        "UPDATE payout_user SET status = 2".to_owned(),
        "UPDATE payout_user SET number = 0".to_owned(),
        "UPDATE credential SET active = 7".to_owned(),
        "UPDATE credential SET kind = 4".to_owned(),
        "UPDATE book SET sequence = -1".to_owned(),
        "UPDATE book SET users = -1".to_owned(),
        "UPDATE book SET chain = NULL".to_owned(),
        "UPDATE journal SET amount = -1".to_owned(),
        "UPDATE journal SET sequence = 0 WHERE sequence = 1".to_owned(),
        "UPDATE journal SET note = NULL".to_owned(),
        "UPDATE account SET balance = NULL".to_owned(),
        format!(
            "INSERT INTO book (id, business, sequence, chain, users) SELECT 88, 77, 0, chain, 0 FROM book WHERE id = {id}"
        ),
        format!(
            "INSERT INTO book (id, business, sequence, chain, users) SELECT {id}, 1, 0, chain, 0 FROM book WHERE id = {id}"
        ),
    ] {
        if sql.contains("88, 77") && world.engine() == crate::conformance::bare_store::Engine::Sqlite {
            continue; // SQLite minds foreign keys only on connections that ask for it, as the store's do.
        }
        assert!(world.tamper(&sql).await.is_err(), "{sql}");
    }
    assert_eq!(world.everything().await, before);
    assert!(OnceKey::of_request("key") != OnceKey::of_deposit_reference("key"));
}
