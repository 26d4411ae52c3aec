//! The shape of schemas and parameters, where it follows from a rule of the whole API:
//! - What is optional is left out and never null. In a few fields of the settings null takes a limit away ([`NULL_ENDS`]).
//! - Names that end with `_at`, and a few others, are times.
//! - A body refuses fields that it does not name, except on the endpoints of part 1 of the contract.
//!
//! Objects that are put together of others are written out, and the items of pages are referred to by name, because
//! generators make one type per name.

use super::{operations, reference};
use serde_json::{Map, Value, json};

/// Fields that are optional and take null, which takes a limit away.
const NULL_ENDS: [&str; 6] =
    ["above", "above_per_day", "cap", "daily_cap", "expiry_days", "two_people_above"];

/// Fields that are times and do not end with `_at`.
const TIMES: [&str; 4] = ["at", "now", "since", "failing_since"];

/// Bodies that may be left out.
const OPTIONAL_BODIES: [&str; 6] =
    ["CredentialBody", "HashBody", "PauseBody", "RollBody", "RollKeyBody", "TestBody"];

/// Bodies of the documented API, which ignore what they do not know.
const OPEN_BODIES: [&str; 2] = ["CreateBody", "HashBody"];

/// Words of fields whose rooms are below the door, so that they cannot name its schemas: schema, field, words.
const WORDS_BELOW: [(&str, &str, &str); 3] = [
    ("Event", "type", "EventType"),
    ("EventData", "mismatch", "MismatchKind"),
    ("AuditEntry", "place", "AuditPlace"),
];

pub(super) fn settle(document: &mut Value) {
    let written = document["components"]["schemas"].clone();
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for schema in schemas.values_mut() {
        write_out(schema, &written);
    }
    name_pages(document);
    for (schema, field, words) in WORDS_BELOW {
        let field = &mut document["components"]["schemas"][schema]["properties"][field];
        let description = field["description"].take();
        *field = reference("schemas", words);
        field["description"] = description;
    }
    every_object(document, &mut settle_object);
    for (_, _, operation) in operations(document) {
        settle_parameters(operation);
    }
    settle_bodies(document);
}

/// An object of several parts becomes one with the fields of all.
fn write_out(schema: &mut Value, written: &Value) {
    let Some(parts) = schema.get("allOf").and_then(Value::as_array) else { return };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let mut part = named(part, written).clone();
        write_out(&mut part, written);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    let description = schema["description"].clone();
    *schema = json!({
        "type": "object", "description": description, "required": required, "properties": properties,
    });
}

/// The schema, or the one that it refers to.
fn named<'a>(schema: &'a Value, written: &'a Value) -> &'a Value {
    schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()).map_or(schema, |name| &written[name])
}

/// `Page_User` becomes `UserPage`, of items that are named.
fn name_pages(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let items: Vec<String> =
        schemas.keys().filter_map(|name| name.strip_prefix("Page_").map(str::to_owned)).collect();
    for item in items {
        let Some(mut page) = schemas.remove(&format!("Page_{item}")) else { continue };
        page["properties"]["data"]["items"] = reference("schemas", &item);
        schemas.insert(format!("{item}Page"), page);
    }
    // The page of a statement is written out in it.
    schemas["Statement"]["properties"]["data"]["items"] = reference("schemas", "Operation");
    every_object(document, &mut |object| {
        let page = object.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit_once("/Page_"));
        if let Some((before, item)) = page {
            let place = format!("{before}/{item}Page");
            object.insert("$ref".to_owned(), place.into());
        }
    });
}

/// Calls `visit` with every object of the document, from the inside out.
pub(super) fn every_object(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| every_object(item, visit)),
        Value::Object(object) => {
            object.values_mut().for_each(|inner| every_object(inner, visit));
            visit(object);
        }
        _ => {}
    }
}

fn settle_object(object: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = joined(text);
    }
    if object.get("propertyNames") == Some(&json!({ "type": "string" })) {
        object.remove("propertyNames");
    }
    if let Some(example) = object.remove("example") {
        object.insert("examples".to_owned(), json!([example]));
    }
    let is_free =
        object.get("type").is_some_and(|kind| kind == "object" || kind == &json!(["object", "null"]));
    if is_free && !object.contains_key("properties") {
        // Some generators take an object of which nothing is said for one without fields.
        object.entry("additionalProperties").or_insert(true.into());
    }
    let required = object.get("required").cloned().unwrap_or_default();
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, schema) in properties {
        let is_required =
            required.as_array().is_some_and(|names| names.iter().any(|other| other == name.as_str()));
        if !is_required && !NULL_ENDS.contains(&name.as_str()) {
            without_null(schema);
        }
        raise_description(schema);
        let is_time = name.ends_with("_at") || TIMES.contains(&name.as_str());
        if is_time && has_type(schema, "string") {
            schema["format"] = "date-time".into();
        }
    }
}

/// Lines that belong together become one; empty lines and headings stay.
fn joined(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n").map(|paragraph| match paragraph.split_once('\n') {
        Some((heading, rest)) if heading.starts_with('#') => {
            format!("{heading}\n{}", rest.replace('\n', " "))
        }
        _ => paragraph.replace('\n', " "),
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn has_type(schema: &Value, wanted: &str) -> bool {
    let kind = &schema["type"];
    kind == wanted || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == wanted))
}

fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    }
    let description = schema["description"].clone();
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else {
        if schema["description"].is_null()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.remove("description");
        }
        return;
    };
    let others: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
    if let [only] = others.as_slice() {
        let mut only = (*only).clone();
        if !description.is_null() {
            only["description"] = description;
        }
        *schema = only;
    }
}

/// The description of a field that may be null stands beside the choice, not inside.
fn raise_description(schema: &mut Value) {
    let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) else { return };
    let inner = choices.iter_mut().filter_map(|choice| choice.as_object_mut()?.remove("description")).next();
    if let Some(description) = inner {
        schema["description"] = description;
    }
}

fn settle_parameters(operation: &mut Map<String, Value>) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        without_null(&mut parameter["schema"]);
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "Idempotency-Key" => {
                // White space around a header's value is not part of it (RFC 9110, 5.5).
                parameter["schema"] = json!({
                    "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$",
                    "examples": ["payout-17"],
                });
            }
            "If-Match" => {
                parameter["schema"]["pattern"] = r#"^(\*|"[!#-~]*")$"#.into();
                parameter["schema"]["examples"] = json!(["*"]);
            }
            "cursor" if parameter.get("description").is_none() => {
                parameter["description"] = "The `next_cursor` of the page before".into();
            }
            "limit" => parameter["schema"]["default"] = 20.into(),
            "email" => parameter["schema"]["format"] = "email".into(),
            "metadata[KEY]" => *parameter = metadata_filter(&parameter["description"]),
            _ if name.starts_with("created[") => parameter["schema"]["format"] = "date-time".into(),
            _ if name.starts_with("amount") => {
                parameter["schema"]["minimum"] = 0.into();
                parameter["schema"]["maximum"] = 999_999_999_999_999_999_i64.into();
            }
            _ => {}
        }
        let is_text = parameter["in"] == "query" && parameter["schema"]["type"] == "string";
        if is_text && parameter["schema"].get("format").is_none() {
            // An empty parameter is refused, so that a filter without a value does not list everything.
            parameter["schema"]["minLength"] = 1.into();
        }
    }
}

/// One pair, written as `metadata[order]=7`.
fn metadata_filter(description: &Value) -> Value {
    json!({
        "name": "metadata", "in": "query", "required": false, "style": "deepObject", "explode": true,
        "description": description,
        "schema": {
            "type": "object", "maxProperties": 1,
            "propertyNames": { "pattern": r"^[^\[\]\x00-\x1f\x7f-\x9f]{1,40}$" },
            "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 500 },
            "examples": [{ "order": "7" }],
        },
    })
}

fn settle_bodies(document: &mut Value) {
    let mut bodies = Vec::new();
    for (_, _, operation) in operations(document) {
        let Some(body) = operation.get_mut("requestBody") else { continue };
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        let name = schema.rsplit('/').next().unwrap_or_default().to_owned();
        body["required"] = (!OPTIONAL_BODIES.contains(&name.as_str())).into();
        bodies.push(name);
    }
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let mut at = 0;
    while let Some(name) = bodies.get(at).cloned() {
        at += 1;
        let Some(schema) = schemas.get_mut(&name).filter(|schema| schema["type"] == "object") else {
            continue;
        };
        if !OPEN_BODIES.contains(&name.as_str()) {
            schema["additionalProperties"] = false.into();
        }
        // What a body is made of refuses unknown fields too.
        every_object(&mut schema.clone(), &mut |object| {
            let inner = object.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next());
            bodies
                .extend(inner.filter(|inner| !bodies.iter().any(|known| known == inner)).map(str::to_owned));
        });
    }
}
