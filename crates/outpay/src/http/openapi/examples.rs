//! Examples: of each body as a whole, made of those of its fields, and of fields that have none, by their names, which mean the
//! same in the whole API.

use super::operations;
use serde_json::{Map, Value, json};

const UUID: &str = "6f1b6c1e-3c5a-8d2f-9b1e-4a7c0d9e2f31";
const HASH: &str = "gyrwhpig2gbfcv255clezj6dpqubp77qlz7w5zsc24zf33bkruwq";
const TIME: &str = "2026-01-02T03:04:05.678901Z";

pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for (_, _, operation) in operations(document) {
        let body = operation.get_mut("requestBody").map(|body| &mut body["content"]["application/json"]);
        if let Some(media) = body {
            media["example"] = body_of(&media["schema"], &schemas);
        }
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "path") {
            if let Some(id) = id_in(&parameter["description"]) {
                parameter["example"] = id;
            }
        }
    }
    let schemas = document["components"]["schemas"].as_object_mut().into_iter().flatten();
    for (_, schema) in schemas {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, field) in properties.into_iter().flatten() {
            let is_told = ["examples", "const", "$ref", "oneOf", "properties"]
                .iter()
                .any(|told| field.get(*told).is_some());
            if let (false, Some(example)) = (is_told, by_name(name, field)) {
                field["examples"] = json!([example]);
            }
        }
    }
}

/// What to send: everything that is required, and the fields that have an example.
fn body_of(schema: &Value, schemas: &Value) -> Value {
    let schema = followed(schema, schemas);
    if schema["type"] != "object" || schema.get("properties").is_none() {
        return of(schema, schemas);
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let is_required = |name: &str| required.iter().any(|other| other == name);
    let fields = || schema["properties"].as_object().into_iter().flatten();
    let is_told = |name: &str, field: &Value| field.get("examples").is_some() || is_required(name);
    // Where nothing is required and nothing has an example, a value says more than an empty object.
    let is_silent = !fields().any(|(name, field)| is_told(name, field));
    let wanted = fields().filter(|(name, field)| is_silent || is_told(name, field));
    let example = |(name, field): (&String, &Value)| {
        let followed = followed(field, schemas);
        let value = match field["examples"].get(0) {
            Some(example) => example.clone(),
            None if followed["type"] == "array" => json!([body_of(&followed["items"], schemas)]),
            None => by_name(name, field).unwrap_or_else(|| of(followed, schemas)),
        };
        (name.clone(), value)
    };
    Value::Object(wanted.map(example).collect())
}

/// A value of this schema, with all its fields.
pub(in crate::http) fn of(schema: &Value, schemas: &Value) -> Value {
    let schema = followed(schema, schemas);
    if let Some(example) = schema["examples"].get(0).or_else(|| schema.get("const")) {
        return example.clone();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let choices = ["oneOf", "anyOf"].iter().find_map(|name| schema[*name].get(0));
    if let Some(first) = choices {
        return of(first, schemas);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        "boolean" => true.into(),
        "string" => "…".into(),
        "array" => json!([of(&schema["items"], schemas)]),
        _ => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(
                fields.map(|(name, field)| (name.clone(), of(field, schemas))).collect::<Map<_, _>>(),
            )
        }
    }
}

fn followed<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()).map_or(schema, |name| &schemas[name])
}

/// The id that a description begins with, as in `usr_…`.
fn id_in(description: &Value) -> Option<Value> {
    let text = description.as_str()?;
    let end = text.find("_…")?;
    let begin = text[..end].rfind(|before: char| !before.is_ascii_lowercase()).map_or(0, |at| at + 1);
    let prefix = &text[begin..end];
    (prefix.len() == 3).then(|| format!("{prefix}_{UUID}").into())
}

fn by_name(name: &str, field: &Value) -> Option<Value> {
    if field["format"] == "date-time" {
        return Some(TIME.into());
    }
    let is_text = field["type"] == "string" || field["type"][0] == "string";
    if let (true, Some(id)) = (is_text, id_in(&field["description"])) {
        return Some(id);
    }
    if field["type"] == "array" && field["items"]["type"] == "string" {
        return id_in(&field["description"]).map(|id| json!([id])).or_else(|| match name {
            "allowed_origins" => Some(json!(["https://shop.example"])),
            _ => None,
        });
    }
    Some(match name {
        "hash" | "payout_hash" => HASH.into(),
        "email" => "user@example.com".into(),
        "amount" | "total" => 10_000.into(),
        "balance" => 7_500.into(),
        "pending" | "net_amount" if field["type"] == "integer" => 2_450.into(),
        "payout_balance" => 500_000.into(),
        "fees" => 50.into(),
        "face_value" => 2_500.into(),
        "minimum" | "fixed" => 100.into(),
        "maximum" => 100_000.into(),
        "from" => "balance".into(),
        "to" => "payout_balance".into(),
        "method" => "sandbox".into(),
        "title" => "Sandbox".into(),
        "expected_time" => "a few seconds".into(),
        "brand" => "Bookshop".into(),
        "code" if is_text => "DEMO-CARD-1".into(),
        "pin" => "1234".into(),
        "memo" => "Affiliate earnings, October".into(),
        "reference" => "october-17".into(),
        "proof" => "bank statement 17, line 4".into(),
        "reason" => "The account is closed".into(),
        "reason_code" => "account_closed".into(),
        "error" if is_text => "The amount must be at least 1.".into(),
        "metadata" => json!({ "order": "7" }),
        "destination" => json!({ "account": "any text" }),
        "payment" | "detail" if !is_text => json!({ "order_id": "SBX-7K2M9Q" }),
        "detail" => "{}".into(),
        "url" => "https://example.com/webhooks".into(),
        "name" => "Payroll".into(),
        "label" => "Any text".into(),
        "hint" => "sk_test_…x7Qa".into(),
        "key" => "sk_test_…".into(),
        "token" => "whtok_…".into(),
        "token_hint" => "whtok_…a7k2".into(),
        "secret" => "whsec_…".into(),
        "description" => "Bookkeeping".into(),
        "next_cursor" | "cursor" => "txn_6f1b6c1e-3c5a-8d2f-9b1e-4a7c0d9e2f31".into(),
        "request_body" => "{\"amount\":2500,…}".into(),
        "response_body" => "ok".into(),
        "what" => "Take 10.00 back from a payout user".into(),
        "action" => "withdrawal.metadata_set".into(),
        "digest" | "previous" => "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        _ => return None,
    })
}
