//! The statements of each change of members, sessions and invitations (member_changes.rs). Invariant: one that must find its row as
//! it was read is a [`Statement::one`], which takes all changes beside it back where it does not.

use super::codes::OWNER;
use super::driver::{Statement, Value};
use super::member_changes::{MemberChange, NewInvitation, NewSession};
use super::sql::sql;
use super::{audit_log, mails, passkeys};
use crate::roles::Role;
use ledger::Micros;

/// How long a session is kept after its end.
const KEEP_ENDED: Micros = 30 * 86_400_000_000;

pub(super) fn statements(change: &MemberChange) -> Vec<Statement> {
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
