//! The human door: the dashboard of a business's team. One route table (router.rs), one file per page with a template of
//! the same name in templates/dashboard/, one file per action. What all share: who is signed in (signed_in.rs), checked
//! POSTs (post.rs), why a page is not shown (stop.rs), the frame around pages (frame.rs), a word after an action
//! (notice.rs). Not here: what members may do (members/), rules about money (ledger), SQL (store).

pub mod account;
pub mod amount;
pub mod audit;
pub mod business_switch;
pub mod by_hand;
pub mod by_hand_export;
pub mod by_hand_settle;
pub mod chart;
pub mod deliveries;
pub mod deliveries_replay;
pub mod delivery;
pub mod delivery_retry;
pub mod download;
pub mod enrolment;
pub mod enrolment_confirm;
pub mod frame;
pub mod home;
pub mod import;
pub mod import_bring;
pub mod import_decide;
pub mod import_result;
pub mod import_rule;
pub mod imports;
pub mod invitation;
pub mod invitation_accept;
pub mod invitation_open;
pub mod invitation_withdraw;
pub mod key;
pub mod key_create;
pub mod key_made;
pub mod key_revoke;
pub mod key_roll;
pub mod keys;
pub mod mode_switch;
pub mod notice;
pub mod once;
pub mod password_change;
pub mod pause_end;
pub mod pause_set;
pub mod pauses;
pub mod post;
pub mod proposal_decide;
pub mod proposals;
pub mod query;
pub mod recovery_codes;
pub mod recovery_codes_renew;
pub mod request;
pub mod requests;
pub mod router;
pub mod second_factor;
pub mod second_factor_try;
pub mod sent;
pub mod session_end;
pub mod settings;
pub mod settings_branding;
pub mod settings_expiry;
mod settings_logo;
pub mod settings_method;
pub mod settings_payouts;
pub mod sign_in;
pub mod sign_in_try;
pub mod sign_out;
pub mod signed_in;
pub mod stop;
pub mod team;
pub mod team_invite;
pub mod team_remove;
pub mod team_reset;
pub mod team_role;
pub mod transfer;
pub mod upload;
pub mod usage_chart;
pub mod user;
pub mod user_debit;
pub mod user_link;
pub mod user_link_mail;
pub mod user_pay;
pub mod user_rotate_hash;
pub mod user_status;
pub mod users;
pub mod visitor;
pub mod webhook_keys;
pub mod webhook_roll;
pub mod webhook_set;
pub mod webhook_test;
pub mod webhooks;
pub mod withdrawal;
pub mod withdrawal_end;
pub mod withdrawal_filter;
pub mod withdrawal_row;
pub mod withdrawals;
pub mod withdrawals_export;
pub mod withdrawals_review;

pub use frame::Frame;
pub use post::Posted;
pub use router::router;
pub use signed_in::SignedIn;
pub use stop::Stop;

/// A page with invented data as text, for its snapshot.
#[must_use]
pub fn sample(page: &impl askama::Template) -> String {
    page.render().unwrap_or_else(|error| error.to_string())
}
