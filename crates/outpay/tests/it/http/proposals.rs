//! What takes two people, by API: one key proposes, a key of another hand confirms. With no rule one is enough.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::keys::scoped;
use crate::http::recipient::Recipient;
use crate::wire::Answer;
use ledger::{Actor, Cents};
use outpay::testing::business::settings;
use outpay::testing::store::SettingsChange;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_the_list_is_the_newest_first,
    status_202_a_payment_by_hand_above_the_limit_is_proposed,
    status_202_a_repeat_under_one_idempotency_key_is_one_proposal,
    status_202_settings_are_proposed_while_there_is_a_rule,
    status_201_a_key_waits_for_the_second_person,
}

/// Two people are needed above this amount.
async fn rule(world: &Api, person: &Recipient, above: i64) {
    let change = SettingsChange { two_people_above: Some(Some(Cents(above))), ..SettingsChange::default() };
    settings::change(&world.platform, person.book, Actor::OPERATOR, change).await.unwrap();
}

/// A recipient with a withdrawal of 300 by bank, for which two people are needed; the id of the withdrawal.
async fn start(world: &Api) -> (Recipient, String) {
    let person = world.live_recipient(1_000, "bank").await;
    let destination = json!({ "name": "Ann Example", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 300, &destination).send().await;
    let id = asked.value(202)["id"].as_str().unwrap().to_owned();
    rule(world, &person, 299).await;
    (person, id)
}

async fn settle(world: &Api, key: &str, id: &str) -> Answer {
    let path = format!("/payout/withdrawals/{id}/settle");
    world.post(&path).key(key).json(r#"{"proof":"Wire 7"}"#).send().await
}

async fn debit(world: &Api, person: &Recipient, cents: i64, once: &str) -> Answer {
    let path = format!("/payout/users/{}/debit", world.user_id(person.book, 1));
    let body = json!({ "amount": cents, "reason": "a mistake" }).to_string();
    world.post(&path).key(&person.key).header("idempotency-key", once).json(body).send().await
}

async fn confirm(world: &Api, key: &str, proposal: &Value) -> Answer {
    let id = proposal["id"].as_str().unwrap();
    world.post(&format!("/payout/proposals/{id}/confirm")).key(key).send().await
}

async fn status_200_the_list_is_the_newest_first(world: &Api) {
    let (person, id) = start(world).await;
    let first = settle(world, &person.key, &id).await.value(202);
    let second = debit(world, &person, 300, "k").await.value(202);
    let all = world.get("/payout/proposals").key(&person.key).send().await.value(200);
    assert_eq!(all["data"], json!([second, first]));
    let own = world.key_id(person.book, &person.key).await;
    assert_eq!((&first["state"], &first["proposed_by"]), (&json!("open"), &json!(own)));
    let other = world.get("/payout/proposals").key(&person.business.test_key).send().await.value(200);
    assert_eq!(other["data"], json!([]));
}

async fn status_202_a_payment_by_hand_above_the_limit_is_proposed(world: &Api) {
    let (person, id) = start(world).await;
    let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
    let proposed = settle(world, &person.key, &id).await.value(202);
    assert_eq!(person.operation(world, &id).await["status"], "queued", "nothing is done yet");
    let confirmed = confirm(world, &second, &proposed).await.value(200);
    assert_eq!(confirmed["state"], "confirmed");
    assert!(confirmed["carried_out_at"].is_string(), "{confirmed}");
    assert_eq!(person.operation(world, &id).await["status"], "succeeded");
    // The same amount by the ledger's rules, and no rule for less.
    rule(world, &person, 300).await;
    let destination = json!({ "name": "Ann Example", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 300, &destination).send().await.value(202);
    settle(world, &person.key, asked["id"].as_str().unwrap()).await.value(200);
    assert_eq!(debit(world, &person, 300, "k").await.value(200)["balance"], 100);
}

async fn status_202_a_repeat_under_one_idempotency_key_is_one_proposal(world: &Api) {
    let (person, _) = start(world).await;
    let proposed = debit(world, &person, 300, "k").await.value(202);
    assert_eq!(debit(world, &person, 300, "k").await.value(202), proposed);
    let (_, second) = scoped(world, &person.business, "proposals:write users:write").await;
    confirm(world, &second, &proposed).await.value(200);
    assert_eq!(person.money(world).await, (400, 300));
    // Carried out, and without the rule: a repeat still finds its proposal and takes nothing a second time.
    for _ in 0..2 {
        assert_eq!(debit(world, &person, 300, "k").await.value(202)["state"], "confirmed");
        rule(world, &person, 1_000).await;
    }
    assert_eq!(person.money(world).await, (400, 300));
}

async fn status_202_settings_are_proposed_while_there_is_a_rule(world: &Api) {
    let (person, _) = start(world).await;
    let put = async |body: Value| {
        world.call("PUT", "/payout/settings").key(&person.key).json(body.to_string()).send().await
    };
    let methods = json!({ "bank": { "enabled": true, "review": { "above": 5 } } });
    let proposed = put(json!({ "methods": methods })).await.value(202);
    let shown = async || world.get("/payout/settings").key(&person.key).send().await.value(200);
    assert_eq!(shown().await["methods"]["bank"]["review"]["above"], Value::Null);
    let (_, second) = scoped(world, &person.business, "proposals:write settings:write").await;
    confirm(world, &second, &proposed).await.value(200);
    assert_eq!(shown().await["methods"]["bank"]["review"]["above"], 5);
    // Stricter takes one, looser takes two; so does to end the rule.
    assert_eq!(put(json!({ "two_people_above": 5 })).await.value(200)["two_people_above"], 5);
    put(json!({ "two_people_above": 6 })).await.value(202);
    let off = put(json!({ "two_people_above": null })).await.value(202);
    assert_eq!(shown().await["two_people_above"], 5);
    confirm(world, &second, &off).await.value(200);
    assert_eq!(shown().await["two_people_above"], Value::Null);
    put(json!({ "methods": { "bank": { "enabled": true } } })).await.value(200);
    // A switch that stops payments needs no one else.
    assert_eq!(put(json!({ "payouts_enabled": false })).await.value(200)["payouts_enabled"], false);
    put(json!({ "two_people_above": -1 })).await.value(400);
}

async fn status_201_a_key_waits_for_the_second_person(world: &Api) {
    let (person, _) = start(world).await;
    let (_, second) = scoped(world, &person.business, "proposals:write keys:write").await;
    let make = world.post("/payout/keys").key(&person.key).json("{}").send().await.value(201);
    assert_eq!(make["status"], "waiting");
    let new = make["key"].as_str().unwrap();
    world.get("/balance").key(new).send().await.is(401, UNAUTHORIZED);
    confirm(world, &second, &json!({ "id": make["proposal"] })).await.value(200);
    world.get("/balance").key(new).send().await.value(200);
    // A roll: the old key works until then.
    let roll = format!("/payout/keys/{}/roll", make["id"].as_str().unwrap());
    let rolled = world.post(&roll).key(&person.key).send().await.value(200);
    let heir = rolled["key"].as_str().unwrap();
    world.get("/balance").key(heir).send().await.is(401, UNAUTHORIZED);
    world.get("/balance").key(new).send().await.value(200);
    confirm(world, &second, &json!({ "id": rolled["proposal"] })).await.value(200);
    world.get("/balance").key(heir).send().await.value(200);
    world.get("/balance").key(new).send().await.is(401, UNAUTHORIZED);
    // One that is withdrawn never works.
    let make = world.post("/payout/keys").key(&person.key).json("{}").send().await.value(201);
    let withdraw = format!("/payout/proposals/{}/withdraw", make["proposal"].as_str().unwrap());
    world.post(&withdraw).key(&second).send().await.value(200);
    assert_eq!(
        confirm(world, &second, &json!({ "id": make["proposal"] })).await.value(409)["code"],
        "proposal_not_open"
    );
    world.get("/balance").key(make["key"].as_str().unwrap()).send().await.is(401, UNAUTHORIZED);
}

mod proposal_confirm {
    use super::*;

    crate::world::on_both_engines! {
        status_403_the_same_hand,
        status_403_without_the_scope_of_what_was_proposed,
        status_404_of_another_business,
        status_409_confirmed_once,
        status_200_two_at_once_carry_it_out_once,
        status_409_what_cannot_be_done_any_more,
    }

    async fn status_403_the_same_hand(world: &Api) {
        let (person, id) = start(world).await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        assert_eq!(confirm(world, &person.key, &proposed).await.value(403)["code"], "maker_is_checker");
        // A key that it made is the same hand, if two people have agreed to it or not.
        rule(world, &person, 1_000_000).await;
        let off = SettingsChange { two_people_above: Some(None), ..SettingsChange::default() };
        settings::change(&world.platform, person.book, Actor::OPERATOR, off).await.unwrap();
        let made = world.post("/payout/keys").key(&person.key).json("{}").send().await.value(201);
        let child = made["key"].as_str().unwrap();
        assert_eq!(confirm(world, child, &proposed).await.value(403)["code"], "maker_is_checker");
        let grandchild = world.post("/payout/keys").key(child).json("{}").send().await.value(201);
        let grandchild = grandchild["key"].as_str().unwrap();
        assert_eq!(confirm(world, grandchild, &proposed).await.value(403)["code"], "maker_is_checker");
        // So is one whose text it was given by rolling.
        let (other, _) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let rolled =
            world.post(&format!("/payout/keys/{other}/roll")).key(&person.key).send().await.value(200);
        let rolled = rolled["key"].as_str().unwrap();
        assert_eq!(confirm(world, rolled, &proposed).await.value(403)["code"], "maker_is_checker");
        assert_eq!(person.operation(world, &id).await["status"], "queued");
    }

    async fn status_403_without_the_scope_of_what_was_proposed(world: &Api) {
        let (person, id) = start(world).await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        let (_, key) = scoped(world, &person.business, "proposals:write withdrawals:read").await;
        assert_eq!(confirm(world, &key, &proposed).await.value(403)["scope"], "withdrawals:write");
        let (_, key) = scoped(world, &person.business, "proposals:read withdrawals:write").await;
        assert_eq!(confirm(world, &key, &proposed).await.value(403)["scope"], "proposals:write");
    }

    async fn status_404_of_another_business(world: &Api) {
        let (person, id) = start(world).await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        let other = world.business().await;
        for key in [&other.key, &person.business.test_key] {
            assert_eq!(confirm(world, key, &proposed).await.value(404)["code"], "proposal_not_found");
        }
    }

    async fn status_409_confirmed_once(world: &Api) {
        let (person, id) = start(world).await;
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let (_, third) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        confirm(world, &second, &proposed).await.value(200);
        assert_eq!(confirm(world, &third, &proposed).await.value(409)["code"], "proposal_not_open");
        assert_eq!(person.operation(world, &id).await["status"], "succeeded");
    }

    /// The later one finds it carried out, or completes what the first has decided, under the same idempotency key.
    async fn status_200_two_at_once_carry_it_out_once(world: &Api) {
        let (person, id) = start(world).await;
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let (_, third) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        let (one, two) = tokio::join!(confirm(world, &second, &proposed), confirm(world, &third, &proposed));
        let statuses = [one.status, two.status];
        assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 409].contains(status)));
        let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
        let ends = events["data"].as_array().unwrap().iter();
        let ends = ends.filter(|event| event["type"].as_str().unwrap().ends_with("succeeded")).count();
        assert_eq!((person.operation(world, &id).await["status"].as_str(), ends), (Some("succeeded"), 1));
    }

    async fn status_409_what_cannot_be_done_any_more(world: &Api) {
        let (person, id) = start(world).await;
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        let proposed = settle(world, &person.key, &id).await.value(202);
        let cancel = format!("/payout/operations/{id}/cancel");
        world.post(&cancel).hash(&person.hash).send().await.value(200);
        assert_eq!(confirm(world, &second, &proposed).await.value(409)["code"], "withdrawal_state");
        let all = world.get("/payout/proposals").key(&person.key).send().await.value(200);
        assert_eq!(all["data"][0]["state"], "open", "a refused effect leaves it open");
    }
}

mod proposal_withdraw {
    use super::*;

    crate::world::on_both_engines! {
        status_200_nothing_is_done,
    }

    async fn status_200_nothing_is_done(world: &Api) {
        let (person, id) = start(world).await;
        let (_, second) = scoped(world, &person.business, "proposals:write withdrawals:write").await;
        for by in [&person.key, &second] {
            let proposed = settle(world, &person.key, &id).await.value(202);
            let withdraw = format!("/payout/proposals/{}/withdraw", proposed["id"].as_str().unwrap());
            assert_eq!(world.post(&withdraw).key(by).send().await.value(200)["state"], "withdrawn");
            assert_eq!(confirm(world, &second, &proposed).await.value(409)["code"], "proposal_not_open");
        }
        assert_eq!(person.operation(world, &id).await["status"], "queued");
    }
}
