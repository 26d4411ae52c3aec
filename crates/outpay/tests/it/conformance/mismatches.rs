//! Differences between rails' own books and ours: one row each, ended and opened again, and of one book alone.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId, Cents};
use outpay::testing::rails::Standing;
use outpay::testing::store::{Mismatch, MismatchKind, MismatchState, NewMismatch, WaitingCount};

on_both_engines! {
    each_is_one_row,
    one_ends_and_opens_again,
    one_is_closed_once_with_its_entry,
    each_is_told_as_it_was_found,
    a_book_has_its_own,
}

const BOOK: BookId = BookId(2);

fn missing_here(number: &str) -> NewMismatch {
    NewMismatch {
        kind: MismatchKind::MissingHere,
        subject: number.to_owned(),
        owner: None,
        reference: "key".to_owned(),
        rail_number: number.to_owned(),
        here: None,
        there: Some(Cents(5)),
        here_standing: None,
        there_standing: Some(Standing::Paid),
        is_alarm: true,
        at: NOW - 9,
    }
}

fn amount(withdrawal: i64, there: i64) -> NewMismatch {
    NewMismatch {
        kind: MismatchKind::Amount,
        subject: format!("2/{withdrawal}"),
        owner: Some((BOOK, withdrawal)),
        here: Some(Cents(7)),
        there: Some(Cents(there)),
        here_standing: Some(Standing::Paid),
        is_alarm: false,
        ..missing_here("R-1")
    }
}

async fn open(world: &BareStore, found: &[NewMismatch], now: i64) {
    world.store.open_mismatches_anew("usdc", found, now).await.unwrap();
}

async fn all(world: &BareStore) -> Vec<Mismatch> {
    world.store.open_mismatches().await.unwrap()
}

async fn each_is_one_row(world: &BareStore) {
    let found = [missing_here("R-1"), missing_here("R-2"), amount(1, 5)];
    open(world, &found, NOW).await;
    open(world, &found, NOW + 1).await;
    world.store.open_mismatches_anew("usdt", &[missing_here("R-1")], NOW).await.unwrap();
    let stored = all(world).await;
    let said: Vec<_> = stored.iter().map(|one| (one.rail.as_str(), one.found.clone())).collect();
    let [first, second, third] = found;
    let expected = [("usdc", first.clone()), ("usdc", second), ("usdc", third), ("usdt", first)];
    assert_eq!(said, expected);
    assert!(stored.iter().all(|one| one.state == MismatchState::Open && one.ended_at.is_none()));
    let named = world.store.mismatch_named("usdc", MismatchKind::MissingHere, "R-2").await.unwrap();
    assert_eq!(named.as_ref(), Some(&stored[1]));
    assert_eq!(world.store.mismatch(stored[1].number).await.unwrap(), named);
    assert_eq!(world.store.mismatch_named("usdc", MismatchKind::Fee, "R-2").await.unwrap(), None);
    assert_eq!(world.store.mismatch(-1).await.unwrap(), None);
}

async fn one_ends_and_opens_again(world: &BareStore) {
    open(world, &[amount(1, 5), amount(2, 5)], NOW).await;
    let number = all(world).await[0].number;
    world.store.end_vanished_mismatches(&[number], NOW + 1).await.unwrap();
    world.store.end_vanished_mismatches(&[number], NOW + 2).await.unwrap();
    assert_eq!(all(world).await.len(), 1);
    let ended = world.store.mismatch(number).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.ended_at), (MismatchState::Vanished, Some(NOW + 1)));
    open(world, &[amount(1, 6)], NOW + 3).await;
    let again = world.store.mismatch(number).await.unwrap().unwrap();
    assert_eq!((again.state, again.ended_at, again.found_at), (MismatchState::Open, None, NOW + 3));
    assert_eq!(again.found.there, Some(Cents(6)), "as it is now");
}

async fn one_is_closed_once_with_its_entry(world: &BareStore) {
    let book = world.book("Acme").await;
    open(world, &[amount(1, 5)], NOW).await;
    let number = all(world).await[0].number;
    let entries = [entry(book.business(), "reconciliation.closed", Actor::OPERATOR)];
    let close = async |reason: &str| {
        world.store.close_mismatch(number, reason, Actor::OPERATOR, NOW + 1, &entries).await.unwrap()
    };
    assert!(close("a rebate").await);
    assert!(!close("again").await);
    let closed = world.store.mismatch(number).await.unwrap().unwrap();
    assert_eq!((closed.state, closed.reason.as_str()), (MismatchState::Closed, "a rebate"));
    assert_eq!((closed.actor, closed.ended_at), (Actor::OPERATOR, Some(NOW + 1)));
    world.store.end_vanished_mismatches(&[number], NOW + 2).await.unwrap();
    assert_eq!(world.store.mismatch(number).await.unwrap().unwrap(), closed, "closed is closed");
    open(world, &[amount(1, 6)], NOW + 3).await;
    let again = world.store.mismatch(number).await.unwrap().unwrap();
    assert_eq!((again.state, again.reason.as_str(), again.actor), (MismatchState::Open, "", Actor::NONE));
}

async fn each_is_told_as_it_was_found(world: &BareStore) {
    open(world, &[missing_here("R-1"), amount(1, 5)], NOW).await;
    let untold = async || world.store.untold_mismatches().await.unwrap();
    let found = untold().await;
    assert!(found.len() == 1 && found[0].found.owner.is_some(), "what is no book's has no event: {found:?}");
    let number = found[0].number;
    open(world, &[amount(1, 6)], NOW + 1).await;
    world.store.note_mismatch_told(number, NOW).await.unwrap();
    assert_eq!(untold().await.len(), 1, "that was the one before");
    world.store.note_mismatch_told(number, NOW + 1).await.unwrap();
    assert_eq!(untold().await, []);
}

async fn a_book_has_its_own(world: &BareStore) {
    open(world, &[missing_here("R-1"), amount(1, 5), amount(2, 5), amount(3, 5)], NOW).await;
    let of = async |book, limit| world.store.mismatches_of_book(book, limit).await.unwrap();
    let own: Vec<_> = of(BOOK, 9).await.iter().map(|one| one.found.owner.unwrap().1).collect();
    assert_eq!(own, [3, 2, 1], "the newest first");
    let newest = of(BOOK, 1).await[0].number;
    world.store.end_vanished_mismatches(&[newest], NOW).await.unwrap();
    let own: Vec<_> = of(BOOK, 9).await.iter().map(|one| one.found.owner.unwrap().1).collect();
    assert_eq!(own, [2, 1, 3], "the open ones first");
    assert_eq!((of(BookId(4), 9).await, of(BOOK, 1).await.len()), (vec![], 1));
    let open = world.store.mismatches_open(BOOK).await.unwrap();
    assert_eq!(open, WaitingCount { count: 2, oldest: Some(NOW) });
    assert_eq!(world.store.mismatches_open(BookId(4)).await.unwrap(), WaitingCount::default());
}
