//! `PUT /payout/webhook`: sets URL, events, and on or off.

use crate::http::api::{Api, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::wire::Answer;
use crate::world::SECOND;

crate::world::on_both_engines! {
    status_200_the_first_time_with_token_and_secret,
    status_200_later_without_them,
    status_200_what_is_left_out_stays,
    status_400_a_first_webhook_needs_a_url,
    status_400_each_bad_url,
    status_400_each_bad_field,
    status_400_all_fields_together,
    status_400_malformed_json,
    status_401_public_key,
    status_412_another_change_came_first,
    status_413_more_than_64_kib,
    status_415_not_declared_as_json,
}

const EVENTS: &str = "The events must be a list of at least one of: payout.created, payout.processing, payout.succeeded, payout.failed, payout.rejected; or other events of GET /payout/events.";

async fn set(world: &Api, key: &str, body: &str) -> Answer {
    world.call("PUT", "/payout/webhook").key(key).json(body).send().await
}

async fn status_200_the_first_time_with_token_and_secret(world: &Api) {
    let business = world.business().await;
    let made = set(world, &business.key, r#"{"url":"https://Example.com/hook"}"#).await.value(200);
    assert_eq!(made["url"], "https://example.com/hook");
    assert_eq!((&made["enabled"], &made["events"][0]), (&true.into(), &"payout.succeeded".into()));
    assert!(made["token"].as_str().unwrap().starts_with("wht_"));
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
}

async fn status_200_later_without_them(world: &Api) {
    let business = world.business().await;
    let body = r#"{"url":"https://example.com/"}"#;
    let made = set(world, &business.key, body).await.value(200);
    let again = set(world, &business.key, body).await;
    let (token, secret) = (made["token"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(!again.text().contains(token) && !again.text().contains(secret));
    assert_eq!(again.value(200)["token_hint"], made["token_hint"]);
}

async fn status_200_what_is_left_out_stays(world: &Api) {
    let business = world.business().await;
    set(world, &business.key, r#"{"url":"https://example.com/","events":["payout.failed"]}"#)
        .await
        .value(200);
    world.platform.clock.advance(SECOND);
    let off = set(world, &business.key, r#"{"enabled":false}"#).await.value(200);
    assert_eq!(off["url"], "https://example.com/");
    assert_eq!((&off["enabled"], &off["events"][0]), (&false.into(), &"payout.failed".into()));
    assert_eq!(off["changed_at"], "2026-01-02T03:04:06.678901Z");
    let nothing = set(world, &business.key, "{}").await.value(200);
    assert_eq!(nothing["enabled"], false);
}

async fn status_412_another_change_came_first(world: &Api) {
    let business = world.business().await;
    let set_if = async |tag: &str, body: &str| {
        let call = world.call("PUT", "/payout/webhook").key(&business.key).header("If-Match", tag);
        call.json(body).send().await
    };
    let first = r#"{"url":"https://example.com/"}"#;
    for tag in ["*", "\"w1\""] {
        set_if(tag, first).await.value(412);
    }
    let made = set(world, &business.key, first).await;
    let made = made.header("etag").expect("a webhook has a tag").to_owned();
    let read = world.get("/payout/webhook").key(&business.key).send().await;
    assert_eq!(read.header("etag"), Some(made.as_str()));
    let off = set_if(&made, r#"{"enabled":false}"#).await;
    assert_eq!((off.status, off.header("etag") == Some(&made)), (200, false));
    assert_eq!(set_if(&made, r#"{"enabled":true}"#).await.value(412)["code"], "precondition_failed");
    let read = world.get("/payout/webhook").key(&business.key).send().await;
    assert_eq!(read.header("etag"), off.header("etag"));
    assert_eq!(read.value(200)["enabled"], false);
}

async fn status_400_a_first_webhook_needs_a_url(world: &Api) {
    let business = world.business().await;
    let expected = invalid("url", "The url field is required.");
    set(world, &business.key, "{}").await.is(400, expected);
}

async fn status_400_each_bad_url(world: &Api) {
    let business = world.business().await;
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for (url, sentence) in [
        ("", "The url must be a URL such as https://example.com/webhooks."),
        ("example.com", "The url must be a URL such as https://example.com/webhooks."),
        ("http://example.com/", "The url must begin with https://."),
        ("ftp://example.com/", "The url must begin with https://."),
        (&long, "The url may not be longer than 2048 bytes."),
        (
            "https://me:secret@example.com/",
            "The url may not hold a user name or a password; deliveries are signed instead.",
        ),
        ("https://example.com/#top", "The url may not hold a fragment (#)."),
        ("https://example.com:22/", "The port of the url must be 443 or from 1024 to 65535."),
        ("https://127.0.0.1/", "The url must lead to a public address."),
        ("https://0x7f.1/", "The url must lead to a public address."),
        ("https://[::ffff:10.0.0.1]/", "The url must lead to a public address."),
        ("https://169.254.169.254/latest", "The url must lead to a public address."),
        ("https://localhost/", "The url must lead to a public address."),
    ] {
        let answer = set(world, &business.key, &format!(r#"{{"url":"{url}"}}"#)).await;
        answer.is(400, invalid("url", sentence));
    }
    let nothing = world.get("/payout/webhook").key(&business.key).send().await.value(200);
    assert!(nothing["url"].is_null());
}

async fn status_400_each_bad_field(world: &Api) {
    let business = world.business().await;
    for (body, field, sentence) in [
        (r#"{"url":1}"#, "url", "The url must be a string."),
        (r#"{"enabled":"yes"}"#, "enabled", "The enabled field must be true or false."),
        (r#"{"events":[]}"#, "events", EVENTS),
        (r#"{"events":"payout.created"}"#, "events", EVENTS),
        (r#"{"events":["payout.created","payout.paid"]}"#, "events", EVENTS),
        (r#"{"events":["payout.created",1]}"#, "events", EVENTS),
        (r#"{"events":["payout.imagined"]}"#, "events", EVENTS),
    ] {
        set(world, &business.key, body).await.is(400, invalid(field, sentence));
    }
}

async fn status_400_all_fields_together(world: &Api) {
    let business = world.business().await;
    let answer = set(world, &business.key, r#"{"url":1,"enabled":2,"events":3}"#).await.value(400);
    let fields: Vec<&String> = answer["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["enabled", "events", "url"]);
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.business().await;
    for body in ["", "{", "[]", r#"{"url":"https://a.example/","url":"https://b.example/"}"#] {
        set(world, &business.key, body).await.is(400, MALFORMED);
    }
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    set(world, &business.public_key, "{}").await.is(401, UNAUTHORIZED);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.business().await;
    set(world, &business.key, &padded("{}", 64 * 1024 + 1)).await.is(413, TOO_LARGE);
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = world.business().await;
    let call = world.call("PUT", "/payout/webhook").key(&business.key).body("{}");
    call.send().await.is(415, NOT_JSON);
}
