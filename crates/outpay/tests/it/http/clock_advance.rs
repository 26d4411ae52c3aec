//! `POST /test/clock`: what time brings to a test book when its clock is moved, and what it does not bring.

use crate::http::api::{Api, UNAUTHORIZED, invalid};
use crate::http::clock::TEST_MODE_ONLY;
use crate::http::hooked::Hooked;
use crate::http::idempotency::{REUSED, send_copies};
use crate::http::recipient::Recipient;
use crate::receiver::{ok, status};
use crate::world::{NOW, SECOND};
use futures_util::future::join_all;
use ledger::{Actor, Ceilings, Cents, Mode};
use outpay::testing::api_keys::{self, KeyOrder};
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::scopes::Scopes;
use outpay::testing::store::CredentialKind;
use outpay::testing::{overview, unclaimed};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_moves_at_once_add_up,
    status_200_a_repeat_moves_it_once,
    status_200_unclaimed_money_expires_after_its_reminder,
    status_200_a_user_and_the_hash_end,
    status_200_a_simulated_payment_ends,
    status_200_a_failing_webhook_is_tried_again,
    status_200_a_new_day_begins_for_caps_and_the_overview,
    status_200_ceilings_and_ends_of_keys_stay,
    status_200_a_lease_is_not_shortened,
    status_200_a_live_book_does_not_move,
    status_200_times_of_a_book_never_fall,
    status_400_forward_and_not_too_far,
    status_401_hash,
    status_403_a_live_key,
    status_403_without_the_scope,
    status_422_key_reused,
}

const DAY: i64 = 86_400;
const MOST: i64 = 157_680_000;

pub async fn advance(world: &Api, key: &str, seconds: i64) -> Value {
    let body = json!({ "advance_seconds": seconds }).to_string();
    world.post("/test/clock").key(key).json(body).send().await.value(200)
}

async fn ahead(world: &Api, key: &str) -> i64 {
    let clock = world.get("/test/clock").key(key).send().await.value(200);
    clock["ahead_seconds"].as_i64().unwrap()
}

async fn status_200_to_the_byte(world: &Api) {
    let business = world.business().await;
    let clock = async || world.get("/test/clock").key(&business.test_key).send().await;
    clock().await.is(200, format!(r#"{{"now":"{NOW}","ahead_seconds":0}}"#));
    let body = r#"{"advance_seconds":86400}"#;
    let moved = world.post("/test/clock").key(&business.test_key).json(body).send().await;
    let expected = r#"{"now":"2026-01-03T03:04:05.678901Z","ahead_seconds":86400}"#;
    moved.is(200, expected);
    clock().await.is(200, expected);
    world.wait(SECOND);
    clock().await.is(200, r#"{"now":"2026-01-03T03:04:06.678901Z","ahead_seconds":86400}"#);
    let log = world.get("/payout/audit-log").key(&business.test_key).send().await.value(200);
    let last = log["data"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["action"], last["detail"].to_string().contains("86400")),
        (&json!("test_clock.advanced"), true)
    );
}

async fn status_200_moves_at_once_add_up(world: &Api) {
    let business = world.business().await;
    let neighbour = world.second_server().await;
    let calls = (1..=12_i64).map(|seconds| {
        let address = if seconds % 2 == 0 { world.address() } else { neighbour.address };
        let body = json!({ "advance_seconds": seconds }).to_string();
        let call = world.post("/test/clock").at(address).key(&business.test_key).json(body);
        async move { call.send().await.value(200)["ahead_seconds"].as_i64().unwrap() }
    });
    let mut seen = join_all(calls).await;
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), seen[11]), (12, 78), "each answered with its own place: {seen:?}");
    assert_eq!(ahead(world, &business.test_key).await, 78);
    neighbour.stop().await.unwrap();
}

async fn status_200_a_repeat_moves_it_once(world: &Api) {
    let business = world.business().await;
    let body = r#"{"advance_seconds":60}"#;
    let call = world.post("/test/clock").key(&business.test_key).json(body).once("k");
    let neighbour = world.second_server().await;
    let answers = send_copies(&call, &[world.address(), neighbour.address]).await;
    assert!(answers.iter().all(|answer| (answer.status, answer.text()) == (200, answers[0].text())));
    assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    assert_eq!(ahead(world, &business.test_key).await, 60);
    world.wait(SECOND);
    let again = call.send().await;
    assert!(again.is_replayed());
    again.is(200, answers[0].text());
    neighbour.stop().await.unwrap();
}

async fn reminders_and_expiries(world: &Api, person: &Recipient) -> (usize, usize) {
    unclaimed::sweep(&world.platform).await.unwrap();
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let events = events["data"].as_array().unwrap();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    (of("payout_user.money_expiring"), of("payout_user.money_expired"))
}

async fn status_200_unclaimed_money_expires_after_its_reminder(world: &Api) {
    let person = world.recipient(1_000).await;
    let rule = json!({ "expiry_days": 30 }).to_string();
    world.call("PUT", "/payout/settings").key(&person.key).json(rule).send().await.value(200);
    advance(world, &person.key, 22 * DAY).await;
    assert_eq!(reminders_and_expiries(world, &person).await, (0, 0));
    // Past both days at once: the reminder comes first, and its seven days are kept.
    advance(world, &person.key, 78 * DAY).await;
    assert_eq!(reminders_and_expiries(world, &person).await, (1, 0));
    assert_eq!(reminders_and_expiries(world, &person).await, (1, 0), "once");
    advance(world, &person.key, 7 * DAY - 1).await;
    assert_eq!(reminders_and_expiries(world, &person).await, (1, 0));
    advance(world, &person.key, 1).await;
    assert_eq!(reminders_and_expiries(world, &person).await, (1, 1));
    assert_eq!(person.money(world).await, (0, 0));
}

async fn status_200_a_user_and_the_hash_end(world: &Api) {
    let person = world.recipient(1_000).await;
    let end = world.now() + 10 * DAY * SECOND;
    let book = person.book.0;
    for table in ["payout_user", "credential"] {
        let of = if table == "credential" { "AND kind = 3" } else { "" };
        world
            .database
            .execute(&format!("UPDATE {table} SET expires_at = {end} WHERE book = {book} {of}"))
            .await;
    }
    advance(world, &person.key, 10 * DAY - 1).await;
    world.get("/payout/methods").hash(&person.hash).send().await.value(200);
    let user = async || {
        let users = world.get("/payout/users").key(&person.key).send().await.value(200);
        users["data"][0]["status"].clone()
    };
    assert_eq!(user().await, "active");
    advance(world, &person.key, 1).await;
    world.get("/payout/methods").hash(&person.hash).send().await.is(401, UNAUTHORIZED);
    assert_eq!(user().await, "expired");
}

async fn status_200_a_simulated_payment_ends(world: &Api) {
    let person = world.recipient(10_000).await;
    let later = person.withdraws(world, 1_016).await;
    let returned = person.withdraws(world, 1_015).await;
    world.work().await;
    assert_eq!(person.operation(world, &later).await["status"], "processing");
    assert_eq!(person.operation(world, &returned).await["status"], "succeeded");
    advance(world, &person.key, 5).await;
    world.work().await;
    assert_eq!(person.operation(world, &later).await["status"], "succeeded");
    assert_eq!(person.operation(world, &returned).await["status"], "returned");
}

async fn status_200_a_failing_webhook_is_tried_again(world: &Api) {
    let hooked = Hooked::new(world).await;
    let person = world.recipient(10_000).await;
    let body = format!(r#"{{"url":"{}"}}"#, hooked.receiver.url("/test"));
    let put = world.call("PUT", "/payout/webhook").at(hooked.server.address).key(&person.key).json(body);
    put.send().await.value(200);
    hooked.receiver.always("/test", status(500));
    person.withdraws(world, 1_000).await;
    world.work().await;
    let tries = || hooked.receiver.on("/test").len();
    hooked.settle(world).await;
    hooked.settle(world).await;
    assert_eq!(tries(), 1);
    advance(world, &person.key, 29).await;
    hooked.settle(world).await;
    assert_eq!(tries(), 1, "thirty seconds after the first");
    advance(world, &person.key, 1).await;
    hooked.settle(world).await;
    assert_eq!(tries(), 2);
    // Much too far moves it to the next try, and no further.
    advance(world, &person.key, 3_600).await;
    hooked.receiver.always("/test", ok());
    hooked.settle(world).await;
    let received = hooked.receiver.on("/test");
    assert_eq!(received.len(), 3);
    let machine = (world.now() / SECOND).to_string();
    assert!(received.iter().all(|one| one.header("webhook-timestamp") == Some(machine.as_str())));
    assert!(received.iter().all(|one| one.json()["test_mode"] == json!(true)));
}

async fn status_200_a_new_day_begins_for_caps_and_the_overview(world: &Api) {
    let person = world.recipient(10_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "daily_cap": 1_000 })).await;
    person.withdraws(world, 1_000).await;
    let account = json!({ "account": "a" });
    let refused = person.withdraw(world, "sandbox", 100, &account).send().await.value(400);
    assert_eq!(refused["code"], "daily_cap_reached");
    advance(world, &person.key, DAY).await;
    person.withdraws(world, 1_000).await;
    world.work().await;
    let today = overview::today(&world.platform, person.book).await.unwrap();
    let seen = overview::look(&world.platform, person.book, today - 1..today + 1).await.unwrap();
    let last: Vec<i64> = seen.days.iter().rev().map(|day| day.volume.paid).collect();
    assert_eq!(last, [2_000, 0], "both are paid today, by the clock of the book");
}

async fn status_200_ceilings_and_ends_of_keys_stay(world: &Api) {
    let business = world.paying_business(0).await;
    world.fund(business.test, 10_000).await;
    let ceilings = Ceilings { per_day: Some(Cents(100)), ..Ceilings::default() };
    let limits = KeyLimits { ceilings, ..KeyLimits::default() };
    let (book, kind) = (business.test, CredentialKind::SecretKey);
    let expires_in = Some(3_600 * SECOND);
    let order = KeyOrder { book, kind, name: String::new(), expires_in, limits, family: None, budget: None };
    let made = api_keys::create(&world.platform, &order, Actor::NONE).await.unwrap();
    let key = made.text.expose_secret();
    world.pay(key, "a@example.com", 100).await;
    advance(world, &business.test_key, 10 * DAY).await;
    // A key that may move the clock must not lift its own ceiling by it, nor outlive itself or die early.
    let refused = world.create(key, "a@example.com", 1).send().await.value(403);
    assert_eq!(refused["code"], "key_day_ceiling");
    world.wait(3_600 * SECOND);
    world.create(key, "a@example.com", 1).send().await.is(401, UNAUTHORIZED);
}

async fn status_200_a_lease_is_not_shortened(world: &Api) {
    let person = world.recipient(10_000).await;
    person.withdraws(world, 1_000).await;
    let (store, of) = (&world.platform.store, (Mode::Test, "sandbox"));
    let lease = async |worker| {
        let now = store.now().await.unwrap();
        store.lease_withdrawals(worker, of, (now, now + 300 * SECOND), 10).await.unwrap().len()
    };
    assert_eq!(lease(1).await, 1);
    advance(world, &person.key, DAY).await;
    assert_eq!(lease(2).await, 0, "the worker still has it");
    world.wait(300 * SECOND);
    assert_eq!(lease(2).await, 1);
}

async fn status_200_a_live_book_does_not_move(world: &Api) {
    let live = world.live_recipient(10_000, "bank").await;
    for key in [&live.key, &live.business.test_key] {
        let rule = json!({ "expiry_days": 30 }).to_string();
        world.call("PUT", "/payout/settings").key(key).json(rule).send().await.value(200);
    }
    advance(world, &live.business.test_key, 100 * DAY).await;
    assert_eq!(reminders_and_expiries(world, &live).await, (0, 0));
    let destination = json!({ "name": "Ann", "account": "DE00" });
    let asked = live.withdraw(world, "bank", 1_000, &destination).send().await.value(202);
    assert_eq!(asked["created_at"], NOW);
}

async fn status_200_times_of_a_book_never_fall(world: &Api) {
    let person = world.recipient(10_000).await;
    for seconds in [1, 3_600, 10 * DAY] {
        person.withdraws(world, 100).await;
        world.work().await;
        advance(world, &person.key, seconds).await;
        world.work().await;
    }
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let times: Vec<&str> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["created_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted() && times[0] == NOW, "{times:?}");
    let asked = person.withdraws(world, 100).await;
    let shown = person.operation(world, &asked).await;
    assert_eq!(shown["created_at"], "2026-01-12T04:04:06.678901Z");
}

async fn status_400_forward_and_not_too_far(world: &Api) {
    let business = world.business().await;
    let post = async |body: String| world.post("/test/clock").key(&business.test_key).json(body).send().await;
    let range = "The advance_seconds must be an integer from 1 to 157680000.";
    for wrong in ["0", "-1", "1.5", "\"1\"", "157680001", "99999999999999999999"] {
        let body = format!(r#"{{"advance_seconds":{wrong}}}"#);
        post(body).await.is(400, invalid("advance_seconds", range));
    }
    let missing = "The advance_seconds field is required.";
    post("{}".to_owned()).await.is(400, invalid("advance_seconds", missing));
    advance(world, &business.test_key, MOST - 1).await;
    let far = "The clock may be at most 157680000 seconds ahead in all.";
    post(r#"{"advance_seconds":2}"#.to_owned()).await.is(400, invalid("advance_seconds", far));
    advance(world, &business.test_key, 1).await;
    assert_eq!(ahead(world, &business.test_key).await, MOST);
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let body = r#"{"advance_seconds":1}"#;
    world.post("/test/clock").hash(&person.hash).json(body).send().await.is(401, UNAUTHORIZED);
}

async fn status_403_a_live_key(world: &Api) {
    let business = world.business().await;
    let body = r#"{"advance_seconds":1}"#;
    world.post("/test/clock").key(&business.key).json(body).send().await.is(403, TEST_MODE_ONLY);
    assert_eq!(ahead(world, &business.test_key).await, 0);
}

async fn status_403_without_the_scope(world: &Api) {
    let business = world.business().await;
    let (book, kind) = (business.test, CredentialKind::SecretKey);
    let scopes = Scopes::parse(["settings:read"]).unwrap();
    let limits = KeyLimits { scopes, ..KeyLimits::default() };
    let order =
        KeyOrder { book, kind, name: String::new(), expires_in: None, limits, family: None, budget: None };
    let made = api_keys::create(&world.platform, &order, Actor::NONE).await.unwrap();
    let key = made.text.expose_secret();
    assert_eq!(ahead(world, key).await, 0);
    let body = r#"{"advance_seconds":1}"#;
    let refused = world.post("/test/clock").key(key).json(body).send().await.value(403);
    assert_eq!(
        (&refused["code"], &refused["scope"]),
        (&json!("insufficient_scope"), &json!("settings:write"))
    );
}

async fn status_422_key_reused(world: &Api) {
    let business = world.business().await;
    let post = |seconds: i64| {
        let body = json!({ "advance_seconds": seconds }).to_string();
        world.post("/test/clock").key(&business.test_key).json(body).once("k")
    };
    post(60).send().await.value(200);
    post(61).send().await.is(422, REUSED);
    assert_eq!(ahead(world, &business.test_key).await, 60);
}
