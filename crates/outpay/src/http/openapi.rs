//! `GET /openapi.json`: the description of this API, generated from the handlers.

use super::page::Page;
use super::{
    activate, balance, batch, create, deactivate, debit, docs, events, healthz, operations, readyz,
    rotate_hash, show, transfer, user, user_operations, users,
};
use axum::response::Response;
use http::StatusCode;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Outpay", description = "Give people money by e-mail address; they take it out with a secret hash. Money is in US cents."),
    paths(
        create::handle, batch::handle, operations::handle, operations::handle_post, users::handle, user::handle,
        user_operations::handle, activate::handle, deactivate::handle, rotate_hash::handle, debit::handle, events::handle,
        balance::handle, transfer::handle, healthz::handle, readyz::handle, handle, docs::handle
    ),
    components(schemas(
        create::CreateBody, batch::BatchBody, batch::BatchRow, batch::BatchAnswer, batch::BatchRowAnswer, transfer::TransferBody,
        transfer::Pocket, debit::DebitBody, operations::HashBody, operations::Statement, events::Event, events::EventData,
        show::User, show::Operation, show::Hash<'static>, show::Balances, Page<show::User>, Page<show::Operation>, Page<events::Event>
    )),
    modifiers(&Credentials)
)]
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

/// The document as JSON.
#[must_use]
pub fn document() -> String {
    Document::openapi().to_pretty_json().expect("the document is made of texts")
}

/// The OpenAPI 3.1 document.
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn handle() -> Response {
    super::problem::json(StatusCode::OK, document())
}
