//! Files of payments by hand: each payment is handed out once, also under concurrency, and again only on request.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, by_hand, create, step, withdraw};
use ledger::{Actor, BookId, Step, Terms};
use outpay::testing::store::{AuditFilter, HandedOut, NewAuditEntry};

on_both_engines! {
    a_payment_is_handed_out_once_and_again_as_it_stood,
    of_files_at_once_each_payment_is_in_one,
}

/// A book with withdrawals 1 to `count` in progress, and one more that is queued.
async fn start(world: &BareStore, count: i64) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let terms = Terms { enabled: true, ..Terms::default() };
    world.store.set_terms(book, "bank", &terms).await.unwrap();
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 100_000)]).await;
    till.carry_out(book, (0..=count).map(|_| withdraw(by_hand(1, 10)))).await;
    till.carry_out(book, (1..=count).map(|number| step(number, Step::Send))).await;
    (book, till)
}

fn entry(book: BookId) -> NewAuditEntry {
    NewAuditEntry {
        business: book.business(),
        book: Some(book),
        at: NOW,
        actor: Actor::OPERATOR,
        action: "withdrawals.handed_out",
        subject: "bank".to_owned(),
        detail: "{}".to_owned(),
    }
}

async fn a_payment_is_handed_out_once_and_again_as_it_stood(world: &BareStore) {
    let (book, mut till) = start(world, 2).await;
    let store = &world.store;
    let hand = async |claims: &[(i64, Option<HandedOut>)]| {
        store.hand_out(book, claims, Actor::OPERATOR, &entry(book)).await.unwrap()
    };
    assert_eq!(hand(&[]).await, [false; 0]);
    // 3 is queued, 9 does not exist.
    assert_eq!(hand(&[(3, None), (2, None), (9, None)]).await, [false, true, false]);
    assert_eq!(hand(&[(1, None), (2, None)]).await, [true, false]);
    let once = HandedOut { times: 1, at: NOW };
    let known = store.handed_out(book).await.unwrap();
    assert_eq!((known.len(), known[&1], known[&2]), (2, once, once));
    assert_eq!(hand(&[(1, Some(once))]).await, [true]);
    assert_eq!(hand(&[(1, Some(once))]).await, [false], "another file has it in between");
    assert_eq!(store.handed_out(book).await.unwrap()[&1].times, 2);
    till.carry_out(book, [step(1, Step::Succeed)]).await;
    assert_eq!(store.handed_out(book).await.unwrap().into_keys().collect::<Vec<_>>(), [2]);
    let (business, action) = (book.business(), "withdrawals.handed_out".to_owned());
    let filter = AuditFilter { business, actors: (i64::MIN, i64::MAX), action, before: i64::MAX, limit: 99 };
    assert_eq!(store.audit_log(&filter).await.unwrap().len(), 4);
}

async fn of_files_at_once_each_payment_is_in_one(world: &BareStore) {
    let (book, _till) = start(world, 40).await;
    let files = world.at_once(4, async |store, process| {
        let mut claims: Vec<_> = (1..=40).map(|number| (number, None)).collect();
        if process % 2 == 1 {
            claims.reverse();
        }
        let claimed = store.hand_out(book, &claims, Actor::OPERATOR, &entry(book)).await.unwrap();
        let own = claims.iter().zip(claimed).filter(|(_, claimed)| *claimed);
        own.map(|((number, _), _)| *number).collect::<Vec<i64>>()
    });
    let mut all: Vec<i64> = files.into_iter().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=40).collect::<Vec<i64>>());
}
