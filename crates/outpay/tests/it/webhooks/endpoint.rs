//! An owner's commands on an endpoint, and where its keys are stored.

use crate::receiver::Received;
use crate::webhooks::hooks::{BY, Hooks};
use crate::world::SECOND;
use ledger::BookId;
use outpay::testing::store::AuditFilter;
use outpay::testing::webhooks::guard::UrlProblem;
use outpay::testing::webhooks::sign::SigningKeys;
use outpay::testing::webhooks::{Endpoint, EndpointChange, WebhookError};
use secrecy::ExposeSecret;

crate::world::on_both_engines! {
    the_keys_are_made_once_and_lie_sealed,
    keys_moved_to_another_row_do_not_open,
    a_roll_without_overlap_ends_the_old_keys_at_once,
    a_receiver_with_the_old_token_goes_on_until_the_overlap_ends,
    a_switch_ends_the_overlap_now,
    a_roll_during_an_overlap_keeps_the_token_that_the_receiver_has,
    a_roll_asked_for_twice_is_one,
    a_roll_that_another_one_followed_is_never_done_again,
    a_change_and_its_entry_are_one,
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

async fn told(world: &Hooks, book: BookId) -> Received {
    world.pay(book).await;
    world.settle().await;
    world.receiver.received().pop().unwrap()
}

async fn the_keys_are_made_once_and_lie_sealed(world: &Hooks) {
    let book = world.book().await;
    let made = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    assert!(token(&made).starts_with("wht_") && secret(&made).starts_with("whsec_"));
    let changed = world.endpoint_for_all(book, "/other").await;
    assert_eq!((token(&made), secret(&made)), (token(&changed), secret(&changed)));
    let row = world.platform.store.primary_webhook_endpoint(book).await.unwrap().unwrap();
    let stored = String::from_utf8_lossy(&row.sealed).into_owned() + &format!("{row:?}");
    for text in [token(&made), secret(&made), token(&made)[4..].to_owned(), secret(&made)[6..].to_owned()] {
        assert!(!stored.contains(&text), "in clear in the database");
    }
}

async fn keys_moved_to_another_row_do_not_open(world: &Hooks) {
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

async fn a_roll_without_overlap_ends_the_old_keys_at_once(world: &Hooks) {
    let book = world.book().await;
    let old = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let (new, replayed) = world.webhooks().roll_endpoint(book, BY, 0, None).await.unwrap();
    assert!(!replayed);
    assert_ne!((token(&old), secret(&old)), (token(&new), secret(&new)));
    let received = told(world, book).await;
    let new = keys(&token(&new), &secret(&new));
    assert_eq!(received.header("signature"), Some(new.documented(&received.body).as_str()));
    assert_eq!(received.header("signature-next"), None);
    assert_eq!(received.header("webhook-signature").unwrap().split(' ').count(), 1);
}

async fn a_receiver_with_the_old_token_goes_on_until_the_overlap_ends(world: &Hooks) {
    let book = world.book().await;
    let old = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let (new, _) = world.webhooks().roll_endpoint(book, BY, 60 * SECOND, None).await.unwrap();
    assert_eq!(new.overlap_ends_at(world.now()), Some(world.now() + 60 * SECOND));
    let (old, new) = (keys(&token(&old), &secret(&old)), keys(&token(&new), &secret(&new)));
    for wait in [0, 60 * SECOND - 1] {
        world.wait(wait);
        let during = told(world, book).await;
        assert_eq!(during.header("signature"), Some(old.documented(&during.body).as_str()));
        assert_eq!(during.header("signature-next"), Some(new.documented(&during.body).as_str()));
        let id = during.header("webhook-id").unwrap();
        let timestamp = during.header("webhook-timestamp").unwrap().parse().unwrap();
        let both = [&old, &new].map(|keys| keys.standard(id, timestamp, &during.body)).join(" ");
        assert_eq!(during.header("webhook-signature"), Some(both.as_str()));
    }
    world.wait(1);
    signed_alone(world, book, &new).await;
}

/// The next event is signed with these keys and no others.
async fn signed_alone(world: &Hooks, book: BookId, keys: &SigningKeys) {
    let told = told(world, book).await;
    assert_eq!(told.header("signature"), Some(keys.documented(&told.body).as_str()));
    assert_eq!(told.header("signature-next"), None);
    assert_eq!(told.header("webhook-signature").unwrap().split(' ').count(), 1);
}

async fn a_switch_ends_the_overlap_now(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let (rolled, _) = world.webhooks().roll_endpoint(book, BY, 60 * SECOND, None).await.unwrap();
    let switched = world.webhooks().switch_endpoint(book, BY).await.unwrap();
    assert_eq!((token(&rolled), switched.overlap_ends_at(world.now())), (token(&switched), None));
    signed_alone(world, book, &keys(&token(&rolled), &secret(&rolled))).await;
    let again = world.webhooks().switch_endpoint(book, BY).await.unwrap();
    assert_eq!(again.tag(), switched.tag(), "there was nothing to end");
}

async fn a_roll_during_an_overlap_keeps_the_token_that_the_receiver_has(world: &Hooks) {
    let book = world.book().await;
    let first = world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    world.webhooks().roll_endpoint(book, BY, 60 * SECOND, None).await.unwrap();
    let (third, _) = world.webhooks().roll_endpoint(book, BY, 60 * SECOND, None).await.unwrap();
    let during = told(world, book).await;
    let (first, third) = (keys(&token(&first), &secret(&first)), keys(&token(&third), &secret(&third)));
    assert_eq!(during.header("signature"), Some(first.documented(&during.body).as_str()));
    assert_eq!(during.header("signature-next"), Some(third.documented(&during.body).as_str()));
    let (last, _) = world.webhooks().roll_endpoint(book, BY, 0, None).await.unwrap();
    signed_alone(world, book, &keys(&token(&last), &secret(&last))).await;
}

async fn a_roll_that_another_one_followed_is_never_done_again(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let webhooks = world.webhooks();
    webhooks.roll_endpoint(book, BY, 0, Some(b"key 1")).await.unwrap();
    for once in [Some(&b"key 2"[..]), None] {
        let (last, _) = webhooks.roll_endpoint(book, BY, 0, once).await.unwrap();
        let late = webhooks.roll_endpoint(book, BY, 0, Some(b"key 1")).await;
        assert!(matches!(late, Err(WebhookError::RolledSince)));
        let same = webhooks.endpoint(book).await.unwrap().unwrap();
        assert_eq!(token(&last), token(&same));
    }
    let other = world.book().await;
    world.endpoint_for_all(other, "/hook").await;
    let (_, replayed) = webhooks.roll_endpoint(other, BY, 0, Some(b"key 1")).await.unwrap();
    assert!(!replayed, "another book's keys are its own");
}

async fn a_change_and_its_entry_are_one(world: &Hooks) {
    let book = world.book().await;
    let entries = async || {
        let filter = AuditFilter {
            business: book.business(),
            actors: (i64::MIN, i64::MAX),
            action: String::new(),
            before: i64::MAX,
            limit: 10,
        };
        let found = world.platform.store.audit_log(&filter).await.unwrap();
        found.into_iter().map(|entry| (entry.actor, entry.action, entry.detail)).collect::<Vec<_>>()
    };
    let before = entries().await.len();
    world.endpoint(book, "/secret-path", &["payout.failed"]).await;
    world.webhooks().roll_endpoint(book, BY, 60 * SECOND, Some(b"key 1")).await.unwrap();
    world.webhooks().roll_endpoint(book, BY, 60 * SECOND, Some(b"key 1")).await.unwrap();
    let found = entries().await;
    assert_eq!(found.len(), before + 2, "one for each change: {found:?}");
    assert_eq!((found[0].0, found[0].1.as_str()), (BY, "webhook.rolled"));
    assert_eq!(found[0].2, r#"{"overlap_seconds":60}"#);
    assert_eq!((found[1].0, found[1].1.as_str()), (BY, "webhook.set"));
    assert!(!found[1].2.contains("secret-path") && found[1].2.contains("payout.failed"), "{}", found[1].2);
    // If the audit log entry cannot be written, nothing is changed.
    let old = world.webhooks().endpoint(book).await.unwrap().unwrap();
    world.database.execute("ALTER TABLE audit_log RENAME TO audit_log_away").await;
    assert!(world.webhooks().roll_endpoint(book, BY, 0, None).await.is_err());
    let now = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!((token(&old), old.changed_at()), (token(&now), now.changed_at()));
    world.database.execute("ALTER TABLE audit_log_away RENAME TO audit_log").await;
}

async fn a_roll_asked_for_twice_is_one(world: &Hooks) {
    let book = world.book().await;
    world.endpoint_for_all(book, "/hook").await;
    let webhooks = world.webhooks();
    let (first, replayed) = webhooks.roll_endpoint(book, BY, 0, Some(b"key 1")).await.unwrap();
    let (again, replayed_again) = webhooks.roll_endpoint(book, BY, 0, Some(b"key 1")).await.unwrap();
    assert_eq!((replayed, replayed_again), (false, true));
    assert_eq!(token(&first), token(&again));
    let (other, replayed) = webhooks.roll_endpoint(book, BY, 0, Some(b"key 2")).await.unwrap();
    assert!(!replayed);
    assert_ne!(token(&first), token(&other));
}

async fn an_overlap_has_limits(world: &Hooks) {
    let book = world.book().await;
    let nothing = world.webhooks().roll_endpoint(book, BY, 0, None).await;
    assert!(matches!(nothing, Err(WebhookError::NoEndpoint)));
    let made = world.endpoint_for_all(book, "/hook").await;
    for overlap in [-1, 30 * 86_400 * SECOND + 1, i64::MAX] {
        let refused = world.webhooks().roll_endpoint(book, BY, overlap, None).await;
        assert!(matches!(refused, Err(WebhookError::OverlapIsTooLong)), "{overlap}");
    }
    let same = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(token(&made), token(&same));
}

async fn a_url_that_leads_inside_is_not_taken(world: &Hooks) {
    let book = world.book().await;
    let strict = world.webhooks().clone().guarded_by(Default::default());
    for (url, problem) in [
        ("https://10.0.0.1/", UrlProblem::NotPublic),
        ("https://localhost/", UrlProblem::NotPublic),
        ("http://example.com/", UrlProblem::NotHttps),
        ("https://user@example.com/", UrlProblem::HasUser),
        ("hook", UrlProblem::NotAUrl),
    ] {
        let change = EndpointChange { url: Some(url.to_owned()), ..EndpointChange::default() };
        let refused = strict.set_endpoint(book, BY, &change).await;
        assert!(matches!(refused, Err(WebhookError::Url(found)) if found == problem), "{url}");
    }
    assert!(strict.endpoint(book).await.unwrap().is_none());
    let change = EndpointChange { url: Some("HTTPS://Example.com".to_owned()), ..EndpointChange::default() };
    let (made, _) = strict.set_endpoint(book, BY, &change).await.unwrap();
    assert_eq!(made.url(), "https://example.com/");
}

async fn a_first_endpoint_needs_a_url(world: &Hooks) {
    let book = world.book().await;
    let refused = world.webhooks().set_endpoint(book, BY, &EndpointChange::default()).await;
    assert!(matches!(refused, Err(WebhookError::UrlIsMissing)));
}

async fn a_part_that_is_left_out_stays(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.failed"]).await;
    world.wait(SECOND);
    world.switch(book, false).await;
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.url(), world.receiver.url("/hook"));
    assert_eq!(endpoint.events().names(), ["payout.failed"]);
    assert!(!endpoint.is_enabled());
    assert_eq!(endpoint.changed_at(), world.now());
}

async fn changes_at_once_are_both_kept(world: &Hooks) {
    let book = world.book().await;
    world.endpoint(book, "/hook", &["payout.succeeded"]).await;
    let neighbour = world.neighbour().await;
    let url = EndpointChange { url: Some(world.receiver.url("/new")), ..EndpointChange::default() };
    let events = outpay::testing::webhook_event::EventSet::of_names(["payout.failed"]);
    let events = EndpointChange { events, ..EndpointChange::default() };
    let (one, other) = tokio::join!(
        world.webhooks().set_endpoint(book, BY, &url),
        neighbour.webhooks.set_endpoint(book, BY, &events)
    );
    one.unwrap();
    other.unwrap();
    let endpoint = world.webhooks().endpoint(book).await.unwrap().unwrap();
    assert_eq!(endpoint.url(), world.receiver.url("/new"));
    assert_eq!(endpoint.events().names(), ["payout.failed"]);
}
