//! The headers of answers, and those that requests may have.

use super::{add_components, operations, reference};
use serde_json::{Value, json};

/// Name of the component, name of the header, whether every answer of its kind has it, what it says, schema.
fn headers() -> [(&'static str, bool, Value, &'static str); 7] {
    let text = json!({ "type": "string" });
    [
        (
            "X-Request-Id",
            true,
            text.clone(),
            "The id of this request: yours, if you sent one that is taken, or else ours. Name it when you ask for help.",
        ),
        (
            "Outpay-Request-Id",
            false,
            text.clone(),
            "Our own id of this request, where `X-Request-Id` is yours.",
        ),
        (
            "Retry-After",
            true,
            json!({ "type": "integer", "minimum": 1 }),
            "Come back after this many seconds.",
        ),
        (
            "ETag",
            false,
            text.clone(),
            "The tag of what is shown. Send it back as `If-Match` or `If-None-Match`.",
        ),
        (
            "Idempotent-Replayed",
            false,
            json!({ "type": "string", "const": "true" }),
            "This is the first answer to this `Idempotency-Key`, given again.",
        ),
        (
            "Outpay-Ignored-Fields",
            false,
            text.clone(),
            "Fields of the body that were ignored, percent-encoded, with commas; at most 10 names and 512 bytes.",
        ),
        (
            "WWW-Authenticate",
            false,
            text,
            "How to authenticate (RFC 6750); names the scope that the key lacks.",
        ),
    ]
}

pub(super) fn describe(document: &mut Value) {
    for (_, _, operation) in operations(document) {
        let takes_once_key = operation
            .get("parameters")
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "Idempotency-Key"));
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for (status, response) in responses {
            add(status, response, takes_once_key);
        }
    }
    // A general answer is named by its status.
    let shared = document["components"]["responses"].as_object_mut().into_iter().flatten();
    for (name, response) in shared {
        let status = match name.as_str() {
            "Unauthorized" => "401",
            "RateLimited" => "429",
            "Busy" => "503",
            _ => "400",
        };
        add(status, response, false);
    }
    let components = headers().map(|(name, required, schema, text)| {
        (name.to_owned(), json!({ "description": text, "required": required, "schema": schema }))
    });
    add_components(document, "headers", components);
}

fn add(status: &str, response: &mut Value, takes_once_key: bool) {
    let Some(response) = response.as_object_mut().filter(|response| !response.contains_key("$ref")) else {
        return;
    };
    let is_ready_probe = response
        .get("description")
        .and_then(Value::as_str)
        .is_some_and(|text| status == "503" && !text.starts_with("Busy") && !text.starts_with("Too many"));
    let described = response.entry("headers").or_insert_with(|| json!({}));
    let Some(described) = described.as_object_mut() else { return };
    let mut names: Vec<&str> = vec!["X-Request-Id", "Outpay-Request-Id"];
    names.extend(match status {
        "401" | "403" => Some("WWW-Authenticate"),
        "429" => Some("Retry-After"),
        "503" if !is_ready_probe => Some("Retry-After"),
        "304" => Some("ETag"),
        _ => None,
    });
    if takes_once_key && status.starts_with('2') {
        names.push("Idempotent-Replayed");
    }
    let own = ["ETag", "Outpay-Ignored-Fields"];
    names.extend(own.into_iter().filter(|name| described.contains_key(*name)));
    described.extend(names.into_iter().map(|name| (name.to_owned(), reference("headers", name))));
}
