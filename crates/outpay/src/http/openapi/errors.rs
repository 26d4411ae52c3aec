//! What errors look like: one schema on every error answer but those that part 1 of the contract fixes. What an operation can
//! answer stands above its handler; which body that has follows from the status and from whether it reads a body.

use super::{add_components, operations, reference};
use crate::http::error_body::CodedError;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Answers that are the same for every operation: status, name, description, schema.
const GENERAL: [(&str, &str, &str, &str); 10] = [
    (
        "401",
        "Unauthorized",
        "The credential is missing or does not authenticate. Every failure gets this same answer.",
        "Unauthorized",
    ),
    ("408", "RequestTimeout", "The body did not arrive in time (`request_timeout`).", "Error"),
    ("413", "PayloadTooLarge", "The body is larger than 64 KiB (`payload_too_large`).", "Error"),
    (
        "415",
        "UnsupportedMediaType",
        "The body is not declared as JSON (`unsupported_media_type`), or has a Content-Encoding (`unsupported_content_encoding`).",
        "Error",
    ),
    (
        "422",
        "IdempotencyKeyReused",
        "The idempotency key was used for another request (`idempotency_key_reused`).",
        "Error",
    ),
    (
        "429",
        "RateLimited",
        "Too many requests (`rate_limited`). Come back after `Retry-After` seconds.",
        "Error",
    ),
    ("500", "InternalError", "The system broke. Nothing was changed.", "BareError"),
    (
        "501",
        "UnsupportedTransferCoding",
        "The Transfer-Encoding is not chunked (`unsupported_transfer_coding`).",
        "Error",
    ),
    ("503", "Busy", "Busy (`busy`). Nothing was changed; try again after `Retry-After` seconds.", "Error"),
    (
        "504",
        "OutcomeUnknown",
        "It is not known whether it was carried out (`outcome_unknown`). Ask again with the same Idempotency-Key.",
        "Error",
    ),
];

/// Statuses that some operations describe in words of their own, with the beginning of the general words.
const IN_GENERAL_WORDS: [(&str, &str); 4] = [
    ("413", "The body is larger than 64 KiB"),
    ("422", "The idempotency key was used for another request"),
    ("429", "Too many requests"),
    ("503", "Busy"),
];

/// These pay from the payout balance, which a business has to switch on.
const PAYING: [&str; 2] = ["/payout/create", "/payout/batch"];

pub(super) fn describe(document: &mut Value) {
    for (path, _, operation) in operations(document) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let reads_body = responses.contains_key("408");
        for (status, response) in responses.iter_mut().filter(|(status, _)| status.as_str() >= "400") {
            if response.get("content").is_some() {
                continue;
            }
            let described = response["description"].as_str().unwrap_or_default();
            *response = match general(status, described) {
                Some(name) => reference("responses", name),
                None => answer(described, schema(&path, status, reads_body)),
            };
        }
    }
    let general = GENERAL.map(|(_, name, text, schema)| (name.to_owned(), answer(text, schema)));
    add_components(document, "responses", general);
    add_components(document, "schemas", schemas());
}

/// The general answer of this status, unless the operation has more to say about it.
fn general(status: &str, described: &str) -> Option<&'static str> {
    let (_, name, ..) = GENERAL.iter().find(|(general, ..)| *general == status)?;
    let beginning = IN_GENERAL_WORDS.iter().find(|(own, _)| *own == status).map_or("", |(_, words)| words);
    let is_busy = status == "503" && described.starts_with(beginning);
    (beginning.is_empty() || described == beginning || is_busy).then_some(name)
}

fn schema(path: &str, status: &str, reads_body: bool) -> &'static str {
    match status {
        "400" if path == "/payout/create" => "CreateError",
        "400" if reads_body => "RequestError",
        "403" if PAYING.contains(&path) => "RequestError",
        _ => "Error",
    }
}

fn answer(description: &str, schema: &str) -> Value {
    let content = json!({ "application/json": { "schema": reference("schemas", schema) } });
    json!({ "description": description, "content": content })
}

fn schemas() -> Map<String, Value> {
    let mut referred =
        vec![(CodedError::name().into_owned(), <CodedError<'_> as utoipa::PartialSchema>::schema())];
    CodedError::schemas(&mut referred);
    let derived = referred
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).expect("schemas are made of texts")));
    let sentence = |text: &str| json!({ "type": "string", "description": text });
    let of_field = |name: &str| {
        let text = format!("What is wrong with `{name}`.");
        json!({ "type": "array", "items": { "type": "string" }, "description": text })
    };
    let union = |text: &str, names: &[&str]| {
        let parts: Vec<Value> = names.iter().map(|name| reference("schemas", name)).collect();
        json!({ "description": text, "anyOf": parts })
    };
    let fixed = [
        (
            "Unauthorized",
            json!({
                "type": "object",
                "description": "The one answer to every failure of authentication.",
                "required": ["error"],
                "properties": { "error": { "type": "string", "const": "Unauthorized", "description": "Always the same." } },
            }),
        ),
        (
            "BareError",
            json!({
                "type": "object",
                "description": "An error of the documented API, which has no code.",
                "required": ["error"],
                "properties": { "error": sentence("What is wrong, and what to do.") },
            }),
        ),
        (
            "CreateErrors",
            json!({
                "type": "object",
                "description": "Invalid fields of a create, all together, without a wrapper.",
                "minProperties": 1,
                "additionalProperties": false,
                "properties": {
                    "email": of_field("email"), "amount": of_field("amount"),
                    "memo": of_field("memo"), "currency": of_field("currency"),
                },
            }),
        ),
        (
            "RequestError",
            union("An error, or one of the documented API, which has no code.", &["Error", "BareError"]),
        ),
        (
            "CreateError",
            union(
                "An error, one of the documented API, or the invalid fields.",
                &["Error", "BareError", "CreateErrors"],
            ),
        ),
    ];
    derived.chain(fixed.map(|(name, schema)| (name.to_owned(), schema))).collect()
}
