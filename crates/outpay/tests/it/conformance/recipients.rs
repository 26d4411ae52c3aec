//! What is stored about one recipient beside the account: lifetime totals, notes, mails.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, debit, order, step, withdraw};
use ledger::{Actor, BookId, Cents, FeeRule, Order, Reply, Step, Terms};
use outpay::testing::mail_kind::MailKind;
use outpay::testing::store::{MOST_ENTRIES, NewAuditEntry, NewMail, RecipientTotals, WriteError};

on_both_engines! {
    totals_add_up_to_the_balance,
    notes_are_of_one_recipient_and_numbered_for_ever,
    mails_to_a_recipient_are_the_newest,
}

/// A withdrawal that costs a cent where it has more than one.
fn costly(amount: i64) -> Order {
    let fee = FeeRule { fixed: Cents(i64::from(amount > 1)), ..FeeRule::default() };
    Order { terms: Terms { enabled: true, fee, ..Terms::default() }, ..order(1, amount) }
}

async fn totals_add_up_to_the_balance(world: &BareStore) {
    let (book, store) = (world.book("Acme").await, &world.store);
    store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 500), create("b@example.com", 700)]).await;
    let (mut random, mut expected) =
        (1_u64, RecipientTotals { given: Cents(500), ..RecipientTotals::default() });
    let (mut entries, mut seen) = (1, [0; 4]);
    for _ in 0..80 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let amount = i64::try_from((random >> 40) % 90).unwrap() + 1;
        let has = expected.balance().unwrap().0 >= amount;
        let what = if has { usize::try_from((random >> 33) % 4).unwrap() } else { 0 };
        seen[what] += 1;
        entries += 1;
        match what {
            0 => {
                till.carry_out(book, [create("a@example.com", amount)]).await;
                expected.given.0 += amount;
            }
            1 => {
                till.carry_out(book, [debit(1, amount)]).await;
                expected.reclaimed.0 += amount;
            }
            _ => {
                let reply = till.carry_out(book, [withdraw(costly(amount))]).await.remove(0);
                let Reply::Withdrawal(made) = reply else { panic!("not a withdrawal: {reply:?}") };
                expected.withdrawn.0 += amount;
                if what == 2 {
                    till.withdrawal(book, step(made.number, Step::Cancel)).await;
                    expected.returned.0 += amount;
                    entries += 1;
                } else {
                    till.withdrawal(book, step(made.number, Step::Send)).await;
                    till.withdrawal(book, step(made.number, Step::Succeed)).await;
                    expected.fees.0 += made.fees.0;
                }
            }
        }
    }
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
    assert!(expected.fees > Cents::ZERO);
    let row = store.user(book, 1).await.unwrap().unwrap();
    let totals = async |most| store.recipient_totals(book, 1, row.history, most).await.unwrap();
    let found = totals(MOST_ENTRIES).await.unwrap();
    assert_eq!(found, expected);
    assert_eq!(found.balance(), Some(row.user.balance));
    assert_eq!(totals(entries).await, Some(expected), "as many as are allowed");
    assert_eq!(totals(entries - 1).await, None, "one more than is allowed");
    let other = store.user(book, 2).await.unwrap().unwrap();
    let other = store.recipient_totals(book, 2, other.history, 1).await.unwrap().unwrap();
    assert_eq!(other, RecipientTotals { given: Cents(700), ..RecipientTotals::default() });
}

fn entry(book: BookId, actor: Actor, action: &'static str) -> NewAuditEntry {
    NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: NOW,
        actor,
        action,
        subject: String::new(),
        detail: "{}".to_owned(),
    }
}

async fn notes_are_of_one_recipient_and_numbered_for_ever(world: &BareStore) {
    let (book, store) = (world.book("Acme").await, &world.store);
    let author = Actor::member(1);
    let add = async |user, text: &str| {
        store
            .add_recipient_note(book, user, text, &entry(book, author, "payout_user.note_added"))
            .await
            .unwrap();
    };
    let remove = async |user, number| {
        let entry = entry(book, author, "payout_user.note_removed");
        store.remove_recipient_note(book, (user, number), &entry).await
    };
    let numbers = async |user| -> Vec<i64> {
        let notes = store.recipient_notes(book, user, 9).await.unwrap();
        notes.iter().map(|note| note.number).collect()
    };
    add(1, "first").await;
    add(1, "second").await;
    add(2, "of another").await;
    let newest = store.recipient_notes(book, 1, 1).await.unwrap().remove(0);
    assert_eq!((newest.number, newest.author, newest.at, newest.text.as_str()), (2, author, NOW, "second"));
    remove(1, 2).await.unwrap();
    assert!(matches!(remove(1, 2).await, Err(WriteError::Conflict)), "removed before");
    assert!(matches!(remove(2, 3).await, Err(WriteError::Conflict)), "there is none");
    add(1, "third").await;
    assert_eq!(numbers(1).await, [3, 1], "a removed number is not given out again");
    assert_eq!(numbers(2).await, [1]);
}

async fn mails_to_a_recipient_are_the_newest(world: &BareStore) {
    let book = world.book("Acme").await;
    for (user, recipient) in [(1, "one"), (2, "other"), (1, "two"), (1, "three")] {
        let mail = NewMail {
            book: Some(book),
            kind: MailKind::ClaimLink,
            sequence: None,
            recipient: recipient.to_owned(),
            user,
            data: "{}".to_owned(),
            sealed: None,
            at: NOW,
        };
        world.store.order_mail(&mail).await.unwrap();
    }
    let found = world.store.mails_to_user(book, 1, 2).await.unwrap();
    assert_eq!(found.iter().map(|row| row.mail.recipient.as_str()).collect::<Vec<_>>(), ["three", "two"]);
    assert_eq!(world.store.mails_to_user(BookId(book.0 + 2), 1, 2).await.unwrap(), []);
}
