//! Looking for payout users by the beginning of an address, by status and by balance, newest first or by address. Not here:
//! lists for programs (users.rs). Invariant: no search looks at more rows than a fixed number, however many users there are
//! and however few fit: a page may be short or empty and still say where to go on. Balances have no index, because every
//! payment rewrites them.

use super::driver::Value;
use super::sql::sql;
use super::users::{COLUMNS, user};
use super::{Failure, Store, UserFilter, UserRow};
use ledger::{BookId, Cents, UserStatus};

/// Accounts that one page of a search by balance looks at; fewer where each has to be looked up as a user too.
const ACCOUNTS: i64 = 50_000;
const ACCOUNTS_WITH_STATUS: i64 = 10_000;
/// Users that one page of a search by address looks at, where a filter applies.
const ADDRESSES: i64 = 2_000;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSearch {
    /// How addresses begin, in lower case; empty for any.
    pub beginning: String,
    /// Only this status (expiry aside).
    pub status: Option<UserStatus>,
    /// Balances from this to that; `None` for any.
    pub balance: Option<(Cents, Cents)>,
    /// Go on after the user with this number.
    pub after: Option<i64>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPage {
    /// Those that fit; what they have pending is not looked up where the balance is looked for.
    pub users: Vec<UserRow>,
    /// Where to go on; `None` at the end.
    pub next: Option<i64>,
}

impl Store {
    /// A page of at most `limit` users.
    pub async fn search_users(
        &self,
        book: BookId,
        search: &UserSearch,
        limit: i64,
    ) -> Result<UserPage, Failure> {
        if !search.beginning.is_empty() {
            return self.users_by_address(book, search, limit).await;
        }
        if let Some(balance) = search.balance {
            return self.users_by_balance(book, search, balance, limit).await;
        }
        let filter = UserFilter { status: search.status, below: search.after, ..UserFilter::default() };
        let mut users = self.users(book, &filter, limit + 1).await?;
        Ok(UserPage { next: cut(&mut users, limit), users })
    }

    async fn users_by_address(
        &self,
        book: BookId,
        search: &UserSearch,
        limit: i64,
    ) -> Result<UserPage, Failure> {
        let is_unfiltered = search.status.is_none() && search.balance.is_none();
        let looked = if is_unfiltered { limit + 1 } else { ADDRESSES };
        let after = match search.after {
            Some(number) => self.email_of(book, number).await?.unwrap_or_default(),
            None => String::new(),
        };
        // Addresses are ASCII, and no character of theirs comes after this one.
        let end = format!("{}\u{7f}", search.beginning);
        let sql = match self.engine() {
            "sqlite" => {
                sql!(
                    "SELECT {COLUMNS}, 0 FROM (SELECT book, number, email, status, created_at, expires_at FROM payout_user \
                     WHERE book = $1 AND email >= $2 AND email < $3 AND email > $4 ORDER BY email LIMIT $5) u \
                     JOIN account a ON a.book = u.book AND a.id = u.number ORDER BY u.email"
                )
            }
            _ => {
                sql!(
                    "SELECT {COLUMNS}, CAST(0 AS BIGINT) FROM (SELECT book, number, email, status, created_at, expires_at \
                     FROM payout_user WHERE book = $1 AND email COLLATE \"C\" >= $2 AND email COLLATE \"C\" < $3 \
                     AND email COLLATE \"C\" > $4 ORDER BY email COLLATE \"C\" LIMIT $5) u \
                     JOIN account a ON a.book = u.book AND a.id = u.number ORDER BY u.email COLLATE \"C\""
                )
            }
        };
        let values: Vec<Value> = vec![
            book.0.into(),
            search.beginning.as_str().into(),
            end.as_str().into(),
            after.as_str().into(),
            looked.into(),
        ];
        let rows = self.driver.query(sql, values).await?;
        let reached = rows.last().map(|row| row.int(0)).transpose()?;
        let is_end = i64::try_from(rows.len()).is_ok_and(|found| found < looked);
        let mut users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        users.retain(|row| fits(row, search));
        let next = cut(&mut users, limit).or(reached.filter(|_| !is_end));
        Ok(UserPage { users, next })
    }

    async fn users_by_balance(
        &self,
        book: BookId,
        search: &UserSearch,
        (least, most): (Cents, Cents),
        limit: i64,
    ) -> Result<UserPage, Failure> {
        let below = match search.after {
            Some(number) => number,
            None => self.newest_user(book).await? + 1,
        };
        let looked = if search.status.is_some() { ACCOUNTS_WITH_STATUS } else { ACCOUNTS };
        // So many accounts, not numbers: a recovery leaves a gap of 2^40 numbers.
        let first = "SELECT min(id) FROM (SELECT id FROM account WHERE book = $1 AND id < $2 AND id > 0 ORDER BY id DESC LIMIT $3) AS looked";
        let row = self.driver.query_one(first, vec![book.0.into(), below.into(), looked.into()]).await?;
        let from = row.map_or(Ok(None), |row| row.maybe_int(0))?.unwrap_or(1);
        let (low, high) = match search.status {
            None => (0, 1),
            Some(UserStatus::Active) => (1, 1),
            Some(UserStatus::Inactive) => (0, 0),
        };
        // The bounds stand on both sides: PostgreSQL does not carry them over, and would rather read all users of a rare status.
        let sql = sql!(
            "SELECT {COLUMNS}, CAST(0 AS BIGINT) FROM account a CROSS JOIN payout_user u WHERE a.book = $1 AND a.id < $2 \
             AND a.id >= $3 AND a.balance >= $4 AND a.balance <= $5 AND u.book = $1 AND u.number = a.id AND u.number < $2 \
             AND u.number >= $3 AND u.status >= $6 AND u.status <= $7 ORDER BY a.id DESC LIMIT $8"
        );
        let values: Vec<Value> = vec![
            book.0.into(),
            below.into(),
            from.into(),
            least.0.into(),
            most.0.into(),
            low.into(),
            high.into(),
            (limit + 1).into(),
        ];
        let rows = self.driver.query(sql, values).await?;
        let mut users = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let next = cut(&mut users, limit).or((from > 1).then_some(from));
        Ok(UserPage { users, next })
    }

    /// The number of the newest user of a book, or that below the first of its epoch.
    pub async fn newest_user(&self, book: BookId) -> Result<i64, Failure> {
        let row = self.driver.query_one("SELECT users FROM book WHERE id = $1", vec![book.0.into()]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}

/// Cuts a page to its size; the number of its last user, where there are more.
fn cut(users: &mut Vec<UserRow>, limit: i64) -> Option<i64> {
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = users.len() > size;
    users.truncate(size);
    users.last().map(|last| last.user.number).filter(|_| is_more)
}

fn fits(row: &UserRow, search: &UserSearch) -> bool {
    let in_range = |(least, most): (Cents, Cents)| (least..=most).contains(&row.user.balance);
    search.status.is_none_or(|status| status == row.user.status) && search.balance.is_none_or(in_range)
}
