//! The one table of the API's endpoints. A row names the handler; its method, path and OpenAPI entry are those of the
//! `#[utoipa::path(…)]` above it. The router and the document are both made of this table.

use super::cors::{Cors, cors};
use super::door::Door;
use super::known::EndpointNames;
use super::observe::observe;
use super::problem::Problem;
use super::{
    balances, docs, events, health, methods, openapi, operations, pauses, payouts, settings, users, webhooks,
    withdrawals,
};
use crate::web::page;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};
use http::Uri;
use std::sync::Arc;
use utoipa::openapi::{OpenApi, PathItem, SecurityRequirement};

/// One row of the table.
pub(super) struct ApiRoute {
    /// An OpenAPI document with this one operation, and the schemas that it names.
    pub(super) documented: OpenApi,
    handler: MethodRouter<Arc<Door>>,
}

/// `endpoint!(module::handler)`
macro_rules! endpoint {
    ($module:ident :: $handler:ident) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($module::$handler))]
        struct Documented;
        let documented = <Documented as utoipa::OpenApi>::openapi();
        let handler = on(method(&documented), $module::$handler);
        ApiRoute { documented, handler }
    }};
}

/// All endpoints.
pub(super) fn endpoints() -> Vec<ApiRoute> {
    vec![
        endpoint!(payouts::create),
        endpoint!(payouts::batch),
        endpoint!(operations::operations),
        endpoint!(operations::operations_by_post),
        endpoint!(operations::operation),
        endpoint!(operations::cancel),
        endpoint!(operations::reveal),
        endpoint!(methods::methods),
        endpoint!(methods::quote),
        endpoint!(methods::withdraw),
        endpoint!(users::users),
        endpoint!(users::user),
        endpoint!(users::user_operations),
        endpoint!(users::activate),
        endpoint!(users::deactivate),
        endpoint!(users::rotate_hash),
        endpoint!(users::debit),
        endpoint!(withdrawals::withdrawals),
        endpoint!(withdrawals::withdrawal),
        endpoint!(withdrawals::withdrawal_metadata),
        endpoint!(withdrawals::approve),
        endpoint!(withdrawals::reject),
        endpoint!(withdrawals::settle),
        endpoint!(pauses::pauses),
        endpoint!(pauses::pause),
        endpoint!(pauses::resume),
        endpoint!(settings::settings),
        endpoint!(settings::settings_set),
        endpoint!(events::events),
        endpoint!(webhooks::webhook),
        endpoint!(webhooks::webhook_set),
        endpoint!(webhooks::webhook_roll),
        endpoint!(webhooks::webhook_test),
        endpoint!(webhooks::webhook_replay),
        endpoint!(webhooks::webhook_deliveries),
        endpoint!(webhooks::webhook_delivery),
        endpoint!(webhooks::webhook_retry),
        endpoint!(balances::balance),
        endpoint!(balances::transfer),
        endpoint!(health::healthz),
        endpoint!(health::readyz),
        endpoint!(openapi::openapi),
        endpoint!(docs::docs),
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

impl ApiRoute {
    pub(super) fn path(&self) -> String {
        let path = self.documented.paths.paths.keys().next();
        path.expect("a row documents one operation").clone()
    }

    /// Does a payout hash authenticate its requests?
    pub(super) fn takes_hash(&self) -> bool {
        let by_hash = SecurityRequirement::new("payout_hash", [""; 0]);
        let items = self.documented.paths.paths.values();
        let operations = items.flat_map(|item| [&item.get, &item.post, &item.put]).flatten();
        operations.flat_map(|operation| operation.security.iter().flatten()).any(|of| *of == by_hash)
    }

    /// The handler, told the names that its entry documents.
    fn knowing(self) -> MethodRouter<Arc<Door>> {
        match EndpointNames::of(&self.documented) {
            Some(known) => self.handler.layer(Extension(known)),
            None => self.handler,
        }
    }
}

fn method(documented: &OpenApi) -> MethodFilter {
    let item = documented.paths.paths.values().next().expect("a row documents one operation");
    match item {
        PathItem { get: Some(_), .. } => MethodFilter::GET,
        PathItem { post: Some(_), .. } => MethodFilter::POST,
        PathItem { put: Some(_), .. } => MethodFilter::PUT,
        _ => unreachable!("the API has GET, POST and PUT"),
    }
}

async fn unknown_path(uri: Uri) -> Response {
    if page::is_page(uri.path()) { page::not_found() } else { Problem::UnknownPath.into_response() }
}
