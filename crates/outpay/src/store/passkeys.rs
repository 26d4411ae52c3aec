//! Passkeys of members: reading, and the statements of their changes, each a [`super::MemberChange`] (member_changes.rs).

use super::driver::{Row, Statement};
use super::sql::sql;
use super::{Failure, Store};
use ledger::Micros;

/// A passkey as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The credential id.
    pub id: Vec<u8>,
    pub member: i64,
    /// As the member wrote it.
    pub name: String,
    /// What never changes: the public key above all.
    pub credential: Vec<u8>,
    /// What a sign-in changes: the counter above all.
    pub state: Vec<u8>,
    pub created_at: Micros,
    pub used_at: Option<Micros>,
}

const COLUMNS: &str = "id, member, name, credential, state, created_at, used_at";

impl Store {
    /// The passkey with this credential id.
    pub async fn passkey(&self, id: &[u8]) -> Result<Option<PasskeyRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM passkey WHERE id = $1");
        self.driver.query_one(sql, vec![id.into()]).await?.as_ref().map(passkey).transpose()
    }

    /// The passkeys of a member, oldest first.
    pub async fn passkeys(&self, member: i64) -> Result<Vec<PasskeyRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM passkey WHERE member = $1 ORDER BY created_at, id");
        self.driver.query(sql, vec![member.into()]).await?.iter().map(passkey).collect()
    }
}

fn passkey(row: &Row) -> Result<PasskeyRow, Failure> {
    Ok(PasskeyRow {
        id: row.bytes(0)?.to_vec(),
        member: row.int(1)?,
        name: row.text(2)?.to_owned(),
        credential: row.bytes(3)?.to_vec(),
        state: row.bytes(4)?.to_vec(),
        created_at: row.int(5)?,
        used_at: row.maybe_int(6)?,
    })
}

pub(super) fn add(new: &PasskeyRow) -> Statement {
    let sql = "INSERT INTO passkey (id, member, name, credential, state, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = vec![
        new.id.as_slice().into(),
        new.member.into(),
        new.name.as_str().into(),
        new.credential.as_slice().into(),
        new.state.as_slice().into(),
        new.created_at.into(),
    ];
    Statement::one(sql, values)
}

pub(super) fn remove(member: i64, id: &[u8]) -> Statement {
    Statement::one("DELETE FROM passkey WHERE id = $1 AND member = $2", vec![id.into(), member.into()])
}

/// Conflicts where another sign-in has counted on meanwhile.
pub(super) fn used(id: &[u8], [from, to]: [&[u8]; 2], at: Micros) -> Statement {
    let sql = "UPDATE passkey SET state = $1, used_at = $2 WHERE id = $3 AND state = $4";
    Statement::one(sql, vec![to.into(), at.into(), id.into(), from.into()])
}

/// Conflicts where it was answered before.
pub(super) fn answer_challenge(digest: &[u8; 32], at: Micros, ends_at: Micros) -> Vec<Statement> {
    let sql = "INSERT INTO answered_challenge (digest, ends_at) VALUES ($1, $2)";
    vec![
        Statement::new("DELETE FROM answered_challenge WHERE ends_at < $1", vec![at.into()]),
        Statement::one(sql, vec![digest.as_slice().into(), ends_at.into()]),
    ]
}
