//! What stands around every page: title, navigation, which business, which mode, who is signed in, the word left by the
//! last action. Embedded as `frame` in every page's template.

use crate::dashboard::door::signed_in::SignedIn;
use ledger::Mode;

/// See the module.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Of the page.
    pub title: String,
    /// Which entry of the navigation is lit: a first column of [`NAVIGATION`].
    pub current: &'static str,
    /// The business's name.
    pub business: String,
    /// The member's name.
    pub member: String,
    /// The member's role, as a word.
    pub role: &'static str,
    /// Is this play money?
    pub test_mode: bool,
    /// Goes into every form's field `csrf`.
    pub csrf: String,
    /// What the last action said.
    pub notice: Option<String>,
}

/// A heading of the navigation and its entries: name for [`Frame::current`], path, words.
pub type Section = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

/// The navigation, in order.
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
