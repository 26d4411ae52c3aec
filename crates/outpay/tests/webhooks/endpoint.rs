//! What an owner does with an endpoint, and where its keys are.

use crate::receiver::Received;
use crate::world::{SECOND, World};
use ledger::BookId;
use outpay::webhooks::guard::UrlProblem;
use outpay::webhooks::sign::SigningKeys;
use outpay::webhooks::{Change, Endpoint, WebhookError};
use secrecy::ExposeSecret;

crate::on_both_engines! {
    the_keys_are_made_once_and_lie_sealed,
    keys_moved_to_another_row_do_not_open,
    a_roll_without_overlap_ends_the_old_keys_at_once,
    a_roll_with_overlap_signs_with_both_for_so_long,
    a_roll_asked_for_twice_is_one,
    an_overlap_has_limits,
    a_url_that_leads_inside_is_not_taken,
    a_first_endpoint_needs_a_url,
    a_part_that_is_left_out_stays,
    changes_at_once_are_both_kept,
}

fn token(endpoint: &Endpoint) -> String {
    endpoint.keys().token.expose_secret().to_owned()
}

fn secret(endpoint: &Endpoint) -> String {
    endpoint.keys().secret.expose_secret().to_owned()
}

fn keys(token: &str, secret: &str) -> SigningKeys {
    SigningKeys::given(token.to_owned().into(), secret.to_owned().into()).unwrap()
}

async fn told(world: &World, book: BookId) -> Received {
    world.pay(book).await;
    world.settle().await;
    world.receiver.received().pop().unwrap()
}

async fn the_keys_are_made_once_and_lie_sealed(world: &World) {
    let book = world.book().await;
    let made = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    assert!(token(&made).starts_with("wht_") && secret(&made).starts_with("whsec_"));
    let changed = world.endpoint_for_all(book, "/other").await;
    assert_eq!((token(&made), secret(&made)), (token(&changed), secret(&changed)));
    let row = world.platform.store.webhook_endpoint(book).await.unwrap().unwrap();
    let stored = String::from_utf8_lossy(&row.sealed).into_owned() + &format!("{row:?}");
    for text in [token(&made), secret(&made), token(&made)[4..].to_owned(), secret(&made)[6..].to_owned()] {
        assert!(!stored.contains(&text), "in clear in the database");
    }
}

async fn keys_moved_to_another_row_do_not_open(world: &World) {
    let (one, other) = (world.book().await, world.book().await);
    world.endpoint_for_all(one, "/one").await;
    world.endpoint_for_all(other, "/other").await;
    let sql = format!(
        "UPDATE webhook_endpoint SET sealed = (SELECT sealed FROM webhook_endpoint WHERE book = {}) WHERE book = {}",
        one.0, other.0
    );
    world.database.execute(&sql).await;
    assert!(world.webhooks().endpoint(one).await.is_ok());
    let error = world.webhooks().endpoint(other).await.err().unwrap();
    assert!(error.to_string().contains("do not open"), "{error:#}");
}

async fn a_roll_without_overlap_ends_the_old_keys_at_once(world: &World) {
    let book = world.book().await;
    let old = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let (new, replayed) = world.webhooks().roll_endpoint(book, 0, None).await.unwrap();
    assert!(!replayed);
    assert_ne!((token(&old), secret(&old)), (token(&new), secret(&new)));
    let received = told(world, book).await;
    let new = keys(&token(&new), &secret(&new));
    assert_eq!(received.header("signature"), Some(new.documented(&received.body).as_str()));
    assert_eq!(received.header("signature-previous"), None);
    assert_eq!(received.header("webhook-signature").unwrap().split(' ').count(), 1);
}

async fn a_roll_with_overlap_signs_with_both_for_so_long(world: &World) {
    let book = world.book().await;
    let old = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let (new, _) = world.webhooks().roll_endpoint(book, 60 * SECOND, None).await.unwrap();
    assert_eq!(new.overlap_ends_at(world.now()), Some(world.now() + 60 * SECOND));
    let (old, new) = (keys(&token(&old), &secret(&old)), keys(&token(&new), &secret(&new)));
    world.advance_clock(60 * SECOND - 1);
    let during = told(world, book).await;
    assert_eq!(during.header("signature"), Some(new.documented(&during.body).as_str()));
    assert_eq!(during.header("signature-previous"), Some(old.documented(&during.body).as_str()));
    let id = during.header("webhook-id").unwrap();
    let timestamp = during.header("webhook-timestamp").unwrap().parse().unwrap();
    let both = [&new, &old].map(|keys| keys.standard(id, timestamp, &during.body)).join(" ");
    assert_eq!(during.header("webhook-signature"), Some(both.as_str()));
    world.advance_clock(1);
    let after = told(world, book).await;
    assert_eq!(after.header("signature"), Some(new.documented(&after.body).as_str()));
    assert_eq!(after.header("signature-previous"), None);
    assert_eq!(after.header("webhook-signature").unwrap().split(' ').count(), 1);
}

async fn a_roll_asked_for_twice_is_one(world: &World) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let webhooks = world.webhooks();
    let (first, replayed) = webhooks.roll_endpoint(book, 0, Some(b"key 1")).await.unwrap();
    let (again, replayed_again) = webhooks.roll_endpoint(book, 0, Some(b"key 1")).await.unwrap();
    assert_eq!((replayed, replayed_again), (false, true));
    assert_eq!(token(&first), token(&again));
    let (other, replayed) = webhooks.roll_endpoint(book, 0, Some(b"key 2")).await.unwrap();
    assert!(!replayed);
    assert_ne!(token(&first), token(&other));
}

async fn an_overlap_has_limits(world: &World) {
    let book = world.book().await;
    let nothing = world.webhooks().roll_endpoint(book, 0, None).await;
    assert!(matches!(nothing, Err(WebhookError::NoEndpoint)));
    let made = world.endpoint_for_all(book, "/hook").await;
    for overlap in [-1, 30 * 86_400 * SECOND + 1, i64::MAX] {
        let refused = world.webhooks().roll_endpoint(book, overlap, None).await;
        assert!(matches!(refused, Err(WebhookError::OverlapIsTooLong)), "{overlap}");
    }
    let same = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(token(&made), token(&same));
}

async fn a_url_that_leads_inside_is_not_taken(world: &World) {
    let book = world.book().await;
    let strict = world.webhooks().clone().guarded_by(Default::default());
    for (url, problem) in [
        ("https://10.0.0.1/", UrlProblem::NotPublic),
        ("https://localhost/", UrlProblem::NotPublic),
        ("http://example.com/", UrlProblem::NotHttps),
        ("https://user@example.com/", UrlProblem::HasUser),
        ("hook", UrlProblem::NotAUrl),
    ] {
        let change = Change { url: Some(url.to_owned()), ..Change::default() };
        let refused = strict.set_endpoint(book, &change).await;
        assert!(matches!(refused, Err(WebhookError::Url(found)) if found == problem), "{url}");
    }
    assert!(strict.endpoint(book).await.unwrap().is_none());
    let change = Change { url: Some("HTTPS://Example.com".to_owned()), ..Change::default() };
    let (made, _) = strict.set_endpoint(book, &change).await.unwrap();
    assert_eq!(made.url(), "https://example.com/");
}

async fn a_first_endpoint_needs_a_url(world: &World) {
    let book = world.book().await;
    let refused = world.webhooks().set_endpoint(book, &Change::default()).await;
    assert!(matches!(refused, Err(WebhookError::UrlIsMissing)));
}

async fn a_part_that_is_left_out_stays(world: &World) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.failed"]).await;
    world.advance_clock(SECOND);
    world.switch(book, false).await;
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.url(), world.receiver.url("/hook"));
    assert_eq!(endpoint.events().names(), ["payout.failed"]);
    assert!(!endpoint.is_enabled());
    assert_eq!(endpoint.changed_at(), world.now());
}

async fn changes_at_once_are_both_kept(world: &World) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let neighbour = world.neighbour().await;
    let url = Change { url: Some(world.receiver.url("/new")), ..Change::default() };
    let events = outpay::webhooks::event::EventSet::of_names(["payout.failed"]);
    let events = Change { events, ..Change::default() };
    let (one, other) = tokio::join!(
        world.webhooks().set_endpoint(book, &url),
        neighbour.webhooks.set_endpoint(book, &events)
    );
    one.unwrap();
    other.unwrap();
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.url(), world.receiver.url("/new"));
    assert_eq!(endpoint.events().names(), ["payout.failed"]);
}
