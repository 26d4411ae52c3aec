//! Limits of keys: where they may be used from, and the largest payout.

use crate::http::api::{Api, DISABLED, UNAUTHORIZED};
use crate::http::keys::key_with;
use crate::world::{Business, SECOND, local};
use ledger::{Actor, Ceilings, Cents};
use outpay::testing::api_keys;
use outpay::testing::api_keys::KeyOrder;
use outpay::testing::http::{ServeConfig, TrustedProxies};
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::networks::Networks;
use outpay::testing::store::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::json;
use std::sync::Arc;

crate::world::on_both_engines! {
    a_key_works_from_its_addresses_alone,
    a_trusted_proxy_says_who_is_behind_it,
    status_403_above_key_limit,
    rolling_keeps_the_limits,
    status_403_ceilings_of_a_request_a_day_and_a_recipient,
    two_creates_at_once_do_not_pass_a_ceiling,
}

const ABOVE: &str = r#"{"error":"The amount is above the limit of this API key.","code":"above_key_limit"}"#;

async fn key(world: &Api, business: &Business, allowed: &str, most: Option<i64>) -> (i64, String) {
    let allowed = Networks::parse(allowed).unwrap().map(Arc::new);
    let limits = KeyLimits { allowed, max_amount: most.map(Cents), ..KeyLimits::default() };
    let (book, kind) = (business.live, CredentialKind::SecretKey);
    let order =
        KeyOrder { book, kind, name: String::new(), expires_in: None, limits, family: None, budget: None };
    let made = api_keys::create(&world.platform, &order, Actor::NONE).await.unwrap();
    (made.number, made.text.expose_secret().to_owned())
}

async fn a_key_works_from_its_addresses_alone(world: &Api) {
    let business = world.paying_business(1_000).await;
    for allowed in ["", "127.0.0.1", "203.0.113.0/24 127.0.0.0/8", "::ffff:127.0.0.1"] {
        let (_, text) = key(world, &business, allowed, None).await;
        world.get("/balance").key(&text).send().await.value(200);
    }
    let unknown = world.get("/balance").key("sk_live_unknown").send().await.comparable();
    for allowed in ["203.0.113.7", "::1", "10.0.0.0/8, 2001:db8::/32"] {
        let (number, text) = key(world, &business, allowed, None).await;
        for _ in 0..2 {
            let before = world.platform.auth.work_done();
            let answer = world.get("/balance").key(&text).send().await;
            let after = world.platform.auth.work_done();
            assert_eq!(answer.comparable(), unknown, "{allowed}");
            assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1), "{allowed}");
        }
        world.platform.auth.record_uses().await.unwrap();
        let stored = world.platform.store.key(number).await.unwrap().unwrap();
        assert_eq!(stored.last_used_at, None, "a stranger does not use it");
    }
}

async fn a_trusted_proxy_says_who_is_behind_it(world: &Api) {
    let business = world.business().await;
    let (_, text) = key(world, &business, "203.0.113.7", None).await;
    let trusted_proxies = TrustedProxies::new(Networks::parse("127.0.0.1, 10.0.0.0/8").unwrap());
    let limited = ServeConfig { trusted_proxies, requests_per_second: Some(4), ..local() };
    let server = world.second_server_with(limited).await;
    let call =
        |forwarded_for: &str| world.get("/balance").key(&text).header("X-Forwarded-For", forwarded_for);
    let at = |forwarded_for: &str| call(forwarded_for).at(server.address);
    at("203.0.113.7").send().await.value(200);
    at("1.2.3.4, 203.0.113.7, 10.0.0.5").send().await.value(200);
    at("203.0.113.7, 203.0.113.8").send().await.is(401, UNAUTHORIZED);
    // A server without trusted proxies does not read it.
    call("203.0.113.7").send().await.is(401, UNAUTHORIZED);
    // Each client has its own limit.
    let from = |client: &str| {
        let call = world.get("/docs").header("X-Forwarded-For", client);
        call.at(server.address)
    };
    for _ in 0..4 {
        assert_eq!(from("198.51.100.1").send().await.status, 200);
    }
    assert_eq!(from("192.0.2.1, 198.51.100.1").send().await.status, 429);
    assert_eq!(from("198.51.100.2").send().await.status, 200);
}

async fn status_403_above_key_limit(world: &Api) {
    let business = world.paying_business(10_000).await;
    let (_, text) = key(world, &business, "", Some(500)).await;
    // The first request looks the key up, the second finds it in the cache.
    for email in ["a@example.com", "b@example.com"] {
        world.pay(&text, email, 500).await;
        world.create(&text, email, 501).send().await.is(403, ABOVE);
    }
    let batch = |rows: &str| {
        world.post("/payout/batch").key(&text).json(format!(r#"{{"payouts":[{rows}],"partial":true}}"#))
    };
    let rows = r#"{"email":"c@example.com","amount":1},{"email":"d@example.com","amount":501}"#;
    batch(rows).send().await.is(403, ABOVE);
    // Checked row by row, the limit would not limit anything.
    let rows = r#"{"email":"c@example.com","amount":250},{"email":"C@example.com","amount":251}"#;
    batch(rows).send().await.is(403, ABOVE);
    batch(r#"{"email":"c@example.com","amount":500}"#).send().await.value(201);
    world.has_balances(&business.key, 0, 8_500).await;
    // Validation errors come first, and the business's own 403 before them.
    world.create(&text, "a@example.com", 0).send().await.value(400);
    world.enable_payouts(&business, false).await;
    world.create(&text, "a@example.com", 501).send().await.is(403, DISABLED);
}

/// A key with these ceilings: per request, per day, per recipient and day; 0 for none.
async fn capped(world: &Api, business: &Business, [request, day, recipient]: [i64; 3]) -> String {
    let some = |cents: i64| (cents > 0).then_some(Cents(cents));
    let ceilings =
        Ceilings { per_request: some(request), per_day: some(day), per_recipient_day: some(recipient) };
    key_with(world, business, KeyLimits { ceilings, ..KeyLimits::default() }, None).await.1
}

async fn status_403_ceilings_of_a_request_a_day_and_a_recipient(world: &Api) {
    let business = world.paying_business(100_000).await;
    let refused = async |key: &str, rows: &[(&str, i64)], code: &str| {
        let rows: Vec<_> =
            rows.iter().map(|(email, amount)| json!({ "email": email, "amount": amount })).collect();
        for partial in [false, true] {
            let body = json!({ "payouts": rows, "partial": partial }).to_string();
            let answer = world.post("/payout/batch").key(key).json(body).send().await;
            assert_eq!(answer.value(403)["code"], code);
        }
    };
    let key = capped(world, &business, [100, 0, 0]).await;
    refused(&key, &[("a@example.com", 60), ("b@example.com", 41)], "key_request_ceiling").await;
    world.pay(&key, "a@example.com", 100).await;
    let key = capped(world, &business, [0, 100, 0]).await;
    let pay = |email: &str, cents: i64| world.create(&key, email, cents).header("idempotency-key", "k");
    pay("a@example.com", 60).send().await.value(201);
    // A replay is answered and not counted.
    pay("a@example.com", 60).send().await.value(201);
    refused(&key, &[("b@example.com", 20), ("c@example.com", 21)], "key_day_ceiling").await;
    world.pay(&key, "b@example.com", 40).await;
    assert_eq!(world.create(&key, "c@example.com", 1).send().await.value(403)["code"], "key_day_ceiling");
    world.platform.clock.advance(24 * 3_600 * SECOND);
    world.pay(&key, "c@example.com", 100).await;
    let key = capped(world, &business, [0, 0, 100]).await;
    world.pay(&key, "new@example.com", 60).await;
    refused(&key, &[("b@example.com", 1), ("NEW@example.com", 41)], "key_recipient_ceiling").await;
    world.pay(&key, "new@example.com", 40).await;
    world.pay(&key, "b@example.com", 100).await;
    assert_eq!(
        world.create(&key, "b@example.com", 1).send().await.value(403)["code"],
        "key_recipient_ceiling"
    );
}

async fn two_creates_at_once_do_not_pass_a_ceiling(world: &Api) {
    let business = world.paying_business(100_000).await;
    let key = capped(world, &business, [0, 500, 300]).await;
    let second = world.second_server().await;
    let all = (0..40).map(|number| {
        let call = world.create(&key, &format!("p{}@example.com", number % 3), 100);
        let call = if number % 2 == 0 { call } else { call.at(second.address) };
        async move { call.send().await.status }
    });
    let statuses = futures_util::future::join_all(all).await;
    let paid = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!((paid, statuses.len() - paid), (5, 35), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 403)), "{statuses:?}");
    world.has_balances(&business.key, 0, 99_500).await;
}

async fn rolling_keeps_the_limits(world: &Api) {
    let business = world.paying_business(10_000).await;
    let (number, old) = key(world, &business, "127.0.0.1", Some(500)).await;
    let stored = world.platform.store.key(number).await.unwrap().unwrap();
    let made = api_keys::roll(&world.platform, &stored, 10 * SECOND, Actor::NONE).await.unwrap();
    let new = world.platform.store.key(made.number).await.unwrap().unwrap();
    assert_eq!(new.limits, stored.limits);
    for text in [old.as_str(), made.text.expose_secret()] {
        world.create(text, "a@example.com", 501).send().await.is(403, ABOVE);
    }
}
