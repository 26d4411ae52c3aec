//! `POST /payout/operations/{id}/reveal`: a gift card from stock to code, visible to its recipient only.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::idempotency::send_copies;
use crate::http::recipient::Recipient;
use serde_json::json;

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_every_look_is_an_event,
    status_200_each_card_is_given_once,
    status_200_a_test_card,
    status_401_without_a_hash,
    status_404_anothers,
    status_409_nothing_to_reveal,
    status_409_out_of_stock_gives_the_money_back,
    status_429_too_many_looks,
    looks_of_a_clock_that_was_ahead_do_not_count,
    status_429_however_many_look_at_once,
    low_stock_is_an_event,
}

async fn card(world: &Api, person: &Recipient) -> String {
    let asked = person.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Books" })).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    world.work().await;
    id
}

async fn status_200_to_the_byte(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", Some("99"))]).await;
    let id = card(world, &person).await;
    let operation = person.operation(world, &id).await;
    assert_eq!((&operation["status"], &operation["can_reveal"]), (&json!("succeeded"), &json!(true)));
    assert!(!operation.to_string().contains("CODE-1"), "a code is shown by reveal alone");
    assert_eq!(operation["payment"]["brand"], "Books");
    assert_eq!(operation["payment"]["face_value"], 1_000);
    let shown = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash).send().await;
    shown.is(200, r#"{"brand":"Books","currency":"USD","face_value":1000,"code":"CODE-1","pin":"99","expires_at":null}"#);
}

async fn status_200_every_look_is_an_event(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    for _ in 0..2 {
        world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash).send().await.value(200);
    }
    let events = person.events(world, &id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "gift_card.revealed").count(), 2);
    let all = world.get("/payout/events?limit=100").key(&person.key).send().await;
    assert!(!all.text().contains("CODE-1"));
}

async fn status_200_a_test_card(world: &Api) {
    let person = world.recipient(5_000).await;
    let id = card(world, &person).await;
    let path = format!("/payout/operations/{id}/reveal");
    let shown = world.post(&path).hash(&person.hash).send().await.value(200);
    assert_eq!(
        (&shown["brand"], &shown["face_value"], &shown["pin"]),
        (&json!("Books"), &json!(1_000), &json!("0000"))
    );
    assert!(shown["code"].as_str().unwrap().starts_with("TEST-"), "{shown}");
    let again = world.post(&path).hash(&person.hash).send().await.value(200);
    assert_eq!(shown, again);
    // The next start asks the witness whether the database has lost a code that was shown.
    drop(world.neighbour().await);
    let live = world.live_recipient(5_000, "gift_card").await;
    let refused = live.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Test card" })).send().await;
    assert_eq!(refused.value(409)["code"], "out_of_funds", "there is no such card of real money");
}

async fn status_200_each_card_is_given_once(world: &Api) {
    let person = world.live_recipient(10_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None), ("CODE-2", None), ("CODE-3", None)]).await;
    let mut codes = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let asked = person.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Books" })).send().await;
        ids.push(asked.value(202)["id"].as_str().unwrap().to_owned());
    }
    world.work().await;
    for id in ids {
        let shown = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash).send().await;
        codes.push(shown.value(200)["code"].as_str().unwrap().to_owned());
    }
    codes.sort();
    assert_eq!(codes, ["CODE-1", "CODE-2", "CODE-3"]);
}

async fn status_401_without_a_hash(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    world
        .post(&format!("/payout/operations/{id}/reveal"))
        .key(&person.key)
        .send()
        .await
        .is(401, UNAUTHORIZED);
}

async fn status_404_anothers(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    let neighbour = world.pay(&person.key, "neighbour@example.com", 100).await;
    world.post(&format!("/payout/operations/{id}/reveal")).hash(&neighbour).send().await.value(404);
}

async fn status_409_nothing_to_reveal(world: &Api) {
    let sandbox = world.recipient(1_000).await;
    let id = sandbox.withdraws(world, 100).await;
    world.work().await;
    let answer = world.post(&format!("/payout/operations/{id}/reveal")).hash(&sandbox.hash).send().await;
    assert_eq!(answer.value(409)["code"], "nothing_to_reveal");
}

async fn status_409_out_of_stock_gives_the_money_back(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    // Both are requested before a worker runs; the stock has one.
    let mut ids = Vec::new();
    for _ in 0..2 {
        let asked = person.withdraw(world, "gift_card", 1_000, &json!({ "brand": "Books" })).send().await;
        ids.push(asked.value(202)["id"].as_str().unwrap().to_owned());
    }
    world.work().await;
    let mut states = Vec::new();
    for id in &ids {
        let operation = person.operation(world, id).await;
        states.push(operation["status"].as_str().unwrap().to_owned());
        if operation["status"] == "failed" {
            assert_eq!(operation["reason_code"], "out_of_stock");
            let path = format!("/payout/operations/{id}/reveal");
            assert_eq!(
                world.post(&path).hash(&person.hash).send().await.value(409)["code"],
                "nothing_to_reveal"
            );
        }
    }
    states.sort();
    assert_eq!(states, ["failed", "succeeded"]);
    assert_eq!(person.money(world).await, (4_000, 0));
}

async fn status_429_too_many_looks(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    let call = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash);
    for _ in 0..10 {
        call.send().await.value(200);
    }
    assert_eq!(call.send().await.value(429)["code"], "rate_limited");
    world.platform.clock.advance(3_601_000_000);
    call.send().await.value(200);
}

async fn looks_of_a_clock_that_was_ahead_do_not_count(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    let call = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash);
    for _ in 0..10 {
        call.send().await.value(200);
    }
    // Another server's clock, a little behind, does not reset the count.
    world.platform.clock.step(-600_000_000);
    assert_eq!(call.send().await.value(429)["code"], "rate_limited");
    world.platform.clock.step(-86_400_000_000);
    call.send().await.value(200);
}

/// Over two servers, so that no process can count alone.
async fn status_429_however_many_look_at_once(world: &Api) {
    let person = world.live_recipient(5_000, "gift_card").await;
    world.stock(person.book, "Books", 1_000, &[("CODE-1", None)]).await;
    let id = card(world, &person).await;
    let neighbour = world.second_server().await;
    let call = world.post(&format!("/payout/operations/{id}/reveal")).hash(&person.hash);
    let answers = send_copies(&call, &[world.address(), neighbour.address]).await;
    let shown = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(shown, ledger::MOST_LOOKS);
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status)));
    let events = person.events(world, &id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "gift_card.revealed").count(), shown);
    neighbour.stop().await.unwrap();
}

async fn low_stock_is_an_event(world: &Api) {
    let person = world.live_recipient(50_000, "gift_card").await;
    let codes: Vec<String> = (0..12).map(|number| format!("CODE-{number}")).collect();
    let cards: Vec<(&str, Option<&str>)> = codes.iter().map(|code| (code.as_str(), None)).collect();
    world.stock(person.book, "Books", 1_000, &cards).await;
    for _ in 0..12 {
        card(world, &person).await;
    }
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let low =
        events["data"].as_array().unwrap().iter().filter(|event| event["type"] == "gift_card.stock_low");
    let notes: Vec<&str> = low.map(|event| event["data"]["reason"].as_str().unwrap()).collect();
    assert_eq!(notes, ["Books 1000: 10 left", "Books 1000: 0 left"]);
}
