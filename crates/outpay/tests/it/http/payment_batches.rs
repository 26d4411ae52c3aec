//! Payment batches by API: every endpoint, with every status that it can answer with. Not here: the rules (`batches/`).

use crate::http::api::{Api, NO_CURSOR, NO_LIMIT, invalid};
use crate::http::keys::scoped;
use crate::http::recipient::Recipient;
use crate::wire::Answer;
use ledger::{Actor, Cents};
use outpay::testing::business::settings;
use outpay::testing::store::SettingsChange;
use serde_json::{Value, json};

pub const PATH: &str = "/payout/payment-batches";

/// A recipient with a withdrawal of 300 by bank; its id.
pub async fn start(world: &Api) -> (Recipient, String) {
    let person = world.live_recipient(1_000, "bank").await;
    let id = asks(world, &person).await;
    (person, id)
}

pub async fn asks(world: &Api, person: &Recipient) -> String {
    let destination = json!({ "name": "Ann Example", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 300, &destination).send().await;
    asked.value(202)["id"].as_str().unwrap().to_owned()
}

pub async fn post(world: &Api, key: &str, rest: &str, body: &Value) -> Answer {
    world.post(&format!("{PATH}{rest}")).key(key).json(body.to_string()).send().await
}

pub async fn create(world: &Api, key: &str) -> Answer {
    post(world, key, "", &json!({ "method": "bank" })).await
}

pub fn id(batch: &Value) -> String {
    batch["id"].as_str().unwrap().to_owned()
}

async fn rule(world: &Api, person: &Recipient, above: i64) {
    let change = SettingsChange { two_people_above: Some(Some(Cents(above))), ..SettingsChange::default() };
    settings::change(&world.platform, person.book, Actor::OPERATOR, change).await.unwrap();
}

mod batches {
    use super::*;

    crate::world::on_both_engines! {
        status_200_the_list_is_the_newest_first,
    }

    async fn status_200_the_list_is_the_newest_first(world: &Api) {
        let (person, _) = start(world).await;
        let first = id(&create(world, &person.key).await.value(200));
        asks(world, &person).await;
        let second = id(&create(world, &person.key).await.value(200));
        let list = async |query: &str| world.get(&format!("{PATH}{query}")).key(&person.key).send().await;
        let all = list("").await.value(200);
        let ids: Vec<&Value> = all["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [&json!(second), &json!(first)]);
        assert_eq!(all["data"][0].get("lines"), None);
        let page = list("?limit=1").await.value(200);
        assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(true), &json!(second)));
        let rest = list(&format!("?limit=1&cursor={second}")).await.value(200);
        assert_eq!((&rest["data"][0]["id"], &rest["has_more"]), (&json!(first), &json!(false)));
        assert_eq!(list("?method=cash").await.value(200)["data"], json!([]));
        list("?cursor=bat_x").await.is(400, invalid("cursor", NO_CURSOR));
        list("?limit=0").await.is(400, invalid("limit", NO_LIMIT));
        let other = world.get(PATH).key(&person.business.test_key).send().await.value(200);
        assert_eq!(other["data"], json!([]));
    }
}

mod batch_create {
    use super::*;

    crate::world::on_both_engines! {
        status_200_a_repeat_under_one_idempotency_key_is_one_batch,
        status_400_fields,
        status_409_by_state,
    }

    async fn status_200_a_repeat_under_one_idempotency_key_is_one_batch(world: &Api) {
        let (person, _) = start(world).await;
        let call =
            world.post(PATH).key(&person.key).header("idempotency-key", "k").json(r#"{"method":"bank"}"#);
        let first = call.send().await.value(200);
        asks(world, &person).await;
        assert_eq!(call.send().await.value(200), first);
        let other =
            world.post(PATH).key(&person.key).header("idempotency-key", "k").json(r#"{"method":"cash"}"#);
        assert_eq!(other.send().await.value(422)["code"], "idempotency_key_reused");
        let second = create(world, &person.key).await.value(200);
        assert_eq!((&second["number"], &second["payments"]), (&json!(2), &json!(1)));
    }

    async fn status_400_fields(world: &Api) {
        let (person, _) = start(world).await;
        let key = &person.key;
        post(world, key, "", &json!({})).await.is(400, invalid("method", "The method field is required."));
        let wrong = "The rate must be a decimal above 0 with at most nine places, as in \"0.9215\".";
        for rate in ["0", "-1", "x", "1,5"] {
            let body = json!({ "method": "bank", "rate": rate });
            post(world, key, "", &body).await.is(400, invalid("rate", wrong));
        }
        let rate = post(world, key, "", &json!({ "method": "bank", "rate": "0.9" })).await.value(400);
        assert_eq!(rate["code"], "batch_rate_not_one");
        let batch = id(&create(world, key).await.value(200));
        let path = format!("/{batch}/dissolve");
        post(world, key, &path, &json!({})).await.is(400, invalid("proof", "The proof field is required."));
        let unknown = post(world, key, "", &json!({ "method": "bank", "x": 1 })).await.value(400);
        assert_eq!(unknown["code"], "unknown_field");
    }

    async fn status_409_by_state(world: &Api) {
        let person = world.live_recipient(1_000, "bank").await;
        assert_eq!(create(world, &person.key).await.value(409)["code"], "batch_nothing_to_pay");
        let gift = post(world, &person.key, "", &json!({ "method": "gift_card" })).await.value(409);
        assert_eq!(gift["code"], "not_manual");
        let withdrawal = asks(world, &person).await;
        let batch = id(&create(world, &person.key).await.value(200));
        let file = post(world, &person.key, &format!("/{batch}/file"), &json!({})).await.value(409);
        assert_eq!(file["code"], "batch_state");
        let settle = format!("/payout/withdrawals/{withdrawal}/settle");
        world.post(&settle).key(&person.key).json(r#"{"proof":"by itself"}"#).send().await.value(200);
        let approve = post(world, &person.key, &format!("/{batch}/approve"), &json!({})).await.value(409);
        assert_eq!(approve["code"], "batch_payments_ended");
    }
}

mod batch_get {
    use super::*;

    crate::world::on_both_engines! {
        status_403_scope,
        status_404_of_another_business,
    }

    async fn status_403_scope(world: &Api) {
        let (person, _) = start(world).await;
        let (_, reads) = scoped(world, &person.business, "withdrawals:read").await;
        assert_eq!(create(world, &reads).await.value(403)["code"], "insufficient_scope");
        let batch = id(&create(world, &person.key).await.value(200));
        world.get(&format!("{PATH}/{batch}")).key(&reads).send().await.value(200);
        for rest in ["approve", "file", "dissolve"] {
            let refused = post(world, &reads, &format!("/{batch}/{rest}"), &json!({})).await.value(403);
            assert_eq!(refused["code"], "insufficient_scope", "{rest}");
        }
        assert_eq!(
            post(world, &reads, "/answers", &json!({})).await.value(403)["code"],
            "insufficient_scope"
        );
    }

    async fn status_404_of_another_business(world: &Api) {
        let (person, _) = start(world).await;
        let batch = id(&create(world, &person.key).await.value(200));
        let other = world.paying_business(0).await;
        for key in [&other.key, &person.business.test_key] {
            let found = world.get(&format!("{PATH}/{batch}")).key(key).send().await.value(404);
            assert_eq!(found["code"], "batch_not_found");
            for rest in ["approve", "file", "dissolve"] {
                let body = if rest == "dissolve" { json!({ "proof": "p" }) } else { json!({}) };
                post(world, key, &format!("/{batch}/{rest}"), &body).await.value(404);
            }
        }
        let wire = post(world, &person.key, "", &json!({ "method": "wire" })).await.value(404);
        assert_eq!(wire["code"], "method_not_found");
    }
}

mod batch_approve {
    use super::*;

    crate::world::on_both_engines! {
        status_202_the_maker_proposes_the_approval,
    }

    async fn status_202_the_maker_proposes_the_approval(world: &Api) {
        let (person, _) = start(world).await;
        rule(world, &person, 299).await;
        let batch = id(&create(world, &person.key).await.value(200));
        let path = format!("/{batch}/approve");
        let proposed = post(world, &person.key, &path, &json!({})).await.value(202);
        assert!(
            proposed["what"].as_str().unwrap().starts_with("Approve payment batch 1 of $3.00"),
            "{proposed}"
        );
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let confirm = format!("/payout/proposals/{}/confirm", proposed["id"].as_str().unwrap());
        assert_eq!(world.post(&confirm).key(&person.key).send().await.value(403)["code"], "maker_is_checker");
        world.post(&confirm).key(&second).send().await.value(200);
        let after = world.get(&format!("{PATH}/{batch}")).key(&second).send().await.value(200);
        assert_eq!(after["state"], "approved");
        // Another key approves at once.
        asks(world, &person).await;
        let batch = id(&create(world, &person.key).await.value(200));
        let approved = post(world, &second, &format!("/{batch}/approve"), &json!({})).await.value(200);
        assert_ne!(approved["made_by"], approved["checked_by"]);
    }
}

mod batch_dissolve {
    use super::*;

    crate::world::on_both_engines! {
        status_202_a_file_that_was_given_out_is_dissolved_by_two,
    }

    async fn status_202_a_file_that_was_given_out_is_dissolved_by_two(world: &Api) {
        let (person, withdrawal) = start(world).await;
        let batch = id(&create(world, &person.key).await.value(200));
        post(world, &person.key, &format!("/{batch}/approve"), &json!({})).await.value(200);
        post(world, &person.key, &format!("/{batch}/file"), &json!({})).await.value(200);
        rule(world, &person, 299).await;
        let path = format!("/{batch}/dissolve");
        let proof = json!({ "proof": "the bank has no such file" });
        let proposed = post(world, &person.key, &path, &proof).await.value(202);
        assert_eq!(proposed["reason"], "the bank has no such file");
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let confirm = format!("/payout/proposals/{}/confirm", proposed["id"].as_str().unwrap());
        world.post(&confirm).key(&second).send().await.value(200);
        let after = world.get(&format!("{PATH}/{batch}")).key(&second).send().await.value(200);
        assert_eq!((&after["state"], &after["moved"]), (&json!("dissolved"), &json!(1)));
        assert_eq!(after["lines"][0]["state"], "moved");
        let next = create(world, &person.key).await.value(200);
        assert_eq!(next["lines"][0]["withdrawal_id"], json!(withdrawal));
        // Nothing left yet, so one dissolves it; said twice it is the same answer.
        let path = format!("/{}/dissolve", id(&next));
        let dissolved = post(world, &person.key, &path, &json!({ "proof": "wrong day" })).await.value(200);
        assert_eq!(dissolved["proof"], "wrong day");
        assert_eq!(
            post(world, &person.key, &path, &json!({ "proof": "wrong day" })).await.value(200),
            dissolved
        );
        assert_eq!(
            post(world, &person.key, &path, &json!({ "proof": "x" })).await.value(409)["code"],
            "batch_state"
        );
    }
}
