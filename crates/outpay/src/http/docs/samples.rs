//! Samples of a request in four languages, made of the examples of the document. They need nothing beside the language itself.
//! Tests take them from the page and run them.

use super::OneOperation;
use super::fields::followed;
use crate::http::openapi::examples;
use serde_json::Value;

/// Word in classes and ids, name.
pub(super) const LANGUAGES: [(&str, &str); 4] =
    [("curl", "curl"), ("python", "Python"), ("javascript", "JavaScript"), ("php", "PHP")];

/// What all samples need.
pub(super) const SETTING: &str = "export OUTPAY_URL=http://127.0.0.1:8080\n\
     export OUTPAY_KEY=sk_test_…   # a secret key, for what a business does\n\
     export OUTPAY_HASH=…          # a payout hash, for what a recipient does";

/// What is sent.
struct SampleRequest {
    method: String,
    /// With the query.
    target: String,
    /// Name, text before the variable, variable.
    credential: Option<(&'static str, &'static str, &'static str)>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// A sample per language.
pub(super) fn of(one: &OneOperation<'_>) -> [String; 4] {
    let request = request(one);
    [curl(&request), python(&request), javascript(&request), php(&request)]
}

/// The first success, with all its fields.
pub(super) fn answer(entry: &Value, document: &Value) -> Option<(String, String)> {
    let responses = entry["responses"].as_object()?;
    let (status, response) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
    let schema = &followed(response, document)["content"].get("application/json")?["schema"];
    let schemas = &document["components"]["schemas"];
    let value = examples::of(schema, schemas);
    let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    (!is_empty).then(|| (status.clone(), serde_json::to_string_pretty(&value).unwrap_or_default()))
}

fn request(one: &OneOperation<'_>) -> SampleRequest {
    let entry = one.entry;
    let scheme = entry["security"][0].as_object().and_then(|one| one.keys().next()).map(String::as_str);
    let credential = scheme.map(|scheme| match scheme {
        "secret_key" => ("Authorization", "Bearer ", "OUTPAY_KEY"),
        _ => ("X-Payout-Hash", "", "OUTPAY_HASH"),
    });
    let mut target = one.path.to_owned();
    let mut headers = Vec::new();
    for parameter in entry["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        match parameter["in"].as_str().unwrap_or_default() {
            "path" => {
                let id = parameter["example"].as_str().unwrap_or_default();
                target = target.replace(&format!("{{{name}}}"), id);
            }
            // One key per operation, because a key belongs to one request.
            "header" if name == "Idempotency-Key" => {
                headers.push((name.to_owned(), format!("{}-17", one.id())))
            }
            "query" if name == "limit" => target += "?limit=20",
            _ => {}
        }
    }
    let media = entry.get("requestBody").map(|body| &body["content"]["application/json"]);
    // The hash is in a header already.
    let body = media.map(|media| media["example"].clone()).filter(|body| {
        credential.is_none_or(|(name, ..)| name != "X-Payout-Hash") || body.get("payout_hash").is_none()
    });
    if body.is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    SampleRequest { method: one.method.to_uppercase(), target, credential, headers, body }
}

fn curl(request: &SampleRequest) -> String {
    let mut lines = vec![format!("curl -s -X {} \"$OUTPAY_URL{}\"", request.method, request.target)];
    lines.extend(
        request.credential.map(|(name, before, variable)| format!("  -H \"{name}: {before}${variable}\"")),
    );
    lines.extend(request.headers.iter().map(|(name, value)| format!("  -H '{name}: {value}'")));
    if let Some(body) = &request.body {
        let body = serde_json::to_string_pretty(body).unwrap_or_default().replace('\'', "'\\''");
        lines.push(format!("  -d '{body}'"));
    }
    lines.join(" \\\n")
}

fn python(request: &SampleRequest) -> String {
    let mut text =
        String::from("import json, os, urllib.error, urllib.request\n\nrequest = urllib.request.Request(\n");
    text += &format!(
        "    os.environ[\"OUTPAY_URL\"] + \"{}\",\n    method=\"{}\",\n",
        request.target, request.method
    );
    text += "    headers={\n";
    if let Some((name, before, variable)) = request.credential {
        let before = if before.is_empty() { String::new() } else { format!("\"{before}\" + ") };
        text += &format!("        \"{name}\": {before}os.environ[\"{variable}\"],\n");
    }
    for (name, value) in &request.headers {
        text += &format!("        \"{name}\": \"{value}\",\n");
    }
    text += "    },\n";
    if let Some(body) = &request.body {
        text += &format!("    data=json.dumps({}).encode(),\n", PYTHON.literal(body, 1));
    }
    text += ")\ntry:\n    answer = urllib.request.urlopen(request)\n";
    text + "except urllib.error.HTTPError as error:\n    answer = error\nprint(answer.read().decode())\n"
}

fn javascript(request: &SampleRequest) -> String {
    let mut text =
        format!("const answer = await fetch(process.env.OUTPAY_URL + \"{}\", {{\n", request.target);
    text += &format!("  method: \"{}\",\n  headers: {{\n", request.method);
    if let Some((name, before, variable)) = request.credential {
        text += &format!("    \"{name}\": `{before}${{process.env.{variable}}}`,\n");
    }
    for (name, value) in &request.headers {
        text += &format!("    \"{name}\": \"{value}\",\n");
    }
    text += "  },\n";
    if let Some(body) = &request.body {
        text += &format!("  body: JSON.stringify({}),\n", JAVASCRIPT.literal(body, 1));
    }
    text + "});\nconsole.log(await answer.text());\n"
}

fn php(request: &SampleRequest) -> String {
    let mut text = format!(
        "<?php\n$context = stream_context_create([\"http\" => [\n    \"method\" => \"{}\",\n    \"header\" => [\n",
        request.method
    );
    if let Some((name, before, variable)) = request.credential {
        text += &format!("        \"{name}: {before}\" . getenv(\"{variable}\"),\n");
    }
    for (name, value) in &request.headers {
        text += &format!("        \"{name}: {value}\",\n");
    }
    text += "    ],\n";
    if let Some(body) = &request.body {
        text += &format!("    \"content\" => json_encode({}),\n", PHP.literal(body, 1));
    }
    text += "    \"ignore_errors\" => true,\n]]);\n";
    text + &format!(
        "echo file_get_contents(getenv(\"OUTPAY_URL\") . \"{}\", false, $context);\n",
        request.target
    )
}

/// How a language writes values.
struct LiteralStyle {
    truth: [&'static str; 2],
    nothing: &'static str,
    object: [&'static str; 2],
    empty: &'static str,
    arrow: &'static str,
    indent: &'static str,
    /// Where `$` in a text begins a variable.
    has_variables: bool,
}

const PYTHON: LiteralStyle = LiteralStyle {
    truth: ["False", "True"],
    nothing: "None",
    object: ["{", "}"],
    empty: "{}",
    arrow: ": ",
    indent: "    ",
    has_variables: false,
};
const JAVASCRIPT: LiteralStyle =
    LiteralStyle { truth: ["false", "true"], nothing: "null", indent: "  ", ..PYTHON };
const PHP: LiteralStyle = LiteralStyle {
    truth: ["false", "true"],
    nothing: "null",
    object: ["[", "]"],
    empty: "new stdClass()",
    arrow: " => ",
    has_variables: true,
    ..PYTHON
};

impl LiteralStyle {
    fn literal(&self, value: &Value, depth: usize) -> String {
        let (inner, outer) = (self.indent.repeat(depth + 1), self.indent.repeat(depth));
        let lines = |items: Vec<String>, [open, close]: [&str; 2]| {
            let items: String = items.into_iter().map(|item| format!("{inner}{item},\n")).collect();
            format!("{open}\n{items}{outer}{close}")
        };
        match value {
            Value::Null => self.nothing.to_owned(),
            Value::Bool(truth) => self.truth[usize::from(*truth)].to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => {
                let quoted = Value::from(text.as_str()).to_string();
                if self.has_variables { quoted.replace('$', "\\$") } else { quoted }
            }
            Value::Array(items) => {
                lines(items.iter().map(|item| self.literal(item, depth + 1)).collect(), ["[", "]"])
            }
            Value::Object(fields) if fields.is_empty() => self.empty.to_owned(),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| {
                    format!("{}{}{}", Value::from(name.as_str()), self.arrow, self.literal(value, depth + 1))
                };
                lines(fields.iter().map(field).collect(), self.object)
            }
        }
    }
}
