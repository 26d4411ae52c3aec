//! Webhooks: keys shown once, settings as the form says, test sends, and the log with what receivers answered.

use crate::dashboard::hat::Team;
use crate::receiver::{Receiver, status};
use crate::world::{Business, SECOND};
use ledger::{Actor, EntryKind};
use outpay::testing::roles::Role;
use outpay::testing::store::NewDelivery;
use outpay::testing::webhooks::EndpointChange;

crate::world::on_both_engines! {
    an_endpoint_is_set_and_its_keys_are_shown_once,
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
    let number = store.make_leased_delivery(endpoint.key(), made, &new, now, (now + SECOND, 1)).await.unwrap();
    webhooks.delivery_id(book, number)
}

const TOKEN: (&str, &str) = ("id=\"token\">", "</p>");

async fn an_endpoint_is_set_and_its_keys_are_shown_once(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get("/dashboard/webhooks").await.is(200).says("No endpoint yet").says_not("Send a test");
    let fields = [
        ("url", "https://receiver.example.com/hook"),
        ("events", "payout.succeeded"),
        ("events", "payout.failed"),
        ("enabled", "on"),
    ];
    let page = admin.post("/dashboard/webhooks", &fields).await;
    let token = page.is(200).says("whsec_").says("shown only once").between(TOKEN.0, TOKEN.1);
    let endpoint = world.platform.webhooks.endpoint(business.live).await.unwrap().unwrap();
    assert_eq!(endpoint.events().names(), ["payout.succeeded", "payout.failed"]);
    let page = admin.get("/dashboard/webhooks").await;
    page.is(200)
        .says("https://receiver.example.com/hook")
        .says_not(&token)
        .says_not("whsec_")
        .says("Send a test");
    // Off, and another event; no keys are shown again.
    let fields = [("url", "https://receiver.example.com/other"), ("events", "payout.created")];
    admin.post("/dashboard/webhooks", &fields).await.leads_to("/dashboard/webhooks");
    admin.get("/dashboard/webhooks").await.is(200).says("Off: nothing is delivered").says("Saved.");
    assert_eq!(world.audit(&business).await[..2], ["webhook.set", "webhook.set"]);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/webhooks").await.is(200).says("receiver.example.com").says_not("Roll token");
}

async fn what_is_wrong_is_said_and_kept(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    for fields in [
        &[("url", "ftp://receiver.example.com"), ("events", "payout.failed")][..],
        &[("url", ""), ("events", "payout.failed")],
        &[("url", "https://receiver.example.com/kept")],
        &[("url", "https://receiver.example.com/kept"), ("events", "payout.imagined")],
    ] {
        let page = admin.post("/dashboard/webhooks", fields).await;
        page.is(422).says("role=\"alert\"").says(fields[0].1);
    }
    assert!(world.platform.webhooks.endpoint(business.live).await.unwrap().is_none());
    for action in ["roll", "test"] {
        let fields = [("event", "payout.failed"), ("once", "00112233445566778899aabbccddeeff")];
        admin
            .post(&format!("/dashboard/webhooks/{action}"), &fields)
            .await
            .is(400)
            .says("There is no webhook yet");
    }
}

async fn keys_are_rolled(world: &Team) {
    let business = world.business().await;
    delivered(world, &business).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let once = ("once", "00112233445566778899aabbccddeeff");
    let page = admin.post("/dashboard/webhooks/roll", &[("hours", "2"), once]).await;
    let token = page.is(200).says("The old ones sign too until").between(TOKEN.0, TOKEN.1);
    assert!(token.starts_with("wht_"), "{token}");
    let again = admin.post("/dashboard/webhooks/roll", &[("hours", "2"), once]).await;
    assert_eq!(again.is(200).between(TOKEN.0, TOKEN.1), token, "a second click rolls nothing");
    admin.get("/dashboard/webhooks").await.is(200).says("The old keys sign too until").says_not(&token);
    for hours in ["-1", "721", "x"] {
        admin.post("/dashboard/webhooks/roll", &[("hours", hours)]).await.is(400);
    }
    assert_eq!(world.audit(&business).await[0], "webhook.rolled");
}

async fn set(world: &Team, business: &Business, receiver: &Receiver) {
    let change = EndpointChange { url: Some(receiver.url("/hook")), ..EndpointChange::default() };
    world.platform.webhooks.set_endpoint(business.live, Actor::OPERATOR, &change).await.unwrap();
}

async fn a_test_send_shows_what_the_receiver_did(world: &Team) {
    let (business, receiver) = (world.business().await, Receiver::open().await);
    set(world, &business, &receiver).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let sent = admin.post("/dashboard/webhooks/test", &[("event", "payout.failed"), ("provider", "crypto")]).await;
    assert_eq!(sent.is(303).location().len(), "/dashboard/deliveries/whd_".len() + 36);
    let page = admin.get(sent.location()).await;
    page.is(200)
        .says("Your receiver has the test event.")
        .says("test_mode")
        .says("<strong>200</strong>")
        .says("Test send");
    assert_eq!(receiver.received().len(), 1);
    admin.post("/dashboard/webhooks/test", &[("event", "payout.imagined")]).await.is(400);
}

async fn a_failed_delivery_is_retried_by_hand(world: &Team) {
    let (business, receiver) = (world.business().await, Receiver::open().await);
    set(world, &business, &receiver).await;
    receiver.next("/hook", [status(500)]);
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let sent = admin.post("/dashboard/webhooks/test", &[("event", "payout.succeeded"), ("provider", "manual")]).await;
    let path = sent.is(303).location().to_owned();
    let page = admin.get(&path).await;
    page.is(200).says("did not take the test event").says("status 500").says("Try again");
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(&path).await.is(200).says("status 500").says_not("Try again");
    let retry = format!("{path}/retry");
    admin.post(&retry, &[]).await.leads_to(&path);
    admin.get(&path).await.is(200).says("is being tried again").says("pending").says_not("Try again");
    admin.post(&retry, &[]).await.is(400).says("already being tried");
    assert_eq!(world.audit(&business).await[0], "webhook.retried");
    let replay = "/dashboard/deliveries/replay";
    admin.post(replay, &[("since", "2026-01-01T00:00")]).await.leads_to("/dashboard/deliveries");
    admin.get("/dashboard/deliveries").await.is(200).says("pending again: 0");
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
    page.is(200).says(&ids[50]).says(&ids[1]).says_not(&ids[0]).says_not("Send again");
    let older = page.between("<p class=\"pager\"><a class=\"button\" href=\"", "\"").replace("&#38;", "&");
    viewer.get(&older).await.is(200).says(&ids[0]).says_not(&ids[1]);
    viewer.get("/dashboard/deliveries?status=pending").await.is(200).says(&ids[50]);
    viewer.get("/dashboard/deliveries?status=failed").await.is(200).says("No deliveries.");
    let elsewhere = world.business().await;
    let mut stranger = world.member(&elsewhere, Role::Owner).await.browser;
    stranger.get(&format!("/dashboard/deliveries/{}", ids[0])).await.is(404);
    stranger.post(&format!("/dashboard/deliveries/{}/retry", ids[0]), &[]).await.is(404);
}
