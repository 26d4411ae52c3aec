//! A restored database gives out no number twice: what was lost keeps its numbers and its hash.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{ask, create, order, withdraw};
use ledger::{AccountId, BookId, Command, EntryKind, HashBasis, Reply, floor_of_epoch};
use outpay::testing::audit;
use outpay::testing::store::{ListOrder, ListPlace, ListWindow, NewBusiness, PEOPLE, UserList};

on_both_engines! {
    a_new_person_never_gets_a_lost_persons_hash,
    everything_is_numbered_in_the_new_epoch,
    an_epoch_begins_once,
    sums_and_searches_go_on_over_the_gap,
    an_audit_accepts_the_gap_of_a_recovery_and_no_other,
}

async fn recover(world: &BareStore, book: BookId, epoch: i64) {
    assert!(world.store.begin_epoch(epoch, NOW).await.unwrap());
    world.till().await.carry_out(book, [Command::Recover { epoch }]).await;
}

/// The same database after it lost its newest changes: alice@ was created and is lost, bob@ takes her number.
async fn a_new_person_never_gets_a_lost_persons_hash(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    // Two processes decide from the same state, one before the loss and one after it.
    let hash = async |till: &mut crate::conformance::till::Till, email: &str, seed: [u8; 32]| {
        let asked = ask(book, create(email, 1));
        let mut books =
            till.teller.load(&outpay::testing::commit::needs_of([&asked].into_iter())).await.unwrap();
        let inputs = ledger::Inputs { now: NOW, seed, key_version: 0 };
        let verdicts = outpay::testing::commit::decide_all(&mut books, [&asked].into_iter(), inputs);
        till.teller.roll_back().await.unwrap();
        match &verdicts[0] {
            Ok(ledger::Applied { reply: Reply::Paid { user, generation, salt }, replayed: false }) => {
                let basis = HashBasis { generation: *generation, salt: *salt };
                (*user, till.secrets.hash_digest(book, *user, &basis).unwrap())
            }
            other => panic!("{other:?}"),
        }
    };
    let alice = hash(&mut till, "alice@example.com", [1; 32]).await;
    let bob = hash(&mut till, "bob@example.com", [2; 32]).await;
    assert_eq!(alice.0, bob.0, "both would be the book's first user");
    assert_ne!(alice.1, bob.1, "and have hashes of their own all the same");
    recover(world, book, 1).await;
    let bob = hash(&mut till, "bob@example.com", [2; 32]).await;
    assert_eq!(bob.0, floor_of_epoch(1) + 1, "after a recovery not even the number is the same");
}

async fn everything_is_numbered_in_the_new_epoch(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 50), withdraw(order(1, 10))]).await;
    let sequence = world.journal(book).await.len() as i64;
    recover(world, book, 2).await;
    let floor = floor_of_epoch(2);
    let mut till = world.till().await;
    till.carry_out(book, [create("b@example.com", 5)]).await;
    let withdrawal = till.withdrawal(book, withdraw(order(1, 10))).await;
    assert_eq!(withdrawal.number, floor + 1);
    let journal = world.journal(book).await;
    let recovered = &journal[usize::try_from(sequence).unwrap()].entry;
    assert_eq!((recovered.kind, recovered.sequence), (EntryKind::InstallationRecovered, floor + 1));
    assert_eq!(recovered.note, format!("previous sequence {sequence}"));
    assert_eq!(journal.last().unwrap().entry.sequence, floor + 1 + (journal.len() as i64 - sequence - 1));
    let store = &world.store;
    assert_eq!(store.next_member_number().await.unwrap(), floor + 1);
    assert_eq!(store.next_key_number().await.unwrap(), floor + 1);
    assert_eq!(store.next_import_number(book).await.unwrap(), floor + 1);
    let business = store.next_business_number().await.unwrap();
    assert_eq!(business, (2 << 24) + 1);
    let business = NewBusiness { number: business, name: "Later".to_owned(), created_at: NOW };
    store.create_business(&business, &[]).await.unwrap();
    assert_eq!(store.next_business_number().await.unwrap(), (2 << 24) + 2);
    let counted = "INSERT INTO audit_log (business, book, at, actor, action, subject, detail) VALUES (1, 0, 0, 0, 'a', '', '{}')";
    world.tamper(counted).await.unwrap();
    assert_eq!(world.tamper(&format!("DELETE FROM audit_log WHERE number = {}", floor + 1)).await, Ok(1));
}

async fn an_epoch_begins_once(world: &BareStore) {
    assert_eq!(world.store.epoch().await.unwrap(), 0);
    assert!(world.store.begin_epoch(5, NOW).await.unwrap());
    assert!(!world.store.begin_epoch(5, NOW).await.unwrap());
    assert!(!world.store.begin_epoch(4, NOW).await.unwrap());
    assert_eq!(world.store.epoch().await.unwrap(), 5);
    let floor = world.store.snapshot().await.unwrap().log_floor().await.unwrap();
    assert_eq!(floor, floor_of_epoch(5));
}

async fn sums_and_searches_go_on_over_the_gap(world: &BareStore) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100).await;
    till.carry_out(book, [create("a@example.com", 5)]).await;
    recover(world, book, 1).await;
    world.till().await.carry_out(book, [create("b@example.com", 6)]).await;
    let mut rounds = 0;
    while !world.store.add_to_day_sums(book, 2).await.unwrap() {
        rounds += 1;
        assert!(rounds < 5, "sums go by entries, not by numbers");
    }
    let sums = world.store.day_sums(book, 0..i64::MAX).await.unwrap();
    let given = sums.iter().filter(|(_, sum)| sum.credit == PEOPLE).map(|(_, sum)| sum.amount);
    assert_eq!(given.sum::<i128>(), 11);
    assert_eq!(world.store.balance_after(book, AccountId::PAYOUT, i64::MAX).await.unwrap().0, 89);
    let balance = Some((ledger::Cents(1), ledger::Cents(10)));
    let list = UserList { balance, ..UserList::default() };
    let window = ListWindow { order: ListOrder::Newest, place: ListPlace::Start, limit: 10, counts: true };
    let page = world.store.list_users(book, &list, &window).await.unwrap();
    let found: Vec<i64> = page.rows.iter().map(|row| row.user.number).collect();
    assert_eq!((found, page.next), (vec![floor_of_epoch(1) + 1, 1], None));
    let account = AccountId::user(floor_of_epoch(1) + 1);
    assert!(
        world
            .store
            .entries(book, 0, 100)
            .await
            .unwrap()
            .iter()
            .any(|stored| { stored.entry.movement.is_some_and(|moved| moved.credit == account) })
    );
}

async fn an_audit_accepts_the_gap_of_a_recovery_and_no_other(world: &BareStore) {
    let book = world.book("Acme").await;
    world.till().await.fund(book, 100).await;
    recover(world, book, 1).await;
    world
        .till()
        .await
        .carry_out(book, [create("a@example.com", 5), withdraw(order(floor_of_epoch(1) + 1, 2))])
        .await;
    let found = async || {
        let report = audit::run(&world.store, &world.secrets, &mut |_, _| {}).await.unwrap();
        report.differences.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found().await, "");
    world.tamper("UPDATE journal SET note = 'previous sequence 1' WHERE kind = 29").await.unwrap();
    assert!(found().await.contains("missing"), "{}", found().await);
}
