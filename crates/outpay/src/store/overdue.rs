//! Work that was due long ago and that no worker has taken: no server runs, or its workers are stuck. What waits on purpose (a
//! pause, a method that is not offered, a webhook that is off) does not count. Also: what an installation needs mail for.

use super::codes::{DELIVERY_PENDING, IMPORT_RUNNING, MAIL_PENDING, WITHDRAWAL_QUEUED};
use super::pauses::STOP_OF;
use super::sql::sql;
use super::{Failure, Store};
use ledger::Micros;

/// Work of a kind that is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// In the plural, for people.
    pub what: &'static str,
    pub count: i64,
    /// Since when the first of it is due.
    pub since: Micros,
}

/// What an installation does that takes mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailNeeds {
    /// Businesses' books whose recipients are to get mails.
    pub books: i64,
    /// Members, who get invitations, notices and links that reset a password.
    pub members: i64,
}

/// Kind, and its rows that were due at `$1`: how many, and since when.
fn overdue_by_kind() -> [(&'static str, &'static str); 4] {
    [
        (
            "withdrawals",
            sql!(
                "SELECT count(*), min(w.due_at) FROM withdrawal w WHERE w.due_at IS NOT NULL AND w.due_at <= $1 \
                 AND w.leased_until <= $1 AND (w.state <> {WITHDRAWAL_QUEUED} OR {stop} = 0)",
                stop = *STOP_OF
            ),
        ),
        (
            "webhook deliveries",
            sql!(
                "SELECT count(*), min(d.due_at) FROM webhook_delivery d JOIN webhook_endpoint e ON e.book = d.book \
                 AND e.number = d.endpoint WHERE e.enabled = 1 AND d.state = {DELIVERY_PENDING} AND d.due_at <= $1 \
                 AND d.leased_until <= $1"
            ),
        ),
        (
            "mails",
            sql!(
                "SELECT count(*), min(due_at) FROM mail WHERE state = {MAIL_PENDING} AND due_at <= $1 AND leased_until <= $1"
            ),
        ),
        (
            "imports",
            sql!(
                "SELECT count(*), min(changed_at) FROM import WHERE state = {IMPORT_RUNNING} AND changed_at <= $1 \
                 AND leased_until <= $1"
            ),
        ),
    ]
}

impl Store {
    /// What was due at that time and is still not taken.
    pub async fn overdue(&self, at: Micros) -> Result<Vec<Overdue>, Failure> {
        let mut found = Vec::new();
        for (what, sql) in overdue_by_kind() {
            let Some(row) = self.driver.query_one(sql, vec![at.into()]).await? else { continue };
            let (count, since) = (row.int(0)?, row.maybe_int(1)?);
            found.extend(since.filter(|_| count > 0).map(|since| Overdue { what, count, since }));
        }
        Ok(found)
    }

    /// How much there is that takes mail.
    pub async fn mail_needs(&self) -> Result<MailNeeds, Failure> {
        let sql = "SELECT (SELECT count(*) FROM mail_choice WHERE kinds > 0), (SELECT count(*) FROM member)";
        let row = self.driver.query_one(sql, Vec::new()).await?;
        row.map_or(Ok(MailNeeds::default()), |row| Ok(MailNeeds { books: row.int(0)?, members: row.int(1)? }))
    }
}
