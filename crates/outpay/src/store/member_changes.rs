//! Every change of members, sessions and invitations, as values that are carried out together: in one transaction, or not
//! at all, with the audit entry that tells of them. A change that finds its row otherwise than expected takes all others
//! back, so that a code, a token or an invitation works once, however many use it at the same moment.

use super::audit_log::NewAuditEntry;
use super::driver::{Statement, WriteError};
use super::mails::NewMail;
use super::member_statements::statements;
use super::passkeys::PasskeyRow;
use super::{Failure, Store};
use crate::roles::Role;
use ledger::{Actor, BookId, Micros, Mode};
use std::collections::BTreeSet;

/// See the module. What it needs is found, or all changes beside it are not made.
#[derive(Clone, Debug)]
pub enum MemberChange {
    /// A new member without a second factor.
    Create {
        /// From [`Store::next_member_number`].
        number: i64,
        email: String,
        /// As the member wrote it.
        name: String,
        /// A PHC string.
        password: String,
        at: Micros,
    },
    /// Makes a member part of a team.
    Join {
        /// Whose team.
        business: i64,
        member: i64,
        role: Role,
        at: Micros,
    },
    /// Another role for a member who has role `from`. An owner must be left.
    SetRole {
        /// Whose team.
        business: i64,
        member: i64,
        /// What the member is now.
        from: Role,
        /// What the member becomes.
        to: Role,
    },
    /// Takes a member who has role `from` out of a team. An owner must be left.
    Leave {
        /// Whose team.
        business: i64,
        member: i64,
        /// What the member is now.
        from: Role,
    },
    /// A new password in the place of the one that was checked.
    SetPassword {
        member: i64,
        /// The PHC string that was read.
        from: String,
        /// The new one.
        to: String,
    },
    /// A second factor for a member who has none.
    SetSecondFactor {
        member: i64,
        /// Encrypted.
        sealed: Vec<u8>,
        /// The time step of the code that confirmed it.
        step: i64,
        at: Micros,
    },
    /// Another second factor in the place of the one that was read.
    ReplaceSecondFactor {
        member: i64,
        /// Encrypted, as it was read.
        from: Vec<u8>,
        /// Encrypted.
        sealed: Vec<u8>,
        /// The time step of the code that confirmed it.
        step: i64,
        at: Micros,
    },
    /// The second factor that an open session is to confirm.
    SetEnrolling {
        session: i64,
        /// Encrypted.
        sealed: Option<Vec<u8>>,
    },
    /// Another address in the place of `from`, which no other member may have. A link that resets the password ends, because it
    /// was mailed to the old one.
    SetEmail {
        member: i64,
        /// What the member has now, in normal form.
        from: String,
        /// In normal form.
        to: String,
    },
    /// Takes the second factor, the recovery codes and the passkeys away.
    ClearSecondFactor { member: i64 },
    /// Uses a time step's code, which must be later than the last one used.
    UseStep { member: i64, step: i64 },
    /// Uses a recovery code that was not used.
    UseRecoveryCode {
        member: i64,
        /// Keyed digest.
        digest: [u8; 32],
        at: Micros,
    },
    /// A new passkey, which no other member may have.
    AddPasskey(Box<PasskeyRow>),
    /// Takes a passkey away.
    RemovePasskey {
        /// Whose it must be.
        member: i64,
        /// The credential id.
        id: Vec<u8>,
    },
    /// A sign-in with a passkey, which must be as it was read.
    UsePasskey {
        /// The credential id.
        id: Vec<u8>,
        /// Its state, as it was read.
        from: Vec<u8>,
        /// Its state now.
        to: Vec<u8>,
        at: Micros,
    },
    /// Uses up a challenge.
    AnswerChallenge {
        /// Keyed digest of it.
        digest: [u8; 32],
        at: Micros,
        /// Until when it could be answered.
        ends_at: Micros,
    },
    /// New recovery codes in the place of all old ones.
    ReplaceRecoveryCodes {
        member: i64,
        /// Keyed digests.
        digests: Vec<[u8; 32]>,
    },
    /// A new session.
    Begin(Box<NewSession>),
    /// Ends a session that is open.
    End {
        session: i64,
        /// Whose it must be.
        member: i64,
        at: Micros,
    },
    /// Ends all sessions of a member but one.
    EndOthers {
        member: i64,
        /// The one that stays; 0 for none.
        but: i64,
        at: Micros,
    },
    /// A new invitation; those of the same person to the same team are withdrawn.
    Invite(Box<NewInvitation>),
    /// Uses an invitation that is open.
    UseInvitation { number: i64, at: Micros },
    /// A link that resets a member's password; an earlier one ends.
    OfferPasswordReset {
        /// Keyed digest of its token.
        digest: [u8; 32],
        member: i64,
        at: Micros,
        ends_at: Micros,
    },
    /// Uses such a link, which must be open.
    UsePasswordReset { digest: [u8; 32], at: Micros },
    /// Withdraws an invitation that is open.
    Withdraw {
        number: i64,
        /// Whose it must be.
        business: i64,
        at: Micros,
    },
    /// A mail that tells of the changes beside it.
    Mail(Box<NewMail>),
    /// An entry in the audit log.
    Note(NewAuditEntry),
    /// An entry in the audit log of every business that a member belongs to, once the changes before it are made.
    NoteEverywhere {
        /// Who it is about.
        member: i64,
        at: Micros,
        /// Who did it.
        actor: Actor,
        /// A stable word.
        action: &'static str,
        /// A JSON object without secrets.
        detail: String,
    },
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Keyed digest of its token.
    pub digest: [u8; 32],
    pub member: i64,
    /// Was the second factor given?
    pub complete: bool,
    /// The business it looks at; 0 for none yet.
    pub business: i64,
    /// Live or test?
    pub test_mode: bool,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it comes from.
    pub address: String,
    pub at: Micros,
    pub ends_at: Micros,
}

/// An invitation to make.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Keyed digest of its token.
    pub digest: [u8; 32],
    /// Whose team.
    pub business: i64,
    /// Whom, in normal form.
    pub email: String,
    pub role: Role,
    pub by: Actor,
    /// Does it let a member set password and second factor anew?
    pub resets: bool,
    pub at: Micros,
    pub ends_at: Micros,
}

impl Store {
    /// Carries out all changes in one durable transaction, or none.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when one of them does not find what it needs.
    pub async fn change_members(&self, changes: &[MemberChange]) -> Result<(), WriteError> {
        let mut all = self.lock_books_of(changes).await?;
        all.extend(changes.iter().flat_map(statements));
        self.driver.write(all).await
    }

    /// Makes the end of a session, a role's change and a removal wait for what the teller is deciding for that member, and the teller
    /// for them: what a member sent moves no money from the moment at which the end of the right to it is answered. The books'
    /// rows are taken in the teller's order, and before all others.
    async fn lock_books_of(&self, changes: &[MemberChange]) -> Result<Vec<Statement>, Failure> {
        let mut businesses = BTreeSet::new();
        for change in changes {
            match change {
                MemberChange::Leave { business, .. } | MemberChange::SetRole { business, .. } => {
                    businesses.insert(*business);
                }
                MemberChange::End { member, .. } | MemberChange::EndOthers { member, .. } => {
                    let teams = self.memberships(*member).await?;
                    businesses.extend(teams.iter().map(|membership| membership.business));
                }
                _ => {}
            }
        }
        let books = businesses
            .into_iter()
            .flat_map(|one| [Mode::Live, Mode::Test].map(|mode| BookId::new(one, mode)));
        let lock =
            |book: BookId| Statement::new("UPDATE book SET users = users WHERE id = $1", vec![book.0.into()]);
        Ok(books.map(lock).collect())
    }
}
