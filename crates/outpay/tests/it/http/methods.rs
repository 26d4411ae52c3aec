//! `GET /payout/methods`: the methods, and why one is closed.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::recipient::Recipient;
use serde_json::{Value, json};

crate::world::on_both_engines! {
    status_200_to_the_byte,
    status_200_test_and_live_money_have_methods_of_their_own,
    status_200_why_a_method_is_closed,
    status_200_gift_cards_to_choose_from,
    status_200_hash_in_each_place,
    status_401_without_a_hash,
}

async fn methods(world: &Api, person: &Recipient) -> Value {
    world.get("/payout/methods").hash(&person.hash).send().await.value(200)["data"].clone()
}

async fn status_200_to_the_byte(world: &Api) {
    let person = world.recipient(100).await;
    let fee = json!({ "enabled": true, "fee": { "fixed": 25, "basis_points": 150, "floor": 30, "cap": 500 }, "minimum": 100 });
    world.set_terms(&person, "sandbox", fee).await;
    let answer = world.get("/payout/methods").hash(&person.hash).send().await;
    let free = r#""fee":{"fixed":0,"basis_points":0,"floor":0,"cap":null}"#;
    answer.is(
        200,
        format!(
            concat!(
                r#"{{"data":[{{"method":"sandbox","provider":"sandbox","title":"Sandbox","open":true,"closed":null,"#,
                r#""minimum":100,"maximum":100000000,"fee":{{"fixed":25,"basis_points":150,"floor":30,"cap":500}},"#,
                r#""expected_time":"a few seconds","fields":[{{"name":"account","label":"Any text; the sandbox pays nothing out","required":true}}]}},"#,
                r#"{{"method":"gift_card","provider":"gift_card","title":"Gift card","open":true,"closed":null,"#,
                r#""minimum":1,"maximum":100000000,{free},"expected_time":"at once","#,
                r#""fields":[{{"name":"brand","label":"Brand","required":true}}],"choices":["#,
                r#"{{"name":"Test card","amount":500,"net_amount":500}},{{"name":"Test card","amount":1000,"net_amount":1000}},"#,
                r#"{{"name":"Test card","amount":2500,"net_amount":2500}},{{"name":"Test card","amount":5000,"net_amount":5000}},"#,
                r#"{{"name":"Test card","amount":10000,"net_amount":10000}}]}},"#,
                r#"{{"method":"bank","provider":"manual","title":"Bank transfer","open":true,"closed":null,"#,
                r#""minimum":1,"maximum":100000000,{free},"expected_time":"a few working days","#,
                r#""fields":[{{"name":"name","label":"Account holder","required":true}},{{"name":"account","label":"IBAN or account number","required":true}}]}}]}}"#
            ),
            free = free
        ),
    );
}

async fn status_200_test_and_live_money_have_methods_of_their_own(world: &Api) {
    let test = world.recipient(100).await;
    let live = world.live_recipient(100, "bank").await;
    let names = |methods: &Value| -> Vec<String> {
        let names = methods.as_array().unwrap().iter().map(|method| method["method"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(&methods(world, &test).await), ["sandbox", "gift_card", "bank"]);
    assert_eq!(names(&methods(world, &live).await), ["gift_card", "bank"]);
}

async fn status_200_why_a_method_is_closed(world: &Api) {
    let person = world.recipient(100).await;
    let closed = async || methods(world, &person).await[0]["closed"]["code"].clone();
    assert_eq!(closed().await, Value::Null);
    world.set_terms(&person, "sandbox", json!({ "enabled": true, "minimum": 101 })).await;
    assert_eq!(closed().await, "below_minimum");
    world.set_terms(&person, "sandbox", json!({})).await;
    assert_eq!(closed().await, "method_closed");
    world.set_terms(&person, "sandbox", json!({ "enabled": true })).await;
    let now = || world.platform.clock.monotonic();
    let rail = world.platform.rails.get(person.book.mode(), "sandbox").unwrap();
    (0..50).for_each(|_| {
        rail.failed(now());
    });
    assert_eq!(closed().await, Value::Null, "in test mode no recipient closes a method for the others");
    let live = world.live_recipient(100, "gift_card").await;
    let rail = world.platform.rails.get(live.book.mode(), "gift_card").unwrap();
    let code = async || methods(world, &live).await[0]["closed"]["code"].clone();
    (0..5).for_each(|_| {
        rail.failed(now());
    });
    assert_eq!(code().await, "unhealthy");
    world.platform.clock.advance(31_000_000);
    assert_eq!(code().await, "out_of_funds", "a rail in trouble is tried again");
    let cards = &methods(world, &live).await[0];
    assert_eq!((&cards["open"], &cards["closed"]["code"]), (&json!(false), &json!("out_of_funds")));
    assert!(cards["closed"]["reason"].as_str().unwrap().ends_with('.'));
}

async fn status_200_gift_cards_to_choose_from(world: &Api) {
    let person = world.live_recipient(10_000, "gift_card").await;
    world.set_terms(&person, "gift_card", json!({ "enabled": true, "fee": { "fixed": 50 } })).await;
    world.stock(person.book, "Books", 1_000, &[("A1", None), ("A2", None)]).await;
    world.stock(person.book, "Books", 2_500, &[("B1", None)]).await;
    let expected = json!([
        { "name": "Books", "amount": 1_050, "net_amount": 1_000 },
        { "name": "Books", "amount": 2_550, "net_amount": 2_500 },
    ]);
    assert_eq!(methods(world, &person).await[0]["choices"], expected);
}

async fn status_200_hash_in_each_place(world: &Api) {
    let person = world.recipient(100).await;
    let hash = &person.hash;
    let header = world.get("/payout/methods").hash(hash).send().await.value(200);
    let query = world.get(&format!("/payout/methods?payout_hash={hash}")).send().await.value(200);
    let body =
        world.get("/payout/methods").json(format!(r#"{{"payout_hash":"{hash}"}}"#)).send().await.value(200);
    assert_eq!((&header, &header), (&query, &body));
}

async fn status_401_without_a_hash(world: &Api) {
    let person = world.recipient(100).await;
    world.get("/payout/methods").send().await.is(401, UNAUTHORIZED);
    world.get("/payout/methods").key(&person.key).send().await.is(401, UNAUTHORIZED);
    world.get("/payout/methods").hash(&person.key).send().await.is(401, UNAUTHORIZED);
}
