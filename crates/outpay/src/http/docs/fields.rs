//! The fields of requests and answers as lists: name, type, whether it is needed, what it is.

use super::{FITS, escape, inline};
use serde_json::Value;
use std::fmt::Write;

/// How deep objects inside objects are listed.
const DEEPEST: usize = 4;

pub(super) fn parameters(html: &mut String, entry: &Value, document: &Value) {
    let all = entry["parameters"].as_array().into_iter().flatten();
    let mut all = all.peekable();
    if all.peek().is_none() {
        return;
    }
    html.push_str("<h4>Parameters</h4><dl>");
    for one in all {
        let place = one["in"].as_str().unwrap_or_default();
        let name = one["name"].as_str().unwrap_or_default();
        term(html, name, &one["schema"], one["required"] == true, document);
        write!(html, " <i>{place}</i></dt><dd>{}", inline(one["description"].as_str().unwrap_or_default()))
            .expect(FITS);
        limits(html, &one["schema"], document);
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
}

pub(super) fn body(html: &mut String, entry: &Value, document: &Value) {
    let Some(body) = entry.get("requestBody") else { return };
    let schema = followed(&body["content"]["application/json"]["schema"], document);
    let optional = if body["required"] == true { "" } else { " <i>may be left out</i>" };
    write!(html, "<h4>Body{optional}</h4>").expect(FITS);
    fields(html, schema, document, (0, true));
}

pub(super) fn of_schema(html: &mut String, schema: &Value, document: &Value) {
    fields(html, schema, document, (0, false));
}

pub(super) fn answers(html: &mut String, entry: &Value, document: &Value) {
    let responses = || entry["responses"].as_object().into_iter().flatten();
    html.push_str("<h4>Answers</h4>");
    for (status, response) in responses().filter(|(status, _)| status.as_str() < "300") {
        let response = followed(response, document);
        write!(html, "<p><b class=\"good\">{status}</b> {}</p>", described(response)).expect(FITS);
        headers(html, response);
        let schema = followed(&response["content"]["application/json"]["schema"], document);
        fields(html, schema, document, (0, false));
    }
    html.push_str("<details class=\"errors\"><summary>Errors</summary><dl>");
    for (status, response) in responses().filter(|(status, _)| status.as_str() >= "400") {
        let response = followed(response, document);
        let schema = &response["content"]["application/json"]["schema"];
        let kind = kind(schema, document);
        write!(html, "<dt><b class=\"bad\">{status}</b> <i>{kind}</i></dt><dd>{}</dd>", described(response))
            .expect(FITS);
    }
    html.push_str("</dl></details>");
}

fn described(response: &Value) -> String {
    inline(response["description"].as_str().unwrap_or_default())
}

/// The headers that not every answer has.
fn headers(html: &mut String, response: &Value) {
    let own = response["headers"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let own: Vec<&str> = own.filter(|name| !name.ends_with("Request-Id")).collect();
    if !own.is_empty() {
        let names = own.iter().map(|name| format!("<code>{name}</code>")).collect::<Vec<_>>().join(", ");
        write!(html, "<p class=\"credential\">Headers: {names}</p>").expect(FITS);
    }
}

fn fields(html: &mut String, schema: &Value, document: &Value, (depth, is_sent): (usize, bool)) {
    let Some(properties) = schema["properties"].as_object().filter(|_| depth < DEEPEST) else { return };
    let is_required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let mut sorted: Vec<(&String, &Value)> = properties.iter().collect();
    sorted.sort_by_key(|(name, _)| !is_required(name));
    html.push_str("<dl>");
    for (name, field) in sorted {
        term(html, name, field, is_sent && is_required(name), document);
        let absent = if is_sent || is_required(name) { "" } else { " <i>may be absent</i>" };
        write!(html, "{absent}</dt><dd>").expect(FITS);
        let target = followed(field, document);
        let text =
            field["description"].as_str().or_else(|| target["description"].as_str()).unwrap_or_default();
        html.push_str(&inline(text));
        limits(html, field, document);
        let inner = inner(field, document);
        if inner.get("properties").is_some() && depth + 1 < DEEPEST {
            html.push_str("<details><summary>Fields</summary>");
            fields(html, inner, document, (depth + 1, is_sent));
            html.push_str("</details>");
        }
        html.push_str("</dd>");
    }
    html.push_str("</dl>");
}

/// Name and type.
fn term(html: &mut String, name: &str, schema: &Value, required: bool, document: &Value) {
    let needed = if required { " <b>required</b>" } else { "" };
    let kind = kind(schema, document);
    write!(html, "<dt><code>{}</code> <i>{kind}</i>{needed}", escape(name)).expect(FITS);
}

/// The type in words.
fn kind(schema: &Value, document: &Value) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        let target = followed(schema, document);
        let name = escape(place.rsplit('/').next().unwrap_or_default());
        return if target.get("enum").is_some() { "string".to_owned() } else { name };
    }
    for name in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[name].as_array() {
            return choices.iter().map(|one| kind(one, document)).collect::<Vec<_>>().join(" or ");
        }
    }
    let word = |word: &Value| match (word.as_str().unwrap_or("any"), schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"], document)),
        ("string", Some(format)) => format!("string, {}", escape(format)),
        ("object", _) if schema["additionalProperties"].is_object() => {
            format!("map of {}", kind(&schema["additionalProperties"], document))
        }
        (word, _) => word.to_owned(),
    };
    match &schema["type"] {
        Value::Array(several) => several.iter().map(word).collect::<Vec<_>>().join(" or "),
        one => word(one),
    }
}

/// What a value must be: words, bounds, lengths.
fn limits(html: &mut String, schema: &Value, document: &Value) {
    let of = inner(schema, document);
    if let Some(words) = of["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("<code>{}</code>", escape(word)))
            .collect();
        write!(html, "<br><span class=\"words\">One of {}</span>", words.join(" ")).expect(FITS);
    }
    let told = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters: at least"),
        ("maxLength", "characters: at most"),
        ("minItems", "items: at least"),
        ("maxItems", "items: at most"),
        ("default", "default"),
    ];
    let told = told.iter().filter_map(|(name, words)| Some(format!("{words} {}", schema.get(*name)?)));
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        write!(html, " <span class=\"limits\">({})</span>", escape(&told.join(", "))).expect(FITS);
    }
}

/// What a field is made of: itself, the items of a list, the values of a map, or the part that is not null.
fn inner<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let schema = followed(schema, document);
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    if let Some(choice) = choices.into_iter().find(|choice| choice["type"] != "null") {
        return inner(choice, document);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() && schema.get("properties").is_none() {
            return inner(&schema[part], document);
        }
    }
    schema
}

pub(super) fn followed<'a>(part: &'a Value, document: &'a Value) -> &'a Value {
    let place = part["$ref"].as_str().and_then(|place| document.pointer(place.strip_prefix('#')?));
    place.unwrap_or(part)
}
