//! What the OpenAPI document says of an answer, and whether the answer is so: the part of JSON Schema that the document uses. A
//! field that the document does not describe is an error too, although JSON Schema would let it pass.

use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The document of this build.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&outpay::testing::http::openapi_document()).unwrap())
}

/// All operations: method, path template, operation.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        methods.iter().map(|(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

/// The operation for a request; `None` where the document does not know the path or the method. A path without placeholders comes
/// before one with them (OpenAPI 3.1, paths object).
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    if let Some(exact) = document()["paths"].get(path) {
        return exact.get(method);
    }
    let mut all = operations(document());
    let found = all.find(|(known, template, _)| *known == method && leads_to(template, path));
    found.map(|(_, _, operation)| operation)
}

fn leads_to(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let pairs = || template.iter().zip(&path);
    template.len() == path.len()
        && pairs().all(|(expected, sent)| expected.starts_with('{') || expected == sent)
}

/// Checks an answer with a JSON body against what the operation says of its status.
pub fn check_answer(operation: &Value, status: u16, body: &[u8]) -> Result<(), String> {
    let response = followed(document(), &operation["responses"][status.to_string()]);
    if response.is_null() {
        return Err(format!("{status} is not described"));
    }
    let Some(media) = response["content"].get("application/json") else { return Ok(()) };
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    check(document(), &media["schema"], &value, "body")
}

/// What a reference leads to.
pub fn followed<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    part["$ref"].as_str().map_or(part, |place| {
        document.pointer(&place[1..]).unwrap_or_else(|| panic!("{place} leads nowhere"))
    })
}

/// Checks a value against a schema.
pub fn check(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = followed(document, schema);
    if let Some(choices) = schema.get("anyOf").or(schema.get("oneOf")).and_then(Value::as_array) {
        let tried: Vec<_> = choices.iter().map(|choice| check(document, choice, value, place)).collect();
        return if tried.iter().any(Result::is_ok) {
            Ok(())
        } else {
            Err(tried.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("; or: "))
        };
    }
    let wrong = |what: String| Err(format!("{place}: {value} {what}"));
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => vec![],
    };
    let is_whole = kind(value) == "integer" && kinds.contains(&"number");
    if !kinds.is_empty() && !kinds.contains(&kind(value)) && !is_whole {
        return wrong(format!("is not of type {kinds:?}"));
    }
    if value.is_null() {
        return Ok(());
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong(format!("is not {}", schema["const"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong(format!("is not one of {}", schema["enum"]));
    }
    match value {
        Value::String(text) => check_text(schema, text).or_else(wrong),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let is_within = schema["minimum"].as_f64().is_none_or(|least| number >= least)
                && schema["maximum"].as_f64().is_none_or(|most| number <= most);
            if is_within { Ok(()) } else { wrong("is out of range".to_owned()) }
        }
        Value::Array(items) => {
            items.iter().try_for_each(|item| check(document, &schema["items"], item, &format!("{place}[]")))
        }
        Value::Object(object) => check_object(document, schema, object, place),
        _ => Ok(()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check_text(schema: &Value, text: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|least| length < least)
        || schema["maxLength"].as_u64().is_some_and(|most| length > most)
    {
        return Err(format!("has {length} characters"));
    }
    let is_so = match schema["format"].as_str() {
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok() && text.ends_with('Z'),
        Some("email") => text.contains('@'),
        _ => true,
    };
    if is_so { Ok(()) } else { Err(format!("is no {}", schema["format"])) }
}

fn check_object(
    document: &Value,
    schema: &Value,
    object: &Map<String, Value>,
    place: &str,
) -> Result<(), String> {
    let (properties, others) = (schema["properties"].as_object(), &schema["additionalProperties"]);
    for name in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap()) {
            return Err(format!("{place}: {name} is missing"));
        }
    }
    for (name, value) in object {
        let described = properties.and_then(|all| all.get(name)).or(Some(others).filter(|of| of.is_object()));
        match described {
            Some(schema) => check(document, schema, value, &format!("{place}.{name}"))?,
            // A schema without properties describes any object.
            None if properties.is_none() && others != false => {}
            None => return Err(format!("{place}: {name} is not described")),
        }
    }
    Ok(())
}
