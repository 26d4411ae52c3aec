//! Payout users and balances, read. The teller writes them.

use super::codes::{USER_INACTIVE, WITHDRAWAL_SUCCEEDED};
use super::driver::{Row, Value};
use super::journal::salt;
use super::sql::sql;
use super::{Failure, Store};
use anyhow::Context;
use ledger::{AccountId, BookId, Cents, Email, HashBasis, Micros, OnceKey, Reply, UserSnapshot, UserStatus};
use std::ops::Range;
use std::sync::LazyLock;

/// A user as lists and pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The user and the balance.
    pub user: UserSnapshot,
    /// The newest entry of the user's account; 0 for none.
    pub history: i64,
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Only this address.
    pub email: Option<Email>,
    /// Only this status (expiry aside).
    pub status: Option<UserStatus>,
    /// Only the user with this number.
    pub number: Option<i64>,
    /// Only users who were created at these moments.
    pub created: Option<Range<Micros>>,
    /// Only users with a payout that has this name and text among its metadata.
    pub metadata: Option<(String, String)>,
    /// Only users with a smaller number, for the next page.
    pub below: Option<i64>,
}

/// What withdrawals on their way hold of the user `u`: the column after [`COLUMNS`].
pub(super) static PENDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "(SELECT CAST(coalesce(sum(w.amount), 0) AS BIGINT) FROM withdrawal w \
         WHERE w.book = u.book AND w.payout_user = u.number AND w.state < {WITHDRAWAL_SUCCEEDED})"
    )
});

/// The columns that `user` reads, in its order, but for the last, what is pending.
pub(super) const COLUMNS: &str = "u.number, u.email, u.status, u.created_at, u.expires_at, a.balance, a.head";

/// `$1` to `$8`: book, below and above which number, since and before when created, least and greatest status, address or ''.
const FITS: &str = "u.book = $1 AND u.number < $2 AND u.number > $3 AND u.created_at >= $4 AND u.created_at < $5 \
    AND u.status >= $6 AND u.status <= $7 AND (CAST($8 AS TEXT) = '' OR u.email = $8)";

impl Store {
    /// The user with this number.
    pub async fn user(&self, book: BookId, number: i64) -> Result<Option<UserRow>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
             WHERE u.book = $1 AND u.number = $2",
            pending = *PENDING
        );
        self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?.as_ref().map(user).transpose()
    }

    /// Users, newest first, at most `limit`.
    pub async fn users(
        &self,
        book: BookId,
        filter: &UserFilter,
        limit: i64,
    ) -> Result<Vec<UserRow>, Failure> {
        if filter.number.is_some() || filter.created.is_some() || filter.metadata.is_some() {
            return self.users_that_fit(book, filter, limit).await;
        }
        let below: Value = filter.below.unwrap_or(i64::MAX).into();
        let (sql, third) = match (&filter.email, filter.status) {
            (Some(email), _) => (
                sql!(
                    "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
                     WHERE u.book = $1 AND u.number < $2 AND u.email = $3 ORDER BY u.number DESC LIMIT $4",
                    pending = *PENDING
                ),
                email.as_str().into(),
            ),
            // Two texts, because only a constant lets the engines use the index over the few inactive users.
            (None, Some(UserStatus::Inactive)) => (
                sql!(
                    "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
                     WHERE u.book = $1 AND u.number < $2 AND u.status = {USER_INACTIVE} AND u.number > $3 \
                     ORDER BY u.number DESC LIMIT $4",
                    pending = *PENDING
                ),
                Value::Int(0),
            ),
            (None, status) => (
                sql!(
                    "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
                     WHERE u.book = $1 AND u.number < $2 AND u.status >= $3 ORDER BY u.number DESC LIMIT $4",
                    pending = *PENDING
                ),
                Value::from(status == Some(UserStatus::Active)),
            ),
        };
        let rows = self.driver.query(sql, vec![book.0.into(), below, third, limit.into()]).await?;
        let found = rows.iter().map(user).collect::<Result<Vec<_>, _>>()?;
        let fits = |row: &UserRow| filter.status.is_none_or(|status| row.user.status == status);
        Ok(found.into_iter().filter(fits).collect())
    }

    /// The same where the filter is one of the rarer ones.
    async fn users_that_fit(
        &self,
        book: BookId,
        filter: &UserFilter,
        limit: i64,
    ) -> Result<Vec<UserRow>, Failure> {
        let created = filter.created.clone().unwrap_or(i64::MIN..i64::MAX);
        let (least, most) = match filter.status {
            None => (0, 1),
            Some(status) => {
                (i64::from(status == UserStatus::Active), i64::from(status == UserStatus::Active))
            }
        };
        let (above, below) = match filter.number {
            Some(number) => (number - 1, filter.below.unwrap_or(i64::MAX).min(number + 1)),
            None => (0, filter.below.unwrap_or(i64::MAX)),
        };
        let email = filter.email.as_ref().map_or("", Email::as_str);
        let mut values: Vec<Value> = vec![
            book.0.into(),
            below.into(),
            above.into(),
            created.start.into(),
            created.end.into(),
            least.into(),
            most.into(),
            email.into(),
        ];
        let sql = match &filter.metadata {
            None => sql!(
                "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
                 WHERE {FITS} ORDER BY u.number DESC LIMIT $9",
                pending = *PENDING
            ),
            Some((name, value)) => {
                values.extend([name.as_str().into(), value.as_str().into()]);
                sql!(
                    "SELECT {COLUMNS}, {pending} FROM payout_user u JOIN account a ON a.book = u.book AND a.id = u.number \
                     WHERE {FITS} AND u.number IN (SELECT m.payout_user FROM metadata m WHERE m.book = $1 AND m.name = $9 \
                     AND m.value = $10 AND m.sequence > 0) ORDER BY u.number DESC LIMIT $11",
                    pending = *PENDING
                )
            }
        };
        values.push(limit.into());
        self.driver.query(sql, values).await?.iter().map(user).collect()
    }

    /// The user who was paid under this reference.
    pub async fn user_of_reference(&self, book: BookId, reference: &str) -> Result<Option<i64>, Failure> {
        let key = OnceKey::of_payout_reference(reference);
        let sql = "SELECT outcome FROM remembered WHERE book = $1 AND key = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), key.0.as_slice().into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let reply: Reply =
            serde_json::from_str(row.text(0)?).context("a remembered answer cannot be read")?;
        Ok(if let Reply::Paid { user, .. } = reply { Some(user) } else { None })
    }

    /// The number of the newest user of a book, or that below the first of its epoch.
    pub async fn newest_user(&self, book: BookId) -> Result<i64, Failure> {
        let row = self.driver.query_one("SELECT users FROM book WHERE id = $1", vec![book.0.into()]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// A user's address.
    pub async fn email_of(&self, book: BookId, number: i64) -> Result<Option<String>, Failure> {
        let sql = "SELECT email FROM payout_user WHERE book = $1 AND number = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// What a user's hash is computed from.
    pub async fn hash_basis(&self, book: BookId, number: i64) -> Result<Option<HashBasis>, Failure> {
        let sql = "SELECT generation, salt FROM payout_user WHERE book = $1 AND number = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), number.into()]).await?;
        row.map(|row| Ok(HashBasis { generation: row.int(0)?, salt: salt(row.bytes(1)?)? })).transpose()
    }

    /// What a book holds for withdrawals on their way.
    pub async fn held(&self, book: BookId) -> Result<Cents, Failure> {
        let sql = "SELECT balance FROM account WHERE book = $1 AND id = $2";
        let row = self.driver.query_one(sql, vec![book.0.into(), AccountId::HELD.0.into()]).await?;
        row.map_or(Ok(Cents::ZERO), |row| Ok(Cents(row.int(0)?)))
    }

    /// The balances of all books, but those of recipients; those of one book stand together.
    pub async fn house_balances(&self) -> Result<Vec<(BookId, AccountId, Cents)>, Failure> {
        let sql = "SELECT account.book, account.id, account.balance FROM book JOIN account ON account.book = book.id AND account.id < 0 \
                   ORDER BY account.book, account.id";
        let rows = self.driver.query(sql, Vec::new()).await?;
        rows.iter().map(|row| Ok((BookId(row.int(0)?), AccountId(row.int(1)?), Cents(row.int(2)?)))).collect()
    }

    /// Main and payout balance of a book.
    pub async fn own_balances(&self, book: BookId) -> Result<(Cents, Cents), Failure> {
        let sql = "SELECT id, balance FROM account WHERE book = $1 AND id < 0";
        let mut balances = (Cents::ZERO, Cents::ZERO);
        for row in self.driver.query(sql, vec![book.0.into()]).await? {
            match AccountId(row.int(0)?) {
                AccountId::MAIN => balances.0 = Cents(row.int(1)?),
                AccountId::PAYOUT => balances.1 = Cents(row.int(1)?),
                _ => {}
            }
        }
        Ok(balances)
    }
}

pub(super) fn user(row: &Row) -> Result<UserRow, Failure> {
    Ok(UserRow {
        user: UserSnapshot {
            number: row.int(0)?,
            email: Email::from_stored(row.text(1)?.to_owned()),
            status: if row.int(2)? == 1 { UserStatus::Active } else { UserStatus::Inactive },
            created_at: row.int(3)? as Micros,
            expires_at: row.maybe_int(4)?,
            balance: Cents(row.int(5)?),
            pending: Cents(row.int(7)?),
        },
        history: row.int(6)?,
    })
}
