//! `POST /payout/withdraw`: the money is held, then follows the rail's story.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::world::NOW;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_202_to_the_byte,
    status_202_the_money_is_held,
    status_202_several_at_once,
    status_202_once_per_key_and_person,
    status_202_every_story_of_the_sandbox,
    status_202_returned_money_is_back_exactly_once,
    status_202_history_adds_up_to_the_balance,
    status_400_insufficient_user_balance,
    status_400_daily_cap,
    status_401_inactive_user,
    status_403_withdrawals_are_paused,
    status_422_another_request_under_the_same_key,
}

async fn status_202_to_the_byte(world: &Api) {
    let person = world.recipient(5_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "fee": { "fixed": 50 } })).await;
    let id = world.withdrawal_id(person.book, 1);
    let expected = format!(
        r#"{{"id":"{id}","type":"withdrawal","status":"queued","amount":-2500,"fees":50,"net_amount":2450,"provider":"sandbox","created_at":"{NOW}","method":"sandbox"}}"#
    );
    person.withdraw(world, "sandbox", 2_500, &json!({ "account": "a" })).send().await.is(202, expected);
}

async fn status_202_the_money_is_held(world: &Api) {
    let person = world.recipient(5_000).await;
    let id = person.withdraws(world, 2_500).await;
    assert_eq!(person.money(world).await, (2_500, 2_500));
    world.work().await;
    assert_eq!(person.operation(world, &id).await["status"], "succeeded");
    assert_eq!(person.money(world).await, (2_500, 0));
    let story = ["payout.created", "payout.queued", "payout.processing", "payout.succeeded"];
    assert_eq!(person.events(world, &id).await, story);
}

async fn status_202_several_at_once(world: &Api) {
    let person = world.recipient(1_000).await;
    let calls = (0..10).map(|_| person.withdraw(world, "sandbox", 300, &json!({ "account": "a" })));
    let calls: Vec<_> = calls.collect();
    let answers = futures_util::future::join_all(calls.iter().map(|call| call.send())).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(taken, 3, "the balance covers three");
    assert_eq!(person.money(world).await, (100, 900));
}

async fn status_202_once_per_key_and_person(world: &Api) {
    let person = world.recipient(5_000).await;
    let destination = json!({ "account": "a" });
    let call = person.withdraw(world, "sandbox", 2_500, &destination).once("k");
    let first = call.send().await;
    world.work().await;
    // Now the balance would not cover it, and the withdrawal is no longer queued; still the first response is
    // returned.
    world.set_terms(&person, "sandbox", json!({ "minimum": 9_999, "maximum": 9_999 })).await;
    let again = call.send().await;
    assert_eq!((again.status, again.text()), (202, first.text()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    world.set_terms(&person, "sandbox", json!({ "enabled": true })).await;
    let neighbour = world.pay(&person.key, "neighbour@example.com", 3_000).await;
    let body = json!({ "method": "sandbox", "amount": 2_500, "destination": destination });
    let theirs = world.post("/payout/withdraw").hash(&neighbour).json(body.to_string()).once("k");
    let theirs = theirs.send().await;
    assert_eq!(theirs.header("idempotent-replayed"), None, "another person's key is another key");
    assert_ne!(theirs.value(202)["id"], first.value(202)["id"]);
}

async fn status_202_every_story_of_the_sandbox(world: &Api) {
    let person = world.recipient(100_000).await;
    // Last digits, status at once, after three seconds, after six.
    let stories = [
        (0, "succeeded", "succeeded", "succeeded"),
        (11, "failed", "failed", "failed"),
        (12, "processing", "succeeded", "succeeded"),
        (13, "processing", "succeeded", "succeeded"),
        (14, "processing", "processing", "processing"),
        (15, "succeeded", "returned", "returned"),
        (16, "processing", "processing", "succeeded"),
        (17, "processing", "failed", "failed"),
        (18, "processing", "succeeded", "succeeded"),
    ];
    let mut ids = Vec::new();
    for (digits, ..) in stories {
        ids.push(person.withdraws(world, 1_000 + digits).await);
    }
    world.work().await;
    let check = async |moment: usize| {
        for (id, (digits, at_once, soon, late)) in ids.iter().zip(stories) {
            let expected = [at_once, soon, late][moment];
            assert_eq!(person.operation(world, id).await["status"], expected, "{digits}");
        }
    };
    check(0).await;
    assert_eq!(person.operation(world, &ids[4]).await["outcome_unknown"], true);
    assert_eq!(person.operation(world, &ids[6]).await.get("outcome_unknown"), None);
    for _ in 0..3 {
        world.work_after(1).await;
    }
    check(1).await;
    for _ in 0..6 {
        world.work_after(1).await;
    }
    check(2).await;
    let refused = person.operation(world, &ids[1]).await;
    assert_eq!(refused["reason_code"], "refused_by_rail");
    assert!(refused["reason"].as_str().unwrap().contains("try another destination"));
    // An unknown outcome is asked for less and less often, and never fails by itself.
    for _ in 0..20 {
        world.work_after(3_600).await;
    }
    assert_eq!(person.operation(world, &ids[4]).await["outcome_unknown"], true);
    let paid = 1_000 + 1_012 + 1_013 + 1_016 + 1_018;
    assert_eq!(person.money(world).await, (100_000 - paid - 1_014, 1_014));
}

async fn status_202_returned_money_is_back_exactly_once(world: &Api) {
    let person = world.recipient(5_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "fee": { "fixed": 50 } })).await;
    let id = person.withdraws(world, 1_015).await;
    world.work().await;
    assert_eq!(person.money(world).await, (3_985, 0));
    for _ in 0..20 {
        world.work_after(10).await;
    }
    assert_eq!(person.money(world).await, (5_000, 0), "fee included");
    let story = [
        "payout.created",
        "payout.queued",
        "payout.processing",
        "payout.succeeded",
        "payout.fee_taken",
        "payout.returned",
        "payout.fee_returned",
    ];
    assert_eq!(person.events(world, &id).await, story);
}

async fn status_202_history_adds_up_to_the_balance(world: &Api) {
    let person = world.recipient(50_000).await;
    for digits in [0, 11, 14, 15, 17] {
        person.withdraws(world, 1_000 + digits).await;
    }
    for _ in 0..10 {
        world.work_after(1).await;
    }
    let (mut sum, mut cursor, mut seen) = (0, String::new(), Vec::new());
    loop {
        let path = format!("/payout/operations?limit=2{cursor}");
        let page = world.get(&path).hash(&person.hash).send().await.value(200);
        for item in page["data"].as_array().unwrap() {
            sum += item["amount"].as_i64().unwrap();
            seen.push(item["type"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(sum, person.money(world).await.0);
    assert_eq!(seen.iter().filter(|kind| *kind == "withdrawal").count(), 5);
    assert_eq!(seen.iter().filter(|kind| *kind == "refund").count(), 3);
}

async fn status_400_insufficient_user_balance(world: &Api) {
    let person = world.recipient(1_000).await;
    let expected = r#"{"error":"Insufficient user balance","code":"insufficient_user_balance"}"#;
    person.withdraw(world, "sandbox", 1_001, &json!({ "account": "a" })).send().await.is(400, expected);
    assert_eq!(person.money(world).await, (1_000, 0));
}

async fn status_400_daily_cap(world: &Api) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "daily_cap": 500 })).await;
    person.withdraws(world, 400).await;
    let call = person.withdraw(world, "sandbox", 101, &json!({ "account": "a" }));
    assert_eq!(call.send().await.value(400)["code"], "daily_cap_reached");
    world.platform.clock.advance(86_400_000_000);
    call.send().await.value(202);
}

async fn status_401_inactive_user(world: &Api) {
    let person = world.recipient(1_000).await;
    world.post(&world.user_path(person.book, 1, "/deactivate")).key(&person.key).send().await.value(200);
    person.withdraw(world, "sandbox", 1, &json!({ "account": "a" })).send().await.is(401, UNAUTHORIZED);
}

async fn status_403_withdrawals_are_paused(world: &Api) {
    let person = world.recipient(1_000).await;
    world.enable_payouts(&person.business, false).await;
    let call = person.withdraw(world, "sandbox", 1, &json!({ "account": "a" }));
    assert_eq!(call.send().await.value(403)["code"], "withdrawals_paused");
}

async fn status_422_another_request_under_the_same_key(world: &Api) {
    let person = world.recipient(1_000).await;
    let call = |amount| person.withdraw(world, "sandbox", amount, &json!({ "account": "a" })).once("k");
    let first: Value = call(1).send().await.value(202);
    assert_eq!(first["amount"], -1);
    assert_eq!(call(2).send().await.value(422)["code"], "idempotency_key_reused");
}
