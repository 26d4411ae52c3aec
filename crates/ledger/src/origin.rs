//! Where a command comes from: who gives it, and with which credential. A credential is judged when a request comes in, and
//! again here, under the book's lock: in between it may have been revoked, rotated or deactivated, and from the moment at
//! which that is answered it moves no money.

use crate::{Actor, Book, Budget, Micros};

/// The keyed digest of a credential's text, under which it is stored.
pub type CredentialDigest = [u8; 32];

/// Who gives a command, and with which credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Goes into the journal.
    pub actor: Actor,
    /// Has to be valid when the command is decided; `None` for commands of the operator, members (see `session`) and the platform itself.
    pub credential: Option<CredentialDigest>,
    /// Of a member: has to be open, and the role has to be the same, when the command is decided.
    pub session: Option<SessionStamp>,
    /// Of a key that has ceilings: what it may pay out.
    pub budget: Option<Budget>,
}

/// A member's session, and the role for which the member was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionStamp {
    /// The session's number.
    pub session: i64,
    /// The role's number.
    pub role: i64,
}

impl From<Actor> for Origin {
    fn from(actor: Actor) -> Self {
        Self { actor, credential: None, session: None, budget: None }
    }
}

/// A credential as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCredential {
    /// The user whose hash it is; `None` for a key.
    pub user: Option<i64>,
    /// Neither revoked nor deactivated.
    pub is_active: bool,
    /// Until when.
    pub expires_at: Option<Micros>,
}

impl Book {
    /// Adds a credential as it is stored; one that is not loaded does not authenticate.
    pub fn put_credential(&mut self, digest: CredentialDigest, credential: StoredCredential) {
        self.credentials.insert(digest, credential);
    }

    /// Adds a session that is open, of a member who has this role in the business now.
    pub fn put_session(&mut self, stamp: SessionStamp) {
        self.sessions.insert(stamp);
    }

    /// Do the credential and the session of the command still authenticate?
    pub(crate) fn lets_in(&self, origin: &Origin, now: Micros) -> bool {
        origin.credential.is_none_or(|credential| self.authenticates(&credential, now))
            && origin.session.is_none_or(|stamp| self.sessions.contains(&stamp))
    }

    /// Does this credential still authenticate?
    #[must_use]
    pub fn authenticates(&self, digest: &CredentialDigest, now: Micros) -> bool {
        let valid = |one: &StoredCredential| one.is_active && one.expires_at.is_none_or(|end| now < end);
        self.credentials.get(digest).is_some_and(valid)
    }

    /// A user's hash is another one now: the old one is dead for the rest of the batch.
    pub(crate) fn end_credentials_of(&mut self, user: i64) {
        self.credentials.retain(|_, credential| credential.user != Some(user));
    }

    /// A user's status is another one now.
    pub(crate) fn turn_credentials_of(&mut self, user: i64, is_active: bool) {
        let own = self.credentials.values_mut().filter(|credential| credential.user == Some(user));
        own.for_each(|credential| credential.is_active = is_active);
    }
}
