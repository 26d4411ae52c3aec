//! `GET /openapi.json`: the description of this API, made of the entries of the endpoint table (routes.rs).

use super::known;
use super::routes::{self, Admits};
use crate::scopes::Scope;
use crate::web::fixed_text::FixedText;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};
use std::sync::LazyLock;
use utoipa::openapi::Response as Described;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(info(
    title = "Outpay",
    description = "Give people money by e-mail address; they take it out with a secret hash. Money is in US cents."
))]
struct Document;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("secret_key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let header = ApiKey::Header(ApiKeyValue::new("X-Payout-Hash"));
        components.add_security_scheme("payout_hash", SecurityScheme::ApiKey(header));
        let query = ApiKey::Query(ApiKeyValue::new("payout_hash"));
        components.add_security_scheme("payout_hash_query", SecurityScheme::ApiKey(query));
    }
}

/// What is the same for every operation of a kind: a name of its own, and the answers that no handler gives by itself.
struct EveryOperation;

impl Modify for EveryOperation {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let words = path.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
            let operations = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                operation.operation_id = Some(format!("{method}{}", words.trim_end_matches('_')));
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

/// The document as JSON.
#[must_use]
pub fn document() -> String {
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
    document.to_pretty_json().expect("the document is made of texts")
}

/// The OpenAPI 3.1 document.
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", responses(
    (status = 200, description = "OpenAPI 3.1"),
    (status = 304, description = "Not changed since the ETag in If-None-Match"),
))]
pub async fn openapi(headers: HeaderMap) -> Response {
    let mut response = DOCUMENT.response(&headers);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Made once: making it costs more than any other anonymous request.
static DOCUMENT: LazyLock<FixedText> = LazyLock::new(|| FixedText::new("application/json", document()));
