//! Links to members: invitations to a team, and links that reset a password: reading. Making, using and withdrawing one is a
//! [`super::MemberChange`].

use super::driver::Row;
use super::members::role;
use super::sql::sql;
use super::{Failure, Store};
use crate::roles::Role;
use ledger::{Actor, Micros};

/// An invitation as stored. Its token is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Rises with every invitation.
    pub number: i64,
    /// Into which business's team.
    pub business: i64,
    /// Whom, in normal form.
    pub email: String,
    pub role: Role,
    pub invited_by: Actor,
    pub created_at: Micros,
    /// Until when it can be accepted.
    pub ends_at: Micros,
    /// When it was accepted.
    pub used_at: Option<Micros>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Micros>,
    /// Does it let a member who has lost password or second factor set both anew?
    pub resets: bool,
}

impl Invitation {
    /// Can it be accepted now?
    #[must_use]
    pub fn is_open(&self, now: Micros) -> bool {
        self.used_at.is_none() && self.withdrawn_at.is_none() && now < self.ends_at
    }
}

/// The columns that `invitation` reads, in its order.
const COLUMNS: &str =
    "number, business, email, role, invited_by, created_at, ends_at, used_at, withdrawn_at, resets";

impl Store {
    /// The invitation of the token with this digest, whatever became of it.
    pub async fn invitation(&self, digest: &[u8; 32]) -> Result<Option<Invitation>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM invitation WHERE digest = $1");
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        row.as_ref().map(invitation).transpose()
    }

    /// The invitations of a business that can be accepted at `now`, oldest first.
    pub async fn open_invitations(&self, business: i64, now: Micros) -> Result<Vec<Invitation>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM invitation WHERE business = $1 AND used_at IS NULL AND withdrawn_at IS NULL \
             AND ends_at > $2 ORDER BY number"
        );
        let rows = self.driver.query(sql, vec![business.into(), now.into()]).await?;
        rows.iter().map(invitation).collect()
    }
}

/// A link that resets a member's password, as stored. Its token is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordReset {
    pub member: i64,
    pub ends_at: Micros,
    pub used_at: Option<Micros>,
}

impl Store {
    /// The password reset of the token with this digest, used or not.
    pub async fn password_reset(&self, digest: &[u8; 32]) -> Result<Option<PasswordReset>, Failure> {
        let sql = "SELECT member, ends_at, used_at FROM password_reset WHERE digest = $1";
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        let read = |row: Row| {
            Ok(PasswordReset { member: row.int(0)?, ends_at: row.int(1)?, used_at: row.maybe_int(2)? })
        };
        row.map(read).transpose()
    }
}

fn invitation(row: &Row) -> Result<Invitation, Failure> {
    Ok(Invitation {
        number: row.int(0)?,
        business: row.int(1)?,
        email: row.text(2)?.to_owned(),
        role: role(row.int(3)?)?,
        invited_by: Actor(row.int(4)?),
        created_at: row.int(5)?,
        ends_at: row.int(6)?,
        used_at: row.maybe_int(7)?,
        withdrawn_at: row.maybe_int(8)?,
        resets: row.int(9)? == 1,
    })
}
