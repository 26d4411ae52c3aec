//! Names that an endpoint does not know, parameters given twice and empty ones: refused by every endpoint of our own, and
//! ignored by the three documented ones. The endpoints are those of the OpenAPI document, so a new one is among them.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::authorization::{Ids, things};
use crate::http::hooked::Hooked;
use crate::wire::{Answer, Call};
use serde_json::{Value, json};

crate::world::on_both_engines! {
    every_endpoint_of_our_own_refuses_what_it_does_not_know,
    the_documented_endpoints_ignore_it,
    a_filter_is_given_once_and_not_empty,
    a_name_in_a_row_or_a_destination_is_refused,
    authentication_comes_first,
    a_body_without_its_type_is_not_ignored,
    create_names_what_it_ignored,
    create_pays_no_other_currency,
}

const DOCUMENTED: [&str; 3] = ["/payout/create", "/balance", "/payout/operations"];

/// A request to one endpoint of the document, by one who may.
struct Endpoint {
    name: String,
    method: String,
    call: Call,
    target: String,
    takes_body: bool,
    is_documented: bool,
}

fn endpoints(hooked: &Hooked, ids: &Ids, hash: &str) -> Vec<Endpoint> {
    let document: Value = serde_json::from_str(&outpay::testing::http::openapi_document()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = &operation["security"];
            if security.as_array().is_some_and(Vec::is_empty) {
                continue;
            }
            let target = ids.path(path);
            let call = Call::new(hooked.server.address, &method.to_uppercase(), &target);
            let is_business = security.to_string().contains("secret_key");
            let business = &hooked.business;
            let key = if path.starts_with("/test/") { &business.test_key } else { &business.key };
            let call = if is_business { call.key(key) } else { call.hash(hash) };
            found.push(Endpoint {
                name: format!("{method} {path}"),
                method: method.to_uppercase(),
                call,
                target,
                takes_body: method != "get",
                is_documented: DOCUMENTED.contains(&path.as_str()),
            });
        }
    }
    assert!(found.len() > 30, "the document lists the endpoints");
    found
}

async fn hooked(world: &Api) -> (Hooked, Ids, String) {
    let hooked = Hooked::new(world).await;
    let ids = things(world, &hooked).await;
    let hash = world.hash(hooked.business.live, 1, 0).await;
    (hooked, ids, hash)
}

fn is_unknown(answer: &Answer, field: &str) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.status == 400 && body["code"] == "unknown_field" && body["fields"][field].is_array()
}

async fn every_endpoint_of_our_own_refuses_what_it_does_not_know(world: &Api) {
    let (hooked, ids, hash) = hooked(world).await;
    let before = world.books(&hooked.business.key).await;
    let mut wrong = Vec::new();
    for endpoint in endpoints(&hooked, &ids, &hash).iter().filter(|endpoint| !endpoint.is_documented) {
        let target = format!("{}?colour=red", endpoint.target);
        let answer = endpoint.call.clone().to(&target).send().await;
        if !is_unknown(&answer, "colour") {
            wrong.push(format!("{}, a parameter: {} {}", endpoint.name, answer.status, answer.text()));
        }
        if endpoint.takes_body {
            let answer = endpoint.call.clone().json(r#"{"colour":"red"}"#).send().await;
            if !is_unknown(&answer, "colour") {
                wrong.push(format!("{}, a field: {} {}", endpoint.name, answer.status, answer.text()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(world.books(&hooked.business.key).await, before);
}

async fn the_documented_endpoints_ignore_it(world: &Api) {
    let (hooked, ids, hash) = hooked(world).await;
    let mut seen = 0;
    for endpoint in endpoints(&hooked, &ids, &hash).iter().filter(|endpoint| endpoint.is_documented) {
        let target = format!("{}?colour=red&colour=&limit=5", endpoint.target);
        let call = endpoint.call.clone().to(&target);
        let body = json!({ "email": "user@example.com", "amount": 1, "colour": "red" }).to_string();
        let call = if endpoint.takes_body { call.json(body) } else { call };
        let answer = call.send().await;
        assert!(matches!(answer.status, 200 | 201), "{}: {}", endpoint.name, answer.text());
        seen += 1;
    }
    assert_eq!(seen, 4);
}

async fn a_filter_is_given_once_and_not_empty(world: &Api) {
    let business = world.paying_business(10).await;
    for email in ["a@example.com", "b@example.com"] {
        world.pay(&business.key, email, 1).await;
    }
    let twice = "The email parameter may be given only once.";
    let empty = "The email parameter may not be empty; leave it out.";
    let nearest = "There is no parameter \"emial\"; did you mean \"email\"?";
    // A hash authenticates no request of a business.
    let hash = "There is no parameter \"payout_hash\"; known are email, status, reference, metadata[KEY], created[gte], \
                created[gt], created[lte], created[lt], limit, cursor.";
    let both = "Give the after or the cursor parameter, not both: they mean the same.";
    for (target, code, field, sentence) in [
        ("/payout/users?email=b%40example.com&email=a%40example.com", "invalid_request", "email", twice),
        ("/payout/users?email=", "invalid_request", "email", empty),
        ("/payout/users?email", "invalid_request", "email", empty),
        ("/payout/users?emial=b%40example.com", "unknown_field", "emial", nearest),
        ("/payout/users?%65mial=b%40example.com", "unknown_field", "emial", nearest),
        ("/payout/users?payout_hash=x", "unknown_field", "payout_hash", hash),
        ("/payout/events?after=1&cursor=1", "invalid_request", "cursor", both),
    ] {
        let refused = world.get(target).key(&business.key).send().await.value(400);
        assert_eq!((&refused["code"], &refused["fields"]), (&json!(code), &json!({ field: [sentence] })));
        assert_eq!(refused["error"], sentence);
    }
}

async fn a_name_in_a_row_or_a_destination_is_refused(world: &Api) {
    let business = world.paying_business(10).await;
    let row = json!({ "email": "a@example.com", "amount": 1, "refrence": "oct-1" });
    let good = json!({ "email": "b@example.com", "amount": 1 });
    let batch = json!({ "payouts": [good, row] }).to_string();
    let refused = world.post("/payout/batch").key(&business.key).json(batch).send().await.value(400);
    let sentence = "There is no field \"refrence\"; did you mean \"reference\"?";
    assert_eq!(refused["rows"], json!([{ "index": 1, "refrence": [sentence] }]));
    world.has_balances(&business.key, 0, 10).await;

    let person = world.recipient(1_000).await;
    let destination = json!({ "account": "x", "acount": "y" });
    let wish = json!({ "method": "sandbox", "amount": 500, "destination": destination }).to_string();
    for path in ["/payout/quote", "/payout/withdraw"] {
        let refused = world.post(path).hash(&person.hash).json(wish.clone()).send().await.value(400);
        let sentence = "There is no field \"acount\"; did you mean \"account\"?";
        assert_eq!(refused["fields"], json!({ "acount": [sentence] }), "{path}");
    }
    assert_eq!(person.money(world).await, (1_000, 0));
}

async fn authentication_comes_first(world: &Api) {
    let (hooked, ids, _) = hooked(world).await;
    for endpoint in endpoints(&hooked, &ids, "x") {
        let target = format!("{}?x=&x=", endpoint.target);
        let call = Call::new(hooked.server.address, &endpoint.method, &target);
        call.json(r#"{"colour":"red"}"#).send().await.is(401, UNAUTHORIZED);
    }
    // A business that may not pay is told that, whatever else is wrong.
    let business = world.business().await;
    for path in ["/payout/create?x=1", "/payout/batch?x=1"] {
        world.post(path).key(&business.key).json(r#"{"x":1}"#).send().await.value(403);
    }
}

async fn a_body_without_its_type_is_not_ignored(world: &Api) {
    let person = world.recipient(1_000).await;
    let body = r#"{"method":"sandbox"}"#;
    world.post("/payout/pause").key(&person.key).body(body).send().await.value(415);
    let pauses = world.get("/payout/pauses").key(&person.key).send().await;
    pauses.is(200, r#"{"data":[]}"#);
    world.post("/payout/pause").key(&person.key).send().await.value(200);
}

async fn create_names_what_it_ignored(world: &Api) {
    let business = world.paying_business(10).await;
    let create = |body: Value| world.post("/payout/create").key(&business.key).json(body.to_string());
    let plain = create(json!({ "email": "a@example.com", "amount": 1, "currency": "USD" })).send().await;
    assert_eq!((plain.status, plain.header("outpay-ignored-fields")), (201, None));
    let body = json!({ "email": "a@example.com", "amount": 1, "a, b": 1, "refrence": "x" });
    let told = create(body.clone()).once("k").send().await;
    assert_eq!((told.status, told.header("outpay-ignored-fields")), (201, Some("a%2C%20b,refrence")));
    assert_eq!(told.text(), plain.text());
    let again = create(body).once("k").send().await;
    assert_eq!(again.header("outpay-ignored-fields"), Some("a%2C%20b,refrence"));
    world.has_balances(&business.key, 0, 8).await;
}

async fn create_pays_no_other_currency(world: &Api) {
    let business = world.paying_business(10).await;
    for currency in [json!("EUR"), json!("usd"), json!(""), json!(840), json!(["USD"])] {
        let body = json!({ "email": "a@example.com", "amount": 1, "currency": currency }).to_string();
        let refused = world.post("/payout/create").key(&business.key).json(body).send().await;
        refused.is(400, r#"{"currency":["The currency must be USD."]}"#);
    }
    world.has_balances(&business.key, 0, 10).await;
}
