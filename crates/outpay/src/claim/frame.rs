//! The layout around every page: the sender's branding, language links, help, and sign-out.

use crate::business::branding::{Branding, LogoName, STANDARD_COLOUR};
use crate::language::Language;

/// Embedded in every page's template as `frame`.
pub(super) struct Frame {
    pub(super) t: Language,
    pub(super) title: String,
    pub(super) sender: Option<SenderBrand>,
    pub(super) test_mode: bool,
    /// The CSRF token; `None` without a session.
    pub(super) csrf: Option<String>,
    /// This page's path, for the links to its other languages.
    pub(super) here: String,
}

/// The branding of the business that gave the money.
pub(super) struct SenderBrand {
    pub(super) name: String,
    pub(super) initial: String,
    /// The path of its logo, shown instead of the initial.
    pub(super) logo: Option<String>,
    /// Six digits, unless it is the standard colour.
    pub(super) colour: Option<String>,
    pub(super) support: String,
    pub(super) support_url: String,
}

impl Frame {
    /// Of a page that needs no session.
    pub(super) fn outside(t: Language, title: &str) -> Self {
        Self { t, title: title.to_owned(), sender: None, test_mode: false, csrf: None, here: "/p".to_owned() }
    }

    /// All languages: tag, name, and whether it is this one.
    pub(super) fn languages(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let own = self.t;
        Language::ALL.into_iter().map(move |language| (language.tag(), language.name(), language == own))
    }

    /// Around a page with fixed data, for its snapshot.
    #[cfg(test)]
    pub(super) fn sample(t: Language, title: impl Into<String>, here: &str) -> Self {
        let sender = SenderBrand {
            name: "Harbour & Pine".to_owned(),
            initial: "H".to_owned(),
            logo: None,
            colour: Some("0a7d5c".to_owned()),
            support: "Questions? We answer on working days.".to_owned(),
            support_url: "https://example.com/help".to_owned(),
        };
        let csrf = Some("dG9rZW4".to_owned());
        Self { t, title: title.into(), sender: Some(sender), test_mode: false, csrf, here: here.to_owned() }
    }

    pub(super) fn token(&self) -> &str {
        self.csrf.as_deref().unwrap_or_default()
    }
}

impl SenderBrand {
    pub(super) fn new(branding: &Branding, logo: Option<&LogoName>) -> Self {
        let initial = branding.display_name.chars().find(|sign| sign.is_alphanumeric());
        Self {
            name: branding.display_name.clone(),
            initial: initial.map(|sign| sign.to_uppercase().to_string()).unwrap_or_default(),
            logo: logo.map(LogoName::path),
            colour: (branding.colour != STANDARD_COLOUR).then(|| branding.colour.digits()),
            support: branding.support.clone(),
            support_url: branding.support_url.clone(),
        }
    }
}
