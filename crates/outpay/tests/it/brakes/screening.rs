//! The screening hook, asked over real connections and of real programs: only a readable "allow" lets a payment leave.

use super::{Braked, ask, take_by_hand, work};
use crate::receiver::{Answer, Receiver, status};
use crate::world::{MINUTE, SECOND};
use ledger::{Actor, EntryKind, OnceKey, Refusal, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::platform::Platform;
use outpay::testing::proposals;
use outpay::testing::stopped::Stopped;
use outpay::testing::store::ScreeningState;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

crate::world::on_both_engines! {
    it_is_asked_at_the_request_and_before_sending,
    what_is_denied_at_the_request_is_an_ordinary_review,
    what_is_denied_before_sending_goes_back_into_review,
    what_was_denied_takes_two_people,
    a_denied_withdrawal_can_be_rejected_and_cancelled,
    without_a_readable_answer_it_waits_and_is_asked_again,
    a_repeated_request_is_not_asked_about_again,
    payments_by_hand_are_asked_about,
    a_crash_after_the_denial_holds_it_too,
    a_program_is_asked,
    a_program_that_gives_no_answer_allows_nothing,
    test_money_is_not_asked_about,
}

const PATH: &str = "/ask";

fn allow() -> Answer {
    Answer::Status(200, r#"{"decision":"allow","reference":"ok 1"}"#.to_owned())
}

fn deny() -> Answer {
    Answer::Status(200, r#"{"decision":"deny","reference":"case 7"}"#.to_owned())
}

async fn asking(world: &Braked, receiver: &Receiver) -> Platform {
    world.process(json!({ "screening": { "url": receiver.url(PATH) } })).await
}

fn questions(receiver: &Receiver) -> Vec<Value> {
    receiver.on(PATH).iter().map(|received| serde_json::from_slice(&received.body).unwrap()).collect()
}

async fn said(platform: &Platform, book: ledger::BookId, number: i64) -> Option<ScreeningState> {
    platform.store.screening(book, number).await.unwrap().map(|row| row.state)
}

async fn it_is_asked_at_the_request_and_before_sending(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, allow());
    let platform = asking(world, &receiver).await;
    let business = world.shop(10_000).await;
    let number = ask(&platform, business.live, "gift_card", 1_000).await.unwrap();
    work(&platform).await;
    assert_eq!(world.state(business.live, number).await, WithdrawalState::Succeeded);
    let common = json!({
        "business_id": business.id,
        "amount": 1_000,
        "currency": "USD",
        "method": "gift_card",
        "provider": "gift_card",
        "destination": { "brand": "Acme" },
        "recipient": { "email": "ada@example.com" },
    });
    let with = |more: Value| {
        let mut question = common.as_object().unwrap().clone();
        question.extend(more.as_object().unwrap().clone());
        Value::Object(question)
    };
    let id = world.withdrawal_id(business.live, number);
    let before = json!({ "moment": "before_sending", "withdrawal_id": id, "net_amount": 1_000 });
    assert_eq!(questions(&receiver), [with(json!({ "moment": "request" })), with(before)]);
    assert_eq!(said(&platform, business.live, number).await, Some(ScreeningState::Allowed));
}

/// The person sees what the person would see of any review, in the answer and afterwards.
async fn what_is_denied_at_the_request_is_an_ordinary_review(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, deny());
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let denied = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    assert_eq!(world.state(book, denied).await, WithdrawalState::Review);
    assert_eq!(said(&platform, book, denied).await, Some(ScreeningState::Denied));
    assert_eq!(world.balance(book).await, 9_000, "its money stays held");
    let kinds = async |number| {
        let entries = platform.store.entries_of_withdrawal(book, number).await.unwrap();
        entries.into_iter().map(|stored| (stored.entry.kind, stored.entry.note)).collect::<Vec<_>>()
    };
    let none = String::new();
    let expected =
        [EntryKind::WithdrawalCreated, EntryKind::WithdrawalReviewAsked].map(|kind| (kind, none.clone()));
    assert_eq!(kinds(denied).await, expected, "no entry tells it from another review");
    let found = platform.store.withdrawal(book, denied).await.unwrap().unwrap();
    assert_eq!((found.reason_code.as_str(), found.reason.as_str()), ("", ""));
    for _ in 0..5 {
        world.wait(60 * MINUTE);
        assert_eq!(work(&platform).await, 0);
    }
    assert_eq!(world.state(book, denied).await, WithdrawalState::Review, "never given back by itself");
}

async fn what_is_denied_before_sending_goes_back_into_review(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.next(PATH, [allow(), deny()]);
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    assert_eq!(world.state(book, number).await, WithdrawalState::Queued);
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Review);
    assert!(platform.store.attempts(book, number).await.unwrap().is_empty());
    world.wait(60 * MINUTE);
    assert_eq!((work(&platform).await, receiver.on(PATH).len()), (0, 2), "it is not asked about again");
    assert_eq!(world.balance(book).await, 9_000);
}

async fn what_was_denied_takes_two_people(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, deny());
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    let counter = platform.counter(book, Actor::OPERATOR);
    let alone = counter.approve(number).await;
    assert!(matches!(alone, Err(Stopped::NeedsSecondPerson)), "{alone:?}");
    let what = proposals::Proposed::Release { withdrawal: number, amount: ledger::Cents(1_000) };
    let made = proposals::propose(&platform, book, &what, "", Actor(77)).await.unwrap();
    assert_eq!(world.state(book, number).await, WithdrawalState::Review, "one has proposed it");
    proposals::confirm(&platform, &made.row, proposals::Checker::Operator(None)).await.unwrap();
    assert_eq!(world.state(book, number).await, WithdrawalState::Queued);
    assert_eq!(said(&platform, book, number).await, Some(ScreeningState::Released));
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Succeeded);
    assert_eq!(receiver.on(PATH).len(), 1, "two people's word is not asked about");
}

async fn a_denied_withdrawal_can_be_rejected_and_cancelled(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, deny());
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let one = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    let other = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    platform.counter(book, Actor::OPERATOR).reject(one, "Please call us.").await.unwrap();
    // As with every review: nothing left, and the answer would tell otherwise.
    platform.counter(book, Actor::NONE).cancel_own(other, 1).await.unwrap();
    assert_eq!(world.balance(book).await, 10_000);
}

async fn without_a_readable_answer_it_waits_and_is_asked_again(world: &Braked) {
    let receiver = Receiver::open().await;
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let huge = format!(r#"{{"decision":"allow","padding":"{}"}}"#, "x".repeat(20_000));
    let moved =
        format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", receiver.url("/other"));
    let answers = [
        status(500),
        Answer::Close,
        Answer::Status(200, "<html>allow</html>".to_owned()),
        Answer::Status(200, r#"{"decision":"ALLOW"}"#.to_owned()),
        Answer::Status(201, r#"{"decision":"allow"}"#.to_owned()),
        Answer::Status(200, huge),
        Answer::Raw(moved),
        Answer::Never,
    ];
    let count = answers.len();
    receiver.next(PATH, answers);
    // The first is the answer to the request.
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    assert_eq!(world.state(book, number).await, WithdrawalState::Queued);
    for asked in 2..=count {
        let begun = Clock::System.monotonic();
        assert_eq!(work(&platform).await, 1, "{asked}");
        assert!(Clock::System.monotonic() - begun < 8 * SECOND, "it waits 5 seconds at most");
        assert_eq!(receiver.on(PATH).len(), asked);
        assert_eq!(world.state(book, number).await, WithdrawalState::Queued, "{asked}");
        assert_eq!(said(&platform, book, number).await, None, "{asked}");
        world.wait(10 * MINUTE);
    }
    assert!(receiver.on("/other").is_empty(), "a redirect is not followed");
    receiver.always(PATH, allow());
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Succeeded);
}

async fn a_repeated_request_is_not_asked_about_again(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.next(PATH, [deny()]);
    receiver.always(PATH, allow());
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let wish = super::wish("gift_card", 1_000);
    let once = OnceKey::of_recipient_request(1, "a");
    let withdraw = async || platform.counter(book, Actor::NONE).once(once).withdraw(1, &wish).await.unwrap();
    let (first, second) = (withdraw().await, withdraw().await);
    assert_eq!(first.value.state, WithdrawalState::Review);
    assert_eq!((second.value, second.replayed), (first.value, true), "the same answer");
    assert_eq!(receiver.on(PATH).len(), 1);
}

async fn payments_by_hand_are_asked_about(world: &Braked) {
    let receiver = Receiver::open().await;
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    receiver.next(PATH, [allow(), allow(), allow(), deny(), status(503), allow()]);
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(ask(&platform, book, "bank", 1_000).await.unwrap());
    }
    assert_eq!(take_by_hand(&platform, book).await, 1);
    let mut states = Vec::new();
    for number in &numbers {
        states.push(world.state(book, *number).await);
    }
    use WithdrawalState::{Queued, Review, Sending};
    assert_eq!(states, [Review, Queued, Sending], "denied, not answered, allowed");
    // A word that it was paid does not pass it.
    receiver.next(PATH, [status(500), deny()]);
    let settle = async || platform.counter(book, Actor::OPERATOR).settle(numbers[1], "ref 1").await;
    let waits = settle().await;
    assert!(matches!(waits, Err(Stopped::Waits(_))), "{waits:?}");
    let held = settle().await;
    assert!(matches!(held, Err(Stopped::Refused(Refusal::StepIsNotPossible(..)))), "{held:?}");
    assert_eq!(world.state(book, numbers[1]).await, Review);
}

async fn a_crash_after_the_denial_holds_it_too(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, allow());
    let platform = asking(world, &receiver).await;
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    let denied = (ScreeningState::Denied, "case 7");
    platform.store.note_screening(book, number, denied, &[]).await.unwrap();
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Review);
    assert_eq!(receiver.on(PATH).len(), 1, "only the request was asked about");
}

/// A program in a folder of its own.
fn program(folder: &Path, text: &str) -> String {
    let path = folder.join("screen");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn a_program_is_asked(world: &Braked) {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"cat > "$1"; echo '{"decision":"deny","reference":"list 3"}'"#;
    let asked = folder.path().join("a file; with a name").to_str().unwrap().to_owned();
    let command = json!([program(folder.path(), text), asked]);
    let platform = world.process(json!({ "screening": { "command": command } })).await;
    let book = world.shop(10_000).await.live;
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    assert_eq!(world.state(book, number).await, WithdrawalState::Review);
    let row = platform.store.screening(book, number).await.unwrap().unwrap();
    assert_eq!((row.state, row.reference.as_str()), (ScreeningState::Denied, "list 3"));
    let question: Value = serde_json::from_slice(&std::fs::read(asked).unwrap()).unwrap();
    assert_eq!((&question["moment"], &question["amount"]), (&json!("request"), &json!(1_000)));
}

async fn a_program_that_gives_no_answer_allows_nothing(world: &Braked) {
    let folder = tempfile::tempdir().unwrap();
    let book = world.shop(100_000).await.live;
    let allow = r#"echo '{"decision":"allow"}'"#;
    for text in [
        "exit 0".to_owned(),
        format!("{allow}; exit 3"),
        "echo allow".to_owned(),
        format!("{allow}; head -c 20000 /dev/zero"),
        format!("{allow}; kill -9 $$"),
        "exec sleep 600".to_owned(),
        format!("{allow} >&2"),
    ] {
        let command = json!([program(folder.path(), &text)]);
        let platform = world.process(json!({ "screening": { "command": command } })).await;
        let begun = Clock::System.monotonic();
        let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
        assert_eq!(work(&platform).await, 1, "{text}");
        assert!(Clock::System.monotonic() - begun < 14 * SECOND, "{text}: twice 5 seconds at most");
        assert_eq!(world.state(book, number).await, WithdrawalState::Queued, "{text}");
        platform.counter(book, Actor::NONE).cancel_own(number, 1).await.unwrap();
    }
    let missing = json!({ "screening": { "command": ["/nowhere/screen"] } });
    let platform = world.process(missing).await;
    let number = ask(&platform, book, "gift_card", 1_000).await.unwrap();
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Queued);
    // A program that does not read the question may answer it.
    let command = json!([program(folder.path(), allow)]);
    let platform = world.process(json!({ "screening": { "command": command } })).await;
    world.wait(10 * MINUTE);
    work(&platform).await;
    assert_eq!(world.state(book, number).await, WithdrawalState::Succeeded);
}

async fn test_money_is_not_asked_about(world: &Braked) {
    let receiver = Receiver::open().await;
    receiver.always(PATH, deny());
    let platform = asking(world, &receiver).await;
    let business = world.shop(10_000).await;
    world.fund(business.test, 10_000).await;
    world.give(business.test, "ada@example.com", 10_000).await;
    let number = ask(&platform, business.test, "bank", 1_000).await.unwrap();
    assert_eq!(world.state(business.test, number).await, WithdrawalState::Queued);
    assert!(receiver.received().is_empty());
}
