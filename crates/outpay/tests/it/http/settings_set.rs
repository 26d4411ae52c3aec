//! `PUT /payout/settings`: sets the fields sent, keeps the rest, and validates everything first.

use crate::http::api::{Api, UNAUTHORIZED};
use ledger::Actor;
use outpay::testing::business::settings;
use outpay::testing::store::SettingsChange;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_what_is_sent_is_set,
    status_200_terms_are_merged_at_every_level,
    status_200_changes_at_once_are_all_made,
    status_200_unclaimed_money_goes_back,
    status_200_a_late_rule_takes_nothing_unannounced,
    status_200_every_change_is_an_event,
    status_400_nothing_is_set,
    status_412_another_change_came_first,
    status_401_public_key,
}

async fn put(world: &Api, key: &str, body: &Value) -> crate::wire::Answer {
    world.call("PUT", "/payout/settings").key(key).json(body.to_string()).send().await
}

async fn status_200_what_is_sent_is_set(world: &Api) {
    let business = world.business().await;
    let live = put(world, &business.key, &json!({ "payouts_enabled": true })).await.value(200);
    assert_eq!(live["payouts_enabled"], true);
    let set = json!({ "expiry_days": 30,
        "methods": { "sandbox": { "enabled": true, "minimum": 500, "review": { "above": 1000 } } } });
    let after = put(world, &business.test_key, &set).await.value(200);
    assert_eq!((&after["payouts_enabled"], &after["expiry_days"]), (&json!(true), &json!(30)));
    assert_eq!(after["methods"]["sandbox"]["minimum"], 500);
    assert_eq!(world.get("/payout/settings").key(&business.test_key).send().await.value(200), after);
    let nothing = put(world, &business.test_key, &json!({})).await.value(200);
    assert_eq!(nothing, after);
    let off = put(world, &business.test_key, &json!({ "expiry_days": 0 })).await.value(200);
    assert_eq!(off["expiry_days"], Value::Null);
    put(world, &business.test_key, &json!({ "expiry_days": 30 })).await.value(200);
    let off = put(world, &business.test_key, &json!({ "expiry_days": null })).await.value(200);
    assert_eq!(off["expiry_days"], Value::Null);
}

async fn status_200_terms_are_merged_at_every_level(world: &Api) {
    let business = world.business().await;
    let terms = json!({ "enabled": true, "fee": { "fixed": 25, "basis_points": 150, "floor": 50, "cap": 1000 },
        "minimum": 100, "maximum": 5000, "review": { "always": true, "above": 1000, "above_per_day": 2000,
        "new_destination": true }, "daily_cap": 100_000 });
    let set = async |terms: &Value| {
        let body = json!({ "methods": { "sandbox": terms } });
        put(world, &business.test_key, &body).await.value(200)["methods"]["sandbox"].clone()
    };
    assert_eq!(set(&terms).await, terms);
    let mut expected = terms;
    for (change, place, value) in [
        (json!({ "minimum": 200 }), "/minimum", json!(200)),
        (json!({ "fee": { "floor": 60 } }), "/fee/floor", json!(60)),
        (json!({ "fee": { "cap": null } }), "/fee/cap", Value::Null),
        (json!({ "review": { "above": 500 } }), "/review/above", json!(500)),
        (json!({ "review": { "above_per_day": null } }), "/review/above_per_day", Value::Null),
        (json!({ "review": {}, "fee": {}, "enabled": null }), "/enabled", json!(true)),
        (json!({ "daily_cap": null }), "/daily_cap", Value::Null),
        (json!({ "enabled": false }), "/enabled", json!(false)),
    ] {
        *expected.pointer_mut(place).unwrap() = value;
        assert_eq!(set(&change).await, expected, "{change}");
    }
    assert_eq!(set(&expected.clone()).await, expected, "what is shown can be sent back");
}

async fn status_200_changes_at_once_are_all_made(world: &Api) {
    let business = world.business().await;
    let changes = [
        json!({ "minimum": 7 }),
        json!({ "maximum": 7777 }),
        json!({ "fee": { "fixed": 7 } }),
        json!({ "review": { "always": true } }),
        json!({ "daily_cap": 77_777 }),
    ];
    let put = async |terms: &Value| {
        let body = json!({ "methods": { "sandbox": terms } });
        put(world, &business.test_key, &body).await.value(200);
    };
    futures_util::future::join_all(changes.iter().map(put)).await;
    let settings = world.get("/payout/settings").key(&business.test_key).send().await.value(200);
    let set = &settings["methods"]["sandbox"];
    let found =
        [&set["minimum"], &set["maximum"], &set["fee"]["fixed"], &set["review"]["always"], &set["daily_cap"]];
    assert_eq!(found, [&json!(7), &json!(7777), &json!(7), &json!(true), &json!(77_777)]);
}

async fn status_200_unclaimed_money_goes_back(world: &Api) {
    let person = world.recipient(1_000).await;
    put(world, &person.key, &json!({ "expiry_days": 30 })).await.value(200);
    const DAY: i64 = 86_400_000_000;
    let sweep = async || outpay::testing::unclaimed::sweep(&world.platform).await.unwrap();
    world.platform.clock.advance(22 * DAY);
    assert_eq!(sweep().await, 0);
    world.platform.clock.advance(2 * DAY);
    assert_eq!((sweep().await, sweep().await), (0, 0), "a reminder, once");
    world.platform.clock.advance(7 * DAY);
    assert_eq!((sweep().await, sweep().await), (1, 0));
    assert_eq!(person.money(world).await, (0, 0));
    world.has_balances(&person.key, 0, 10_000).await;
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let of =
        |kind: &str| events["data"].as_array().unwrap().iter().filter(|event| event["type"] == kind).count();
    assert_eq!((of("payout_user.money_expiring"), of("payout_user.money_expired")), (1, 1));
    let list = world.get("/payout/operations").hash(&person.hash).send().await.value(200);
    assert_eq!((&list["data"][0]["type"], &list["data"][0]["amount"]), (&json!("expiry"), &json!(-1_000)));
}

async fn status_200_a_late_rule_takes_nothing_unannounced(world: &Api) {
    let person = world.recipient(1_000).await;
    const DAY: i64 = 86_400_000_000;
    let sweep = async || outpay::testing::unclaimed::sweep(&world.platform).await.unwrap();
    world.platform.clock.advance(100 * DAY);
    put(world, &person.key, &json!({ "expiry_days": 30 })).await.value(200);
    assert_eq!(sweep().await, 0, "a reminder first");
    world.platform.clock.advance(7 * DAY - 1);
    assert_eq!(sweep().await, 0);
    assert_eq!(person.money(world).await, (1_000, 0));
    world.platform.clock.advance(1);
    assert_eq!(sweep().await, 1);
    assert_eq!(person.money(world).await, (0, 0));
}

async fn status_200_every_change_is_an_event(world: &Api) {
    let business = world.business().await;
    let key = &business.test_key;
    let all = json!({ "expiry_days": 30,
        "methods": { "sandbox": { "enabled": true, "review": { "always": true } } } });
    put(world, key, &all).await.value(200);
    // An unchanged setting is not an event.
    put(world, key, &all).await.value(200);
    put(world, key, &json!({ "methods": { "sandbox": { "enabled": true } } })).await.value(200);
    put(world, key, &json!({ "methods": { "sandbox": { "review": { "always": false } } } })).await.value(200);
    put(world, key, &json!({ "expiry_days": -1 })).await.value(400);
    let events = world.get("/payout/events?limit=100").key(key).send().await.value(200);
    let events = events["data"].as_array().unwrap();
    let reasons: Vec<&str> = events.iter().map(|event| event["data"]["reason"].as_str().unwrap()).collect();
    let standard = r#"{"enabled":true,"fee":{"fixed":0,"basis_points":0,"floor":0,"cap":null},"minimum":1,"maximum":100000000,"review":{"always":false,"above":null,"above_per_day":null,"new_destination":false},"daily_cap":null}"#;
    let strict = standard.replace(r#""always":false"#, r#""always":true"#);
    let expected = [
        "expiry_days: never -> 30".to_owned(),
        format!("method sandbox: {standard} -> {strict}"),
        format!("method sandbox: {strict} -> {standard}"),
    ];
    assert_eq!(reasons, expected);
    let id = world.key_id(business.test, key).await;
    for event in events {
        assert_eq!((&event["type"], &event["data"]["api_key_id"]), (&json!("settings.changed"), &json!(id)));
    }
}

async fn status_400_nothing_is_set(world: &Api) {
    let business = world.business().await;
    let before = world.get("/payout/settings").key(&business.test_key).send().await.value(200);
    for (body, field) in [
        (json!({ "payouts_enabled": "yes" }), "payouts_enabled"),
        // A test key cannot change a live setting.
        (json!({ "payouts_enabled": true }), "payouts_enabled"),
        (json!({ "expiry_days": -1 }), "expiry_days"),
        (json!({ "expiry_days": 36501 }), "expiry_days"),
        (json!({ "methods": [] }), "methods"),
        (json!({ "methods": { "wire": {} } }), "methods"),
        (json!({ "methods": { "sandbox": { "minimum": 0 } } }), "methods"),
        (json!({ "methods": { "sandbox": { "fees": {} } } }), "methods"),
        (json!({ "methods": { "sandbox": { "review": { "alwys": true } } } }), "methods"),
        (json!({ "methods": { "sandbox": { "review": true } } }), "methods"),
        (json!({ "methods": { "sandbox": { "minimum": 200, "maximum": 100 } } }), "methods"),
        (json!({ "methods": { "sandbox": { "daily_cap": 100_000.0 } } }), "methods"),
        (json!({ "methods": { "sandbox": { "review": { "above": 5_000.0 } } } }), "methods"),
        (json!({ "methods": { "sandbox": { "fee": { "cap": u64::MAX } } } }), "methods"),
        (json!({ "methods": { "sandbox": { "fee": { "basis_points": 10000 } } } }), "methods"),
    ] {
        let refused = put(world, &business.test_key, &body).await.value(400);
        assert!(refused["fields"][field].is_array(), "{body}: {refused}");
    }
    assert_eq!(world.get("/payout/settings").key(&business.test_key).send().await.value(200), before);
}

async fn status_412_another_change_came_first(world: &Api) {
    let business = world.business().await;
    let key = &business.test_key;
    let tag = async || {
        let read = world.get("/payout/settings").key(key).send().await;
        read.header("etag").expect("settings have a tag").to_owned()
    };
    let put_if = async |tag: &str, days: i64| {
        let body = json!({ "expiry_days": days }).to_string();
        world.call("PUT", "/payout/settings").key(key).header("If-Match", tag).json(body).send().await
    };
    let first = tag().await;
    assert_eq!(tag().await, first, "the same content has the same tag");
    let answer = put_if(&first, 30).await;
    let second = answer.header("etag").unwrap().to_owned();
    assert_eq!((answer.status, tag().await), (200, second.clone()));
    assert_ne!(first, second);
    let sentence = "It was changed since you read it. Read it again, and send the change with the new ETag.";
    for stale in [&first, "\"x\"", &format!("W/{second}")] {
        let body = format!(r#"{{"error":"{sentence}","code":"precondition_failed"}}"#);
        put_if(stale, 40).await.is(412, body);
    }
    put_if(&second[1..], 40).await.value(400);
    // Another member's change, which this client has not seen.
    let actor = Actor::OPERATOR;
    let change = SettingsChange { expiry_days: Some(Some(50)), ..SettingsChange::default() };
    settings::change(&world.platform, business.test, actor, change).await.unwrap();
    put_if(&second, 60).await.value(412);
    assert_eq!(put_if("*", 60).await.value(200)["expiry_days"], 60);
    let last = format!("\"x\", {}", tag().await);
    assert_eq!(put_if(&last, 70).await.value(200)["expiry_days"], 70);
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    put(world, &business.test_public_key, &json!({})).await.is(401, UNAUTHORIZED);
}
