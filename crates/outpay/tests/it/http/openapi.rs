//! `GET /openapi.json`: a description of the API that is correct and usable by programs. wire.rs checks with each
//! response of every test that it lists every status.

mod generators;
mod linters;
pub mod peers;
mod rules;
mod schemathesis;

use crate::described::check;
use crate::http::api::Api;
use crate::http::authorization::ROUTES;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

crate::world::on_both_engines! {
    status_200_openapi_3_1,
    status_200_every_route_with_every_method,
    status_200_every_reference_leads_somewhere,
    status_200_every_operation_has_a_name_of_its_own,
    status_200_protected_routes_say_so,
    status_200_answers_have_the_described_fields,
}

async fn status_200_openapi_3_1(world: &Api) {
    let document = document(world).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["title"], "Outpay");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

async fn status_200_every_route_with_every_method(world: &Api) {
    let document = document(world).await;
    let mut documented = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let methods: BTreeSet<String> = operations.as_object().unwrap().keys().cloned().collect();
        documented.insert(path.clone(), methods);
    }
    assert_eq!(documented, routes());
}

async fn status_200_every_reference_leads_somewhere(world: &Api) {
    let document = document(world).await;
    let mut references = Vec::new();
    collect(&document, "$ref", &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

async fn status_200_every_operation_has_a_name_of_its_own(world: &Api) {
    let document = document(world).await;
    let mut names = Vec::new();
    collect(&document["paths"], "operationId", &mut names);
    let operations: usize = routes().values().map(BTreeSet::len).sum();
    assert_eq!(names.len(), operations);
    let distinct: BTreeSet<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(distinct.len(), operations, "{distinct:?}");
}

async fn status_200_protected_routes_say_so(world: &Api) {
    let document = document(world).await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let expected: &[&str] = match path.as_str() {
                "/healthz"
                | "/readyz"
                | "/openapi.json"
                | "/openapi-3.0.json"
                | "/docs"
                | "/rails/{kind}/{name}/webhook" => &[],
                "/payout/operations"
                | "/payout/operations/{id}"
                | "/payout/operations/{id}/cancel"
                | "/payout/operations/{id}/reveal"
                | "/payout/methods"
                | "/payout/quote"
                | "/payout/withdraw" => &["payout_hash", "payout_hash_query"],
                _ => &["secret_key"],
            };
            let schemes = operation["security"].as_array().into_iter().flatten();
            let schemes: Vec<&String> =
                schemes.flat_map(|scheme| scheme.as_object().unwrap().keys()).collect();
            assert_eq!(schemes, expected, "{method} {path}");
            let answers = &operation["responses"];
            assert_eq!(answers.get("401").is_some(), !expected.is_empty(), "{method} {path}");
        }
    }
}

/// The fields of a 200 or 201 are exactly those that the schema allows.
async fn status_200_answers_have_the_described_fields(world: &Api) {
    let business = world.paying_business(1000).await;
    let key = &business.key;
    let hash = world.pay(key, "user@example.com", 100).await;
    let user = world.user_path(business.live, 1, "");
    let document = document(world).await;
    let batch = r#"{"payouts":[{"email":"a@example.com","amount":1}]}"#;
    let transfer = r#"{"from":"payout_balance","to":"balance","amount":1}"#;
    for (method, template, status, call) in [
        ("get", "/balance", 200, world.get("/balance").key(key)),
        ("post", "/balance/transfer", 200, world.post("/balance/transfer").key(key).json(transfer)),
        ("post", "/payout/create", 201, world.create(key, "user@example.com", 1)),
        ("post", "/payout/batch", 201, world.post("/payout/batch").key(key).json(batch)),
        ("get", "/payout/operations", 200, world.get("/payout/operations").hash(&hash)),
        ("get", "/payout/users", 200, world.get("/payout/users").key(key)),
        ("get", "/payout/users/{id}", 200, world.get(&user).key(key)),
        ("get", "/payout/users/{id}/operations", 200, world.get(&format!("{user}/operations")).key(key)),
        ("get", "/payout/events", 200, world.get("/payout/events").key(key)),
        ("post", "/payout/users/{id}/activate", 200, world.post(&format!("{user}/activate")).key(key)),
        ("post", "/payout/users/{id}/rotate-hash", 200, world.post(&format!("{user}/rotate-hash")).key(key)),
    ] {
        let described = &document["paths"][template][method]["responses"][status.to_string()];
        let schema = &described["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {template} describes its answer");
        let answer = call.send().await.value(status);
        check(&document, schema, &answer, &format!("{method} {template}")).unwrap();
    }
}

async fn document(world: &Api) -> Value {
    world.get("/openapi.json").send().await.value(200)
}

/// Paths and methods as the matrix of routes and callers has them, which is asked of the server itself.
fn routes() -> BTreeMap<String, BTreeSet<String>> {
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path, _) in ROUTES {
        routes.entry((*path).to_owned()).or_default().insert(method.to_lowercase());
    }
    assert!(routes.len() > 10);
    routes
}

fn collect<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    if let Some(object) = value.as_object() {
        found.extend(object.get(name));
        object.values().for_each(|value| collect(value, name, found));
    }
    value.as_array().into_iter().flatten().for_each(|value| collect(value, name, found));
}

/// `GET /openapi-3.0.json`
mod openapi_3_0 {
    use super::{Api, BTreeSet, Value};
    use crate::described::{followed, operations};

    crate::world::on_both_engines! { status_200_the_same_operations, }

    async fn status_200_the_same_operations(world: &Api) {
        let older = world.get("/openapi-3.0.json").send().await.value(200);
        assert_eq!(older["openapi"], "3.0.3");
        let ids = |document: &Value| -> BTreeSet<String> {
            operations(document).map(|(_, _, one)| one["operationId"].to_string()).collect()
        };
        assert_eq!(ids(&older), ids(crate::described::document()));
        assert!(older.get("webhooks").is_none());
        // Progenitor takes one type for all successes of an operation, and one for all errors.
        for (method, path, operation) in operations(&older) {
            for is_error in [false, true] {
                let responses = operation["responses"].as_object().unwrap().iter();
                let responses = responses.filter(|(status, _)| (status.as_str() >= "400") == is_error);
                let schemas: BTreeSet<String> = responses
                    .map(|(_, response)| {
                        followed(&older, response)["content"]["application/json"]["schema"].to_string()
                    })
                    .filter(|schema| schema != "null")
                    .collect();
                assert!(schemas.len() <= 1, "{method} {path}: {schemas:?}");
            }
        }
        let text = older.to_string();
        for newer in [r#""null""#, r#""examples""#, r#""const""#, r#""propertyNames""#] {
            assert!(!text.contains(newer), "{newer}");
        }
    }
}
