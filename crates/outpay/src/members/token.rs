//! Tokens of sessions, invitations and devices: 256 random bits as text; what is stored is a keyed digest.

use crate::platform::Platform;
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};

/// What a token is for: each has digests of its own.
pub(super) const SESSION: &str = "member session";
pub(super) const INVITATION: &str = "invitation";
pub(super) const PASSWORD_RESET: &str = "password reset";
pub(super) const DEMO: &str = "demo";
pub(super) const EMAIL_CHANGE: &str = "email change";

/// A new token: 43 characters.
pub(super) fn generate(platform: &Platform) -> SecretString {
    let mut bytes = [0u8; 32];
    platform.entropy.fill(&mut bytes);
    SecretString::from(BASE64URL_NOPAD.encode(&bytes))
}

/// What is stored of it.
pub(super) fn digest(platform: &Platform, purpose: &str, token: &str) -> [u8; 32] {
    platform.secrets.page_mac(purpose, token)
}

/// What is stored of a token that was just made.
pub(super) fn digest_of(platform: &Platform, purpose: &str, token: &SecretString) -> [u8; 32] {
    digest(platform, purpose, token.expose_secret())
}

/// The link of an invitation, below the address where people reach the dashboard.
#[must_use]
pub fn link(base: &str, token: &SecretString) -> SecretString {
    link_to(base, "/dashboard/invitation", token)
}

/// A link to a page of the dashboard. The token is in the fragment, which browsers do not send, so no log has it.
pub(super) fn link_to(base: &str, path: &str, token: &SecretString) -> SecretString {
    SecretString::from(format!("{}{path}#{}", base.trim_end_matches('/'), token.expose_secret()))
}
