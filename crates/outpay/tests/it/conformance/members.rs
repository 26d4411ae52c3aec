//! Members, memberships, sessions, invitations, recovery codes: each change finds what it needs, or none of them is
//! made.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::{Actor, BookId, Mode};
use outpay::testing::roles::Role;
use outpay::testing::store::{
    MemberChange, Membership, NewAuditEntry, NewBusiness, NewInvitation, NewSession, PasskeyRow, WriteError,
};

on_both_engines! {
    a_member_comes_back_as_made,
    an_address_or_number_is_taken_once,
    roles_change_from_what_was_read,
    an_owner_is_left,
    owners_who_leave_at_once_take_turns,
    changes_are_made_together_or_not_at_all,
    a_second_factor_is_set_once_and_its_steps_only_rise,
    a_recovery_code_is_used_once,
    a_session_comes_back_and_ends,
    sessions_that_are_long_over_are_forgotten,
    an_invitation_is_used_once_in_time,
    a_password_reset_is_used_once_in_time,
    a_challenge_is_answered_once,
    a_passkey_belongs_to_one_member_and_counts_on,
    another_second_factor_takes_the_place_of_the_one_that_was_read,
    another_address_takes_the_place_of_the_one_that_was_read,
}

async fn business(world: &BareStore, name: &str) -> i64 {
    let number = world.store.next_business_number().await.unwrap();
    let business = NewBusiness { number, name: name.to_owned(), created_at: NOW };
    world.store.create_business(&business, &[]).await.unwrap();
    number
}

fn create(number: i64) -> MemberChange {
    MemberChange::Create {
        number,
        email: format!("m{number}@example.com"),
        name: "Žofie 🙂".to_owned(),
        password: format!("digest {number}"),
        at: NOW,
    }
}

fn join(business: i64, member: i64, role: Role) -> MemberChange {
    MemberChange::Join { business, member, role, at: NOW }
}

async fn change(world: &BareStore, changes: &[MemberChange]) {
    world.store.change_members(changes).await.unwrap();
}

async fn conflicts(world: &BareStore, changes: &[MemberChange]) {
    let made = world.store.change_members(changes).await;
    assert!(matches!(made, Err(WriteError::Conflict)), "{changes:?}: {made:?}");
}

async fn a_member_comes_back_as_made(world: &BareStore) {
    let (first, second) = (business(world, "First").await, business(world, "Second").await);
    let store = &world.store;
    assert_eq!(store.next_member_number().await.unwrap(), 1);
    change(world, &[create(1), join(second, 1, Role::Viewer), join(first, 1, Role::Owner)]).await;
    assert_eq!(store.next_member_number().await.unwrap(), 2);
    let member = store.member(1).await.unwrap().unwrap();
    assert_eq!(Some(&member), store.member_by_email("m1@example.com").await.unwrap().as_ref());
    assert_eq!((member.name.as_str(), member.password.as_str()), ("Žofie 🙂", "digest 1"));
    assert_eq!((member.second_factor, member.used_step, member.created_at), (None, 0, NOW));
    assert!(!format!("{:?}", store.member(1).await.unwrap()).contains("digest"), "does not print");
    assert_eq!(store.member(2).await.unwrap(), None);
    assert_eq!(store.member_by_email("M1@example.com").await.unwrap(), None);
    let of = |business, role| Membership { business, member: 1, role, since: NOW };
    assert_eq!(store.memberships(1).await.unwrap(), [of(first, Role::Owner), of(second, Role::Viewer)]);
    assert_eq!(store.membership(second, 1).await.unwrap(), Some(of(second, Role::Viewer)));
    assert_eq!(store.membership(second, 2).await.unwrap(), None);
    change(world, &[create(2), join(first, 2, Role::Owner)]).await;
    let team = store.team(first).await.unwrap();
    let seen: Vec<_> =
        team.iter().map(|one| (one.number, one.role, one.has_second_factor, one.seen_at)).collect();
    assert_eq!(seen, [(1, Role::Owner, false, None), (2, Role::Owner, false, None)]);
}

async fn an_address_or_number_is_taken_once(world: &BareStore) {
    let business = business(world, "Acme").await;
    change(world, &[create(1), join(business, 1, Role::Owner)]).await;
    conflicts(world, &[create(1)]).await;
    let MemberChange::Create { name, password, at, .. } = create(1) else { unreachable!() };
    conflicts(
        world,
        &[MemberChange::Create { number: 2, email: "m1@example.com".to_owned(), name, password, at }],
    )
    .await;
    conflicts(world, &[join(business, 1, Role::Viewer)]).await;
    conflicts(world, &[join(business, 9, Role::Viewer)]).await;
    conflicts(world, &[join(99, 1, Role::Viewer)]).await;
}

async fn roles_change_from_what_was_read(world: &BareStore) {
    let business = business(world, "Acme").await;
    change(world, &[create(1), create(2), join(business, 1, Role::Owner), join(business, 2, Role::Viewer)])
        .await;
    let set = |from, to| MemberChange::SetRole { business, member: 2, from, to };
    conflicts(world, &[set(Role::Admin, Role::Owner)]).await;
    change(world, &[set(Role::Viewer, Role::Admin)]).await;
    conflicts(world, &[set(Role::Viewer, Role::Admin)]).await;
    assert_eq!(world.store.membership(business, 2).await.unwrap().unwrap().role, Role::Admin);
    conflicts(world, &[MemberChange::Leave { business, member: 2, from: Role::Viewer }]).await;
    change(world, &[MemberChange::Leave { business, member: 2, from: Role::Admin }]).await;
    assert_eq!(world.store.membership(business, 2).await.unwrap(), None);
}

async fn an_owner_is_left(world: &BareStore) {
    let (business, other) = (business(world, "Acme").await, business(world, "Other").await);
    change(world, &[create(1), create(2), join(business, 1, Role::Owner), join(other, 2, Role::Owner)]).await;
    let demote = MemberChange::SetRole { business, member: 1, from: Role::Owner, to: Role::Admin };
    let leave = MemberChange::Leave { business, member: 1, from: Role::Owner };
    conflicts(world, std::slice::from_ref(&demote)).await;
    conflicts(world, std::slice::from_ref(&leave)).await;
    change(world, &[join(business, 2, Role::Owner)]).await;
    change(world, &[MemberChange::SetRole { business, member: 1, from: Role::Owner, to: Role::Owner }]).await;
    change(world, &[demote]).await;
    let last = MemberChange::Leave { business, member: 2, from: Role::Owner };
    conflicts(world, &[last]).await;
}

async fn owners_who_leave_at_once_take_turns(world: &BareStore) {
    let business = business(world, "Acme").await;
    for member in 1..=4 {
        change(world, &[create(member), join(business, member, Role::Owner)]).await;
    }
    let left = world.at_once(4, async |store, at| {
        let member = i64::try_from(at).unwrap() + 1;
        store.change_members(&[MemberChange::Leave { business, member, from: Role::Owner }]).await.is_ok()
    });
    assert_eq!(left.into_iter().filter(|left| *left).count(), 3);
    assert_eq!(world.store.team(business).await.unwrap().len(), 1);
}

async fn changes_are_made_together_or_not_at_all(world: &BareStore) {
    let business = business(world, "Acme").await;
    conflicts(world, &[create(1), join(business, 1, Role::Owner), create(1)]).await;
    assert_eq!(world.store.member(1).await.unwrap(), None);
    change(world, &[create(1)]).await;
    let wrong = MemberChange::SetPassword { member: 1, from: "another".to_owned(), to: "new".to_owned() };
    conflicts(world, &[wrong]).await;
    let right = MemberChange::SetPassword { member: 1, from: "digest 1".to_owned(), to: "new".to_owned() };
    change(world, &[right]).await;
    assert_eq!(world.store.member(1).await.unwrap().unwrap().password, "new");
}

async fn a_second_factor_is_set_once_and_its_steps_only_rise(world: &BareStore) {
    change(world, &[create(1)]).await;
    let set = || MemberChange::SetSecondFactor { member: 1, sealed: vec![1, 2, 3], step: 50, at: NOW };
    let step = |step| MemberChange::UseStep { member: 1, step };
    conflicts(world, &[MemberChange::ClearSecondFactor { member: 1 }]).await;
    change(world, &[set()]).await;
    conflicts(world, &[set()]).await;
    conflicts(world, &[step(50)]).await;
    conflicts(world, &[step(49)]).await;
    change(world, &[step(52)]).await;
    conflicts(world, &[step(52)]).await;
    let used = world.at_once(4, async |store, _| store.change_members(&[step(60)]).await.is_ok());
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
    let member = world.store.member(1).await.unwrap().unwrap();
    assert_eq!((member.second_factor, member.used_step), (Some(vec![1, 2, 3]), 60));
    assert_eq!(member.confirmed_at, Some(NOW));
    let codes = MemberChange::ReplaceRecoveryCodes { member: 1, digests: vec![[1; 32]] };
    change(world, &[codes, MemberChange::ClearSecondFactor { member: 1 }]).await;
    let member = world.store.member(1).await.unwrap().unwrap();
    assert_eq!((member.second_factor, member.confirmed_at), (None, None));
    assert_eq!(world.store.recovery_codes_left(1).await.unwrap(), 0);
}

async fn a_recovery_code_is_used_once(world: &BareStore) {
    change(world, &[create(1), create(2)]).await;
    let replace = |digests| MemberChange::ReplaceRecoveryCodes { member: 1, digests };
    let code = |member, digest| MemberChange::UseRecoveryCode { member, digest: [digest; 32], at: NOW };
    change(world, &[replace(vec![[1; 32], [2; 32]])]).await;
    assert_eq!(world.store.recovery_codes_left(1).await.unwrap(), 2);
    change(world, &[code(1, 1)]).await;
    for none in [code(1, 1), code(2, 2), code(1, 3)] {
        conflicts(world, &[none]).await;
    }
    assert_eq!(world.store.recovery_codes_left(1).await.unwrap(), 1);
    change(world, &[replace(vec![[3; 32]])]).await;
    conflicts(world, &[code(1, 2)]).await;
    change(world, &[code(1, 3)]).await;
}

fn new_session(digest: u8, member: i64) -> NewSession {
    NewSession {
        digest: [digest; 32],
        member,
        complete: true,
        business: 7,
        test_mode: false,
        agent: "a browser".to_owned(),
        address: "192.0.2.7".to_owned(),
        at: NOW,
        ends_at: NOW + 100,
    }
}

async fn a_session_comes_back_and_ends(world: &BareStore) {
    let store = &world.store;
    change(world, &[create(1), create(2)]).await;
    let begin = |session| MemberChange::Begin(Box::new(session));
    change(world, &[begin(new_session(1, 1)), begin(new_session(2, 1)), begin(new_session(3, 2))]).await;
    change(world, &[begin(NewSession { complete: false, ..new_session(4, 1) })]).await;
    conflicts(world, &[begin(new_session(1, 2))]).await;
    let first = store.session(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((first.member, first.complete, first.business, first.test_mode), (1, true, 7, false));
    assert_eq!((first.agent.as_str(), first.address.as_str()), ("a browser", "192.0.2.7"));
    assert_eq!((first.created_at, first.seen_at, first.ends_at, first.ended_at), (NOW, NOW, NOW + 100, None));
    assert_eq!((first.email.as_str(), first.has_second_factor), ("m1@example.com", false));
    assert_eq!(store.session(&[9; 32]).await.unwrap(), None);
    store.touch_session(first.number, NOW + 5).await.unwrap();
    store.touch_session(first.number, NOW + 4).await.unwrap();
    store.place_session(first.number, 8, true).await.unwrap();
    store.begin_enrolling(first.number, &[1]).await.unwrap();
    store.begin_enrolling(first.number, &[2]).await.unwrap();
    let after = store.session(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((after.seen_at, after.business, after.test_mode), (NOW + 5, 8, true));
    assert_eq!(after.enrolling, Some(vec![1]), "the first one stays");
    let open = async |now, used_since| {
        let found = store.open_sessions(1, now, used_since).await.unwrap();
        found.iter().map(|session| session.number).collect::<Vec<_>>()
    };
    let second = store.session(&[2; 32]).await.unwrap().unwrap().number;
    assert_eq!(open(NOW, NOW - 1).await, [second, first.number], "complete ones, newest first");
    assert_eq!(open(NOW + 5, NOW + 4).await, [first.number]);
    assert_eq!(open(NOW + 100, NOW - 1).await, [0; 0]);
    let end = |session, member| MemberChange::End { session, member, at: NOW + 6 };
    conflicts(world, &[end(first.number, 2)]).await;
    change(world, &[end(first.number, 1)]).await;
    conflicts(world, &[end(first.number, 1)]).await;
    assert_eq!(store.session(&[1; 32]).await.unwrap().unwrap().ended_at, Some(NOW + 6));
    change(world, &[MemberChange::EndOthers { member: 1, but: 0, at: NOW + 7 }]).await;
    assert_eq!(open(NOW, NOW - 1).await, [0; 0]);
    assert_eq!(store.session(&[3; 32]).await.unwrap().unwrap().ended_at, None, "another member's");
}

async fn sessions_that_are_long_over_are_forgotten(world: &BareStore) {
    const DAY: i64 = 86_400_000_000;
    change(world, &[create(1), MemberChange::Begin(Box::new(new_session(1, 1)))]).await;
    let later = |days: i64| NewSession { at: NOW + days * DAY, ends_at: NOW + 99 * DAY, ..new_session(2, 1) };
    change(world, &[MemberChange::Begin(Box::new(later(30)))]).await;
    assert!(world.store.session(&[1; 32]).await.unwrap().is_some());
    let newer = NewSession { digest: [3; 32], ..later(31) };
    change(world, &[MemberChange::Begin(Box::new(newer))]).await;
    assert!(world.store.session(&[1; 32]).await.unwrap().is_none());
    assert!(world.store.session(&[2; 32]).await.unwrap().is_some());
}

async fn a_password_reset_is_used_once_in_time(world: &BareStore) {
    change(world, &[create(1), create(2)]).await;
    let offer = |digest: u8, member| MemberChange::OfferPasswordReset {
        digest: [digest; 32],
        member,
        at: NOW,
        ends_at: NOW + 10,
    };
    let found = async |digest: u8| world.store.password_reset(&[digest; 32]).await.unwrap();
    change(world, &[offer(1, 1), offer(2, 2)]).await;
    let reset = found(1).await.unwrap();
    assert_eq!((reset.member, reset.ends_at, reset.used_at), (1, NOW + 10, None));
    // A newer one replaces it, and leaves the other member's.
    change(world, &[offer(3, 1)]).await;
    assert!(found(1).await.is_none() && found(2).await.is_some());
    let uses = |digest: u8, at| MemberChange::UsePasswordReset { digest: [digest; 32], at };
    conflicts(world, &[uses(1, NOW)]).await;
    conflicts(world, &[uses(3, NOW + 10)]).await;
    change(world, &[uses(3, NOW + 9)]).await;
    conflicts(world, &[uses(3, NOW + 9)]).await;
    assert_eq!(found(3).await.unwrap().used_at, Some(NOW + 9));
}

async fn a_challenge_is_answered_once(world: &BareStore) {
    let answer =
        |digest: u8, at| MemberChange::AnswerChallenge { digest: [digest; 32], at, ends_at: NOW + 10 };
    change(world, &[answer(1, NOW), answer(2, NOW)]).await;
    conflicts(world, &[answer(1, NOW + 10)]).await;
    // Those that are too old to be answered are forgotten.
    change(world, &[answer(1, NOW + 11)]).await;
}

async fn a_passkey_belongs_to_one_member_and_counts_on(world: &BareStore) {
    change(world, &[create(1), create(2)]).await;
    let passkey = |id: u8, member| PasskeyRow {
        id: vec![id; 20],
        member,
        name: format!("Key {id}"),
        credential: vec![9; 40],
        state: vec![1; 7],
        created_at: NOW + i64::from(id),
        used_at: None,
    };
    let add = |id: u8, member| MemberChange::AddPasskey(Box::new(passkey(id, member)));
    change(world, &[add(2, 1), add(1, 1), add(3, 2)]).await;
    conflicts(world, &[add(3, 1)]).await;
    assert_eq!(world.store.passkeys(1).await.unwrap(), [passkey(1, 1), passkey(2, 1)]);
    let uses = |from: u8, to: u8| MemberChange::UsePasskey {
        id: vec![1; 20],
        from: vec![from; 7],
        to: vec![to; 7],
        at: NOW + 50,
    };
    change(world, &[uses(1, 2)]).await;
    conflicts(world, &[uses(1, 3)]).await;
    let used = world.store.passkey(&[1; 20]).await.unwrap().unwrap();
    assert_eq!((used.state, used.used_at), (vec![2; 7], Some(NOW + 50)));
    let remove = |member, id: u8| MemberChange::RemovePasskey { member, id: vec![id; 20] };
    conflicts(world, &[remove(1, 3)]).await;
    change(world, &[remove(1, 1)]).await;
    assert!(world.store.passkey(&[1; 20]).await.unwrap().is_none());
    // A reset of the second factor takes the passkeys too.
    let factor = MemberChange::SetSecondFactor { member: 1, sealed: vec![7], step: 1, at: NOW };
    change(world, &[factor, MemberChange::ClearSecondFactor { member: 1 }]).await;
    assert!(world.store.passkeys(1).await.unwrap().is_empty());
    assert_eq!(world.store.passkeys(2).await.unwrap().len(), 1);
}

async fn another_second_factor_takes_the_place_of_the_one_that_was_read(world: &BareStore) {
    change(world, &[create(1)]).await;
    let replace = |from: u8, to: u8| MemberChange::ReplaceSecondFactor {
        member: 1,
        from: vec![from],
        sealed: vec![to],
        step: i64::from(to),
        at: NOW,
    };
    conflicts(world, &[replace(1, 2)]).await;
    change(world, &[MemberChange::SetSecondFactor { member: 1, sealed: vec![1], step: 1, at: NOW }]).await;
    change(world, &[replace(1, 2)]).await;
    conflicts(world, &[replace(1, 3)]).await;
    let member = world.store.member(1).await.unwrap().unwrap();
    assert_eq!((member.second_factor, member.used_step), (Some(vec![2]), 2));
}

async fn another_address_takes_the_place_of_the_one_that_was_read(world: &BareStore) {
    change(world, &[create(1), create(2)]).await;
    let email = async |number| world.store.member(number).await.unwrap().unwrap().email;
    let (first, second) = (email(1).await, email(2).await);
    let set =
        |from: &str, to: &str| MemberChange::SetEmail { member: 1, from: from.to_owned(), to: to.to_owned() };
    let offer = MemberChange::OfferPasswordReset { digest: [1; 32], member: 1, at: NOW, ends_at: NOW + 10 };
    change(world, &[offer]).await;
    conflicts(world, &[set(&first, &second)]).await;
    conflicts(world, &[set("other@example.com", "new@example.com")]).await;
    change(world, &[set(&first, "new@example.com")]).await;
    assert_eq!(email(1).await, "new@example.com");
    assert!(world.store.password_reset(&[1; 32]).await.unwrap().is_none());
}

async fn an_invitation_is_used_once_in_time(world: &BareStore) {
    let (business, other) = (business(world, "Acme").await, business(world, "Other").await);
    let store = &world.store;
    let invite = |digest: u8, email: &str, business| {
        MemberChange::Invite(Box::new(NewInvitation {
            digest: [digest; 32],
            business,
            email: email.to_owned(),
            role: Role::Approver,
            by: Actor::member(3),
            resets: digest == 3,
            at: NOW,
            ends_at: NOW + 10,
        }))
    };
    change(world, &[invite(1, "a@example.com", business), invite(2, "b@example.com", business)]).await;
    change(world, &[invite(3, "a@example.com", other)]).await;
    let found = store.invitation(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.business, found.email.as_str(), found.role),
        (business, "a@example.com", Role::Approver)
    );
    assert_eq!((found.invited_by, found.created_at, found.ends_at), (Actor::member(3), NOW, NOW + 10));
    assert!(found.is_open(NOW + 9) && !found.is_open(NOW + 10) && !found.resets);
    assert!(store.invitation(&[3; 32]).await.unwrap().unwrap().resets);
    assert_eq!(store.invitation(&[9; 32]).await.unwrap(), None);
    // A newer invitation of the same person withdraws the older one.
    change(world, &[invite(4, "a@example.com", business)]).await;
    assert_eq!(store.invitation(&[1; 32]).await.unwrap().unwrap().withdrawn_at, Some(NOW));
    let open = async |now| {
        let found = store.open_invitations(business, now).await.unwrap();
        found.iter().map(|one| one.email.clone()).collect::<Vec<_>>()
    };
    assert_eq!(open(NOW).await, ["b@example.com", "a@example.com"]);
    assert_eq!(open(NOW + 10).await, [""; 0]);
    let number = async |digest: u8| store.invitation(&[digest; 32]).await.unwrap().unwrap().number;
    let (first, second, fourth) = (number(1).await, number(2).await, number(4).await);
    let uses = |number, at| MemberChange::UseInvitation { number, at };
    conflicts(world, &[uses(first, NOW)]).await;
    conflicts(world, &[uses(second, NOW + 10)]).await;
    change(world, &[uses(second, NOW + 9)]).await;
    conflicts(world, &[uses(second, NOW + 9)]).await;
    let withdraw = |number, business| MemberChange::Withdraw { number, business, at: NOW };
    conflicts(world, &[withdraw(fourth, other)]).await;
    change(world, &[withdraw(fourth, business)]).await;
    conflicts(world, &[withdraw(fourth, business)]).await;
    conflicts(world, &[withdraw(second, business)]).await;
    assert_eq!(open(NOW).await, [""; 0]);
}

/// An audit log entry of this business.
pub fn entry(business: i64, action: &'static str, actor: Actor) -> NewAuditEntry {
    let book = (action == "in_book").then(|| BookId::new(business, Mode::Test));
    let (subject, detail) = ("ß 🙂".to_owned(), r#"{"a":1}"#.to_owned());
    NewAuditEntry { business, book, at: NOW, actor, action, subject, detail }
}
