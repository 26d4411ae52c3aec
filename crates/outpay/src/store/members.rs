//! Members, what they are in which business, and their recovery codes: reading. Every change is a [`super::MemberChange`]
//! (member_changes.rs), several at a time in one transaction.

use super::driver::Row;
use super::epoch::Floor;
use super::sql::sql;
use super::{Failure, Store};
use crate::roles::Role;
use anyhow::Context;
use ledger::Micros;

/// A member as stored. Does not print the password's digest.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// 1, 2, … over all businesses.
    pub number: i64,
    /// In normal form; unique.
    pub email: String,
    /// As the member wrote it.
    pub name: String,
    /// argon2id, as a PHC string.
    pub password: String,
    /// The TOTP key, encrypted.
    pub second_factor: Option<Vec<u8>>,
    /// The last TOTP time step that was used.
    pub used_step: i64,
    /// When the invitation was accepted.
    pub created_at: Micros,
    /// When the second factor was confirmed.
    pub confirmed_at: Option<Micros>,
}

impl std::fmt::Debug for MemberRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemberRow")
            .field("number", &self.number)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// What a member is in a business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub business: i64,
    pub member: i64,
    pub role: Role,
    pub since: Micros,
}

/// A row of the team's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMember {
    pub number: i64,
    pub email: String,
    /// As the member wrote it.
    pub name: String,
    pub role: Role,
    pub since: Micros,
    /// Is there a second factor?
    pub has_second_factor: bool,
    /// When a session of the member was last used.
    pub seen_at: Option<Micros>,
}

/// The columns that `member` reads, in its order.
const COLUMNS: &str = "number, email, name, password, second_factor, used_step, created_at, confirmed_at";

/// The columns that `membership` reads, in its order.
const MEMBERSHIP: &str = "business, member, role, since";

impl Store {
    /// The next free member number, unless another process takes it first.
    pub async fn next_member_number(&self) -> Result<i64, Failure> {
        self.next_number("SELECT coalesce(max(number), 0) FROM member", Vec::new(), Floor::Numbers).await
    }

    /// The member with this number.
    pub async fn member(&self, number: i64) -> Result<Option<MemberRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM member WHERE number = $1");
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(member).transpose()
    }

    /// The member with this address, in normal form.
    pub async fn member_by_email(&self, email: &str) -> Result<Option<MemberRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM member WHERE email = $1");
        self.driver.query_one(sql, vec![email.into()]).await?.as_ref().map(member).transpose()
    }

    /// What a member is in a business, if anything.
    pub async fn membership(&self, business: i64, member: i64) -> Result<Option<Membership>, Failure> {
        let sql = sql!("SELECT {MEMBERSHIP} FROM membership WHERE business = $1 AND member = $2");
        let row = self.driver.query_one(sql, vec![business.into(), member.into()]).await?;
        row.as_ref().map(membership).transpose()
    }

    /// What a member is in which business, oldest business first.
    pub async fn memberships(&self, member: i64) -> Result<Vec<Membership>, Failure> {
        let sql = sql!("SELECT {MEMBERSHIP} FROM membership WHERE member = $1 ORDER BY business");
        self.driver.query(sql, vec![member.into()]).await?.iter().map(membership).collect()
    }

    /// A business's team, the mightiest first.
    pub async fn team(&self, business: i64) -> Result<Vec<TeamMember>, Failure> {
        let sql = "SELECT m.number, m.email, m.name, s.role, s.since, \
                   CASE WHEN m.second_factor IS NULL THEN 0 ELSE 1 END, \
                   (SELECT max(o.seen_at) FROM member_session o WHERE o.member = m.number AND o.complete = 1) \
                   FROM membership s JOIN member m ON m.number = s.member WHERE s.business = $1 ORDER BY s.role, m.email";
        let team_member = |row: &Row| {
            Ok(TeamMember {
                number: row.int(0)?,
                email: row.text(1)?.to_owned(),
                name: row.text(2)?.to_owned(),
                role: role(row.int(3)?)?,
                since: row.int(4)?,
                has_second_factor: row.int(5)? == 1,
                seen_at: row.maybe_int(6)?,
            })
        };
        self.driver.query(sql, vec![business.into()]).await?.iter().map(team_member).collect()
    }

    /// How many recovery codes a member has left.
    pub async fn recovery_codes_left(&self, member: i64) -> Result<i64, Failure> {
        let sql = "SELECT count(*) FROM recovery_code WHERE member = $1 AND used_at IS NULL";
        self.driver.query_one(sql, vec![member.into()]).await?.map_or(Ok(0), |row| row.int(0))
    }
}

pub(super) fn role(code: i64) -> Result<Role, Failure> {
    Role::from_code(code).with_context(|| format!("{code} is no role"))
}

fn member(row: &Row) -> Result<MemberRow, Failure> {
    Ok(MemberRow {
        number: row.int(0)?,
        email: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        password: row.text(3)?.to_owned(),
        second_factor: row.maybe_bytes(4)?.map(<[u8]>::to_vec),
        used_step: row.int(5)?,
        created_at: row.int(6)?,
        confirmed_at: row.maybe_int(7)?,
    })
}

fn membership(row: &Row) -> Result<Membership, Failure> {
    Ok(Membership {
        business: row.int(0)?,
        member: row.int(1)?,
        role: role(row.int(2)?)?,
        since: row.int(3)?,
    })
}
