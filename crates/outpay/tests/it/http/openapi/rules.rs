//! Rules that every part of the document keeps, and the document for older readers. wire.rs checks with each response of every
//! test that status and body are what the document says, so a code that it does not list fails the test that gets it.

use crate::described::{document, followed, operations};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn everything_is_described() {
    let document = document();
    let mut without = Vec::new();
    let mut look = |place: String, part: &Value| {
        if part["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
            without.push(place);
        }
    };
    for (method, path, operation) in operations(document) {
        look(format!("{method} {path}"), operation);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            look(format!("{method} {path} {}", parameter["name"]), parameter);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        look(name.clone(), schema);
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            look(format!("{name}.{field}"), schema);
        }
    }
    for kind in ["headers", "responses", "securitySchemes"] {
        for (name, part) in document["components"][kind].as_object().unwrap() {
            look(format!("{kind} {name}"), part);
        }
    }
    document["tags"].as_array().unwrap().iter().for_each(|tag| look(tag["name"].to_string(), tag));
    assert!(without.is_empty(), "without a description: {without:#?}");
}

#[test]
fn every_error_has_a_schema() {
    let document = document();
    let mut seen = 0;
    for (method, path, operation) in operations(document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.as_str() < "400" {
                continue;
            }
            let response = followed(document, response);
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            let name = schema.as_str().and_then(|place| place.rsplit('/').next()).unwrap_or_default();
            let expected: &[&str] = match status.as_str() {
                "401" => &["Unauthorized"],
                "500" => &["BareError"],
                "503" if path == "/readyz" => &["Readiness"],
                "400" | "403" => &["Error", "RequestError", "CreateError"],
                _ => &["Error"],
            };
            assert!(expected.contains(&name), "{method} {path} {status}: {schema}");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn what_is_optional_is_not_null() {
    let document = document();
    let takes_null = |schema: &Value| {
        let named = schema["type"].as_array().is_some_and(|kinds| kinds.contains(&"null".into()));
        named || schema["oneOf"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == "null"))
    };
    let mut found = BTreeSet::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let fields = schema["properties"].as_object().into_iter().flatten();
        found.extend(
            fields
                .filter(|(field, schema)| takes_null(schema) && !required.contains(&field.as_str().into()))
                .map(|(field, _)| format!("{name}.{field}")),
        );
    }
    // In a change of settings null takes a limit away.
    let expected = [
        "FeePatch.cap",
        "ReviewPatch.above",
        "ReviewPatch.above_per_day",
        "SettingsBody.expiry_days",
        "SettingsBody.two_people_above",
        "TermsPatch.daily_cap",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
    for (method, path, operation) in operations(document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(!takes_null(&parameter["schema"]), "{method} {path} {parameter}");
        }
    }
}

#[test]
fn every_event_is_a_webhook() {
    let document = document();
    let hooks: BTreeSet<&String> = document["webhooks"].as_object().unwrap().keys().collect();
    let words = document["components"]["schemas"]["EventType"]["enum"].as_array().unwrap();
    let events: BTreeSet<String> = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    assert_eq!(hooks, events.iter().collect());
    for (name, hook) in document["webhooks"].as_object().unwrap() {
        let media = &hook["post"]["requestBody"]["content"]["application/json"];
        crate::described::check(document, &media["schema"], &media["example"], name).unwrap();
        assert_eq!(&media["example"]["type"], name.as_str());
    }
}

#[test]
fn the_examples_of_bodies_are_bodies() {
    let document = document();
    let mut seen = 0;
    for (method, path, operation) in operations(document) {
        let Some(body) = operation.get("requestBody") else { continue };
        let media = &body["content"]["application/json"];
        let place = format!("{method} {path}");
        crate::described::check(document, &media["schema"], &media["example"], &place).unwrap();
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}
