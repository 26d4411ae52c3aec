//! Members: the people of a business's team, how they sign in and what they may do. Verbs for the dashboard and the
//! operator's program. Not here: pages (dashboard/), SQL (store/). Invariants: a password is only ever an argon2id digest
//! in the database; a session opens nothing before its second factor; every change is in the audit log.

pub mod account;
pub mod demo;
pub mod email_change;
pub mod invitation;
pub mod lock_out;
pub(crate) mod notice;
pub mod passkey;
pub mod password_reset;
pub mod second_factor;
pub mod session;
pub mod sign_in;
pub mod team;
mod token;

pub use session::{Session, SessionClient};

use crate::ids::IdKind;
use crate::platform::Platform;
use ledger::BookId;

/// A person of a business's team who signs in; one account for all businesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// 1, 2, … over all businesses.
    pub number: i64,
    pub email: String,
    /// As the member wrote it.
    pub name: String,
}

/// Members, sessions and invitations belong to no book; their ids are made as if to this one.
const NO_BOOK: BookId = BookId(0);

/// The public id of a member, a session or an invitation.
#[must_use]
pub fn id(platform: &Platform, kind: IdKind, number: i64) -> String {
    platform.secrets.ids().seal(kind, NO_BOOK, number)
}

/// The number behind such an id.
#[must_use]
pub fn number(platform: &Platform, kind: IdKind, id: &str) -> Option<i64> {
    platform.secrets.ids().open(kind, NO_BOOK, id)
}
