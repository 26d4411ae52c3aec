//! `/payout/webhooks`: several webhooks of a book, each by its id.

use crate::http::api::{Api, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::http::hooked::Hooked;
use crate::wire::Answer;
use serde_json::{Value, json};

const ALL: &str = "/payout/webhooks";
const NOT_FOUND: &str = r#"{"error":"Webhook not found","code":"webhook_not_found"}"#;

/// One more webhook, to a path of the receiver.
async fn one_more(world: &Api, hooked: &Hooked, path: &str, events: &[&str]) -> Value {
    let body = json!({ "url": hooked.receiver.url(path), "events": events, "description": path });
    hooked.call(world, "POST", ALL).json(body.to_string()).send().await.value(201)
}

fn at(webhook: &Value) -> String {
    format!("{ALL}/{}", webhook["id"].as_str().unwrap())
}

async fn list(world: &Api, hooked: &Hooked) -> Vec<Value> {
    let list = hooked.call(world, "GET", ALL).send().await.value(200);
    list["data"].as_array().unwrap().clone()
}

mod webhooks {
    use super::{ALL, Api, Hooked, UNAUTHORIZED, one_more};

    crate::world::on_both_engines! {
        status_200_each_hears_of_its_own_events,
        status_200_one_that_fails_holds_up_no_other,
        status_401_public_key,
    }

    async fn status_200_each_hears_of_its_own_events(world: &Api) {
        let hooked = Hooked::new(world).await;
        let other = one_more(world, &hooked, "/other", &["payout.created", "payout.succeeded"]).await;
        hooked.pay_out(world).await;
        assert_eq!(hooked.settle(world).await, 3);
        let kinds = |path: &str| hooked.receiver.on(path).iter().map(|one| one.kind()).collect::<Vec<_>>();
        assert_eq!(kinds("/hook"), ["payout.succeeded"]);
        assert_eq!(kinds("/other"), ["payout.created", "payout.succeeded"]);
        let log = hooked.call(world, "GET", "/payout/webhook/deliveries").send().await.value(200);
        let to_other = log["data"].as_array().unwrap().iter().filter(|one| one["webhook_id"] == other["id"]);
        assert_eq!(to_other.count(), 2);
        let (hook, other) = (hooked.receiver.on("/hook"), hooked.receiver.on("/other"));
        assert_eq!(hook[0].header("outpay-sequence"), other[1].header("outpay-sequence"));
        assert_ne!(hook[0].header("signature"), other[1].header("signature"), "each has a token of its own");
    }

    async fn status_200_one_that_fails_holds_up_no_other(world: &Api) {
        let hooked = Hooked::new(world).await;
        one_more(world, &hooked, "/other", &["payout.succeeded"]).await;
        hooked.receiver.always("/hook", crate::receiver::status(500));
        hooked.pay_out(world).await;
        hooked.settle(world).await;
        let log = hooked.call(world, "GET", "/payout/webhook/deliveries?status=delivered").send().await;
        assert_eq!(log.value(200)["data"].as_array().unwrap().len(), 1);
        assert_eq!(hooked.receiver.on("/other").len(), 1);
    }

    async fn status_401_public_key(world: &Api) {
        let business = world.business().await;
        world.get(ALL).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
    }
}

mod webhook_create {
    use super::{
        ALL, Answer, Api, Hooked, MALFORMED, NOT_JSON, TOO_LARGE, Value, at, invalid, json, list, one_more,
        padded,
    };

    crate::world::on_both_engines! {
        status_201_with_keys_that_are_shown_once,
        status_201_the_first_one_is_the_primary_one,
        status_201_again_under_the_same_idempotency_key,
        status_400_each_bad_field,
        status_400_malformed_json,
        status_409_more_than_twenty,
        status_413_more_than_64_kib,
        status_415_not_declared_as_json,
    }

    async fn status_201_with_keys_that_are_shown_once(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.failed"]).await;
        assert!(made["token"].as_str().unwrap().starts_with("wht_"));
        assert_ne!(made["token"], hooked.made["token"]);
        assert_eq!((&made["description"], &made["primary"]), (&"/other".into(), &false.into()));
        let shown = hooked.call(world, "GET", &at(&made)).send().await;
        let text = shown.text();
        assert!(!text.contains(made["token"].as_str().unwrap()), "{text}");
        assert_eq!(shown.value(200)["token_hint"], made["token_hint"]);
        let ids: Vec<Value> = list(world, &hooked).await.iter().map(|one| one["id"].clone()).collect();
        assert_eq!(ids, [hooked.made["id"].clone(), made["id"].clone()], "oldest first");
    }

    async fn status_201_the_first_one_is_the_primary_one(world: &Api) {
        let business = world.business().await;
        let post = async |url: &str| {
            let body = json!({ "url": url }).to_string();
            world.post(ALL).key(&business.key).json(body).send().await.value(201)
        };
        let (first, second) =
            (post("https://one.example.com/").await, post("https://two.example.com/").await);
        assert_eq!((&first["primary"], &second["primary"]), (&true.into(), &false.into()));
        let primary = world.get("/payout/webhook").key(&business.key).send().await.value(200);
        assert_eq!((&primary["id"], &primary["url"]), (&first["id"], &first["url"]));
        // Without the primary one there is none, until it is set again.
        world.call("DELETE", &at(&first)).key(&business.key).send().await.value(200);
        let primary = world.get("/payout/webhook").key(&business.key).send().await.value(200);
        assert_eq!((&primary["id"], &primary["url"]), (&Value::Null, &Value::Null));
        let put = world.call("PUT", "/payout/webhook").key(&business.key);
        let set = put.json(r#"{"url":"https://three.example.com/"}"#).send().await.value(200);
        assert_eq!(set["primary"], true);
        assert!(set["token"].is_string() && set["id"] != first["id"]);
        let kept = world.get(&at(&second)).key(&business.key).send().await.value(200);
        assert_eq!(kept["url"], "https://two.example.com/");
    }

    async fn status_201_again_under_the_same_idempotency_key(world: &Api) {
        let business = world.business().await;
        let post = || world.post(ALL).key(&business.key).once("k").json(r#"{"url":"https://example.com/"}"#);
        let (first, again) = (post().send().await, post().send().await);
        assert_eq!((first.text(), first.is_replayed(), again.is_replayed()), (again.text(), false, true));
        let made = first.value(201);
        world.call("DELETE", &at(&made)).key(&business.key).send().await.value(200);
        assert_eq!(post().send().await.value(409)["code"], "webhook_rolled_since");
    }

    async fn status_400_each_bad_field(world: &Api) {
        let hooked = Hooked::new(world).await;
        let long = json!({ "url": "https://example.com/", "description": "x".repeat(201) }).to_string();
        for (body, name, sentence) in [
            ("{}", "url", "The url field is required."),
            (r#"{"url":1}"#, "url", "The url must be a string."),
            (
                r#"{"url":"https://example.com/","description":1}"#,
                "description",
                "The description must be a string.",
            ),
            (&long, "description", "The description may not be longer than 200 characters."),
        ] {
            let refused = hooked.call(world, "POST", ALL).json(body).send().await;
            refused.is(400, invalid(name, sentence));
        }
        let unknown = hooked.call(world, "POST", ALL).json(r#"{"url":"https://example.com/","token":"x"}"#);
        assert_eq!(unknown.send().await.value(400)["code"], "unknown_field");
    }

    async fn status_400_malformed_json(world: &Api) {
        let hooked = Hooked::new(world).await;
        for (method, target) in [("POST", ALL.to_owned()), ("PUT", at(&hooked.made))] {
            hooked.call(world, method, &target).json("{").send().await.is(400, MALFORMED);
        }
    }

    async fn status_409_more_than_twenty(world: &Api) {
        let business = world.business().await;
        let post = async || -> Answer {
            world.post(ALL).key(&business.key).json(r#"{"url":"https://example.com/"}"#).send().await
        };
        for _ in 0..20 {
            post().await.value(201);
        }
        assert_eq!(post().await.value(409)["code"], "too_many_webhooks");
    }

    async fn status_413_more_than_64_kib(world: &Api) {
        let business = world.business().await;
        let call = world.post(ALL).key(&business.key).json(padded("{}", 64 * 1024 + 1));
        call.send().await.is(413, TOO_LARGE);
    }

    async fn status_415_not_declared_as_json(world: &Api) {
        let business = world.business().await;
        let call = world.post(ALL).key(&business.key).header("Content-Type", "text/plain").body("{}");
        call.send().await.is(415, NOT_JSON);
    }
}

mod one_webhook {
    use super::{ALL, Api, Hooked, NOT_FOUND, at};

    crate::world::on_both_engines! {
        status_404_of_no_webhook,
    }

    async fn status_404_of_no_webhook(world: &Api) {
        let (hooked, other) = (Hooked::new(world).await, world.business().await);
        let theirs = at(&hooked.made);
        for target in [theirs, format!("{ALL}/whe_0"), format!("{ALL}/whd_0")] {
            for method in ["GET", "PUT", "DELETE"] {
                let call = world.call(method, &target).key(&other.key);
                let call = if method == "PUT" { call.json("{}") } else { call };
                call.send().await.is(404, NOT_FOUND);
            }
            for verb in ["roll", "switch", "test"] {
                world.post(&format!("{target}/{verb}")).key(&other.key).send().await.is(404, NOT_FOUND);
            }
        }
    }
}

mod one_webhook_set {
    use super::{Api, Hooked, at, json, list, one_more};

    crate::world::on_both_engines! {
        status_200_what_is_left_out_stays,
        status_412_another_change_came_first,
    }

    async fn status_200_what_is_left_out_stays(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.failed"]).await;
        let put = hooked.call(world, "PUT", &at(&made)).json(r#"{"enabled":false}"#);
        let set = put.send().await.value(200);
        assert_eq!((&set["enabled"], &set["description"]), (&false.into(), &"/other".into()));
        assert_eq!((&set["url"], &set["events"]), (&made["url"], &json!(["payout.failed"])));
        assert_eq!(list(world, &hooked).await[0]["enabled"], true, "the other one is as before");
    }

    async fn status_412_another_change_came_first(world: &Api) {
        let hooked = Hooked::new(world).await;
        let path = at(&hooked.made);
        let tag = hooked.call(world, "GET", &path).send().await.header("etag").unwrap().to_owned();
        let put =
            || hooked.call(world, "PUT", &path).header("If-Match", tag.as_str()).json(r#"{"enabled":false}"#);
        put().send().await.value(200);
        assert_eq!(put().send().await.value(412)["code"], "precondition_failed");
    }
}

mod one_webhook_roll {
    use super::{Api, Hooked, at, list, one_more};

    crate::world::on_both_engines! {
        status_200_of_that_one_alone,
    }

    async fn status_200_of_that_one_alone(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.failed"]).await;
        let roll = hooked.call(world, "POST", &format!("{}/roll", at(&made))).json(r#"{"overlap":60}"#);
        let rolled = roll.send().await.value(200);
        assert_ne!(rolled["token"], made["token"]);
        assert!(rolled["previous_token_ends_at"].is_string());
        assert_eq!(list(world, &hooked).await[0]["token_hint"], hooked.made["token_hint"]);
    }
}

mod one_webhook_switch {
    use super::{Api, Hooked, at, one_more};

    crate::world::on_both_engines! {
        status_200_its_overlap_ends,
    }

    async fn status_200_its_overlap_ends(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.failed"]).await;
        let post = |verb: &str| hooked.call(world, "POST", &format!("{}/{verb}", at(&made)));
        post("roll").json(r#"{"overlap":60}"#).send().await.value(200);
        assert!(post("switch").send().await.value(200)["previous_token_ends_at"].is_null());
    }
}

mod one_webhook_test {
    use super::{Api, Hooked, at, one_more};

    crate::world::on_both_engines! {
        status_200_sent_there_alone,
    }

    async fn status_200_sent_there_alone(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.failed"]).await;
        let test =
            hooked.call(world, "POST", &format!("{}/test", at(&made))).json(r#"{"provider":"crypto"}"#);
        let told = test.send().await.value(200);
        assert_eq!((&told["webhook_id"], &told["status"]), (&made["id"], &"delivered".into()));
        assert_eq!((hooked.receiver.on("/other").len(), hooked.receiver.on("/hook").len()), (1, 0));
    }
}

mod webhook_delete {
    use super::{Api, Hooked, NOT_FOUND, at, json, list, one_more};

    crate::world::on_both_engines! {
        status_200_deleted_and_nothing_is_sent_there_any_more,
        status_409_a_delivery_of_a_deleted_webhook,
    }

    async fn status_200_deleted_and_nothing_is_sent_there_any_more(world: &Api) {
        let hooked = Hooked::new(world).await;
        let made = one_more(world, &hooked, "/other", &["payout.succeeded"]).await;
        let deleted = hooked.call(world, "DELETE", &at(&made)).send().await.value(200);
        assert_eq!(deleted, json!({ "id": made["id"], "deleted": true }));
        hooked.call(world, "DELETE", &at(&made)).send().await.is(404, NOT_FOUND);
        hooked.pay_out(world).await;
        assert_eq!(hooked.settle(world).await, 1);
        assert!(hooked.receiver.on("/other").is_empty());
        assert_eq!(list(world, &hooked).await.len(), 1);
    }

    async fn status_409_a_delivery_of_a_deleted_webhook(world: &Api) {
        let hooked = Hooked::new(world).await;
        let id = hooked.failed(world).await;
        hooked.call(world, "DELETE", &at(&hooked.made)).send().await.value(200);
        let retry = format!("/payout/webhook/deliveries/{id}/retry");
        assert_eq!(hooked.call(world, "POST", &retry).send().await.value(409)["code"], "webhook_deleted");
    }
}
