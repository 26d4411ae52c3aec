//! `GET /docs`: the OpenAPI document as one plain page, without scripts and external files, so that it works offline.

use super::openapi;
use crate::web::fixed_text::FixedText;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use std::fmt::Write;
use std::sync::LazyLock;

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>Outpay API</title><style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:56rem;margin:2rem auto;padding:0 1rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}section{border-top:1px solid #8885;padding:.5rem 0}td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}</style>";

/// This page.
#[utoipa::path(get, path = "/docs", tag = "Operation", responses(
    (status = 200, description = "HTML", content_type = "text/html"),
    (status = 304, description = "Not changed since the ETag in If-None-Match"),
))]
pub async fn docs(asked: HeaderMap) -> Response {
    let mut response = PAGE.response(&asked);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

static PAGE: LazyLock<FixedText> =
    LazyLock::new(|| FixedText::new("text/html; charset=utf-8", page(&openapi::document())));

fn page(document: &str) -> String {
    let document: Value = serde_json::from_str(document).expect("the document was just written as JSON");
    let mut html = String::from(HEAD);
    let description = escape(document["info"]["description"].as_str().unwrap_or_default());
    write!(html, "<h1>Outpay API</h1><p>{description} Machine-readable: <a href=\"/openapi.json\">openapi.json</a>.</p>")
        .expect("a String takes any text");
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            operation_section(&mut html, path, method, operation, &document);
        }
    }
    html
}

fn operation_section(html: &mut String, path: &str, method: &str, operation: &Value, document: &Value) {
    let summary = escape(operation["summary"].as_str().unwrap_or_default());
    let path = escape(path);
    let method = method.to_uppercase();
    write!(html, "<section><h2><code>{method} {path}</code></h2><p>{summary}</p>")
        .expect("a String takes any text");
    rows(
        html,
        "Parameters",
        operation["parameters"].as_array().into_iter().flatten().map(|parameter| {
            (
                text(&parameter["name"]),
                format!("{} ({})", text(&parameter["description"]), text(&parameter["in"])),
            )
        }),
    );
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    let name = schema.as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    let fields = document["components"]["schemas"][name]["properties"].as_object();
    rows(
        html,
        "Body",
        fields.into_iter().flatten().map(|(field, schema)| (field.clone(), text(&schema["description"]))),
    );
    let responses = operation["responses"].as_object();
    rows(
        html,
        "Answers",
        responses
            .into_iter()
            .flatten()
            .map(|(status, response)| (status.clone(), text(&response["description"]))),
    );
    html.push_str("</section>");
}

fn rows(html: &mut String, title: &str, rows: impl Iterator<Item = (String, String)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    write!(html, "<table><tr><th>{title}<th>").expect("a String takes any text");
    for (name, meaning) in rows {
        write!(html, "<tr><td><code>{}</code><td>{}", escape(&name), escape(&meaning))
            .expect("a String takes any text");
    }
    html.push_str("</table>");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
