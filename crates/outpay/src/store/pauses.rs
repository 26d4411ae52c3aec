//! Pauses: which payments may not be sent until they are resumed, and which are being sent at this moment. Not here: what a pause
//! means for a command (ledger), where workers look at it before each request ([`super::Hold`], leases.rs).

use super::audit_log::{self, NewAuditEntry};
use super::codes::{USER_INACTIVE, WITHDRAWAL_QUEUED};
use super::driver::{Row, Statement, Value};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros, Pause};
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a pause stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseScope {
    /// Every payment of the installation.
    All,
    /// What a business pays: its number.
    Business(i64),
    /// What leaves by a rail: its name.
    Rail(String),
    /// What a business pays by a rail.
    RailOf(i64, String),
    /// What one person gets: the book and the user's number.
    Person(BookId, i64),
    /// What a business pauses by itself, in one of its books. It stands beside the operator's pauses, and neither ends the other.
    Own(BookId, BookPart),
}

/// A part of what leaves a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookPart {
    /// All of it.
    Everything,
    /// What leaves by a method: its name.
    Method(String),
    /// What one person gets: the user's number.
    Person(i64),
}

/// A pause as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPause {
    /// What it stops.
    pub scope: PauseScope,
    /// Why, in words.
    pub reason: String,
    pub actor: Actor,
    pub created_at: Micros,
}

/// Why the withdrawal `w` may not leave now, as the number of a [`Stop`]; 0 for no reason. A pause, or a switch of a business,
/// a method or a user, holds for what is queued already.
pub(super) static STOP_OF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "CASE \
         WHEN EXISTS (SELECT 1 FROM pause p WHERE p.business IN (0, w.book / 2) AND p.rail IN ('', w.method) \
           AND p.book IN (0, w.book) AND p.payout_user IN (0, w.payout_user)) THEN {paused} \
         WHEN EXISTS (SELECT 1 FROM business b WHERE b.number = w.book / 2 AND b.payouts_enabled = 0) THEN {payouts_off} \
         WHEN coalesce((SELECT t.enabled FROM method_terms t WHERE t.book = w.book AND t.method = w.method), w.book % 2) = 0 THEN {method_off} \
         WHEN EXISTS (SELECT 1 FROM payout_user u WHERE u.book = w.book AND u.number = w.payout_user AND u.status = {USER_INACTIVE}) \
           THEN {user_inactive} \
         ELSE 0 END",
        paused = Stop::Paused as i64,
        payouts_off = Stop::PayoutsOff as i64,
        method_off = Stop::MethodOff as i64,
        user_inactive = Stop::UserInactive as i64,
    )
});

/// Why a withdrawal does not leave although its turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stop {
    /// A pause.
    Paused = 1,
    /// The business has switched payouts off.
    PayoutsOff = 2,
    /// The business has switched the method off.
    MethodOff = 3,
    /// The person is deactivated.
    UserInactive = 4,
}

impl Stop {
    pub const ALL: [Self; 4] = [Self::Paused, Self::PayoutsOff, Self::MethodOff, Self::UserInactive];

    fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|stop| *stop as i64 == code)
    }

    /// For programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Paused => "method_paused",
            Self::PayoutsOff => "payouts_off",
            Self::MethodOff => "method_off",
            Self::UserInactive => "user_inactive",
        }
    }

    /// For the operator.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::PayoutsOff => "payouts are off",
            Self::MethodOff => "the method is off",
            Self::UserInactive => "the payout user is not active",
        }
    }
}

/// `$1` business, `$2` book: the pauses that concern a book, by method and user.
pub(super) const PAUSES_OF_BOOK: &str = "SELECT rail, payout_user FROM pause WHERE business IN (0, CAST($1 AS BIGINT)) AND book IN (0, CAST($2 AS BIGINT))";

impl PauseScope {
    /// Business, rail, book and user, as the row has them.
    fn columns(&self) -> (i64, &str, i64, i64) {
        match self {
            Self::All => (0, "", 0, 0),
            Self::Business(number) => (*number, "", 0, 0),
            Self::Rail(name) => (0, name, 0, 0),
            Self::RailOf(number, name) => (*number, name, 0, 0),
            Self::Person(book, user) => (0, "", book.0, *user),
            Self::Own(book, part) => {
                let (rail, user) = match part {
                    BookPart::Everything => ("", 0),
                    BookPart::Method(name) => (name.as_str(), 0),
                    BookPart::Person(user) => ("", *user),
                };
                (book.business(), rail, book.0, user)
            }
        }
    }

    /// Does it stop anything of this book?
    #[must_use]
    pub fn concerns(&self, of: BookId) -> bool {
        match self {
            Self::All | Self::Rail(_) => true,
            Self::Business(number) | Self::RailOf(number, _) => *number == of.business(),
            Self::Person(book, _) | Self::Own(book, _) => *book == of,
        }
    }

    /// The method that it stops, if it is of one alone.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Rail(name) | Self::RailOf(_, name) | Self::Own(_, BookPart::Method(name)) => Some(name),
            Self::All | Self::Business(_) | Self::Person(..) | Self::Own(..) => None,
        }
    }

    /// Does it stop what this person of the book gets, and nothing else?
    #[must_use]
    pub fn is_of_person(&self, number: i64) -> bool {
        matches!(self, Self::Person(_, user) | Self::Own(_, BookPart::Person(user)) if *user == number)
    }

    /// Did the business set it? Otherwise the operator did, and the business does not end it.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(..))
    }

    /// Does it stop all of this part of a book that it concerns?
    #[must_use]
    pub fn covers(&self, part: &BookPart) -> bool {
        match self {
            Self::All | Self::Business(_) | Self::Own(_, BookPart::Everything) => true,
            Self::Rail(name) | Self::RailOf(_, name) | Self::Own(_, BookPart::Method(name)) => {
                matches!(part, BookPart::Method(other) if other == name)
            }
            Self::Person(_, user) | Self::Own(_, BookPart::Person(user)) => *part == BookPart::Person(*user),
        }
    }

    fn values(&self) -> Vec<Value> {
        let (business, rail, book, user) = self.columns();
        vec![business.into(), rail.into(), book.into(), user.into()]
    }
}

/// The columns that `stored_pause` reads, in its order.
const COLUMNS: &str = "business, rail, book, payout_user, reason, actor, created_at";

impl Store {
    /// Pauses. When this returns, nothing begins to leave that the scope names, in any process; what had begun is told by
    /// [`Self::submitting`]. With it, the audit entries that tell of it. `false`: it was paused already; nothing was written.
    pub async fn pause(
        &self,
        scope: &PauseScope,
        reason: &str,
        actor: Actor,
        entries: &[NewAuditEntry],
    ) -> Result<bool, Failure> {
        let sql = "INSERT INTO pause (business, rail, book, payout_user, reason, actor, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let mut values = scope.values();
        values.extend([reason.into(), actor.0.into(), self.now().await?.into()]);
        let pause = Statement::one(sql, values);
        self.touches_one(std::iter::once(pause).chain(entries.iter().map(audit_log::note)).collect()).await
    }

    /// Ends a pause, with the audit entries that tell of it. `false`: there was none of just this scope; nothing was written.
    pub async fn resume(&self, scope: &PauseScope, entries: &[NewAuditEntry]) -> Result<bool, Failure> {
        let sql = "DELETE FROM pause WHERE business = $1 AND rail = $2 AND book = $3 AND payout_user = $4";
        let end = Statement::one(sql, scope.values());
        self.touches_one(std::iter::once(end).chain(entries.iter().map(audit_log::note)).collect()).await
    }

    /// All pauses, oldest first.
    pub async fn pauses(&self) -> Result<Vec<StoredPause>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM pause ORDER BY created_at");
        self.driver.query(sql, Vec::new()).await?.iter().map(stored_pause).collect()
    }

    /// The pauses that concern a book.
    pub async fn pauses_of(&self, book: BookId) -> Result<Vec<Pause>, Failure> {
        let rows = self.driver.query(PAUSES_OF_BOOK, vec![book.business().into(), book.0.into()]).await?;
        rows.iter().map(|row| Ok(pause_of_book(row.text(0)?, row.int(1)?))).collect()
    }

    /// Withdrawals that the scope names and whose request is on its way at this moment: book and number.
    pub async fn submitting(&self, scope: &PauseScope) -> Result<Vec<(BookId, i64)>, Failure> {
        let sql = "SELECT book, number FROM withdrawal WHERE submitting = 1 AND (CAST($1 AS BIGINT) = 0 OR book / 2 = $1) \
                   AND ($2 = '' OR method = $2) AND (CAST($3 AS BIGINT) = 0 OR book = $3) AND (CAST($4 AS BIGINT) = 0 OR payout_user = $4) ORDER BY book, number";
        let rows = self.driver.query(sql, scope.values()).await?;
        rows.iter().map(|row| Ok((BookId(row.int(0)?), row.int(1)?))).collect()
    }

    /// Which withdrawals between these two numbers are queued and may not leave now, and why.
    pub async fn stops_of_queued(
        &self,
        book: BookId,
        (first, last): (i64, i64),
    ) -> Result<HashMap<i64, Stop>, Failure> {
        let sql = sql!(
            "SELECT w.number, CAST({stop} AS BIGINT) FROM withdrawal w \
             WHERE w.book = $1 AND w.state = {WITHDRAWAL_QUEUED} AND w.number >= $2 AND w.number <= $3",
            stop = *STOP_OF
        );
        let rows = self.driver.query(sql, vec![book.0.into(), first.into(), last.into()]).await?;
        let mut stops = HashMap::new();
        for row in &rows {
            if let Some(stop) = Stop::from_code(row.int(1)?) {
                stops.insert(row.int(0)?, stop);
            }
        }
        Ok(stops)
    }

    /// Why a withdrawal may not leave now, if it may not.
    pub async fn stop_of(&self, book: BookId, withdrawal: i64) -> Result<Option<Stop>, Failure> {
        let sql = sql!(
            "SELECT CAST({stop} AS BIGINT) FROM withdrawal w WHERE w.book = $1 AND w.number = $2",
            stop = *STOP_OF
        );
        let row = self.driver.query_one(sql, vec![book.0.into(), withdrawal.into()]).await?;
        Ok(row.map(|row| row.int(0)).transpose()?.and_then(Stop::from_code))
    }
}

/// A row of [`PAUSES_OF_BOOK`] as the ledger knows it.
pub(super) fn pause_of_book(rail: &str, user: i64) -> Pause {
    Pause { method: (!rail.is_empty()).then(|| rail.to_owned()), user: (user != 0).then_some(user) }
}

fn stored_pause(row: &Row) -> Result<StoredPause, Failure> {
    let (business, rail, book, user) = (row.int(0)?, row.text(1)?.to_owned(), row.int(2)?, row.int(3)?);
    let scope = match (business, rail.is_empty(), book) {
        (1.., false, 1..) => PauseScope::Own(BookId(book), BookPart::Method(rail)),
        (1.., true, 1..) if user == 0 => PauseScope::Own(BookId(book), BookPart::Everything),
        (1.., true, 1..) => PauseScope::Own(BookId(book), BookPart::Person(user)),
        (0, true, 0) => PauseScope::All,
        (0, false, 0) => PauseScope::Rail(rail),
        (business, true, 0) => PauseScope::Business(business),
        (business, false, 0) => PauseScope::RailOf(business, rail),
        (_, _, book) => PauseScope::Person(BookId(book), user),
    };
    Ok(StoredPause {
        scope,
        reason: row.text(4)?.to_owned(),
        actor: Actor(row.int(5)?),
        created_at: row.int(6)?,
    })
}
