//! `GET /payout/events`: all events, in a gap-free sequence.

use crate::http::api::{Api, NO_LIMIT, UNAUTHORIZED, invalid};
use crate::world::NOW;
use outpay::testing::ids::IdKind;

crate::world::on_both_engines! {
    status_200_nothing_yet,
    status_200_every_kind_to_the_byte,
    status_200_refusals_and_replays_leave_no_event,
    status_200_without_a_gap_under_load,
    status_200_pages_by_after_and_by_cursor,
    status_200_own_events_only,
    status_400_after,
    status_400_limit,
    status_401_public_key,
}

async fn status_200_nothing_yet(world: &Api) {
    let business = world.business().await;
    let answer = world.get("/payout/events").key(&business.key).send().await;
    answer.is(200, r#"{"data":[],"has_more":false,"next_cursor":null}"#);
}

async fn status_200_every_kind_to_the_byte(world: &Api) {
    let business = world.business().await;
    world.enable_payouts(&business, true).await;
    let deposit = ledger::Command::Deposit {
        amount: ledger::Cents(1000),
        reference: "Wire 7".to_owned(),
        used_elsewhere: true,
        received_on: String::new(),
    };
    world.platform.teller.ask(business.live, ledger::Request::plain(deposit)).await.unwrap().unwrap();
    let key = &business.key;
    let transfer = |from, to| format!(r#"{{"from":"{from}","to":"{to}","amount":500}}"#);
    world
        .post("/balance/transfer")
        .key(key)
        .json(transfer("balance", "payout_balance"))
        .send()
        .await
        .value(200);
    world.pay(key, "user@example.com", 100).await;
    let row = r#"{"payouts":[{"email":"user@example.com","amount":50,"reference":"Row 1"}]}"#;
    world.post("/payout/batch").key(key).json(row).send().await.value(201);
    let debit = r#"{"amount":150,"reason":"Mistake"}"#;
    world.post(&world.user_path(business.live, 1, "/debit")).key(key).json(debit).send().await.value(200);
    for verb in ["/deactivate", "/activate", "/rotate-hash"] {
        world.post(&world.user_path(business.live, 1, verb)).key(key).send().await.value(200);
    }
    world
        .post("/balance/transfer")
        .key(key)
        .json(transfer("payout_balance", "balance"))
        .send()
        .await
        .value(200);

    let user = world.user_id(business.live, 1);
    let api_key = world.key_id(business.live, key).await;
    let about = |rest: &str| format!(r#"{{"payout_user_id":"{user}"{rest},"api_key_id":"{api_key}"}}"#);
    let moved = || format!(r#"{{"amount":500,"api_key_id":"{api_key}"}}"#);
    let events: Vec<String> = [
        ("balance.deposited", r#"{"amount":1000,"reference":"Wire 7"}"#.to_owned()),
        ("balance.moved_to_payout", moved()),
        ("payout_user.created", about(r#","amount":100"#)),
        ("payout_user.credited", about(r#","amount":50,"reference":"Row 1""#)),
        ("payout_user.debited", about(r#","amount":150,"reason":"Mistake""#)),
        ("payout_user.deactivated", about("")),
        ("payout_user.activated", about("")),
        ("payout_user.hash_rotated", about("")),
        ("balance.moved_to_main", moved()),
    ]
    .into_iter()
    .zip(1..)
    .map(|((kind, data), sequence)| {
        let id = world.platform.secrets.ids().seal(IdKind::Event, business.live, sequence);
        format!(r#"{{"id":"{id}","sequence":{sequence},"type":"{kind}","created_at":"{NOW}","data":{data}}}"#)
    })
    .collect();
    let all = format!(r#"{{"data":[{}],"has_more":false,"next_cursor":null}}"#, events.join(","));
    world.get("/payout/events").key(key).send().await.is(200, all);
}

async fn status_200_refusals_and_replays_leave_no_event(world: &Api) {
    let business = world.paying_business(100).await;
    let create = world.create(&business.key, "user@example.com", 60).once("k");
    for _ in 0..3 {
        create.send().await.value(201);
        world.create(&business.key, "user@example.com", 60).send().await.value(400);
    }
    assert_eq!(sequences(world, &business.key, "").await, [1, 2, 3]);
}

async fn status_200_without_a_gap_under_load(world: &Api) {
    let business = world.paying_business(150).await;
    let calls = (0..300).map(|number| world.create(&business.key, &format!("u{number}@example.com"), 1));
    let calls: Vec<_> = calls.collect();
    let answers = futures_util::future::join_all(calls.iter().map(|call| call.send())).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 150);
    let mut seen = Vec::new();
    loop {
        let after = seen.last().copied().unwrap_or(0);
        let page = sequences(world, &business.key, &format!("?limit=100&after={after}")).await;
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, (1..=152).collect::<Vec<i64>>());
}

async fn status_200_pages_by_after_and_by_cursor(world: &Api) {
    let business = world.paying_business(100).await;
    for _ in 0..23 {
        world.pay(&business.key, "user@example.com", 1).await;
    }
    assert_eq!(sequences(world, &business.key, "").await, (1..=20).collect::<Vec<_>>());
    assert_eq!(sequences(world, &business.key, "?after=20").await, [21, 22, 23, 24, 25]);
    assert_eq!(sequences(world, &business.key, "?after=0&limit=1").await, [1]);
    for beyond in ["25", "26", "9223372036854775807"] {
        let page = world.get(&format!("/payout/events?after={beyond}")).key(&business.key).send().await;
        page.is(200, r#"{"data":[],"has_more":false,"next_cursor":null}"#);
    }
    let page = world.get("/payout/events?limit=24").key(&business.key).send().await.value(200);
    assert_eq!((&page["has_more"], &page["next_cursor"]), (&true.into(), &"24".into()));
    assert_eq!(sequences(world, &business.key, "?limit=24&cursor=24").await, [25]);
}

async fn status_200_own_events_only(world: &Api) {
    let (one, other) = (world.paying_business(100).await, world.paying_business(100).await);
    world.fund(one.test, 5).await;
    world.pay(&one.key, "user@example.com", 1).await;
    assert_eq!(sequences(world, &one.key, "").await, [1, 2, 3]);
    assert_eq!(sequences(world, &one.test_key, "").await, [1, 2]);
    assert_eq!(sequences(world, &other.key, "").await, [1, 2]);
}

async fn status_400_after(world: &Api) {
    let business = world.business().await;
    for after in ["-1", "+1", "1.0", "abc", "9223372036854775808", "99999999999999999999", "1%20"] {
        for name in ["after", "cursor"] {
            let answer = world.get(&format!("/payout/events?{name}={after}")).key(&business.key).send().await;
            answer.is(400, invalid("after", "The after parameter must be the sequence of an event."));
        }
    }
}

async fn status_400_limit(world: &Api) {
    let business = world.business().await;
    for limit in ["0", "101", "abc"] {
        let answer = world.get(&format!("/payout/events?limit={limit}")).key(&business.key).send().await;
        answer.is(400, invalid("limit", NO_LIMIT));
    }
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.get("/payout/events").key(&business.public_key).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/events?after=x").send().await.is(401, UNAUTHORIZED);
}

async fn sequences(world: &Api, key: &str, query: &str) -> Vec<i64> {
    let page = world.get(&format!("/payout/events{query}")).key(key).send().await.value(200);
    page["data"].as_array().unwrap().iter().map(|event| event["sequence"].as_i64().unwrap()).collect()
}
