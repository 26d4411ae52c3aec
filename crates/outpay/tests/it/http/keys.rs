//! API keys by API: the list, making, rolling and revoking them; and that no key makes one that can do more than itself.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::world::{Business, SECOND};
use ledger::{Actor, Ceilings, Cents};
use outpay::testing::api_keys::{self, KeyOrder};
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::scopes::Scopes;
use outpay::testing::store::CredentialKind;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_the_list_says_what_each_key_may,
    status_404_a_key_of_another_business_or_mode,
}

/// A key with these limits: its id and its text.
pub async fn key_with(
    world: &Api,
    business: &Business,
    limits: KeyLimits,
    life: Option<i64>,
) -> (String, String) {
    let (book, kind) = (business.live, CredentialKind::SecretKey);
    let order =
        KeyOrder { book, kind, name: String::new(), expires_in: life, limits, family: None, budget: None };
    let made = api_keys::create(&world.platform, &order, Actor::NONE).await.unwrap();
    (api_keys::id(&world.platform, book, made.number), made.text.expose_secret().to_owned())
}

/// With these scopes, and no other limit.
pub async fn scoped(world: &Api, business: &Business, scopes: &str) -> (String, String) {
    let scopes = Scopes::parse(scopes.split(' ')).unwrap();
    key_with(world, business, KeyLimits { scopes, ..KeyLimits::default() }, None).await
}

async fn make(world: &Api, key: &str, body: &Value) -> crate::wire::Answer {
    world.post("/payout/keys").key(key).json(body.to_string()).send().await
}

async fn listed(world: &Api, key: &str, id: &Value) -> Value {
    let all = world.get("/payout/keys").key(key).send().await.value(200);
    all["data"].as_array().unwrap().iter().find(|one| one["id"] == *id).unwrap().clone()
}

async fn status_200_the_list_says_what_each_key_may(world: &Api) {
    let business = world.business().await;
    let all = world.get("/payout/keys").key(&business.key).send().await.value(200);
    let first = &all["data"][0];
    assert_eq!(
        (&first["kind"], &first["status"], &first["scopes"]),
        (&json!("secret"), &json!("active"), &Value::Null)
    );
    let limits = json!({
        "name": "Payroll", "scopes": ["users:read", "payouts:write"], "allowed_addresses": ["127.0.0.1", "10.0.0.0/8"],
        "expires_in": 60, "max_amount": 5, "max_request": 6, "max_day": 7, "max_recipient_day": 8,
    });
    let made = make(world, &business.key, &limits).await.value(201);
    let shown = listed(world, &business.key, &made["id"]).await;
    assert_eq!(shown["scopes"], json!(["payouts:write", "users:read"]));
    assert_eq!(shown["allowed_addresses"], json!(["127.0.0.1", "10.0.0.0/8"]));
    let ceilings = ["max_amount", "max_request", "max_day", "max_recipient_day"].map(|name| &shown[name]);
    assert_eq!(ceilings, [&json!(5), &json!(6), &json!(7), &json!(8)]);
    assert_eq!(shown["name"], "Payroll");
    let text = made["key"].as_str().unwrap();
    assert!(shown.get("key").is_none() && shown["hint"] == format!("sk_live_…{}", &text[text.len() - 4..]));
    let mut without_text = made.clone();
    without_text.as_object_mut().unwrap().remove("key");
    assert_eq!(without_text, shown);
}

async fn status_404_a_key_of_another_business_or_mode(world: &Api) {
    let (business, other) = (world.business().await, world.business().await);
    let (id, text) = scoped(world, &other, "keys:write").await;
    for verb in ["roll", "revoke"] {
        for id in [id.as_str(), "key_unknown", "%FF"] {
            let path = format!("/payout/keys/{id}/{verb}");
            for key in [&business.key, &other.test_key] {
                assert_eq!(world.post(&path).key(key).send().await.value(404)["code"], "key_not_found");
            }
        }
    }
    world.get("/payout/keys").key(&text).send().await.value(200);
}

mod key_create {
    use super::*;

    crate::world::on_both_engines! {
        status_201_what_is_left_out_is_as_for_the_asking_key,
        status_201_keys_that_a_key_makes_share_its_ceilings_and_its_hand,
        status_403_no_key_makes_one_that_can_do_more,
        status_400_invalid_fields,
        status_400_no_idempotency_key,
        status_401_public_key,
    }

    async fn status_201_what_is_left_out_is_as_for_the_asking_key(world: &Api) {
        let business = world.business().await;
        let ceilings = Ceilings { per_day: Some(Cents(700)), ..Ceilings::default() };
        let scopes = Scopes::parse(["keys:write", "users:read"]).unwrap();
        let limits = KeyLimits { ceilings, scopes, max_amount: Some(Cents(90)), ..KeyLimits::default() };
        let (id, own) = key_with(world, &business, limits, Some(3_600 * SECOND)).await;
        let made = make(world, &own, &json!({})).await.value(201);
        let of_own = listed(world, &business.key, &json!(id)).await;
        for name in ["scopes", "max_amount", "max_day", "expires_at", "allowed_addresses", "max_request"] {
            assert_eq!(made[name], of_own[name], "{name}");
        }
        // From the whole to a part.
        let made = make(world, &business.key, &json!({ "scopes": ["balances:read"] })).await.value(201);
        let key = made["key"].as_str().unwrap();
        world.get("/balance").key(key).send().await.value(200);
        assert_eq!(world.get("/payout/users").key(key).send().await.value(403)["scope"], "users:read");
    }

    async fn status_201_keys_that_a_key_makes_share_its_ceilings_and_its_hand(world: &Api) {
        let business = world.paying_business(100_000).await;
        let ceilings = Ceilings { per_day: Some(Cents(100)), ..Ceilings::default() };
        let (_, own) = key_with(world, &business, KeyLimits { ceilings, ..KeyLimits::default() }, None).await;
        let made = make(world, &own, &json!({})).await.value(201);
        let child = made["key"].as_str().unwrap();
        world.pay(&own, "a@example.com", 60).await;
        world.pay(child, "b@example.com", 40).await;
        for key in [own.as_str(), child] {
            let refused = world.create(key, "c@example.com", 1).send().await.value(403);
            assert_eq!(refused["code"], "key_day_ceiling");
        }
        let rolled = format!("/payout/keys/{}/roll", made["id"].as_str().unwrap());
        let rolled = world.post(&rolled).key(&own).send().await.value(200);
        let heir = rolled["key"].as_str().unwrap();
        assert_eq!(world.create(heir, "c@example.com", 1).send().await.value(403)["code"], "key_day_ceiling");
        // The keys that a key without ceilings makes have sums of their own.
        for _ in 0..2 {
            let made = make(world, &business.key, &json!({ "max_day": 50 })).await.value(201);
            world.pay(made["key"].as_str().unwrap(), "d@example.com", 50).await;
        }
        let family = |id: &Value| {
            let id = id.as_str().unwrap().to_owned();
            async move { api_keys::find(&world.platform, &id).await.unwrap().family }
        };
        assert_eq!(family(&made["id"]).await, family(&rolled["id"]).await);
    }

    async fn status_403_no_key_makes_one_that_can_do_more(world: &Api) {
        let business = world.business().await;
        let limits = KeyLimits {
            scopes: Scopes::parse(["keys:write", "payouts:write", "users:read"]).unwrap(),
            max_amount: Some(Cents(100)),
            ceilings: Ceilings {
                per_request: Some(Cents(100)),
                per_day: Some(Cents(100)),
                per_recipient_day: Some(Cents(100)),
            },
            allowed: None,
        };
        let (own_id, own) = key_with(world, &business, limits, Some(60 * SECOND)).await;
        let more = [
            json!({ "scopes": ["users:write"] }),
            json!({ "scopes": ["settings:read"] }),
            json!({ "scopes": ["payouts:write", "webhooks:write"] }),
            json!({ "max_amount": 101 }),
            json!({ "max_request": 101 }),
            json!({ "max_day": 101 }),
            json!({ "max_recipient_day": 101 }),
            json!({ "expires_in": 61 }),
        ];
        for body in more {
            assert_eq!(make(world, &own, &body).await.value(403)["code"], "key_exceeds_own", "{body}");
        }
        make(world, &own, &json!({ "scopes": ["users:read"], "max_day": 100, "expires_in": 60 }))
            .await
            .value(201);
        // Rolling gives the text of another key away, and begins its life anew.
        let (wider, _) = key_with(world, &business, KeyLimits::default(), None).await;
        for id in [wider, own_id] {
            world.platform.clock.advance(SECOND);
            let roll = world.post(&format!("/payout/keys/{id}/roll")).key(&own).send().await;
            assert_eq!(roll.value(403)["code"], "key_exceeds_own", "{id}");
        }
        // Only with its own scope: to change settings is not to make keys.
        let (_, settings) = scoped(world, &business, "settings:write keys:read").await;
        assert_eq!(make(world, &settings, &json!({})).await.value(403)["scope"], "keys:write");
        let (_, makes) = scoped(world, &business, "keys:write").await;
        let made = make(world, &makes, &json!({ "scopes": ["keys:write"] })).await.value(201);
        assert_eq!(
            make(world, made["key"].as_str().unwrap(), &json!({ "scopes": ["keys:read"] })).await.status,
            201
        );
    }

    async fn status_400_invalid_fields(world: &Api) {
        let business = world.business().await;
        for (body, name) in [
            (json!({ "scopes": [] }), "scopes"),
            (json!({ "scopes": "payouts:write" }), "scopes"),
            (json!({ "scopes": ["payouts"] }), "scopes"),
            (json!({ "allowed_addresses": ["nowhere"] }), "allowed_addresses"),
            (json!({ "allowed_addresses": [] }), "allowed_addresses"),
            (json!({ "expires_in": 0 }), "expires_in"),
            (json!({ "expires_in": 3_153_600_001_i64 }), "expires_in"),
            (json!({ "max_amount": 0 }), "max_amount"),
            (json!({ "max_day": "5" }), "max_day"),
            (json!({ "max_recipient_day": 1_000_000_000_000_001_i64 }), "max_recipient_day"),
            (json!({ "name": "x".repeat(101) }), "name"),
        ] {
            let problem = make(world, &business.key, &body).await.value(400);
            assert!(problem["fields"][name].is_array(), "{body}: {problem}");
        }
    }

    async fn status_400_no_idempotency_key(world: &Api) {
        let business = world.business().await;
        let call = world.post("/payout/keys").key(&business.key).header("idempotency-key", "k");
        let problem = call.json("{}".to_owned()).send().await.value(400);
        assert!(problem["fields"]["Idempotency-Key"].is_array(), "{problem}");
    }

    async fn status_401_public_key(world: &Api) {
        let business = world.business().await;
        make(world, &business.public_key, &json!({})).await.is(401, UNAUTHORIZED);
    }
}

mod key_roll {
    use super::*;

    crate::world::on_both_engines! {
        status_200_the_old_one_ends_at_once_or_after_the_overlap,
        status_409_a_key_that_has_ended,
    }

    async fn status_200_the_old_one_ends_at_once_or_after_the_overlap(world: &Api) {
        let business = world.business().await;
        let (id, old) = scoped(world, &business, "balances:read").await;
        let path = format!("/payout/keys/{id}/roll");
        let new = world.post(&path).key(&business.key).json(r#"{"overlap":60}"#).send().await.value(200);
        assert_eq!(new["scopes"], json!(["balances:read"]));
        for key in [old.as_str(), new["key"].as_str().unwrap()] {
            world.get("/balance").key(key).send().await.value(200);
        }
        let path = format!("/payout/keys/{}/roll", new["id"].as_str().unwrap());
        world.post(&path).key(&business.key).send().await.value(200);
        world.get("/balance").key(new["key"].as_str().unwrap()).send().await.is(401, UNAUTHORIZED);
    }

    async fn status_409_a_key_that_has_ended(world: &Api) {
        let business = world.business().await;
        let (revoked, _) = scoped(world, &business, "balances:read").await;
        let revoke = format!("/payout/keys/{revoked}/revoke");
        world.post(&revoke).key(&business.key).send().await.value(200);
        let (expired, _) = key_with(world, &business, KeyLimits::default(), Some(SECOND)).await;
        world.platform.clock.advance(SECOND);
        for (id, code) in [(revoked, "key_revoked"), (expired, "key_expired")] {
            let roll = world.post(&format!("/payout/keys/{id}/roll")).key(&business.key).send().await;
            assert_eq!(roll.value(409)["code"], code);
        }
    }
}

mod key_revoke {
    use super::*;

    crate::world::on_both_engines! {
        status_200_at_once_and_again,
    }

    async fn status_200_at_once_and_again(world: &Api) {
        let business = world.business().await;
        let (id, text) = scoped(world, &business, "balances:read").await;
        world.get("/balance").key(&text).send().await.value(200);
        for _ in 0..2 {
            let revoke = world.post(&format!("/payout/keys/{id}/revoke")).key(&business.key).send().await;
            assert_eq!(revoke.value(200)["status"], "revoked");
            world.get("/balance").key(&text).send().await.is(401, UNAUTHORIZED);
        }
    }
}
