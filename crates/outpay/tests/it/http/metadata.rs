//! Metadata on payouts: set by the business, shown to it everywhere, never to a recipient; and what can be looked up.

use crate::http::api::Api;
use crate::http::hooked::Hooked;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    a_create_s_are_shown_to_the_business_alone,
    create_ignores_unusable_ones_and_says_so,
    a_batch_row_s_are_checked,
    they_are_part_of_what_an_idempotency_key_stands_for,
    webhooks_carry_them,
    users_and_operations_are_looked_up,
    filters_are_checked,
}

fn body(email: &str, amount: i64, metadata: &Value) -> String {
    json!({ "email": email, "amount": amount, "memo": "October", "metadata": metadata }).to_string()
}

async fn a_create_s_are_shown_to_the_business_alone(world: &Api) {
    let business = world.paying_business(1_000).await;
    let notes = json!({ "order": "7", "Team 🙂": "blue" });
    let call = world.post("/payout/create").key(&business.key);
    let paid = call.json(body("a@example.com", 10, &notes)).send().await;
    assert_eq!(paid.header("outpay-ignored-fields"), None);
    let hash = paid.value(201)["hash"].as_str().unwrap().to_owned();
    let get = async |path: &str| world.get(path).key(&business.key).send().await.value(200);
    let user = world.user_path(business.live, 1, "");
    assert_eq!(get(&user).await["metadata"], notes);
    assert_eq!(get("/payout/users").await["data"][0]["metadata"], notes);
    let operation = &get(&format!("{user}/operations")).await["data"][0];
    assert_eq!((&operation["metadata"], &operation["memo"]), (&notes, &json!("October")));
    let event = &get("/payout/events?after=2").await["data"][0]["data"];
    assert_eq!((&event["metadata"], &event["memo"]), (&notes, &json!("October")));

    let id = operation["id"].as_str().unwrap();
    for path in ["/payout/operations".to_owned(), format!("/payout/operations/{id}")] {
        let seen = world.get(&path).hash(&hash).send().await;
        assert!(!seen.text().contains("metadata") && !seen.text().contains("blue"), "{}", seen.text());
        assert!(seen.text().contains("October"), "a memo is for the person: {}", seen.text());
    }
}

async fn create_ignores_unusable_ones_and_says_so(world: &Api) {
    let business = world.paying_business(1_000).await;
    let many: serde_json::Map<String, Value> = (0..51).map(|key| (format!("k{key}"), json!(""))).collect();
    for notes in [
        json!("x"),
        json!([]),
        json!({ "a": 1 }),
        json!({ "a": null }),
        json!({ "": "x" }),
        json!({ "x".repeat(41): "x" }),
        json!({ "a": "x".repeat(501) }),
        json!({ "a": "\n" }),
        json!({ "a": "\0" }),
        Value::Object(many),
    ] {
        let call = world.post("/payout/create").key(&business.key);
        let paid = call.json(body("a@example.com", 1, &notes)).send().await;
        assert_eq!((paid.status, paid.header("outpay-ignored-fields")), (201, Some("metadata")), "{notes}");
    }
    let user = world.get(&world.user_path(business.live, 1, "")).key(&business.key).send().await.value(200);
    assert_eq!((&user["metadata"], &user["balance"]), (&Value::Null, &json!(10)));
}

async fn a_batch_row_s_are_checked(world: &Api) {
    let business = world.paying_business(1_000).await;
    let row = |notes: Value| json!({ "email": "a@example.com", "amount": 1, "reference": "one", "metadata": notes });
    let batch = async |notes: Value| {
        let body = json!({ "payouts": [row(notes)] }).to_string();
        world.post("/payout/batch").key(&business.key).json(body).send().await
    };
    let refused = batch(json!({ "a": 1 })).await.value(400);
    assert!(refused["rows"][0]["metadata"].is_array(), "{refused}");
    let first = batch(json!({ "a": "1" })).await.value(201);
    // They are no part of what a reference stands for: the repeat pays nothing, and notes nothing.
    assert_eq!(batch(json!({ "a": "2" })).await.value(201), first);
    let path = world.user_path(business.live, 1, "/operations");
    let operations = world.get(&path).key(&business.key).send().await.value(200);
    let operation = &operations["data"][0];
    assert_eq!(operations["data"].as_array().unwrap().len(), 1);
    assert_eq!((&operation["reference"], &operation["metadata"]), (&json!("one"), &json!({ "a": "1" })));
}

async fn they_are_part_of_what_an_idempotency_key_stands_for(world: &Api) {
    let business = world.paying_business(1_000).await;
    let pay = async |notes: Value| {
        let call = world.post("/payout/create").key(&business.key).once("k");
        call.json(body("a@example.com", 1, &notes)).send().await
    };
    let first = pay(json!({ "a": "1", "b": "2" })).await;
    let again = pay(json!({ "b": "2", "a": "1" })).await;
    assert!(again.is_replayed() && again.text() == first.text());
    for other in [json!({ "a": "1" }), json!({ "a": "1", "b": "3" }), json!({})] {
        assert_eq!(pay(other).await.value(422)["code"], "idempotency_key_reused");
    }
}

async fn webhooks_carry_them(world: &Api) {
    let hooked = Hooked::new(world).await;
    let bodies = async || {
        hooked.settle(world).await;
        let list = hooked.call(world, "GET", "/payout/webhook/deliveries").send().await.value(200);
        let id = list["data"][0]["id"].as_str().unwrap();
        let path = format!("/payout/webhook/deliveries/{id}");
        let delivery = hooked.call(world, "GET", &path).send().await.value(200);
        delivery["request_body"].as_str().unwrap().to_owned()
    };
    let user = world.user_id(hooked.business.live, 1);
    hooked.pay_out(world).await;
    let plain = format!(r#""metadata":{{"payout_user_id":"{user}"}},"type""#);
    assert!(bodies().await.contains(&plain));
    let notes = json!({ "order": "7", "team": "blue" });
    let call = world.post("/payout/create").key(&hooked.business.key);
    call.json(body("user@example.com", 1, &notes)).send().await.value(201);
    hooked.pay_out(world).await;
    let noted =
        format!(r#""metadata":{{"payout_user_id":"{user}","custom":{{"order":"7","team":"blue"}}}},"type""#);
    let found = bodies().await;
    assert!(found.contains(&noted), "{found}");
}

async fn users_and_operations_are_looked_up(world: &Api) {
    let business = world.paying_business(1_000).await;
    let row = |email: &str, amount: i64, reference: &str, order: &str| json!({ "email": email, "amount": amount, "reference": reference, "metadata": { "order": order } });
    let rows = [
        row("a@example.com", 10, "one", "7"),
        row("b@example.com", 20, "two", "8"),
        row("a@example.com", 30, "three", "8"),
    ];
    let batch = json!({ "payouts": rows }).to_string();
    world.post("/payout/batch").key(&business.key).json(batch).send().await.value(201);
    world.platform.clock.advance(crate::world::SECOND);
    world.pay(&business.key, "c@example.com", 1).await;
    let found = async |path: String, field: &str| {
        let list = world.get(&path).key(&business.key).send().await.value(200);
        let items = list["data"].as_array().unwrap();
        items.iter().map(|item| item[field].clone()).collect::<Vec<Value>>()
    };
    let first = "2026-01-02T03:04:05.678901Z";
    for (filter, emails) in [
        ("reference=two".to_owned(), vec!["b@example.com"]),
        ("reference=none".to_owned(), vec![]),
        ("metadata[order]=8".to_owned(), vec!["b@example.com", "a@example.com"]),
        ("metadata%5Border%5D=7".to_owned(), vec!["a@example.com"]),
        ("metadata[order]=8&status=inactive".to_owned(), vec![]),
        (format!("created[lte]={first}"), vec!["b@example.com", "a@example.com"]),
        (format!("created[gt]={first}"), vec!["c@example.com"]),
        (format!("created[gte]={first}&created[lt]={first}"), vec![]),
        ("reference=two&metadata[order]=7".to_owned(), vec![]),
    ] {
        assert_eq!(found(format!("/payout/users?{filter}"), "email").await, emails, "{filter}");
    }
    let path = world.user_path(business.live, 1, "/operations");
    for (filter, amounts) in [
        ("reference=one", vec![10]),
        ("metadata[order]=8", vec![30]),
        ("amount=10", vec![10]),
        ("amount[gt]=10", vec![30]),
        ("amount[gte]=10&amount[lte]=30", vec![30, 10]),
        ("created[gt]=2026-01-02T03:04:05.678901Z", vec![]),
    ] {
        assert_eq!(found(format!("{path}?{filter}"), "amount").await, amounts, "{filter}");
    }
}

async fn filters_are_checked(world: &Api) {
    let business = world.paying_business(1_000).await;
    world.pay(&business.key, "a@example.com", 1).await;
    let operations = world.user_path(business.live, 1, "/operations");
    for (target, field) in [
        ("/payout/users?created[gte]=yesterday", "created[gte]"),
        ("/payout/users?created[ge]=2026-01-02T03:04:05Z", "created[ge]"),
        ("/payout/users?created=2026-01-02T03:04:05Z", "created"),
        ("/payout/users?metadata[order]=", "metadata[order]"),
        ("/payout/users?metadata=7", "metadata"),
        ("/payout/users?metadata[]=7", "metadata[]"),
        ("/payout/users?metadata[a]=1&metadata[b]=2", "metadata"),
        ("/payout/users?metadata[a]=1&metadata[a]=2", "metadata[a]"),
        ("/payout/users?amount=1", "amount"),
        (&format!("{operations}?amount=1.5"), "amount"),
        (&format!("{operations}?amount[lt]=-1"), "amount[lt]"),
    ] {
        let refused = world.get(target).key(&business.key).send().await.value(400);
        assert!(refused["fields"][field].is_array(), "{target}: {refused}");
    }
}
