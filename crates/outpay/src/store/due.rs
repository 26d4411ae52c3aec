//! Due times and the ends of leases that stand further ahead than any step puts them: a clock was ahead when they were
//! written. What a worker would wait for until then is due now. Also: making something due by hand. Not here: how long the
//! steps are (`crate::due`), who works on what is due (leases.rs, `webhook_deliveries.rs`, mails.rs, imports.rs).

use super::audit_log::{self, NewAuditEntry};
use super::codes::{DELIVERY_PENDING, IMPORT_RUNNING, MAIL_PENDING, WITHDRAWAL_SUCCEEDED};
use super::driver::{Statement, Value};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros};

/// How far ahead the rows of a kind can stand where no clock was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Longest {
    /// From a step to the next one.
    pub wait: Micros,
    pub lease: Micros,
}

/// The same of every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongestSteps {
    pub withdrawal: Longest,
    /// The wait of a withdrawal that has succeeded and may come back.
    pub watch: Micros,
    pub delivery: Longest,
    pub mail: Longest,
    /// Leases of imports, which have no due time.
    pub import_lease: Micros,
}

/// How many rows stood too far ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PulledBack {
    /// They are due now.
    pub due: u64,
    /// Their leases end after the longest lease from now on.
    pub leases: u64,
}

/// What is made due by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueWork {
    Withdrawal(BookId, i64),
    Delivery(BookId, i64),
    Mail(i64),
    /// An import that a worker pays.
    Import(BookId, i64),
}

/// Due times by kind: `$1` now, `$2` the latest that a step can have put there.
fn due_by_kind() -> [&'static str; 4] {
    [
        sql!(
            "UPDATE withdrawal SET due_at = $1 WHERE due_at IS NOT NULL AND due_at > $2 AND state <> {WITHDRAWAL_SUCCEEDED}"
        ),
        sql!(
            "UPDATE withdrawal SET due_at = $1 WHERE due_at IS NOT NULL AND due_at > $2 AND state = {WITHDRAWAL_SUCCEEDED}"
        ),
        sql!(
            "UPDATE webhook_delivery SET due_at = $1 WHERE state = {DELIVERY_PENDING} AND due_at > $2 \
             AND (book, endpoint) IN (SELECT book, number FROM webhook_endpoint)"
        ),
        sql!("UPDATE mail SET due_at = $1 WHERE state = {MAIL_PENDING} AND due_at > $2"),
    ]
}

/// Ends of leases by kind: `$1` the latest that there can be. An import that is paid outside has no worker and no end.
fn leases_by_kind() -> [&'static str; 4] {
    [
        "UPDATE withdrawal SET leased_until = $1 WHERE due_at IS NOT NULL AND leased_until > $1",
        sql!(
            "UPDATE webhook_delivery SET leased_until = $1 WHERE state = {DELIVERY_PENDING} AND leased_until > $1"
        ),
        sql!("UPDATE mail SET leased_until = $1 WHERE state = {MAIL_PENDING} AND leased_until > $1"),
        sql!(
            "UPDATE import SET leased_until = $1 WHERE state = {IMPORT_RUNNING} AND leased_by <> 0 AND leased_until > $1"
        ),
    ]
}

/// A running import has no due time: it waits for the end of its lease. Each line is paid once, also with two workers.
fn free_imports() -> &'static str {
    sql!(
        "UPDATE import SET leased_until = 0, leased_by = 0 WHERE state = {IMPORT_RUNNING} AND leased_by <> 0"
    )
}

impl Store {
    /// Makes rows due whose time is further ahead than `longest` allows, and shortens leases that last longer.
    pub async fn pull_back(&self, longest: &LongestSteps) -> Result<PulledBack, Failure> {
        let now = self.now().await?;
        let LongestSteps { withdrawal, watch, delivery, mail, import_lease } = longest;
        let waits = [withdrawal.wait, *watch, delivery.wait, mail.wait];
        let leases = [withdrawal.lease, delivery.lease, mail.lease, *import_lease];
        let due =
            due_by_kind().into_iter().zip(waits).map(|(sql, wait)| due(sql, now, now.saturating_add(wait)));
        let cut = |(sql, lease): (&'static str, Micros)| {
            Statement::new(sql, vec![now.saturating_add(lease).into()])
        };
        let statements = due.chain(leases_by_kind().into_iter().zip(leases).map(cut)).collect();
        let touched = self.driver.write_counted(statements).await?;
        let (due, leases) = touched.split_at(waits.len());
        Ok(PulledBack { due: due.iter().sum(), leases: leases.iter().sum() })
    }

    /// Makes one thing due now, with the entries of it. `false`: it waits for no time; nothing was written.
    pub async fn make_due(&self, work: DueWork, entries: &[NewAuditEntry]) -> Result<bool, Failure> {
        let now = self.now().await?;
        let named =
            |sql, values: [Value; 2]| Statement::one(sql, [now.into()].into_iter().chain(values).collect());
        let statement = match work {
            DueWork::Withdrawal(book, number) => named(
                "UPDATE withdrawal SET due_at = $1 WHERE due_at IS NOT NULL AND book = $2 AND number = $3",
                [book.0.into(), number.into()],
            ),
            DueWork::Delivery(book, number) => named(
                sql!(
                    "UPDATE webhook_delivery SET due_at = $1 WHERE state = {DELIVERY_PENDING} AND book = $2 \
                     AND number = $3"
                ),
                [book.0.into(), number.into()],
            ),
            DueWork::Mail(number) => Statement::one(
                sql!("UPDATE mail SET due_at = $1 WHERE state = {MAIL_PENDING} AND number = $2"),
                vec![now.into(), number.into()],
            ),
            DueWork::Import(book, number) => Statement::one(
                sql!(
                    "UPDATE import SET leased_until = 0, leased_by = 0 WHERE state = {IMPORT_RUNNING} \
                     AND leased_until < 9223372036854775807 AND book = $1 AND number = $2"
                ),
                vec![book.0.into(), number.into()],
            ),
        };
        self.touches_one(std::iter::once(statement).chain(entries.iter().map(audit_log::note)).collect())
            .await
    }

    /// The same for all that is not due yet; how many.
    pub async fn make_all_due(&self, entries: &[NewAuditEntry]) -> Result<u64, Failure> {
        let now = self.now().await?;
        let mut statements: Vec<Statement> =
            due_by_kind().into_iter().map(|sql| due(sql, now, now)).collect();
        statements.push(Statement::new(free_imports(), Vec::new()));
        let kinds = statements.len();
        statements.extend(entries.iter().map(audit_log::note));
        let touched = self.driver.write_counted(statements).await?;
        Ok(touched.iter().take(kinds).sum())
    }
}

fn due(sql: &'static str, now: Micros, latest: Micros) -> Statement {
    Statement::new(sql, vec![now.into(), latest.into()])
}
