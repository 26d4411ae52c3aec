//! `GET /openapi.json`: the description of this API, generated from the handlers.

use super::page::Page;
use super::{
    activate, approve, balance, batch, cancel, create, deactivate, debit, docs, events, healthz, methods,
    operation, operations, pause, pauses, quote, readyz, reject, resume, reveal, rotate_hash, settings,
    settings_set, settle, show, show_webhooks, transfer, user, user_operations, users, webhook,
    webhook_deliveries, webhook_delivery, webhook_replay, webhook_retry, webhook_roll, webhook_set,
    webhook_test, withdraw, withdrawal, withdrawals,
};
use axum::response::Response;
use http::StatusCode;
use utoipa::openapi::Response as Described;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "Outpay", description = "Give people money by e-mail address; they take it out with a secret hash. Money is in US cents."),
    paths(
        create::handle, batch::handle, operations::handle, operations::handle_post, users::handle, user::handle,
        user_operations::handle, activate::handle, deactivate::handle, rotate_hash::handle, debit::handle, events::handle,
        methods::handle, quote::handle, withdraw::handle, operation::handle, cancel::handle, reveal::handle,
        withdrawals::handle, withdrawal::handle, approve::handle, reject::handle, settle::handle, pauses::handle, pause::handle, resume::handle, settings::handle, settings_set::handle,
        balance::handle, transfer::handle, webhook::handle, webhook_set::handle, webhook_roll::handle, webhook_test::handle,
        webhook_replay::handle, webhook_deliveries::handle, webhook_delivery::handle, webhook_retry::handle, healthz::handle, readyz::handle, handle, docs::handle
    ),
    components(schemas(
        create::CreateBody, batch::BatchBody, batch::BatchRow, batch::BatchAnswer, batch::BatchRowAnswer, transfer::TransferBody,
        transfer::Pocket, debit::DebitBody, operations::HashBody, operations::Statement, events::Event, events::EventData,
        show::User, show::Operation, show::Withdrawal, Page<show::Withdrawal>, methods::Methods, methods::Method, methods::Closed,
        methods::Fee, methods::Field, methods::Choice, quote::WithdrawBody, quote::Quote, operation::OperationDetail,
        reveal::RevealedCard<'static>, reject::RejectBody, settle::SettleBody, pauses::PauseBody, pauses::Pause, pauses::Pauses, pause::PauseAnswer, resume::ResumeAnswer, settings::Settings, settings_set::SettingsBody, show::Hash<'static>, show::Balances, Page<show::User>, Page<show::Operation>, Page<events::Event>,
        webhook_set::WebhookBody, webhook_roll::RollBody, webhook_test::TestBody, webhook_replay::ReplayBody, webhook_replay::Replayed,
        show_webhooks::Webhook, show_webhooks::Delivery, show_webhooks::DeliveryDetail, show_webhooks::Attempt, Page<show_webhooks::Delivery>
    )),
    modifiers(&Credentials, &EveryOperation)
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

/// What is the same for every operation of a kind: a name of its own, and the answers that no handler gives by itself.
struct EveryOperation;

impl Modify for EveryOperation {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let words = path.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
            for (method, operation) in
                [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put)]
            {
                let Some(operation) = operation else { continue };
                operation.operation_id = Some(format!("{method}{}", words.trim_end_matches('_')));
                for (status, description) in answers(operation) {
                    let answer = Described::new(description);
                    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
                }
            }
        }
    }
}

/// The answers around an operation.
fn answers(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let is_command = operation.responses.responses.contains_key("503") && operation.security.is_some();
    let mut answers = vec![("429", "Too many requests")];
    if operation.security.is_some() {
        answers.push(("500", "The system broke; nothing was changed"));
    }
    if operation.responses.responses.contains_key("413") {
        answers.push(("408", "The body did not arrive in time"));
    }
    if is_command {
        answers.push(("400", "The Idempotency-Key header is invalid"));
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
    Document::openapi().to_pretty_json().expect("the document is made of texts")
}

/// The OpenAPI 3.1 document.
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn handle() -> Response {
    super::problem::json(StatusCode::OK, document())
}
