//! The document as OpenAPI 3.0, for readers of before 2021: what 3.0 cannot say is left out or said its way. Some of these readers
//! take one type per operation for all successes, and one for all errors, so those are widened: [`one_success`], [`one_error`].

use super::shape::every_object;
use super::{add_components, operations, reference};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Of a document in OpenAPI 3.1.
pub(super) fn of(mut document: Value) -> Value {
    document["openapi"] = "3.0.3".into();
    if let Some(root) = document.as_object_mut() {
        root.remove("webhooks");
    }
    if let Some(license) = document["info"]["license"].as_object_mut() {
        license.remove("identifier");
        license.insert("url".to_owned(), "https://www.apache.org/licenses/LICENSE-2.0".into());
    }
    for (_, _, operation) in operations(&mut document) {
        // Many of these readers refuse a document with parameters in brackets of any name.
        if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
            parameters.retain(|parameter| parameter["style"] != "deepObject");
        }
        for requirement in operation.get_mut("security").and_then(Value::as_array_mut).into_iter().flatten() {
            // Scopes are OAuth's alone in 3.0.
            let schemes = requirement.as_object_mut().into_iter().flatten();
            schemes.for_each(|(_, scopes)| *scopes = json!([]));
        }
    }
    one_success(&mut document);
    one_error(&mut document);
    let written = document["components"]["schemas"].clone();
    every_object(&mut document, &mut |object| older(object, &written));
    drop_unused(&mut document);
    document
}

/// Where an operation can succeed in two ways, each answer is described as either.
fn one_success(document: &mut Value) {
    let mut either = Map::new();
    for (_, _, operation) in operations(document) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let bodies: BTreeSet<String> = (responses.iter())
            .filter(|(status, _)| status.starts_with('2'))
            .filter_map(|(_, response)| schema_name(response).map(str::to_owned))
            .collect();
        if bodies.len() < 2 {
            continue;
        }
        let name = bodies.iter().map(String::as_str).collect::<Vec<_>>().join("Or");
        for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
            response["content"]["application/json"]["schema"] = reference("schemas", &name);
        }
        let parts: Vec<Value> = bodies.iter().map(|body| reference("schemas", body)).collect();
        either.insert(name, json!({ "description": "What was done, or what was proposed.", "anyOf": parts }));
    }
    add_components(document, "schemas", either);
}

/// Every error has one schema, in which nothing is required: that of errors with a code, and the fields of a create.
fn one_error(document: &mut Value) {
    let schemas = &document["components"]["schemas"];
    let mut error = schemas["Error"].clone();
    let fields = schemas["CreateErrors"]["properties"].as_object().cloned().unwrap_or_default();
    if let Some(properties) = error["properties"].as_object_mut() {
        properties.extend(fields);
    }
    if let Some(error) = error.as_object_mut() {
        error.remove("required");
        error.insert(
            "description".to_owned(),
            "An error. Some of the documented API have no code; a create names its invalid fields without a wrapper.".into(),
        );
    }
    document["components"]["schemas"]["Error"] = error;
    let use_it = |response: &mut Value| {
        if let Some(media) = response.pointer_mut("/content/application~1json") {
            media["schema"] = reference("schemas", "Error");
        }
    };
    for (_, response) in document["components"]["responses"].as_object_mut().into_iter().flatten() {
        use_it(response);
    }
    for (_, _, operation) in operations(document) {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        let errors = responses.into_iter().flatten().filter(|(status, _)| status.as_str() >= "400");
        errors.for_each(|(_, response)| use_it(response));
    }
}

fn schema_name(response: &Value) -> Option<&str> {
    response["content"]["application/json"]["schema"]["$ref"].as_str()?.rsplit('/').next()
}

/// One object, whose parts are already as 3.0 has them.
fn older(object: &mut Map<String, Value>, written: &Value) {
    if let Some(examples) = object.remove("examples")
        && let Some(first) = examples.get(0)
    {
        object.entry("example").or_insert_with(|| first.clone());
    }
    if let Some(only) = object.remove("const") {
        object.insert("enum".to_owned(), json!([only]));
    }
    object.remove("propertyNames");
    if let Some(kinds) = object.get("type").and_then(Value::as_array).cloned() {
        let others: Vec<&Value> = kinds.iter().filter(|kind| *kind != "null").collect();
        if others.len() < kinds.len() {
            object.insert("nullable".to_owned(), true.into());
        }
        if let [kind] = others.as_slice() {
            object.insert("type".to_owned(), (*kind).clone());
        }
    }
    for name in ["oneOf", "anyOf"] {
        let Some(choices) = object.get(name).and_then(Value::as_array).cloned() else { continue };
        let others: Vec<Value> = choices.iter().filter(|choice| choice["type"] != "null").cloned().collect();
        if others.len() < choices.len() {
            object.remove(name);
            // What is nullable has a type.
            let named = others[0]["$ref"].as_str().and_then(|place| place.rsplit('/').next());
            let kind = named.map_or(&Value::Null, |name| &written[name]["type"]).clone();
            object.insert("type".to_owned(), kind);
            object.insert("nullable".to_owned(), true.into());
            object.insert("allOf".to_owned(), others.into());
        }
    }
    // Beside a reference nothing counts in 3.0. Responses, parameters and headers have nothing beside theirs.
    if object.contains_key("$ref") && object.len() > 1 {
        let place = object.remove("$ref");
        object.insert("allOf".to_owned(), json!([{ "$ref": place }]));
    }
}

/// What only the webhooks, or only the errors of 3.1 named.
fn drop_unused(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        every_object(&mut document.clone(), &mut |object| {
            used.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
        });
        let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
        let before = schemas.len();
        schemas.retain(|name, _| used.contains(&format!("#/components/schemas/{name}")));
        if schemas.len() == before {
            return;
        }
    }
}
