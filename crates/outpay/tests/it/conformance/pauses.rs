//! Pauses: what they stop, what is in flight when they begin, and who is told.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, by_hand, create, deactivate, order, step, withdraw};
use ledger::{Actor, BookId, Mode, Pause, Step, Terms, UserStatus};
use outpay::testing::store::{
    AuditFilter, BookPart, Clearance, Hold, NewAuditEntry, PauseScope, Stop, StoredPause, WithdrawalFilter,
};
use std::collections::HashMap;

on_both_engines! {
    a_pause_comes_back_as_it_was_made,
    a_book_knows_its_pauses,
    a_pause_stops_what_it_names_and_nothing_else,
    what_is_switched_off_stops_what_is_queued,
    the_last_look_sees_lease_state_and_pause,
    what_leaves_is_told_until_its_answer,
    of_a_pause_and_a_send_at_once_one_sees_the_other,
}

const LEASE: i64 = 1_000;

/// A book with two users and the withdrawals 1 (of user 1) and 2 (of user 2), both by usdc.
async fn start(world: &BareStore) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let terms = Terms { enabled: true, ..Terms::default() };
    world.store.set_terms(book, "usdc", &terms).await.unwrap();
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    till.carry_out(book, [create("a@example.com", 100_000), create("b@example.com", 100_000)]).await;
    till.carry_out(book, [withdraw(order(1, 10)), withdraw(order(2, 20))]).await;
    (book, till)
}

async fn due(world: &BareStore) -> Vec<i64> {
    let leased = world.store.lease_withdrawals(9, (Mode::Live, "usdc"), (NOW, NOW), 9).await.unwrap();
    let mut numbers: Vec<i64> = leased.iter().map(|leased| leased.withdrawal.number).collect();
    numbers.sort_unstable();
    numbers
}

fn entry(book: BookId) -> NewAuditEntry {
    NewAuditEntry {
        business: book.business(),
        book: None,
        at: NOW,
        actor: Actor::OPERATOR,
        action: "payments.paused",
        subject: String::new(),
        detail: "{}".to_owned(),
    }
}

async fn told(world: &BareStore, book: BookId) -> usize {
    let (business, action) = (book.business(), "payments.paused".to_owned());
    let actors = (i64::MIN, i64::MAX);
    let filter = AuditFilter { business, actors, action, before: i64::MAX, limit: 99 };
    world.store.audit_log(&filter).await.unwrap().len()
}

fn scopes(book: BookId) -> [PauseScope; 8] {
    [
        PauseScope::All,
        PauseScope::Business(book.business()),
        PauseScope::Rail("usdc".to_owned()),
        PauseScope::RailOf(book.business(), "usdc".to_owned()),
        PauseScope::Person(book, 1),
        PauseScope::Own(book, BookPart::Everything),
        PauseScope::Own(book, BookPart::Method("usdc".to_owned())),
        PauseScope::Own(book, BookPart::Person(1)),
    ]
}

/// Does the scope name user 1 alone?
fn is_of_one(scope: &PauseScope) -> bool {
    matches!(scope, PauseScope::Person(..) | PauseScope::Own(_, BookPart::Person(_)))
}

async fn a_pause_comes_back_as_it_was_made(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    for scope in scopes(book) {
        assert!(!store.resume(&scope, &[]).await.unwrap(), "it is not paused");
        assert!(store.pause(&scope, "it's \"odd\"", Actor::OPERATOR, &[entry(book)]).await.unwrap());
        assert!(!store.pause(&scope, "again", Actor(7), &[entry(book)]).await.unwrap(), "it is paused");
        let reason = "it's \"odd\"".to_owned();
        let stored = StoredPause { scope: scope.clone(), reason, actor: Actor::OPERATOR, created_at: NOW };
        assert_eq!(store.pauses().await.unwrap(), [stored]);
        for other in scopes(book).iter().filter(|other| **other != scope) {
            assert!(!store.resume(other, &[entry(book)]).await.unwrap(), "{other:?} is not paused");
        }
        assert!(store.resume(&scope, &[entry(book)]).await.unwrap());
        assert_eq!(store.pauses().await.unwrap(), []);
    }
    assert_eq!(told(world, book).await, 16, "of eight pauses and their ends, each once");
}

async fn a_book_knows_its_pauses(world: &BareStore) {
    let (book, other) = (world.book("Acme").await, world.book("Other").await);
    let store = &world.store;
    let pause = |method: Option<&str>, user| Pause { method: method.map(str::to_owned), user };
    let known = [
        pause(None, None),
        pause(None, None),
        pause(Some("usdc"), None),
        pause(Some("usdc"), None),
        pause(None, Some(1)),
        pause(None, None),
        pause(Some("usdc"), None),
        pause(None, Some(1)),
    ];
    for (scope, known) in scopes(book).iter().zip(known) {
        store.pause(scope, "why", Actor::OPERATOR, &[]).await.unwrap();
        assert_eq!(store.pauses_of(book).await.unwrap(), std::slice::from_ref(&known), "{scope:?}");
        let test = BookId::new(book.business(), Mode::Test);
        let of_one_book = scope.is_own() || is_of_one(scope);
        assert_eq!(store.pauses_of(test).await.unwrap().len(), usize::from(!of_one_book), "{scope:?}");
        let of_all = matches!(scope, PauseScope::All | PauseScope::Rail(_));
        assert_eq!(store.pauses_of(other).await.unwrap().len(), usize::from(of_all), "{scope:?}");
        let concerned = [book, test, other].map(|book| scope.concerns(book));
        assert_eq!(concerned, [true, !of_one_book, of_all], "{scope:?}");
        let parts = [BookPart::Everything, BookPart::Method("usdc".to_owned()), BookPart::Person(1)];
        let of_method = known.method.is_some();
        let covered = [!of_method && !is_of_one(scope), !is_of_one(scope), !of_method];
        assert_eq!(parts.map(|part| scope.covers(&part)), covered, "{scope:?}");
        store.resume(scope, &[]).await.unwrap();
    }
}

async fn a_pause_stops_what_it_names_and_nothing_else(world: &BareStore) {
    let (book, _till) = start(world).await;
    let store = &world.store;
    let other = world.book("Other").await;
    for scope in [
        PauseScope::Business(other.business()),
        PauseScope::Rail("bank".to_owned()),
        PauseScope::RailOf(other.business(), "usdc".to_owned()),
        PauseScope::RailOf(book.business(), "bank".to_owned()),
        PauseScope::Person(other, 1),
        PauseScope::Person(book, 3),
        PauseScope::Own(other, BookPart::Everything),
        PauseScope::Own(BookId(book.0 + 1), BookPart::Everything),
        PauseScope::Own(book, BookPart::Method("bank".to_owned())),
        PauseScope::Own(book, BookPart::Person(3)),
    ] {
        store.pause(&scope, "why", Actor::OPERATOR, &[]).await.unwrap();
    }
    assert_eq!((due(world).await, store.stop_of(book, 1).await.unwrap()), (vec![1, 2], None));
    assert_eq!(store.stop_of(book, 99).await.unwrap(), None);
    for scope in scopes(book) {
        store.pause(&scope, "why", Actor::OPERATOR, &[]).await.unwrap();
        let is_of_one = is_of_one(&scope);
        assert_eq!(due(world).await, if is_of_one { vec![2] } else { vec![] }, "{scope:?}");
        assert_eq!(store.stop_of(book, 1).await.unwrap(), Some(Stop::Paused), "{scope:?}");
        assert_eq!(store.stop_of(book, 2).await.unwrap(), (!is_of_one).then_some(Stop::Paused), "{scope:?}");
        store.resume(&scope, &[]).await.unwrap();
    }
    assert_eq!(due(world).await, [1, 2]);
}

async fn what_is_switched_off_stops_what_is_queued(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let store = &world.store;
    let stops = async || [store.stop_of(book, 1).await.unwrap(), store.stop_of(book, 2).await.unwrap()];
    store.set_payouts_enabled(book.business(), false).await.unwrap();
    assert_eq!((due(world).await, stops().await), (vec![], [Some(Stop::PayoutsOff); 2]));
    store.set_payouts_enabled(book.business(), true).await.unwrap();
    store.set_terms(book, "usdc", &Terms { enabled: false, ..Terms::default() }).await.unwrap();
    assert_eq!((due(world).await, stops().await), (vec![], [Some(Stop::MethodOff); 2]));
    store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    till.carry_out(book, [deactivate(1)]).await;
    assert_eq!((due(world).await, stops().await), (vec![2], [Some(Stop::UserInactive), None]));
    let activate = ledger::Command::SetStatus { user: 1, status: UserStatus::Active };
    till.carry_out(book, [activate, withdraw(by_hand(1, 5))]).await;
    assert_eq!((due(world).await, stops().await), (vec![1, 2], [None, None]));
    assert_eq!(store.stop_of(book, 3).await.unwrap(), Some(Stop::MethodOff), "never offered");
    let queued = async |range| store.stops_of_queued(book, range).await.unwrap();
    assert_eq!(queued((1, 3)).await, HashMap::from([(3, Stop::MethodOff)]));
    store.pause(&PauseScope::All, "why", Actor::OPERATOR, &[]).await.unwrap();
    let paused = |numbers: &[i64]| -> HashMap<i64, Stop> {
        numbers.iter().map(|number| (*number, Stop::Paused)).collect()
    };
    assert_eq!(queued((1, 3)).await, paused(&[1, 2, 3]));
    assert_eq!(queued((2, 2)).await, paused(&[2]));
    till.carry_out(book, [step(2, Step::Cancel)]).await;
    assert_eq!(queued((1, 3)).await, paused(&[1, 3]), "what has ended waits for nothing");
    store.resume(&PauseScope::All, &[]).await.unwrap();
    let words = [Stop::Paused, Stop::PayoutsOff, Stop::MethodOff, Stop::UserInactive].map(Stop::words);
    assert!(words.iter().all(|words| !words.is_empty()));
}

/// A withdrawal that is being sent, and its lease.
async fn sending(world: &BareStore) -> (BookId, Till, Hold) {
    let (book, mut till) = start(world).await;
    till.carry_out(book, [step(1, Step::Send)]).await;
    let hold = world
        .store
        .lease_one(book, (1, ledger::WithdrawalState::Sending), 9, (NOW, NOW + LEASE))
        .await
        .unwrap()
        .unwrap();
    (book, till, hold)
}

async fn the_last_look_sees_lease_state_and_pause(world: &BareStore) {
    let (book, mut till, hold) = sending(world).await;
    let store = &world.store;
    let look = async |hold, now| store.begin_submitting(hold, (now, now + LEASE)).await.unwrap();
    assert_eq!(look(Hold { lease: 0, ..hold }, NOW).await, Clearance::LeaseLost);
    assert_eq!(look(hold, NOW + LEASE).await, Clearance::LeaseLost, "it has run out");
    store.pause(&PauseScope::All, "why", Actor::OPERATOR, &[]).await.unwrap();
    assert_eq!(look(hold, NOW).await, Clearance::Stopped(Stop::Paused));
    assert_eq!(store.submitting(&PauseScope::All).await.unwrap(), []);
    let asked = WithdrawalFilter::default();
    assert_eq!(store.withdrawals(book, &asked, 9).await.unwrap().len(), 2, "asking goes on");
    store.resume(&PauseScope::All, &[]).await.unwrap();
    assert_eq!(look(hold, NOW + LEASE - 1).await, Clearance::Given);
    assert_eq!(look(hold, NOW + LEASE).await, Clearance::Given, "the lease was renewed");
    till.carry_out(book, [step(1, Step::Fail)]).await;
    assert_eq!(look(hold, NOW).await, Clearance::Ended);
}

async fn what_leaves_is_told_until_its_answer(world: &BareStore) {
    let (book, _till, hold) = sending(world).await;
    let store = &world.store;
    assert_eq!(store.submitting(&PauseScope::All).await.unwrap(), []);
    assert_eq!(store.begin_submitting(hold, (NOW, NOW + LEASE)).await.unwrap(), Clearance::Given);
    for scope in scopes(book) {
        assert_eq!(store.submitting(&scope).await.unwrap(), [(book, 1)], "{scope:?}");
    }
    for scope in [PauseScope::Business(9), PauseScope::Rail("bank".to_owned()), PauseScope::Person(book, 2)] {
        assert_eq!(store.submitting(&scope).await.unwrap(), [], "{scope:?}");
    }
    let attempt = outpay::testing::store::Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: "one".to_owned(),
        request: vec![1],
        slot: 0,
        created_at: NOW,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    assert!(store.add_attempt(hold, &attempt, None).await.unwrap());
    assert_eq!(store.submitting(&PauseScope::All).await.unwrap(), [(book, 1)]);
    assert!(store.record_answer(hold, 1, ("unknown", ""), NOW).await.unwrap());
    assert_eq!(store.submitting(&PauseScope::All).await.unwrap(), []);
    store.begin_submitting(hold, (NOW, NOW + LEASE)).await.unwrap();
    assert!(store.release_withdrawal(hold, Some(NOW)).await.unwrap());
    assert_eq!(store.submitting(&PauseScope::All).await.unwrap(), []);
}

/// Either the worker sees the pause, or the pause sees the worker's mark.
async fn of_a_pause_and_a_send_at_once_one_sees_the_other(world: &BareStore) {
    let (book, _till, hold) = sending(world).await;
    for _ in 0..20 {
        let seen = world.at_once(2, async |store, process| {
            if process == 0 {
                store.pause(&PauseScope::All, "why", Actor::OPERATOR, &[]).await.unwrap();
                !store.submitting(&PauseScope::All).await.unwrap().is_empty()
            } else {
                let look = store.begin_submitting(hold, (NOW, NOW + LEASE)).await.unwrap();
                look == Clearance::Stopped(Stop::Paused)
            }
        });
        assert!(seen[0] || seen[1], "a request left, and the pause did not know");
        world.store.resume(&PauseScope::All, &[]).await.unwrap();
        let (now, until) = (NOW, NOW + LEASE);
        world.store.release_withdrawal(hold, Some(now)).await.unwrap();
        world
            .tamper(&format!(
                "UPDATE withdrawal SET leased_until = {until} WHERE book = {} AND number = 1",
                book.0
            ))
            .await
            .unwrap();
    }
}
