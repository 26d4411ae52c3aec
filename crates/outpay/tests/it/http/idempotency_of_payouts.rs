//! `Idempotency-Key` on commands about withdrawals and webhook deliveries: one effect, and the first response again.

use crate::http::api::Api;
use crate::http::hooked::Hooked;
use crate::http::idempotency::{REUSED, invalid_key, is_replay, send_copies};
use crate::http::recipient::Recipient;
use crate::wire::{Answer, Call};
use outpay::testing::store::CredentialKind;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    replay_to_the_byte,
    replay_however_the_withdrawal_went_on,
    replay_of_an_approval_by_the_maker,
    replay_of_deliveries,
    copies_at_once_have_one_effect,
    copies_of_a_retry_at_once_have_one_answer,
    people_have_keys_of_their_own,
    refusals_are_not_stored,
    status_400_invalid_key,
    status_422_other_request_leaves_no_trace,
}

/// A recipient whose withdrawals are in review, and a key that did not give the money.
async fn in_review(world: &Api, withdrawals: usize) -> (Recipient, Vec<String>, String) {
    let person = world.recipient(10_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "review": { "always": true } })).await;
    let mut ids = Vec::new();
    for _ in 0..withdrawals {
        ids.push(person.withdraws(world, 300).await);
    }
    let (_, checker) = world.new_key(person.book, CredentialKind::SecretKey, None).await;
    (person, ids, checker)
}

async fn by_bank(world: &Api, withdrawals: usize) -> (Recipient, Vec<String>) {
    let person = world.live_recipient(10_000, "bank").await;
    let mut ids = Vec::new();
    for _ in 0..withdrawals {
        let destination = json!({ "name": "Ann Example", "account": "DE00" });
        let asked = person.withdraw(world, "bank", 300, &destination).send().await.value(202);
        ids.push(asked["id"].as_str().unwrap().to_owned());
    }
    (person, ids)
}

async fn with_a_card(world: &Api) -> (Recipient, String) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", Some("99"))]).await;
    let asked = person.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Books" })).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    world.work().await;
    (person, id)
}

fn of_business(world: &Api, id: &str, verb: &str, key: &str) -> Call {
    world.post(&format!("/payout/withdrawals/{id}/{verb}")).key(key)
}

fn of_person(world: &Api, id: &str, verb: &str, person: &Recipient) -> Call {
    world.post(&format!("/payout/operations/{id}/{verb}")).hash(&person.hash)
}

/// A request of each kind, each with the key of the business that owns the book.
async fn every_post(world: &Api) -> Vec<(Call, String)> {
    let (person, ids, checker) = in_review(world, 3).await;
    let (manual, settled) = by_bank(world, 1).await;
    let (holder, card) = with_a_card(world).await;
    vec![
        (of_business(world, &ids[0], "approve", &checker), person.key.clone()),
        (of_business(world, &ids[1], "reject", &checker).json(r#"{"reason":"no"}"#), person.key.clone()),
        (of_person(world, &ids[2], "cancel", &person), person.key.clone()),
        (of_business(world, &settled[0], "settle", &manual.key).json(r#"{"proof":"p"}"#), manual.key.clone()),
        (of_person(world, &card, "reveal", &holder), holder.key.clone()),
    ]
}

async fn replay_to_the_byte(world: &Api) {
    for (number, (call, owner)) in every_post(world).await.into_iter().enumerate() {
        let call = call.once(&format!("request {number}"));
        let first = call.send().await;
        assert!(first.status == 200 && !first.is_replayed(), "{}", first.text());
        let before = world.books(&owner).await;
        for _ in 0..2 {
            is_replay(&call.send().await, &first);
        }
        assert_eq!(world.books(&owner).await, before);
    }
}

async fn replay_however_the_withdrawal_went_on(world: &Api) {
    let (person, ids, checker) = in_review(world, 1).await;
    let approve = of_business(world, &ids[0], "approve", &checker).once("k");
    let first = approve.send().await;
    assert_eq!(first.value(200)["status"], "queued");
    world.work().await;
    assert_eq!(person.operation(world, &ids[0]).await["status"], "succeeded");
    is_replay(&approve.send().await, &first);

    let (holder, card) = with_a_card(world).await;
    let reveal = of_person(world, &card, "reveal", &holder).once("k");
    let first = reveal.send().await;
    for _ in 0..9 {
        of_person(world, &card, "reveal", &holder).send().await.value(200);
    }
    assert_eq!(of_person(world, &card, "reveal", &holder).send().await.status, 429);
    is_replay(&reveal.send().await, &first);
    let looks = holder.events(world, &card).await;
    assert_eq!(looks.iter().filter(|kind| *kind == "gift_card.revealed").count(), 10);
}

async fn replay_of_an_approval_by_the_maker(world: &Api) {
    let (person, ids, checker) = in_review(world, 1).await;
    let approve = |key: &str| of_business(world, &ids[0], "approve", key).once("k");
    assert_eq!(approve(&person.key).send().await.value(403)["code"], "maker_is_checker");
    let first = approve(&checker).send().await;
    first.value(200);
    // The scope of an idempotency key is the book, so this is the same request again.
    is_replay(&approve(&person.key).send().await, &first);
}

async fn replay_of_deliveries(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = hooked.failed(world).await;
    let retry = hooked.call(world, "POST", &format!("/payout/webhook/deliveries/{id}/retry"));
    let replay = hooked.call(world, "POST", "/payout/webhook/replay");
    let replay = replay.json(format!(r#"{{"since":"{}"}}"#, crate::world::NOW));
    let test = hooked.call(world, "POST", "/payout/webhook/test");
    let calls = [(retry, "retry"), (replay, "replay"), (test, "test")];
    let mut first: Vec<Answer> = Vec::new();
    for (call, key) in &calls {
        let answer = call.clone().once(key).send().await;
        answer.value(200);
        assert!(!answer.is_replayed());
        first.push(answer);
    }
    let received = hooked.receiver.received().len();
    hooked.receiver.always("/hook", crate::receiver::ok());
    assert_eq!(hooked.settle(world).await, 1, "the retry");
    for ((call, key), first) in calls.iter().zip(&first) {
        is_replay(&call.clone().once(key).send().await, first);
    }
    assert_eq!(hooked.settle(world).await, 0);
    assert_eq!(hooked.receiver.received().len(), received + 1, "no second test send");
    world.create(&hooked.business.key, "a@example.com", 1).once("create").send().await.value(201);
    for ((call, _), other) in calls.iter().zip(["replay", "test", "create"]) {
        call.clone().once(other).send().await.is(422, REUSED);
    }
}

async fn copies_at_once_have_one_effect(world: &Api) {
    let neighbour = world.second_server().await;
    let addresses = [world.address(), neighbour.address];
    for (number, (call, owner)) in every_post(world).await.into_iter().enumerate() {
        let newest = newest_event(world, &owner).await;
        let answers = send_copies(&call.once(&format!("request {number}")), &addresses).await;
        let fresh: Vec<&Answer> = answers.iter().filter(|answer| !answer.is_replayed()).collect();
        assert_eq!(fresh.len(), 1, "{}", answers[0].text());
        for answer in &answers {
            assert_eq!((answer.status, answer.text()), (200, fresh[0].text()));
        }
        // Settling is two steps at once; everything else is one.
        let added = newest_event(world, &owner).await - newest;
        let most = if fresh[0].value(200)["provider"] == "manual" { 2 } else { 1 };
        assert_eq!(added, most, "{}", fresh[0].text());
    }
    neighbour.stop().await.unwrap();
}

async fn copies_of_a_retry_at_once_have_one_answer(world: &Api) {
    let hooked = Hooked::new(world).await;
    let id = hooked.failed(world).await;
    let retry = hooked.call(world, "POST", &format!("/payout/webhook/deliveries/{id}/retry")).once("k");
    let answers = send_copies(&retry, &[world.address(), hooked.server.address]).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.text()), (200, answers[0].text()));
    }
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
}

async fn people_have_keys_of_their_own(world: &Api) {
    let person = world.recipient(1_000).await;
    let neighbour = world.pay(&person.key, "neighbour@example.com", 1_000).await;
    let body = json!({ "method": "sandbox", "amount": 100, "destination": { "account": "a" } });
    let asked = world.post("/payout/withdraw").hash(&neighbour).json(body.to_string()).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    let own = person.withdraws(world, 100).await;
    for (hash, id) in [(&person.hash, &own), (&neighbour, &id)] {
        let cancel = world.post(&format!("/payout/operations/{id}/cancel")).hash(hash).once("k");
        let first = cancel.send().await;
        assert!(first.status == 200 && !first.is_replayed());
        is_replay(&cancel.send().await, &first);
    }
}

async fn refusals_are_not_stored(world: &Api) {
    let (person, ids) = by_bank(world, 1).await;
    let settle = of_business(world, &ids[0], "settle", &person.key).once("k");
    settle.clone().json("{}").send().await.value(400);
    assert_eq!(of_person(world, &ids[0], "reveal", &person).once("k").send().await.status, 409);
    let first = settle.json(r#"{"proof":"Wire 7"}"#);
    first.send().await.value(200);
    // Without the key it is a new request, which comes too late.
    let again = of_business(world, &ids[0], "settle", &person.key).json(r#"{"proof":"Wire 7"}"#).send().await;
    assert_eq!(again.value(409)["code"], "withdrawal_state");
    assert!(first.send().await.is_replayed());
}

async fn status_400_invalid_key(world: &Api) {
    for (call, _) in every_post(world).await {
        call.once("").send().await.is(400, invalid_key());
    }
}

async fn status_422_other_request_leaves_no_trace(world: &Api) {
    for (call, owner) in every_post(world).await {
        // A create uses the key up for a business; another operation does so for a recipient.
        world.create(&owner, "user@example.com", 1).once("k").send().await.value(201);
        let before = world.books(&owner).await;
        let answer = call.clone().once("k").send().await;
        if answer.status == 422 {
            answer.is(422, REUSED);
            assert_eq!(world.books(&owner).await, before);
        } else {
            assert_eq!(answer.status, 200, "people have keys of their own");
        }
    }
    let (person, ids) = by_bank(world, 2).await;
    of_person(world, &ids[0], "cancel", &person).once("k").send().await.value(200);
    of_person(world, &ids[1], "cancel", &person).once("k").send().await.is(422, REUSED);
    let settle = of_business(world, &ids[1], "settle", &person.key);
    world.create(&person.key, "user@example.com", 1).once("k").send().await.value(201);
    settle.json(r#"{"proof":"p"}"#).once("k").send().await.is(422, REUSED);
    assert_eq!(person.operation(world, &ids[1]).await["status"], "queued", "not even begun");
}

async fn newest_event(world: &Api, key: &str) -> i64 {
    let page: Value = world.get("/payout/events?limit=100").key(key).send().await.value(200);
    page["data"].as_array().unwrap().last().map_or(0, |event| event["sequence"].as_i64().unwrap())
}
