//! Every change of members, sessions and invitations, as values that are carried out together: in one transaction, or not
//! at all, with the audit entry that tells of them. A change that finds its row otherwise than expected takes all others
//! back, so that a code, a token or an invitation works once, however many use it at the same moment.

use super::audit_log::{self, NewAuditEntry};
use super::codes::OWNER;
use super::driver::{Statement, Value, WriteError};
use super::mails::{self, NewMail};
use super::passkeys::{self, PasskeyRow};
use super::sql::sql;
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

/// How long a session is kept after its end.
const KEEP_ENDED: Micros = 30 * 86_400_000_000;

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

fn statements(change: &MemberChange) -> Vec<Statement> {
    match change {
        MemberChange::Create { number, email, name, password, at } => {
            vec![create((*number).into(), [email, name, password], (*at).into())]
        }
        MemberChange::Join { business, member, role, at } => vec![Statement::one(
            "INSERT INTO membership (business, member, role, since) VALUES ($1, $2, $3, $4)",
            vec![(*business).into(), (*member).into(), role.code().into(), (*at).into()],
        )],
        MemberChange::SetRole { business, member, from, to } => set_role(*business, *member, *from, *to),
        MemberChange::Leave { business, member, from } => leave(*business, *member, *from),
        MemberChange::SetPassword { member, from, to } => vec![Statement::one(
            "UPDATE member SET password = $1 WHERE number = $2 AND password = $3",
            vec![to.as_str().into(), (*member).into(), from.as_str().into()],
        )],
        MemberChange::SetSecondFactor { member, sealed, step, at } => vec![Statement::one(
            "UPDATE member SET second_factor = $1, used_step = $2, confirmed_at = $3 WHERE number = $4 AND second_factor IS NULL",
            vec![sealed.as_slice().into(), (*step).into(), (*at).into(), (*member).into()],
        )],
        MemberChange::ReplaceSecondFactor { member, from, sealed, step, at } => {
            replace_second_factor(*member, from, sealed, (*step, *at))
        }
        MemberChange::SetEnrolling { session, sealed } => vec![set_enrolling(*session, sealed.as_deref())],
        MemberChange::SetEmail { member, from, to } => set_email(*member, from, to),
        MemberChange::ClearSecondFactor { member } => clear_second_factor(*member),
        MemberChange::UseStep { member, step } => vec![Statement::one(
            "UPDATE member SET used_step = $1 WHERE number = $2 AND used_step < $1",
            vec![(*step).into(), (*member).into()],
        )],
        MemberChange::UseRecoveryCode { member, digest, at } => vec![Statement::one(
            "UPDATE recovery_code SET used_at = $1 WHERE member = $2 AND digest = $3 AND used_at IS NULL",
            vec![(*at).into(), (*member).into(), digest.as_slice().into()],
        )],
        MemberChange::AddPasskey(new) => vec![passkeys::add(new)],
        MemberChange::RemovePasskey { member, id } => vec![passkeys::remove(*member, id)],
        MemberChange::UsePasskey { id, from, to, at } => vec![passkeys::used(id, [from, to], *at)],
        MemberChange::AnswerChallenge { digest, at, ends_at } => {
            passkeys::answer_challenge(digest, *at, *ends_at)
        }
        MemberChange::ReplaceRecoveryCodes { member, digests } => replace_recovery_codes(*member, digests),
        MemberChange::Mail(mail) => vec![mails::insert(mail)],
        MemberChange::Begin(session) => begin(session),
        MemberChange::End { session, member, at } => vec![Statement::one(
            "UPDATE member_session SET ended_at = $1 WHERE number = $2 AND member = $3 AND ended_at IS NULL",
            vec![(*at).into(), (*session).into(), (*member).into()],
        )],
        MemberChange::EndOthers { member, but, at } => vec![Statement::new(
            "UPDATE member_session SET ended_at = $1 WHERE member = $2 AND number <> $3 AND ended_at IS NULL",
            vec![(*at).into(), (*member).into(), (*but).into()],
        )],
        MemberChange::Invite(invitation) => invite(invitation),
        MemberChange::UseInvitation { number, at } => vec![Statement::one(
            "UPDATE invitation SET used_at = $1 WHERE number = $2 AND used_at IS NULL AND withdrawn_at IS NULL AND ends_at > $1",
            vec![(*at).into(), (*number).into()],
        )],
        MemberChange::OfferPasswordReset { digest, member, at, ends_at } => {
            offer_password_reset(digest, *member, *at, *ends_at)
        }
        MemberChange::UsePasswordReset { digest, at } => vec![Statement::one(
            "UPDATE password_reset SET used_at = $1 WHERE digest = $2 AND used_at IS NULL AND ends_at > $1",
            vec![(*at).into(), digest.as_slice().into()],
        )],
        MemberChange::Withdraw { number, business, at } => vec![Statement::one(
            "UPDATE invitation SET withdrawn_at = $1 WHERE number = $2 AND business = $3 AND used_at IS NULL AND withdrawn_at IS NULL",
            vec![(*at).into(), (*number).into(), (*business).into()],
        )],
        MemberChange::Note(entry) => vec![audit_log::note(entry)],
        MemberChange::NoteEverywhere { member, at, actor, action, detail } => {
            vec![audit_log::note_everywhere(*member, *at, *actor, action, detail)]
        }
    }
}

fn create(number: Value, [email, name, password]: [&String; 3], at: Value) -> Statement {
    let texts = [email, name, password].map(|text| Value::from(text.as_str()));
    Statement::one(
        "INSERT INTO member (number, email, name, password, used_step, created_at) VALUES ($1, $2, $3, $4, 0, $5)",
        [number].into_iter().chain(texts).chain([at]).collect(),
    )
}

fn replace_second_factor(
    member: i64,
    from: &[u8],
    sealed: &[u8],
    (step, at): (i64, Micros),
) -> Vec<Statement> {
    vec![Statement::one(
        "UPDATE member SET second_factor = $1, used_step = $2, confirmed_at = $3 WHERE number = $4 AND second_factor = $5",
        vec![sealed.into(), step.into(), at.into(), member.into(), from.into()],
    )]
}

fn set_enrolling(session: i64, sealed: Option<&[u8]>) -> Statement {
    let sql = "UPDATE member_session SET enrolling = $1 WHERE number = $2 AND ended_at IS NULL";
    Statement::one(sql, vec![sealed.into(), session.into()])
}

fn clear_second_factor(member: i64) -> Vec<Statement> {
    let clear = "UPDATE member SET second_factor = NULL, confirmed_at = NULL WHERE number = $1 AND second_factor IS NOT NULL";
    vec![
        Statement::one(clear, vec![member.into()]),
        Statement::new("DELETE FROM recovery_code WHERE member = $1", vec![member.into()]),
        Statement::new("DELETE FROM passkey WHERE member = $1", vec![member.into()]),
    ]
}

fn set_email(member: i64, from: &str, to: &str) -> Vec<Statement> {
    vec![
        Statement::one(
            "UPDATE member SET email = $1 WHERE number = $2 AND email = $3",
            vec![to.into(), member.into(), from.into()],
        ),
        Statement::new("DELETE FROM password_reset WHERE member = $1", vec![member.into()]),
    ]
}

fn offer_password_reset(digest: &[u8; 32], member: i64, at: Micros, ends_at: Micros) -> Vec<Statement> {
    let sql = "INSERT INTO password_reset (digest, member, created_at, ends_at) VALUES ($1, $2, $3, $4)";
    vec![
        Statement::new("DELETE FROM password_reset WHERE member = $1", vec![member.into()]),
        Statement::one(sql, vec![digest.as_slice().into(), member.into(), at.into(), ends_at.into()]),
    ]
}

/// A change of owners locks the business's row first, so two owners who leave at the same moment are serialised.
fn take_turns(business: i64) -> Statement {
    Statement::one("UPDATE business SET number = number WHERE number = $1", vec![business.into()])
}

fn set_role(business: i64, member: i64, from: Role, to: Role) -> Vec<Statement> {
    let sql = sql!(
        "UPDATE membership SET role = $1 WHERE business = $2 AND member = $3 AND role = $4 \
         AND (CAST($1 AS BIGINT) = {OWNER} OR role <> {OWNER} OR EXISTS (SELECT 1 FROM membership o WHERE o.business = $2 \
         AND o.role = {OWNER} AND o.member <> $3))"
    );
    let values = vec![to.code().into(), business.into(), member.into(), from.code().into()];
    vec![take_turns(business), Statement::one(sql, values)]
}

fn leave(business: i64, member: i64, from: Role) -> Vec<Statement> {
    let sql = sql!(
        "DELETE FROM membership WHERE business = $1 AND member = $2 AND role = $3 AND (role <> {OWNER} OR EXISTS (SELECT 1 \
         FROM membership o WHERE o.business = $1 AND o.role = {OWNER} AND o.member <> $2))"
    );
    let values = vec![business.into(), member.into(), from.code().into()];
    vec![take_turns(business), Statement::one(sql, values)]
}

fn replace_recovery_codes(member: i64, digests: &[[u8; 32]]) -> Vec<Statement> {
    let mut all = vec![Statement::new("DELETE FROM recovery_code WHERE member = $1", vec![member.into()])];
    all.extend(digests.iter().map(|digest| {
        Statement::one(
            "INSERT INTO recovery_code (member, digest) VALUES ($1, $2)",
            vec![member.into(), digest.as_slice().into()],
        )
    }));
    all
}

fn begin(session: &NewSession) -> Vec<Statement> {
    let sql = "INSERT INTO member_session (digest, member, complete, business, test_mode, agent, address, created_at, seen_at, ends_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)";
    let values = vec![
        session.digest.as_slice().into(),
        session.member.into(),
        session.complete.into(),
        session.business.into(),
        session.test_mode.into(),
        session.agent.as_str().into(),
        session.address.as_str().into(),
        session.at.into(),
        session.ends_at.into(),
    ];
    let forget = "DELETE FROM member_session WHERE ends_at < $1";
    vec![Statement::one(sql, values), Statement::new(forget, vec![(session.at - KEEP_ENDED).into()])]
}

fn invite(new: &NewInvitation) -> Vec<Statement> {
    let sql = "INSERT INTO invitation (digest, business, email, role, invited_by, resets, created_at, ends_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vec![
        new.digest.as_slice().into(),
        new.business.into(),
        new.email.as_str().into(),
        new.role.code().into(),
        new.by.0.into(),
        new.resets.into(),
        new.at.into(),
        new.ends_at.into(),
    ];
    let older = "UPDATE invitation SET withdrawn_at = $1 \
                 WHERE business = $2 AND email = $3 AND used_at IS NULL AND withdrawn_at IS NULL";
    vec![
        Statement::new(older, vec![new.at.into(), new.business.into(), new.email.as_str().into()]),
        Statement::one(sql, values),
    ]
}
