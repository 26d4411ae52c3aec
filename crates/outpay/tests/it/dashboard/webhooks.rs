//! Webhooks: keys shown once, settings as the form says, test sends, and the log with what receivers answered.

use crate::dashboard::hat::Team;
use crate::receiver::{Receiver, status};
use crate::world::{Business, SECOND};
use ledger::{Actor, EntryKind};
use outpay::testing::roles::Role;
use outpay::testing::store::NewDelivery;
use outpay::testing::webhooks::EndpointChange;

crate::world::on_both_engines! {
    an_endpoint_is_made_and_its_keys_are_shown_once,
    a_second_endpoint_is_made_and_deleted,
    what_is_wrong_is_said_and_kept,
    keys_are_rolled,
    a_test_send_shows_what_the_receiver_did,
    a_failed_delivery_is_retried_by_hand,
    deliveries_are_listed_by_state,
}

/// The id of a delivery that waits.
pub async fn delivered(world: &Team, business: &Business) -> String {
    let (webhooks, store, book) = (&world.platform.webhooks, &world.platform.store, business.live);
    let change = EndpointChange {
        url: Some("https://receiver.example.com/hook".to_owned()),
        ..EndpointChange::default()
    };
    let (endpoint, _) = webhooks.set_endpoint(book, Actor::OPERATOR, &change).await.unwrap();
    let made = store.last_delivery(book).await.unwrap();
    let (kind, body) = (EntryKind::WithdrawalSucceeded, br#"{"type":"payout.succeeded"}"#.to_vec());
    let new = NewDelivery { sequence: None, withdrawal: 0, kind, body };
    let now = world.platform.clock.now();
    let number =
        store.make_leased_delivery(endpoint.key(), made, &new, now, (now + SECOND, 1)).await.unwrap();
    webhooks.delivery_id(book, number)
}

/// The id of a new endpoint.
pub async fn made(world: &Team, business: &Business) -> String {
    let webhooks = &world.platform.webhooks;
    let change = EndpointChange {
        url: Some("https://receiver.example.com/hook".to_owned()),
        ..EndpointChange::default()
    };
    // The matrix makes one for each of its requests, and there is a limit.
    for old in webhooks.endpoints(business.live).await.unwrap() {
        webhooks.delete_endpoint(old.key(), Actor::OPERATOR).await.unwrap();
    }
    let made = webhooks.create_endpoint(business.live, Actor::OPERATOR, &change, None).await.unwrap().0;
    webhooks.endpoint_id(made.key())
}

/// The page of the business's primary endpoint.
async fn page_of(world: &Team, business: &Business) -> String {
    let webhooks = &world.platform.webhooks;
    let endpoint = webhooks.endpoint(business.live).await.unwrap().unwrap();
    format!("/dashboard/webhooks/{}", webhooks.endpoint_id(endpoint.key()))
}

const ONCE: (&str, &str) = ("once", "00112233445566778899aabbccddeeff");
const TOKEN: (&str, &str) = ("id=\"token\">", "</p>");

async fn an_endpoint_is_made_and_its_keys_are_shown_once(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get("/dashboard/webhooks").await.is(200).says("No endpoints yet");
    let fields = [
        ("url", "https://receiver.example.com/hook"),
        ("description", "Shop <one>"),
        ("events", "payout.succeeded"),
        ("events", "payout.failed"),
        ("enabled", "on"),
        ONCE,
    ];
    let page = admin.post("/dashboard/webhooks", &fields).await;
    let token = page.is(200).says("whsec_").says("shown only once").between(TOKEN.0, TOKEN.1);
    let again = admin.post("/dashboard/webhooks", &fields).await;
    assert_eq!(again.is(200).between(TOKEN.0, TOKEN.1), token, "a second click makes no second one");
    let endpoint = world.platform.webhooks.endpoint(business.live).await.unwrap().unwrap();
    assert_eq!(endpoint.events().names(), ["payout.succeeded", "payout.failed"]);
    let path = page_of(world, &business).await;
    let list = admin.get("/dashboard/webhooks").await;
    list.is(200).says(&path).says("Shop &#60;one&#62;").says_not(&token).says_not("whsec_");
    let page = admin.get(&path).await;
    page.is(200).says("https://receiver.example.com/hook").says_not(&token).says("Send a test event");
    // Off, and another event; no keys are shown again.
    let fields = [("url", "https://receiver.example.com/other"), ("events", "payout.created")];
    admin.post(&path, &fields).await.leads_to(&path);
    admin.get(&path).await.is(200).says("Off: nothing is delivered").says("Saved.").says_not("Shop");
    assert_eq!(world.audit(&business).await[..2], ["webhook.set", "webhook.set"]);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(&path).await.is(200).says("receiver.example.com").says_not("Roll token");
    viewer.get("/dashboard/webhooks").await.is(200).says(&path).says_not("Add an endpoint");
}

async fn a_second_endpoint_is_made_and_deleted(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    for (url, once) in [("https://one.example.com/", "1"), ("https://two.example.com/", "2")] {
        let once = once.repeat(32);
        let fields = [("url", url), ("events", "payout.failed"), ("enabled", "on"), ("once", &once)];
        admin.post("/dashboard/webhooks", &fields).await.is(200).says("whsec_");
    }
    let list = admin.get("/dashboard/webhooks").await;
    list.is(200).says("https://one.example.com/").says("https://two.example.com/");
    let second = world.platform.webhooks.endpoints(business.live).await.unwrap().pop().unwrap();
    let second = world.platform.webhooks.endpoint_id(second.key());
    let delete = format!("/dashboard/webhooks/{second}/delete");
    admin.post(&delete, &[]).await.leads_to("/dashboard/webhooks");
    admin.get("/dashboard/webhooks").await.is(200).says("one.example").says_not("two.example");
    admin.get(&format!("/dashboard/webhooks/{second}")).await.is(404);
    admin.post(&delete, &[]).await.is(404);
    assert_eq!(world.audit(&business).await[0], "webhook.deleted");
}

async fn what_is_wrong_is_said_and_kept(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let existing = format!("/dashboard/webhooks/{}", made(world, &business).await);
    let long = "x".repeat(201);
    for path in ["/dashboard/webhooks", &existing] {
        for fields in [
            &[("url", "ftp://receiver.example.com"), ("events", "payout.failed"), ONCE][..],
            &[("url", ""), ("events", "payout.failed"), ONCE],
            &[("url", "https://receiver.example.com/kept"), ONCE],
            &[("url", "https://receiver.example.com/kept"), ("events", "payout.imagined"), ONCE],
            &[
                ("url", "https://kept.example.com/"),
                ("events", "payout.failed"),
                ("description", &long),
                ONCE,
            ],
        ] {
            let page = admin.post(path, fields).await;
            page.is(422).says("role=\"alert\"").says(fields[0].1);
        }
    }
    assert_eq!(world.platform.webhooks.endpoints(business.live).await.unwrap().len(), 1);
}

async fn keys_are_rolled(world: &Team) {
    let business = world.business().await;
    delivered(world, &business).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = page_of(world, &business).await;
    let roll = format!("{path}/roll");
    let page = admin.post(&roll, &[("hours", "2"), ONCE]).await;
    let token = page.is(200).says("Switch now").between(TOKEN.0, TOKEN.1);
    assert!(token.starts_with("wht_"), "{token}");
    let again = admin.post(&roll, &[("hours", "2"), ONCE]).await;
    assert_eq!(again.is(200).between(TOKEN.0, TOKEN.1), token, "a second click rolls nothing");
    admin.get(&path).await.is(200).says("Old secrets valid until").says_not(&token);
    for hours in ["-1", "721", "x"] {
        admin.post(&roll, &[("hours", hours)]).await.is(400);
    }
    assert_eq!(world.audit(&business).await[0], "webhook.rolled");
    admin.post(&format!("{path}/switch"), &[]).await.leads_to(&path);
    admin.get(&path).await.is(200).says("are used from now on").says_not("Old secrets valid until");
    assert_eq!(world.audit(&business).await[0], "webhook.switched");
}

async fn set(world: &Team, business: &Business, receiver: &Receiver) {
    let change = EndpointChange { url: Some(receiver.url("/hook")), ..EndpointChange::default() };
    world.platform.webhooks.set_endpoint(business.live, Actor::OPERATOR, &change).await.unwrap();
}

async fn a_test_send_shows_what_the_receiver_did(world: &Team) {
    let (business, receiver) = (world.business().await, Receiver::open().await);
    set(world, &business, &receiver).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let test = format!("{}/test", page_of(world, &business).await);
    let sent = admin.post(&test, &[("event", "payout.failed"), ("provider", "crypto")]).await;
    assert_eq!(sent.is(303).location().len(), "/dashboard/deliveries/whd_".len() + 36);
    let page = admin.get(sent.location()).await;
    page.is(200)
        .says("Your server accepted the test event.")
        .says("test_mode")
        .says("<strong>200</strong>")
        .says("Test send");
    assert_eq!(receiver.received().len(), 1);
    admin.post(&test, &[("event", "payout.imagined")]).await.is(400);
}

async fn a_failed_delivery_is_retried_by_hand(world: &Team) {
    let (business, receiver) = (world.business().await, Receiver::open().await);
    set(world, &business, &receiver).await;
    receiver.next("/hook", [status(500)]);
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let test = format!("{}/test", page_of(world, &business).await);
    let sent = admin.post(&test, &[("event", "payout.succeeded"), ("provider", "manual")]).await;
    let path = sent.is(303).location().to_owned();
    let page = admin.get(&path).await;
    page.is(200).says("did not accept the test event").says("status 500").says("Retry");
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(&path).await.is(200).says("status 500").says_not("Retry");
    let retry = format!("{path}/retry");
    admin.post(&retry, &[]).await.leads_to(&path);
    admin.get(&path).await.is(200).says("is being retried").says("pending").says_not("Retry");
    admin.post(&retry, &[]).await.is(400).says("already being tried");
    assert_eq!(world.audit(&business).await[0], "webhook.retried");
    let replay = "/dashboard/deliveries/replay";
    admin.post(replay, &[("since", "2026-01-01T00:00")]).await.leads_to("/dashboard/deliveries");
    admin.get("/dashboard/deliveries").await.is(200).says("to be retried: 0");
    assert_eq!(world.audit(&business).await[0], "webhook.replayed");
}

async fn deliveries_are_listed_by_state(world: &Team) {
    let business = world.business().await;
    let mut ids = Vec::new();
    for _ in 0..51 {
        ids.push(delivered(world, &business).await);
    }
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard/deliveries").await;
    page.is(200).says(&ids[50]).says(&ids[1]).says_not(&ids[0]).says_not("Retry failed");
    let next = page.says("51 deliveries").between("rel=\"next\" href=\"", "\"").replace("&#38;", "&");
    viewer.get(&next).await.is(200).says(&ids[0]).says_not(&ids[1]);
    viewer.get("/dashboard/deliveries?status=pending").await.is(200).says(&ids[50]);
    let failed = viewer.get("/dashboard/deliveries?status=failed").await;
    failed.is(200).says("No deliveries match these filters.");
    viewer
        .get(&format!("/dashboard/deliveries?q={}", ids[7]))
        .await
        .is(200)
        .says("1 delivery<")
        .says(&ids[7]);
    let file = viewer.get("/dashboard/deliveries/export?status=pending&sort=oldest").await;
    let lines: Vec<&str> = file.is(200).body.lines().collect();
    assert_eq!(lines.len(), 52);
    assert!(lines[1].starts_with(&ids[0]), "{}", lines[1]);
    let elsewhere = world.business().await;
    let mut stranger = world.member(&elsewhere, Role::Owner).await.browser;
    stranger.get(&format!("/dashboard/deliveries/{}", ids[0])).await.is(404);
    stranger.post(&format!("/dashboard/deliveries/{}/retry", ids[0]), &[]).await.is(404);
}
