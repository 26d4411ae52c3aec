//! The one route table of the dashboard: method, path, who may, what answers. The matrix test reads it
//! (tests/it/dashboard/authorization.rs) and sends every route a request from every role.

use crate::dashboard::access::{
    account, demo, email_change, enrolment, invitation, passkey, password_reset, recovery_codes,
    second_factor, second_factor_change, sign_in, switch,
};
use crate::dashboard::business::{audit, search, settings, team, test_clock};
use crate::dashboard::developer::{deliveries, delivery, key, keys, request, requests, webhook, webhooks};
use crate::dashboard::door::access::Access::{self, Anyone, Halfway, Needs, NeedsOneOf};
use crate::dashboard::door::{kept_form, notice, uploaded};
use crate::dashboard::money::{
    balance, batch, batches, deposits, home, import, imports, journal, methods, pauses, proposals,
    reconciliation, statement, trial_balance, withdrawal, withdrawal_end, withdrawals, withdrawals_review,
};
use crate::dashboard::people::{claim_link, notes, person_export, user, users};
use crate::members::demo::DemoDoor;
use crate::platform::Platform;
use crate::roles::Permission::{
    ManageKeys, ManageSettings, ManageTeam, ManageUsers, ManageWebhooks, PayPeople, ReviewWithdrawals, See,
};
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{self, MethodRouter};
use axum::{Extension, Router};
use http::Method;
use std::sync::Arc;

/// A row of the table.
pub struct Route {
    /// GET or POST.
    pub method: Method,
    /// As axum writes it, with `{id}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: MethodRouter<Platform>,
}

const PAY_OR_REVIEW: Access = NeedsOneOf(&[PayPeople, ReviewWithdrawals]);
/// What a proposal needs beyond that depends on what was proposed.
const DECIDES: Access = NeedsOneOf(&[PayPeople, ReviewWithdrawals, ManageSettings, ManageKeys, ManageTeam]);

/// All routes under /dashboard. A GET changes nothing.
#[must_use]
pub fn routes() -> Vec<Route> {
    [access(), people(), money(), developer(), business()].into_iter().flatten().collect()
}

/// Sign-in, second factor, invitations, the member's own account.
fn access() -> Vec<Route> {
    vec![
        get("/dashboard/invitation", Anyone, invitation::view),
        post("/dashboard/invitation", Anyone, invitation::open),
        post("/dashboard/invitation/accept", Anyone, invitation::accept),
        get("/dashboard/sign-in", Anyone, sign_in::view),
        post("/dashboard/sign-in", Anyone, sign_in::sign_in),
        post("/dashboard/sign-in/passkey", Anyone, passkey::sign_in),
        get("/dashboard/password/forgot", Anyone, password_reset::forgot),
        post("/dashboard/password/forgot", Anyone, password_reset::ask),
        get("/dashboard/password/reset", Anyone, password_reset::view),
        post("/dashboard/password/reset", Anyone, password_reset::set),
        get("/dashboard/second-factor", Halfway, second_factor::view),
        post("/dashboard/second-factor", Halfway, second_factor::confirm),
        get("/dashboard/enrolment", Halfway, enrolment::view),
        post("/dashboard/enrolment", Halfway, enrolment::confirm),
        get("/dashboard/account", Needs(See), account::view),
        get("/dashboard/email/confirm", Anyone, email_change::view),
        post("/dashboard/email/confirm", Anyone, email_change::confirm),
        post("/dashboard/account/email", Needs(See), email_change::ask),
        post("/dashboard/account/password", Needs(See), account::set_password),
        post("/dashboard/account/passkeys/begin", Needs(See), passkey::begin),
        post("/dashboard/account/passkeys", Needs(See), passkey::add),
        post("/dashboard/account/passkeys/remove", Needs(See), passkey::remove),
        post("/dashboard/account/recovery-codes", Needs(See), recovery_codes::renew),
        post("/dashboard/account/second-factor", Needs(See), second_factor_change::begin),
        post("/dashboard/account/second-factor/confirm", Needs(See), second_factor_change::confirm),
        post("/dashboard/account/sessions", Needs(See), account::end_session),
        post("/dashboard/mode", Needs(See), switch::mode),
        post("/dashboard/business", Needs(See), switch::business),
        post("/dashboard/sign-out", Needs(See), sign_in::sign_out),
    ]
}

/// People who were given money.
fn people() -> Vec<Route> {
    vec![
        get("/dashboard/users", Needs(See), users::view),
        get("/dashboard/users/export", Needs(See), users::export),
        post("/dashboard/users/pay", Needs(PayPeople), users::pay),
        get("/dashboard/users/{id}", Needs(See), user::view),
        post("/dashboard/users/{id}/debit", Needs(PayPeople), user::debit),
        post("/dashboard/users/{id}/status", Needs(ManageUsers), user::set_status),
        post("/dashboard/users/{id}/rotate-hash", Needs(ManageUsers), claim_link::rotate_hash),
        post("/dashboard/users/{id}/link", Needs(ManageUsers), claim_link::show),
        post("/dashboard/users/{id}/link/mail", Needs(ManageUsers), claim_link::mail),
        post("/dashboard/users/{id}/notes", Needs(ManageUsers), notes::add),
        post("/dashboard/users/{id}/notes/remove", Needs(ManageUsers), notes::remove),
        post("/dashboard/users/{id}/export", Needs(ManageUsers), person_export::export),
    ]
}

/// Balances, withdrawals, methods, reconciliation, imports, pauses, proposals.
fn money() -> Vec<Route> {
    vec![
        get("/dashboard", Needs(See), home::view),
        post("/dashboard/transfer", Needs(PayPeople), home::transfer),
        get("/dashboard/balance", Needs(See), balance::view),
        get("/dashboard/balance/export", Needs(See), balance::export),
        get("/dashboard/deposits", Needs(See), deposits::view),
        get("/dashboard/deposits/review", Needs(PayPeople), deposits::review),
        post("/dashboard/deposits", Needs(PayPeople), deposits::record),
        get("/dashboard/statement", Needs(See), statement::view),
        get("/dashboard/statement/export", Needs(See), statement::export),
        get("/dashboard/journal", Needs(See), journal::view),
        get("/dashboard/journal/export", Needs(See), journal::export),
        get("/dashboard/trial-balance", Needs(See), trial_balance::view),
        get("/dashboard/trial-balance/export", Needs(See), trial_balance::export),
        get("/dashboard/withdrawals", Needs(See), withdrawals::view),
        get("/dashboard/withdrawals/export", Needs(See), withdrawals::export),
        get("/dashboard/withdrawals/review", Needs(ReviewWithdrawals), withdrawals_review::confirm),
        post("/dashboard/withdrawals/review", Needs(ReviewWithdrawals), withdrawals_review::review),
        get("/dashboard/batches", Needs(See), batches::view),
        get("/dashboard/batches/export", Needs(See), batches::export),
        post("/dashboard/batches", Needs(ReviewWithdrawals), batches::make),
        post("/dashboard/batches/answer", Needs(ReviewWithdrawals), batches::answer),
        get("/dashboard/batches/{id}", Needs(See), batch::view),
        post("/dashboard/batches/{id}/approve", Needs(ReviewWithdrawals), batch::approve),
        post("/dashboard/batches/{id}/file", Needs(ReviewWithdrawals), batch::file),
        post("/dashboard/batches/{id}/dissolve", Needs(ReviewWithdrawals), batch::dissolve),
        get("/dashboard/withdrawals/{id}", Needs(See), withdrawal::view),
        get("/dashboard/withdrawals/{id}/end", Needs(ReviewWithdrawals), withdrawal_end::view),
        post("/dashboard/withdrawals/{id}/end", Needs(ReviewWithdrawals), withdrawal_end::end),
        get("/dashboard/methods", Needs(See), methods::view),
        get("/dashboard/reconciliation", Needs(See), reconciliation::view),
        post("/dashboard/reconciliation/close", Needs(ReviewWithdrawals), reconciliation::close),
        get("/dashboard/pauses", Needs(See), pauses::view),
        post("/dashboard/pauses", Needs(ManageSettings), pauses::set),
        post("/dashboard/pauses/resume", Needs(ManageSettings), pauses::end),
        get("/dashboard/proposals", Needs(See), proposals::view),
        post("/dashboard/proposals/{id}/decide", DECIDES, proposals::decide),
        get("/dashboard/import", Needs(See), imports::view),
        get("/dashboard/import/export", Needs(See), imports::export),
        post("/dashboard/import", Needs(PayPeople), imports::upload),
        post("/dashboard/import/rule", Needs(ManageSettings), imports::set_approval_rule),
        get("/dashboard/import/{id}", Needs(See), import::view),
        post("/dashboard/import/{id}/decide", PAY_OR_REVIEW, import::decide),
        get("/dashboard/import/{id}/result", Needs(See), import::download_result),
    ]
}

/// API keys, webhooks, and their logs.
fn developer() -> Vec<Route> {
    vec![
        get("/dashboard/keys", Needs(See), keys::view),
        post("/dashboard/keys", Needs(ManageKeys), keys::create),
        get("/dashboard/keys/{id}", Needs(See), key::view),
        post("/dashboard/keys/{id}/roll", Needs(ManageKeys), key::roll),
        post("/dashboard/keys/{id}/revoke", Needs(ManageKeys), key::revoke),
        get("/dashboard/requests", Needs(See), requests::view),
        get("/dashboard/requests/export", Needs(See), requests::export),
        get("/dashboard/requests/{id}", Needs(See), request::view),
        get("/dashboard/webhooks", Needs(See), webhooks::view),
        post("/dashboard/webhooks", Needs(ManageWebhooks), webhooks::create),
        get("/dashboard/webhooks/{id}", Needs(See), webhook::view),
        post("/dashboard/webhooks/{id}", Needs(ManageWebhooks), webhook::save),
        post("/dashboard/webhooks/{id}/roll", Needs(ManageWebhooks), webhook::roll),
        post("/dashboard/webhooks/{id}/switch", Needs(ManageWebhooks), webhook::switch),
        post("/dashboard/webhooks/{id}/test", Needs(ManageWebhooks), webhook::send_test),
        post("/dashboard/webhooks/{id}/delete", Needs(ManageWebhooks), webhook::delete),
        get("/dashboard/deliveries", Needs(See), deliveries::view),
        get("/dashboard/deliveries/export", Needs(See), deliveries::export),
        post("/dashboard/deliveries/replay", Needs(ManageWebhooks), deliveries::replay),
        get("/dashboard/deliveries/{id}", Needs(See), delivery::view),
        post("/dashboard/deliveries/{id}/retry", Needs(ManageWebhooks), delivery::retry),
    ]
}

/// Settings, team, audit log, and the search over everything.
fn business() -> Vec<Route> {
    vec![
        get("/dashboard/settings", Needs(See), settings::view),
        post("/dashboard/settings/payouts", Needs(ManageSettings), settings::set_payouts),
        post("/dashboard/settings/expiry", Needs(ManageSettings), settings::set_expiry),
        post("/dashboard/settings/origins", Needs(ManageSettings), settings::set_origins),
        post("/dashboard/settings/method", Needs(ManageSettings), settings::set_method),
        post("/dashboard/settings/two-people", Needs(ManageSettings), settings::set_two_people),
        post("/dashboard/settings/branding", Needs(ManageSettings), settings::set_branding),
        post("/dashboard/settings/test-clock", Needs(ManageSettings), test_clock::advance),
        post("/dashboard/settings/logo", Needs(ManageSettings), settings::set_logo),
        get("/dashboard/team", Needs(See), team::view),
        post("/dashboard/team/invite", Needs(ManageTeam), team::invite),
        post("/dashboard/team/withdraw", Needs(ManageTeam), team::withdraw_invitation),
        post("/dashboard/team/role", Needs(ManageTeam), team::change_role),
        post("/dashboard/team/remove", Needs(ManageTeam), team::remove_member),
        post("/dashboard/team/reset", Needs(ManageTeam), team::reset_factor),
        get("/dashboard/audit", Needs(See), audit::view),
        get("/dashboard/audit/export", Needs(See), audit::export),
        get("/dashboard/audit/chain", Needs(See), audit::chain),
        get("/dashboard/search", Needs(See), search::view),
    ]
}

/// Only in a demo: no other server has these routes.
fn of_a_demo() -> Vec<Route> {
    vec![get("/dashboard/demo", Anyone, demo::view), post("/dashboard/demo", Anyone, demo::enter)]
}

fn get<H: Handler<T, Platform>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route { method: Method::GET, path, access, handler: routing::get(handler) }
}

fn post<H: Handler<T, Platform>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route { method: Method::POST, path, access, handler: routing::post(handler) }
}

/// The dashboard.
pub fn router(platform: Platform) -> Router {
    over(platform, routes())
}

/// What a demo has beside it.
pub fn demo_router(platform: Platform, door: DemoDoor) -> Router {
    over(platform, of_a_demo()).layer(Extension(Arc::new(door)))
}

fn over(platform: Platform, routes: Vec<Route>) -> Router {
    let mut router = Router::new();
    for Route { path, access, handler, .. } in routes {
        router = router.route(path, handler.route_layer(Extension(access)));
    }
    router
        .layer(DefaultBodyLimit::max(uploaded::LARGEST))
        .layer(from_fn_with_state(platform.clone(), kept_form::carry))
        .layer(from_fn_with_state(platform.clone(), notice::carry))
        .with_state(platform)
}
