//! The one table of the API's endpoints. A row names the handler and who may call it; its method, path and OpenAPI entry are
//! those of the `#[utoipa::path(…)]` above the handler. The router and the document are both made of this table. What a row
//! says about callers reaches the door with each request (door.rs), which lets in nothing else.

use super::cors::{Cors, cors};
use super::door::Door;
use super::known::{EndpointNames, takes_hash};
use super::observe::observe;
use super::problem::Problem;
use super::{
    audit_log, balances, batch_files, docs, events, health, keys, methods, openapi, operations, pauses,
    payment_batches, payouts, proposals, rail_notices, settings, test_clock, users, webhook_deliveries,
    webhook_endpoints, webhooks, withdrawals,
};
use crate::scopes::{Resource, Scope};
use crate::web::page;
use Resource::{
    Audit, Balances, Events, Keys, Pauses, Payouts, Proposals, Settings, Users, Webhooks, Withdrawals,
};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};
use http::{Method, Uri};
use std::sync::Arc;
use utoipa::openapi::{OpenApi, PathItem};

/// One row of the table.
pub(super) struct ApiRoute {
    /// An OpenAPI document with this one operation, and the schemas that it names.
    pub(super) documented: OpenApi,
    pub(super) admits: Admits,
    handler: MethodRouter<Arc<Door>>,
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    Everyone,
    /// A payout user by the hash.
    Recipients,
    /// A business by a secret key with this scope.
    Keys(Scope),
}

const fn reads(resource: Resource) -> Admits {
    Admits::Keys(Scope::read(resource))
}

const fn writes(resource: Resource) -> Admits {
    Admits::Keys(Scope::write(resource))
}

/// `endpoint!(module::handler, who)`
macro_rules! endpoint {
    ($module:ident :: $handler:ident, $admits:expr) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($module::$handler))]
        struct Documented;
        let documented = <Documented as utoipa::OpenApi>::openapi();
        let admits: Admits = $admits;
        let filter =
            MethodFilter::try_from(method(&documented)).expect("the API has GET, POST, PUT and DELETE");
        let handler = on(filter, $module::$handler).layer(Extension(admits));
        ApiRoute { documented, admits, handler }
    }};
}

/// All endpoints.
pub(super) fn endpoints() -> Vec<ApiRoute> {
    let mut all = vec![
        endpoint!(payouts::create, writes(Payouts)),
        endpoint!(payouts::batch, writes(Payouts)),
        endpoint!(operations::operations, Admits::Recipients),
        endpoint!(operations::operations_by_post, Admits::Recipients),
        endpoint!(operations::operation, Admits::Recipients),
        endpoint!(operations::cancel, Admits::Recipients),
        endpoint!(operations::reveal, Admits::Recipients),
        endpoint!(methods::methods, Admits::Recipients),
        endpoint!(methods::quote, Admits::Recipients),
        endpoint!(methods::withdraw, Admits::Recipients),
        endpoint!(users::users, reads(Users)),
        endpoint!(users::user, reads(Users)),
        endpoint!(users::user_operations, reads(Users)),
        endpoint!(users::activate, writes(Users)),
        endpoint!(users::deactivate, writes(Users)),
        endpoint!(users::rotate_hash, writes(Users)),
        endpoint!(users::debit, writes(Users)),
        endpoint!(withdrawals::withdrawals, reads(Withdrawals)),
        endpoint!(withdrawals::withdrawal, reads(Withdrawals)),
        endpoint!(withdrawals::withdrawal_metadata, writes(Withdrawals)),
        endpoint!(withdrawals::approve, writes(Withdrawals)),
        endpoint!(withdrawals::reject, writes(Withdrawals)),
        endpoint!(withdrawals::settle, writes(Withdrawals)),
        endpoint!(pauses::pauses, reads(Pauses)),
        endpoint!(pauses::pause, writes(Pauses)),
        endpoint!(pauses::resume, writes(Pauses)),
        endpoint!(proposals::proposals, reads(Proposals)),
        endpoint!(proposals::proposal_confirm, writes(Proposals)),
        endpoint!(proposals::proposal_withdraw, writes(Proposals)),
        endpoint!(settings::settings, reads(Settings)),
        endpoint!(settings::settings_set, writes(Settings)),
        endpoint!(test_clock::clock, reads(Settings)),
        endpoint!(test_clock::clock_advance, writes(Settings)),
        endpoint!(keys::keys, reads(Keys)),
        endpoint!(keys::key_create, writes(Keys)),
        endpoint!(keys::key_roll, writes(Keys)),
        endpoint!(keys::key_revoke, writes(Keys)),
        endpoint!(audit_log::audit_log, reads(Audit)),
        endpoint!(events::events, reads(Events)),
        endpoint!(webhooks::webhook, reads(Webhooks)),
        endpoint!(webhooks::webhook_set, writes(Webhooks)),
        endpoint!(webhooks::webhook_roll, writes(Webhooks)),
        endpoint!(webhooks::webhook_switch, writes(Webhooks)),
        endpoint!(webhooks::webhook_test, writes(Webhooks)),
        endpoint!(webhook_endpoints::webhooks, reads(Webhooks)),
        endpoint!(webhook_endpoints::webhook_create, writes(Webhooks)),
        endpoint!(webhook_endpoints::one_webhook, reads(Webhooks)),
        endpoint!(webhook_endpoints::one_webhook_set, writes(Webhooks)),
        endpoint!(webhook_endpoints::one_webhook_roll, writes(Webhooks)),
        endpoint!(webhook_endpoints::one_webhook_switch, writes(Webhooks)),
        endpoint!(webhook_endpoints::one_webhook_test, writes(Webhooks)),
        endpoint!(webhook_endpoints::webhook_delete, writes(Webhooks)),
        endpoint!(webhook_deliveries::webhook_replay, writes(Webhooks)),
        endpoint!(webhook_deliveries::webhook_deliveries, reads(Webhooks)),
        endpoint!(webhook_deliveries::webhook_delivery, reads(Webhooks)),
        endpoint!(webhook_deliveries::webhook_retry, writes(Webhooks)),
        endpoint!(rail_notices::rail_notice, Admits::Everyone),
        endpoint!(balances::balance, reads(Balances)),
        endpoint!(balances::transfer, writes(Balances)),
        endpoint!(health::healthz, Admits::Everyone),
        endpoint!(health::readyz, Admits::Everyone),
        endpoint!(openapi::openapi, Admits::Everyone),
        endpoint!(openapi::openapi_3_0, Admits::Everyone),
        endpoint!(docs::docs, Admits::Everyone),
    ];
    all.extend(batch_endpoints());
    all
}

/// Payments by hand, in files.
fn batch_endpoints() -> Vec<ApiRoute> {
    vec![
        endpoint!(payment_batches::batches, reads(Withdrawals)),
        endpoint!(payment_batches::batch_create, writes(Withdrawals)),
        endpoint!(payment_batches::batch_get, reads(Withdrawals)),
        endpoint!(payment_batches::batch_approve, writes(Withdrawals)),
        endpoint!(batch_files::batch_file, writes(Withdrawals)),
        endpoint!(payment_batches::batch_dissolve, writes(Withdrawals)),
        endpoint!(batch_files::batch_answer, writes(Withdrawals)),
    ]
}

/// All routes of the API address, and the pages that are served beside them.
pub fn router(door: Arc<Door>, pages: Router) -> Router {
    let endpoints = endpoints();
    let cross_origin = Cors::new(Arc::clone(&door), &endpoints);
    endpoints
        .into_iter()
        .fold(Router::new(), |router, endpoint| router.route(&endpoint.path(), endpoint.knowing()))
        .merge(pages.with_state(()))
        .fallback(unknown_path)
        .layer(from_fn_with_state(cross_origin, cors))
        .layer(from_fn_with_state(Arc::clone(&door), observe))
        .with_state(door)
}

/// Method, path and who may call it, of every endpoint: for the matrix of the tests.
#[must_use]
pub fn callers() -> Vec<(Method, String, Admits)> {
    let row = |endpoint: ApiRoute| (method(&endpoint.documented), endpoint.path(), endpoint.admits);
    endpoints().into_iter().map(row).collect()
}

impl ApiRoute {
    pub(super) fn path(&self) -> String {
        let path = self.documented.paths.paths.keys().next();
        path.expect("a row documents one operation").clone()
    }

    /// Does a payout hash authenticate its requests?
    pub(super) fn takes_hash(&self) -> bool {
        let items = self.documented.paths.paths.values();
        items.flat_map(|item| [&item.get, &item.post, &item.put, &item.delete]).flatten().any(takes_hash)
    }

    /// The handler, told the names that its entry documents.
    fn knowing(self) -> MethodRouter<Arc<Door>> {
        match EndpointNames::of(&self.documented) {
            Some(known) => self.handler.layer(Extension(known)),
            None => self.handler,
        }
    }
}

fn method(documented: &OpenApi) -> Method {
    let item = documented.paths.paths.values().next().expect("a row documents one operation");
    match item {
        PathItem { get: Some(_), .. } => Method::GET,
        PathItem { post: Some(_), .. } => Method::POST,
        PathItem { put: Some(_), .. } => Method::PUT,
        PathItem { delete: Some(_), .. } => Method::DELETE,
        _ => unreachable!("the API has GET, POST, PUT and DELETE"),
    }
}

async fn unknown_path(uri: Uri) -> Response {
    if page::is_page(uri.path()) { page::not_found() } else { Problem::UnknownPath.into_response() }
}
