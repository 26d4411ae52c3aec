//! Proposals, the installation's rails, and deposits by reference: what a confirmation needs.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::deposit;
use ledger::{Actor, BookId, Cents, Mode, OnceKey, floor_of_epoch};
use outpay::testing::store::{InstallationRail, ProposalRow, ProposalState, WaitingCount, WriteError};

on_both_engines! {
    a_proposal_is_decided_once_and_in_time,
    a_request_is_proposed_once,
    a_proposal_whose_effect_was_refused_is_open_again,
    a_proposal_that_was_carried_out_stays_so,
    proposals_are_numbered_in_the_epoch,
    rails_are_recorded_once,
    a_deposit_is_found_by_its_reference,
}

fn proposal_of(book: BookId, number: i64) -> ProposalRow {
    ProposalRow {
        number,
        book,
        what: r#"{"kind":"pay_out"}"#.to_owned(),
        reason: "wrong account".to_owned(),
        proposed_by: Actor::OPERATOR,
        proposed_at: NOW,
        ends_at: NOW + 100,
        code: Some([7; 32]),
        state: ProposalState::Open,
        decided_by: None,
        decided_at: None,
        carried_out_at: None,
    }
}

async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let store = &world.store;
    assert_eq!(store.next_proposal_number().await.unwrap(), 1);
    store.add_proposal(&proposal_of(book, 1), None, &entry(book.business(), "made", Actor(5))).await.unwrap();
    book
}

async fn a_proposal_is_decided_once_and_in_time(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    assert_eq!(store.proposal(1).await.unwrap(), Some(proposal_of(book, 1)));
    assert_eq!(store.proposal(2).await.unwrap(), None);
    let log = entry(book.business(), "decided", Actor(5));
    let again = store.add_proposal(&proposal_of(book, 1), None, &log).await;
    assert!(matches!(again, Err(WriteError::Conflict)));
    store.add_proposal(&proposal_of(book, 2), None, &log).await.unwrap();
    let numbers: Vec<i64> = store.proposals(book, 10).await.unwrap().iter().map(|one| one.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(store.proposals(book, 1).await.unwrap().len(), 1);
    let open = async |now| store.proposals_open(book, now).await.unwrap();
    assert_eq!(open(NOW + 99).await, WaitingCount { count: 2, oldest: Some(NOW) });
    assert_eq!(open(NOW + 100).await, WaitingCount::default());
    let member = Actor::member(2);
    let decide = async |number, to, now| store.decide_proposal(number, to, member, now, &log).await.unwrap();
    assert!(!decide(1, ProposalState::Confirmed, NOW + 100).await, "too late");
    assert!(decide(1, ProposalState::Confirmed, NOW + 99).await);
    assert!(!decide(1, ProposalState::Withdrawn, NOW + 99).await, "it is decided");
    let found = store.proposal(1).await.unwrap().unwrap();
    let decided = (found.state, found.decided_by, found.decided_at);
    assert_eq!(decided, (ProposalState::Confirmed, Some(member), Some(NOW + 99)));
}

async fn a_proposal_whose_effect_was_refused_is_open_again(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    let log = entry(book.business(), "decided", Actor(5));
    assert!(!store.reopen_proposal(1, &log).await.unwrap(), "it is open");
    store.decide_proposal(1, ProposalState::Confirmed, Actor::member(2), NOW, &log).await.unwrap();
    assert!(store.reopen_proposal(1, &log).await.unwrap());
    assert_eq!(store.proposal(1).await.unwrap(), Some(proposal_of(book, 1)));
}

async fn a_proposal_that_was_carried_out_stays_so(world: &BareStore) {
    let book = start(world).await;
    let store = &world.store;
    let log = entry(book.business(), "decided", Actor(5));
    let member = Actor::member(2);
    store.decide_proposal(1, ProposalState::Confirmed, member, NOW, &log).await.unwrap();
    store.carried_out(1, member, NOW + 5).await.unwrap();
    store.carried_out(1, Actor::member(3), NOW + 6).await.unwrap();
    let found = store.proposal(1).await.unwrap().unwrap();
    assert_eq!((found.carried_out_at, found.decided_by, found.code), (Some(NOW + 5), Some(member), None));
    assert!(!store.reopen_proposal(1, &log).await.unwrap());
}

async fn proposals_are_numbered_in_the_epoch(world: &BareStore) {
    start(world).await;
    assert!(world.store.begin_epoch(1, NOW).await.unwrap());
    assert_eq!(world.store.next_proposal_number().await.unwrap(), floor_of_epoch(1) + 1);
}

async fn rails_are_recorded_once(world: &BareStore) {
    let rail = |test_mode, name: &str, line: &str| InstallationRail {
        test_mode,
        name: name.to_owned(),
        provider: "crypto".to_owned(),
        line: line.to_owned(),
    };
    let store = &world.store;
    store.record_rails(&[rail(false, "usdc", "a"), rail(true, "usdc", "a")], NOW).await.unwrap();
    store.record_rails(&[rail(false, "usdc", "a"), rail(false, "usdc", "b")], NOW + 1).await.unwrap();
    let all = store.recorded_rails().await.unwrap();
    assert_eq!(all, [rail(false, "usdc", "a"), rail(false, "usdc", "b"), rail(true, "usdc", "a")]);
    assert_eq!(store.rails_called(Mode::Live, "usdc").await.unwrap(), all[..2]);
    assert_eq!(store.rails_called(Mode::Test, "bank").await.unwrap(), []);
}

async fn a_deposit_is_found_by_its_reference(world: &BareStore) {
    let book = world.book("Acme").await;
    world.till().await.carry_out(book, [deposit(70, "bank line 1"), deposit(80, "bank line 2")]).await;
    let called = async |of, reference| world.store.deposit_called(of, reference).await.unwrap();
    assert_eq!(called(book, "bank line 2").await, Some((2, Cents(80))));
    assert_eq!(called(book, "bank line 3").await, None);
    assert_eq!(called(BookId(book.0 + 1), "bank line 2").await, None);
}

async fn a_request_is_proposed_once(world: &BareStore) {
    let book = start(world).await;
    let (store, key) = (&world.store, OnceKey::of_request("k"));
    let log = entry(book.business(), "made", Actor(5));
    assert_eq!(store.proposal_once(book, &key).await.unwrap(), None);
    store.add_proposal(&proposal_of(book, 2), Some(&key), &log).await.unwrap();
    assert_eq!(store.proposal_once(book, &key).await.unwrap(), Some(proposal_of(book, 2)));
    let again = store.add_proposal(&proposal_of(book, 3), Some(&key), &log).await;
    assert!(matches!(again, Err(WriteError::Conflict)));
    let elsewhere = BookId(book.0 + 1);
    store.add_proposal(&proposal_of(elsewhere, 4), Some(&key), &log).await.unwrap();
    assert_eq!(store.proposal_once(elsewhere, &key).await.unwrap().map(|row| row.number), Some(4));
}
