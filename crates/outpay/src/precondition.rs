//! Conditional changes (RFC 9110, 13.1.1): the entity tag of what is set, and the condition under which a client wants to
//! change it. Not here: headers (http/), applying the change in one transaction with the check (store/).

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Which versions of a resource may be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Every one; nothing was asked for.
    #[default]
    None,
    /// Every one that exists.
    Exists,
    /// Those with one of these strong entity tags, without quotes.
    Tags(Vec<String>),
}

impl Precondition {
    /// Does it hold for a resource with this tag? `None`: there is no such resource yet.
    #[must_use]
    pub fn holds(&self, tag: Option<&str>) -> bool {
        match self {
            Self::None => true,
            Self::Exists => tag.is_some(),
            Self::Tags(tags) => tag.is_some_and(|tag| tags.iter().any(|one| one == tag)),
        }
    }
}

/// The tag of a resource whose whole content is this text: 128 bits, since a client may choose the text.
#[must_use]
pub fn tag(content: &str) -> String {
    HEXLOWER.encode(Sha256::digest(content).split_at(16).0)
}
