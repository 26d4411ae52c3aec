//! `GET /payout/withdrawals/{id}`: one withdrawal as the business sees it.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::world::NOW;
use serde_json::json;

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_outcome_unknown,
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
