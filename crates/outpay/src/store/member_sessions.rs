//! Sessions of members: reading, and the two changes that are made at nearly every click. Beginning and ending one is a
//! [`super::MemberChange`].

use super::driver::{Row, Statement};
use super::sql::sql;
use super::{Failure, Store};
use ledger::Micros;

/// A session as stored, with what of its member every page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Rises with every session.
    pub number: i64,
    pub member: i64,
    /// Was the second factor given?
    pub complete: bool,
    /// A TOTP key that was shown and not confirmed, encrypted.
    pub enrolling: Option<Vec<u8>>,
    /// The business it looks at; 0 before there is one.
    pub business: i64,
    /// Live or test?
    pub test_mode: bool,
    /// What the browser calls itself.
    pub agent: String,
    /// Where it was begun from.
    pub address: String,
    pub created_at: Micros,
    /// When it was last used, give or take a minute.
    pub seen_at: Micros,
    /// It ends then, however much it is used.
    pub ends_at: Micros,
    /// It was ended then.
    pub ended_at: Option<Micros>,
    pub email: String,
    pub name: String,
    /// Has the member a second factor?
    pub has_second_factor: bool,
}

/// The columns that `session` reads, in its order.
const COLUMNS: &str = "s.number, s.member, s.complete, s.enrolling, s.business, s.test_mode, s.agent, s.address, \
     s.created_at, s.seen_at, s.ends_at, s.ended_at, m.email, m.name, CASE WHEN m.second_factor IS NULL THEN 0 ELSE 1 END";

impl Store {
    /// The session of the token with this digest, whatever became of it.
    pub async fn session(&self, digest: &[u8; 32]) -> Result<Option<SessionRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM member_session s JOIN member m ON m.number = s.member WHERE s.digest = $1"
        );
        let row = self.driver.query_one(sql, vec![digest.as_slice().into()]).await?;
        row.as_ref().map(session).transpose()
    }

    /// A member's complete sessions that are open at `now` and were used after `used_since`, newest first.
    pub async fn open_sessions(
        &self,
        member: i64,
        now: Micros,
        used_since: Micros,
    ) -> Result<Vec<SessionRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS} FROM member_session s JOIN member m ON m.number = s.member \
             WHERE s.member = $1 AND s.ended_at IS NULL AND s.complete = 1 AND s.ends_at > $2 AND s.seen_at > $3 \
             ORDER BY s.number DESC"
        );
        let rows = self.driver.query(sql, vec![member.into(), now.into(), used_since.into()]).await?;
        rows.iter().map(session).collect()
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, number: i64, at: Micros) -> Result<(), Failure> {
        let sql = "UPDATE member_session SET seen_at = $1 WHERE number = $2 AND seen_at < $1";
        Ok(self.driver.write(vec![Statement::new(sql, vec![at.into(), number.into()])]).await?)
    }

    /// Chooses what a session looks at.
    pub async fn place_session(&self, number: i64, business: i64, test_mode: bool) -> Result<(), Failure> {
        let sql = "UPDATE member_session SET business = $1, test_mode = $2 WHERE number = $3";
        let values = vec![business.into(), test_mode.into(), number.into()];
        Ok(self.driver.write(vec![Statement::new(sql, values)]).await?)
    }

    /// Keeps the TOTP key that a session is shown, encrypted, unless it was shown one before.
    pub async fn begin_enrolling(&self, number: i64, sealed: &[u8]) -> Result<(), Failure> {
        let sql = "UPDATE member_session SET enrolling = $1 WHERE number = $2 AND enrolling IS NULL";
        Ok(self.driver.write(vec![Statement::new(sql, vec![sealed.into(), number.into()])]).await?)
    }
}

fn session(row: &Row) -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        number: row.int(0)?,
        member: row.int(1)?,
        complete: row.int(2)? == 1,
        enrolling: row.maybe_bytes(3)?.map(<[u8]>::to_vec),
        business: row.int(4)?,
        test_mode: row.int(5)? == 1,
        agent: row.text(6)?.to_owned(),
        address: row.text(7)?.to_owned(),
        created_at: row.int(8)?,
        seen_at: row.int(9)?,
        ends_at: row.int(10)?,
        ended_at: row.maybe_int(11)?,
        email: row.text(12)?.to_owned(),
        name: row.text(13)?.to_owned(),
        has_second_factor: row.int(14)? == 1,
    })
}
