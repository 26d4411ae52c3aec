//! `GET /payout/withdrawals/{id}`: one withdrawal as the business sees it.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::world::{MINUTE, NOW};
use serde_json::json;

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_outcome_unknown,
    status_200_expected_and_delayed,
    status_200_waiting,
    status_401_hash,
    status_404_anothers,
}

async fn status_200_to_the_byte(world: &Api) {
    let person = world.recipient(1_000).await;
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "fee": { "fixed": 10 } })).await;
    let id = person.withdraws(world, 311).await;
    world.work().await;
    let user = world.user_id(person.book, 1);
    let order = world.platform.secrets.ids().order_id(ledger::Provider::Sandbox, person.book, 1);
    let expected = format!(
        concat!(
            r#"{{"id":"{id}","status":"failed","outcome_unknown":false,"payout_user_id":"{user}","method":"sandbox","#,
            r#""provider":"sandbox","order_id":"{order}","currency":"USD","amount":311,"fees":10,"net_amount":301,"#,
            r#""destination":{{"account":"a"}},"reason_code":"refused_by_rail","#,
            r#""reason":"The sandbox refused this payment, as its amount asks for. Please try another destination.","#,
            r#""created_at":"{at}","changed_at":"{at}"}}"#
        ),
        id = id,
        user = user,
        order = order,
        at = NOW
    );
    world.get(&format!("/payout/withdrawals/{id}")).key(&person.key).send().await.is(200, expected);
}

async fn status_200_outcome_unknown(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 314).await;
    world.work().await;
    let shown = world.get(&format!("/payout/withdrawals/{id}")).key(&person.key).send().await.value(200);
    assert_eq!((&shown["status"], &shown["outcome_unknown"]), (&json!("sending"), &json!(true)));
    let story = ["payout.created", "payout.queued", "payout.processing", "payout.outcome_unknown"];
    assert_eq!(person.events(world, &id).await, story);
}

async fn status_200_waiting(world: &Api) {
    use outpay::testing::store::PauseScope;
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let (one, operation) = (format!("/payout/withdrawals/{id}"), format!("/payout/operations/{id}"));
    let waiting = async || {
        let shown = world.get(&one).key(&person.key).send().await.value(200);
        let list = world.get("/payout/withdrawals").key(&person.key).send().await.value(200);
        let own = world.get(&operation).hash(&person.hash).send().await.value(200);
        assert_eq!(shown.get("waiting"), list["data"][0].get("waiting"));
        assert_eq!(shown.get("waiting"), own.get("waiting"));
        shown.get("waiting").cloned()
    };
    assert_eq!(waiting().await, None, "the field is left out");
    let store = &world.platform.store;
    store.pause(&PauseScope::All, "why", ledger::Actor::OPERATOR, &[]).await.unwrap();
    assert_eq!(waiting().await, Some(json!("method_paused")));
    store.resume(&PauseScope::All, &[]).await.unwrap();
    store.set_payouts_enabled(person.book.business(), false).await.unwrap();
    assert_eq!(waiting().await, Some(json!("payouts_off")));
    store.set_payouts_enabled(person.book.business(), true).await.unwrap();
    world.work().await;
    store.pause(&PauseScope::All, "why", ledger::Actor::OPERATOR, &[]).await.unwrap();
    assert_eq!(waiting().await, None, "it was sent");
}

async fn status_401_hash(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    world.get(&format!("/payout/withdrawals/{id}")).hash(&person.hash).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_anothers(world: &Api) {
    let person = world.recipient(1_000).await;
    let id = person.withdraws(world, 300).await;
    let other = world.recipient(1_000).await;
    for (key, id) in [(&other.key, id.as_str()), (&person.business.key, &id), (&person.key, "ord_1")] {
        world.get(&format!("/payout/withdrawals/{id}")).key(key).send().await.value(404);
    }
}

async fn status_200_expected_and_delayed(world: &Api) {
    let person = world.live_recipient(1_000, "bank").await;
    let destination = json!({ "name": "Ann Example", "account": "DE00 1234" });
    let asked = person.withdraw(world, "bank", 300, &destination).send().await.value(202);
    assert_eq!(asked["expected_at"], json!(null), "the answer is remembered, so it has nothing that changes");
    let id = asked["id"].as_str().unwrap();
    let path = format!("/payout/withdrawals/{id}");
    let seen = async || {
        let business = world.get(&path).key(&person.key).send().await.value(200);
        let list = world.get("/payout/withdrawals").key(&person.key).send().await.value(200);
        let operations = world.get("/payout/operations").hash(&person.hash).send().await.value(200);
        let user = world.user_id(person.book, 1);
        let of_user =
            world.get(&format!("/payout/users/{user}/operations")).key(&person.key).send().await.value(200);
        let all = [
            business,
            list["data"][0].clone(),
            person.operation(world, id).await,
            operations["data"][0].clone(),
            of_user["data"][0].clone(),
        ];
        all.map(|one| (one["expected_at"].clone(), one["delayed"].clone()))
    };
    let week = 7 * 1_440 * MINUTE;
    let at = |micros: i64| json!(outpay::testing::clock::rfc3339(micros));
    let asked_at = world.now();
    assert_eq!(seen().await, [0; 5].map(|_| (at(asked_at + week), json!(null))));
    world.wait(week);
    assert_eq!(outpay::testing::delays::sweep(&world.platform).await.unwrap(), 1);
    let later = asked_at + 3 * week;
    assert_eq!(seen().await, [0; 5].map(|_| (at(later), json!(true))));
    let events = world.get("/payout/events?limit=100").key(&person.key).send().await.value(200);
    let last = events["data"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["type"], "payout.delayed");
    let user = world.user_id(person.book, 1);
    let data = json!({ "payout_user_id": user, "withdrawal_id": id, "expected_at": at(later) });
    assert_eq!(last["data"], data, "and no reason");
    let counter = world.platform.counter(person.book, ledger::Actor::OPERATOR);
    counter.settle(1, "statement 7").await.unwrap();
    assert_eq!(seen().await, [0; 5].map(|_| (json!(null), json!(null))), "it has ended");
}
