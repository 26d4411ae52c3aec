//! `GET /openapi.json`: the description of this API, made of the entries of the endpoint table (routes.rs) and of passes over all
//! of them: what each can answer besides (errors.rs), which headers it has (headers.rs), the shape of its schemas (shape.rs),
//! examples (examples.rs), what is sent to receivers (deliveries.rs). `GET /openapi-3.0.json` is the same for older readers
//! (v3_0.rs).

mod deliveries;
mod errors;
pub(super) mod examples;
mod headers;
mod shape;
mod v3_0;
pub(super) mod words;

use super::known;
use super::routes::{self, Admits};
use crate::scopes::Scope;
use crate::web::fixed_text::FixedText;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use utoipa::openapi::Response as Described;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Outpay",
        description = include_str!("openapi/introduction.md"),
        contact(name = "The operator of this server"),
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "The server that gave this document")),
    tags(
        (name = "Payouts", description = "Give people money by e-mail address. Secret key."),
        (name = "Recipient", description = "What a recipient does with the secret hash: read balance and history, and withdraw."),
        (name = "Payout users", description = "The people whom a business has paid. Secret key."),
        (name = "Withdrawals", description = "Withdrawals of all recipients: review, payment by hand, pauses. Secret key."),
        (name = "Payment batches", description = "Payments that people make by hand, grouped into files for a bank. Secret key."),
        (name = "Balance", description = "The business's own money. Secret key."),
        (name = "Events", description = "Everything that happened in a book, in sequence. Secret key."),
        (name = "Webhooks", description = "Where events are delivered, and the log of deliveries. Secret key."),
        (name = "Webhook events", description = "What is sent to webhooks, signed."),
        (name = "Proposals", description = "What takes two people: proposed by one hand, confirmed by another. Secret key."),
        (name = "Settings", description = "Payouts on or off, and the terms of every method. Secret key."),
        (name = "Keys", description = "API keys: make, roll, revoke. Secret key."),
        (name = "Audit log", description = "Who changed what. Secret key."),
        (name = "Test mode", description = "What test keys have beside everything else."),
        (name = "Operation", description = "For monitoring, and this documentation. No credential."),
    )
)]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("A secret API key: `sk_live_…`, or `sk_test_…` for test money.".to_owned());
        components.add_security_scheme("secret_key", SecurityScheme::Http(bearer));
        let told = "The recipient's secret hash. Preferred; it may also be `payout_hash` in the JSON body.";
        let header = ApiKey::Header(ApiKeyValue::with_description("X-Payout-Hash", told));
        components.add_security_scheme("payout_hash", SecurityScheme::ApiKey(header));
        let told = "The recipient's secret hash in the query, for old clients: addresses end up in logs.";
        let query = ApiKey::Query(ApiKeyValue::with_description("payout_hash", told));
        components.add_security_scheme("payout_hash_query", SecurityScheme::ApiKey(query));
        components.schemas.extend(words::all().into_iter().map(|(name, schema)| (name.into_owned(), schema)));
    }
}

/// The answers that no handler gives by itself.
struct EveryOperation;

impl Modify for EveryOperation {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operations = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                for (status, description) in answers(path, method, operation) {
                    let answer = Described::new(description);
                    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
                }
            }
        }
    }
}

/// Names the scope of the table's row: as a role of the security requirement (OpenAPI 3.1, 4.8.30.1), and in the answer to a
/// key that lacks it.
fn name_scope(item: &mut PathItem, scope: Scope) {
    let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
    for operation in operations.into_iter().flatten() {
        operation.security = Some(vec![SecurityRequirement::new("secret_key", [scope.to_string()])]);
        let lacks = format!("The key does not have the scope {scope}");
        let forbidden = operation.responses.responses.entry("403".to_owned());
        forbidden
            .and_modify(|answer| {
                if let utoipa::openapi::RefOr::T(answer) = answer {
                    answer.description = format!("{}; or: {lacks}", answer.description);
                }
            })
            .or_insert_with(|| Described::new(lacks).into());
    }
}

/// The answers around an operation.
fn answers(path: &str, method: &str, operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let is_command = operation.responses.responses.contains_key("503") && operation.security.is_some();
    let mut answers = vec![
        ("415", "The body has a Content-Encoding"),
        ("429", "Too many requests"),
        ("501", "The Transfer-Encoding is not chunked"),
        ("503", "Busy; nothing was changed"),
    ];
    if operation.security.is_some() {
        answers.push(("500", "The system broke; nothing was changed"));
    }
    let reads_body = method != "get" || operation.responses.responses.contains_key("413");
    if known::is_strict(path, operation) {
        answers.push((
            "400",
            "A parameter or field that is not known, or a parameter that is empty or repeated",
        ));
        if reads_body {
            answers.push(("413", "The body is larger than 64 KiB"));
            answers.push(("415", "The body is not declared as JSON"));
        }
    }
    if reads_body {
        answers.push(("408", "The body did not arrive in time"));
    }
    if is_command {
        answers.push(("400", "The Host or the Idempotency-Key header is invalid"));
    } else {
        answers.push(("400", "The Host header is invalid"));
    }
    if is_command {
        answers.push((
            "504",
            "It is not known whether it was carried out; ask again with the same idempotency key",
        ));
    }
    answers
}

/// The document.
pub(super) fn value() -> Value {
    let endpoints = routes::endpoints().into_iter().map(|endpoint| {
        let mut documented = endpoint.documented;
        if let Admits::Keys(scope) = endpoint.admits {
            documented.paths.paths.values_mut().for_each(|item| name_scope(item, scope));
        }
        documented
    });
    let mut document = endpoints.fold(Document::openapi(), utoipa::openapi::OpenApi::merge_from);
    Credentials.modify(&mut document);
    EveryOperation.modify(&mut document);
    let mut document = serde_json::to_value(document).expect("the document is made of texts");
    for (_, _, operation) in operations(&mut document) {
        operation.entry("security").or_insert_with(|| json!([]));
    }
    errors::describe(&mut document);
    headers::describe(&mut document);
    shape::settle(&mut document);
    deliveries::describe(&mut document);
    examples::add(&mut document);
    document
}

/// The document as JSON.
#[must_use]
pub fn document() -> String {
    text(&value())
}

/// The document in OpenAPI 3.0 as JSON.
#[must_use]
pub fn document_3_0() -> String {
    text(&v3_0::of(value()))
}

fn text(document: &Value) -> String {
    serde_json::to_string_pretty(document).expect("the document is made of texts")
}

/// Path, method and the operation, of all operations.
fn operations(document: &mut Value) -> impl Iterator<Item = (String, String, &mut Map<String, Value>)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object_mut().into_iter().flatten();
        methods.filter_map(|(method, operation)| {
            Some((path.clone(), method.clone(), operation.as_object_mut()?))
        })
    })
}

/// Adds parts to `components`: schemas, responses, headers.
fn add_components(document: &mut Value, kind: &str, parts: impl IntoIterator<Item = (String, Value)>) {
    let Some(components) = document["components"].as_object_mut() else { return };
    let of_kind = components.entry(kind).or_insert_with(|| json!({}));
    if let Some(of_kind) = of_kind.as_object_mut() {
        of_kind.extend(parts);
    }
}

/// A reference to a part of `components`.
fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// Get this document.
///
/// This document, OpenAPI 3.1, generated from the code of the server that answers.
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", operation_id = "getOpenApi", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json", headers(("ETag" = String, description = "Send it back as If-None-Match"))),
    (status = 304, description = "Not changed since the ETag in If-None-Match"),
))]
pub async fn openapi(headers: HeaderMap) -> Response {
    revalidated(DOCUMENT.response(&headers))
}

/// Get this document for older readers.
///
/// The same as OpenAPI 3.0, without what 3.0 cannot say, and with one schema for all errors of an operation.
#[utoipa::path(get, path = "/openapi-3.0.json", tag = "Operation", operation_id = "getOpenApi30", responses(
    (status = 200, description = "OpenAPI 3.0", body = Object, content_type = "application/json", headers(("ETag" = String, description = "Send it back as If-None-Match"))),
    (status = 304, description = "Not changed since the ETag in If-None-Match"),
))]
pub async fn openapi_3_0(headers: HeaderMap) -> Response {
    revalidated(OLDER.response(&headers))
}

fn revalidated(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Made once: making it costs more than any other anonymous request.
static DOCUMENT: LazyLock<FixedText> = LazyLock::new(|| FixedText::new("application/json", document()));
static OLDER: LazyLock<FixedText> = LazyLock::new(|| FixedText::new("application/json", document_3_0()));
