//! `GET /openapi.json`: a description of the API that is correct and usable by programs. wire.rs checks with each
//! response of every test that it lists every status.

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
                "/healthz" | "/readyz" | "/openapi.json" | "/docs" => &[],
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
        fits(&document, schema, &answer, &format!("{method} {template}"));
    }
}

async fn document(world: &Api) -> Value {
    world.get("/openapi.json").send().await.value(200)
}

/// Paths and methods of the route table.
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

/// The part of JSON Schema that the document uses for responses.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(document, document.pointer(&reference[1..]).unwrap(), value, place);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => vec![],
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(types.is_empty() || types.contains(&kind), "{place}: {value} is not of type {types:?}");
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item, &format!("{place}[]"));
    }
    if let Some(object) = value.as_object() {
        let mut properties = BTreeMap::new();
        let mut required = BTreeSet::new();
        fields(document, schema, &mut properties, &mut required);
        for (name, value) in object {
            let schema = properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not described"));
            fits(document, schema, value, &format!("{place}.{name}"));
        }
        let missing: Vec<_> = required.iter().filter(|name| !object.contains_key(**name)).collect();
        assert!(missing.is_empty(), "{place}: {missing:?} are required");
    }
}

/// The properties of an object, including those of its `allOf` parts.
fn fields<'a>(
    document: &'a Value,
    schema: &'a Value,
    properties: &mut BTreeMap<String, &'a Value>,
    required: &mut BTreeSet<&'a str>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        return fields(document, document.pointer(&reference[1..]).unwrap(), properties, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fields(document, part, properties, required);
    }
    properties.extend(
        schema["properties"].as_object().into_iter().flatten().map(|(name, one)| (name.clone(), one)),
    );
    required.extend(schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()));
}
