//! Commands of members: checked against session and role as they are when the command is decided.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use crate::conformance::till::{Till, ask, create};
use ledger::{Actor, BookId, Origin, Refusal, SessionStamp};
use outpay::testing::commit::{Asked, Verdict};
use outpay::testing::roles::Role;
use outpay::testing::store::{MemberChange, NewSession};

on_both_engines! {
    a_session_that_was_ended_gives_no_command,
    nor_does_another_role_or_another_team,
    of_an_end_and_a_command_at_once_the_command_comes_first_or_not_at_all,
}

/// A book of business 1 that can pay, and its member 1 with session 1.
async fn start(world: &BareStore) -> (BookId, Till) {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 1_000_000).await;
    let (business, member) = (book.business(), 1);
    let email = "ada@example.com".to_owned();
    let create =
        MemberChange::Create { number: 1, email, name: "Ada".to_owned(), password: "p".to_owned(), at: NOW };
    let owner = MemberChange::Create {
        number: 2,
        email: "bob@example.com".to_owned(),
        name: "Bob".to_owned(),
        password: "p".to_owned(),
        at: NOW,
    };
    let join = |member, role| MemberChange::Join { business, member, role, at: NOW };
    let begin = |digest: u8, complete| {
        MemberChange::Begin(Box::new(NewSession {
            digest: [digest; 32],
            member,
            complete,
            business,
            test_mode: false,
            agent: String::new(),
            address: String::new(),
            at: NOW,
            ends_at: NOW + 100,
        }))
    };
    let all = [create, owner, join(1, Role::Admin), join(2, Role::Owner), begin(1, true), begin(2, false)];
    world.store.change_members(&all).await.unwrap();
    (book, till)
}

fn pays(book: BookId, session: i64, role: Role) -> Asked {
    let mut asked = ask(book, create("user@example.com", 5));
    let session = Some(SessionStamp { session, role: role.code() });
    asked.request.origin = Origin { session, ..Actor::member(1).into() };
    asked
}

const REFUSED: Verdict = Err(Refusal::CredentialDoesNotAuthenticate);

async fn a_session_that_was_ended_gives_no_command(world: &BareStore) {
    let (book, mut till) = start(world).await;
    assert!(till.apply(&[pays(book, 1, Role::Admin)]).await[0].is_ok());
    assert_eq!(till.apply(&[pays(book, 2, Role::Admin)]).await, [REFUSED], "without its second factor");
    assert_eq!(till.apply(&[pays(book, 3, Role::Admin)]).await, [REFUSED], "there is none");
    world.store.change_members(&[MemberChange::End { session: 1, member: 1, at: NOW }]).await.unwrap();
    assert_eq!(till.apply(&[pays(book, 1, Role::Admin)]).await, [REFUSED]);
}

async fn nor_does_another_role_or_another_team(world: &BareStore) {
    let (book, mut till) = start(world).await;
    let other = world.book("Other").await;
    assert_eq!(till.apply(&[pays(other, 1, Role::Admin)]).await, [REFUSED]);
    let (business, member) = (book.business(), 1);
    let set = MemberChange::SetRole { business, member, from: Role::Admin, to: Role::Viewer };
    world.store.change_members(&[set]).await.unwrap();
    assert_eq!(till.apply(&[pays(book, 1, Role::Admin)]).await, [REFUSED]);
    let leave = MemberChange::Leave { business, member, from: Role::Viewer };
    world.store.change_members(&[leave]).await.unwrap();
    assert_eq!(till.apply(&[pays(book, 1, Role::Viewer)]).await, [REFUSED]);
}

async fn of_an_end_and_a_command_at_once_the_command_comes_first_or_not_at_all(world: &BareStore) {
    let (book, till) = start(world).await;
    drop(till);
    let paid = || async { world.store.own_balances(book).await.unwrap().1 };
    let seen = world.at_once(2, async |store, process| {
        if process == 0 {
            let mut till = Till::new(store.teller().await.unwrap(), world.secrets.clone());
            let mut done = 0;
            for _ in 0..200 {
                done += i64::from(till.apply(&[pays(book, 1, Role::Admin)]).await[0].is_ok());
            }
            done
        } else {
            store.change_members(&[MemberChange::End { session: 1, member: 1, at: NOW }]).await.unwrap();
            // Once this is acknowledged, no money moves.
            store.own_balances(book).await.unwrap().1.0
        }
    });
    let left = paid().await.0;
    assert_eq!(left, 1_000_000 - 5 * seen[0]);
    assert_eq!(seen[1], left, "money moved after the end of the session was answered");
}
