//! The layout around every page: title, navigation, business, mode, signed-in member, and the notice of the last action.
//! Embedded as `frame` in every page's template.

use crate::dashboard::door::signed_in::SignedIn;
use ledger::Mode;

#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    /// The selected entry of the navigation: a first column of [`NAVIGATION`].
    pub current: &'static str,
    pub business: String,
    pub member: String,
    pub role: &'static str,
    pub test_mode: bool,
    /// For the hidden field `csrf` of every form.
    pub csrf: String,
    /// The flash message of the last action.
    pub notice: Option<String>,
}

/// A heading of the navigation and its entries: name for [`Frame::current`], path, label.
pub type Section = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

pub const NAVIGATION: [Section; 4] = [
    (
        "Payout",
        &[
            ("home", "/dashboard", "Home"),
            ("users", "/dashboard/users", "Users"),
            ("withdrawals", "/dashboard/withdrawals", "Withdrawals"),
            ("pauses", "/dashboard/pauses", "Pauses"),
            ("import", "/dashboard/import", "Import"),
            ("proposals", "/dashboard/proposals", "Proposals"),
        ],
    ),
    (
        "Webhooks",
        &[
            ("webhooks", "/dashboard/webhooks", "Webhooks"),
            ("deliveries", "/dashboard/deliveries", "Webhook logs"),
        ],
    ),
    (
        "Developer",
        &[("keys", "/dashboard/keys", "API keys"), ("requests", "/dashboard/requests", "Request log")],
    ),
    (
        "Business",
        &[
            ("settings", "/dashboard/settings", "Settings"),
            ("team", "/dashboard/team", "Team"),
            ("audit", "/dashboard/audit", "Audit log"),
        ],
    ),
];

impl Frame {
    /// Around a page for this member.
    #[must_use]
    pub fn new(who: &SignedIn, current: &'static str, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            current,
            business: who.business.name.clone(),
            member: who.member.name.clone(),
            role: who.role.word(),
            test_mode: who.mode == Mode::Test,
            csrf: who.csrf.clone(),
            notice: who.notice.clone(),
        }
    }

    /// Around a page with invented data, for its snapshot.
    #[cfg(test)]
    pub fn sample(current: &'static str, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            current,
            business: "Acme, Inc.".to_owned(),
            member: "Ada Example".to_owned(),
            role: crate::members::Role::Owner.word(),
            test_mode: false,
            csrf: "csrf-token".to_owned(),
            notice: None,
        }
    }
}
