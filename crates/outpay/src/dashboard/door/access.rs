//! Who may use a route. Each row of the route table states it once (router.rs); the extractor of the signed-in member
//! enforces it (signed_in.rs), so no page and no action can forget to ask. Not here: which role has which permission.

use crate::roles::{Permission, Role};

/// Travels with the request, from the route table to the extractors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No session is needed.
    Anyone,
    /// A session whose second factor is missing.
    Halfway,
    /// A complete session whose role has this permission.
    Needs(Permission),
    /// A complete session whose role has at least one of these. Which one depends on the form: the action calls
    /// `SignedIn::require` with it.
    NeedsOneOf(&'static [Permission]),
}

impl Access {
    /// May a signed-in member of this role pass?
    #[must_use]
    pub(crate) fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::Halfway => true,
            Self::Needs(permission) => role.may(permission),
            Self::NeedsOneOf(permissions) => permissions.iter().any(|permission| role.may(*permission)),
        }
    }
}
