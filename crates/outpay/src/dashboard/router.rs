//! The one route table of the dashboard. Behind each route stands what it asks for; every route has a row in
//! tests/it/dashboard/authorization.rs.

use super::notice;
use super::{
    account, audit, business_switch, enrolment, enrolment_confirm, invitation, invitation_accept,
    invitation_open, invitation_withdraw, mode_switch, password_change, recovery_codes_renew, second_factor,
    second_factor_try, session_end, settings, settings_branding, settings_expiry, settings_logo,
    settings_method, settings_payouts, sign_in, sign_in_try, sign_out, team, team_invite, team_remove,
    team_reset, team_role,
};
use super::{
    by_hand, by_hand_export, by_hand_settle, deliveries, deliveries_replay, delivery, delivery_retry, home,
    import, import_bring, import_decide, import_result, import_rule, imports, key, key_create, key_revoke,
    key_roll, keys, pause_end, pause_set, pauses, proposal_decide, proposals, request, requests, transfer,
    upload, user, user_debit, user_link, user_link_mail, user_pay, user_rotate_hash, user_status, users,
    webhook_roll, webhook_set, webhook_test, webhooks, withdrawal, withdrawal_end, withdrawals,
    withdrawals_export, withdrawals_review,
};
use crate::platform::Platform;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

/// All routes under /dashboard.
pub fn router(platform: Platform) -> Router {
    Router::new()
        // The way in.
        .route("/dashboard/invitation", get(invitation::handle).post(invitation_open::handle)) // anybody
        .route("/dashboard/invitation/accept", post(invitation_accept::handle)) // anybody with an invitation
        .route("/dashboard/sign-in", get(sign_in::handle).post(sign_in_try::handle)) // anybody
        .route("/dashboard/second-factor", get(second_factor::handle).post(second_factor_try::handle)) // halfway
        .route("/dashboard/enrolment", get(enrolment::handle).post(enrolment_confirm::handle)) // halfway
        // One's own account.
        .route("/dashboard/account", get(account::handle)) // See
        .route("/dashboard/account/password", post(password_change::handle)) // See
        .route("/dashboard/account/recovery-codes", post(recovery_codes_renew::handle)) // See
        .route("/dashboard/account/sessions", post(session_end::handle)) // See
        .route("/dashboard/mode", post(mode_switch::handle)) // See
        .route("/dashboard/business", post(business_switch::handle)) // See
        .route("/dashboard/sign-out", post(sign_out::handle)) // See
        // The business.
        .route("/dashboard/settings", get(settings::handle)) // See
        .route("/dashboard/settings/payouts", post(settings_payouts::handle)) // ManageSettings
        .route("/dashboard/settings/expiry", post(settings_expiry::handle)) // ManageSettings
        .route("/dashboard/settings/method", post(settings_method::handle)) // ManageSettings
        .route("/dashboard/settings/branding", post(settings_branding::handle)) // ManageSettings
        .route("/dashboard/settings/logo", post(settings_logo::handle)) // ManageSettings
        .route("/dashboard/team", get(team::handle)) // See
        .route("/dashboard/team/invite", post(team_invite::handle)) // ManageTeam
        .route("/dashboard/team/withdraw", post(invitation_withdraw::handle)) // ManageTeam
        .route("/dashboard/team/role", post(team_role::handle)) // ManageTeam
        .route("/dashboard/team/remove", post(team_remove::handle)) // ManageTeam
        .route("/dashboard/team/reset", post(team_reset::handle)) // ManageTeam
        .route("/dashboard/audit", get(audit::handle)) // See
        // Developer: API keys and the request log.
        .route("/dashboard/keys", get(keys::handle).post(key_create::handle)) // See; ManageKeys
        .route("/dashboard/keys/{id}", get(key::handle)) // See
        .route("/dashboard/keys/{id}/roll", post(key_roll::handle)) // ManageKeys
        .route("/dashboard/keys/{id}/revoke", post(key_revoke::handle)) // ManageKeys
        .route("/dashboard/requests", get(requests::handle)) // See
        .route("/dashboard/requests/{id}", get(request::handle)) // See
        // Payout: webhooks and their log.
        .route("/dashboard/webhooks", get(webhooks::handle).post(webhook_set::handle)) // See; ManageWebhooks
        .route("/dashboard/webhooks/roll", post(webhook_roll::handle)) // ManageWebhooks
        .route("/dashboard/webhooks/test", post(webhook_test::handle)) // ManageWebhooks
        .route("/dashboard/deliveries", get(deliveries::handle)) // See
        .route("/dashboard/deliveries/replay", post(deliveries_replay::handle)) // ManageWebhooks
        .route("/dashboard/deliveries/{id}", get(delivery::handle)) // See
        .route("/dashboard/deliveries/{id}/retry", post(delivery_retry::handle)) // ManageWebhooks
        // Money and people.
        .route("/dashboard", get(home::handle)) // See
        .route("/dashboard/transfer", post(transfer::handle)) // PayPeople
        .route("/dashboard/users", get(users::handle)) // See
        .route("/dashboard/users/pay", post(user_pay::handle)) // PayPeople
        .route("/dashboard/users/{id}", get(user::handle)) // See
        .route("/dashboard/users/{id}/debit", post(user_debit::handle)) // PayPeople
        .route("/dashboard/users/{id}/status", post(user_status::handle)) // ManageUsers
        .route("/dashboard/users/{id}/rotate-hash", post(user_rotate_hash::handle)) // ManageUsers
        .route("/dashboard/users/{id}/link", post(user_link::handle)) // ManageUsers
        .route("/dashboard/users/{id}/link/mail", post(user_link_mail::handle)) // ManageUsers
        .route("/dashboard/withdrawals", get(withdrawals::handle)) // See
        .route("/dashboard/withdrawals/export", get(withdrawals_export::handle)) // See
        .route("/dashboard/withdrawals/review", post(withdrawals_review::handle)) // ReviewWithdrawals
        .route("/dashboard/withdrawals/by-hand", get(by_hand::handle)) // See
        .route("/dashboard/withdrawals/by-hand/export", post(by_hand_export::handle)) // ReviewWithdrawals
        .route("/dashboard/withdrawals/by-hand/settle", post(by_hand_settle::handle)) // ReviewWithdrawals
        .route("/dashboard/withdrawals/{id}", get(withdrawal::handle)) // See
        .route("/dashboard/withdrawals/{id}/end", post(withdrawal_end::handle)) // ReviewWithdrawals
        .route("/dashboard/pauses", get(pauses::handle).post(pause_set::handle)) // See; ManageSettings
        .route("/dashboard/pauses/resume", post(pause_end::handle)) // ManageSettings
        .route("/dashboard/proposals", get(proposals::handle)) // See
        .route("/dashboard/proposals/{id}/decide", post(proposal_decide::handle)) // PayPeople or ReviewWithdrawals, by what it is
        .route("/dashboard/import", get(imports::handle).post(import_bring::handle)) // See, PayPeople
        .route("/dashboard/import/rule", post(import_rule::handle)) // ManageSettings
        .route("/dashboard/import/{id}", get(import::handle)) // See
        .route("/dashboard/import/{id}/decide", post(import_decide::handle)) // PayPeople; approving: ReviewWithdrawals
        .route("/dashboard/import/{id}/result", get(import_result::handle)) // See
        .layer(DefaultBodyLimit::max(upload::LARGEST))
        .layer(from_fn_with_state(platform.clone(), notice::carry))
        .with_state(platform)
}
