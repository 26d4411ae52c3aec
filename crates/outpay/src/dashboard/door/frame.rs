//! The layout around every page: title, navigation, business, mode, signed-in member, and the notice of the last action.
//! Embedded as `frame` in every page's template.

use crate::dashboard::door::signed_in::SignedIn;
use ledger::Mode;

#[derive(Clone, Debug)]
pub struct Frame {
    pub title: String,
    /// The selected entry of the navigation: a first column of `dashboard::NAVIGATION`.
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
            role: crate::roles::Role::Owner.word(),
            test_mode: false,
            csrf: "csrf-token".to_owned(),
            notice: None,
        }
    }
}
