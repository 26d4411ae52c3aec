//! API keys: what an owner sees of them. What authenticates is the row in `credential`; both change together.

use super::credentials::{self, CredentialKind, LIMITS};
use super::driver::{Row, Statement, Value, WriteError};
use super::epoch::Floor;
use super::sql::sql;
use super::{Failure, NewAuditEntry, NewMail, Store, audit_log, mails};
use crate::key_limits::KeyLimits;
use ledger::CredentialDigest;
use ledger::{BookId, Micros};

/// An API key as it is stored. Its text is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// 1, 2, … over all businesses.
    pub number: i64,
    /// The number of the first key of its line: a key that replaces another, or that another has made, is of the same family.
    pub family: i64,
    pub book: BookId,
    /// Secret or public.
    pub kind: CredentialKind,
    pub name: String,
    /// Prefix and last characters, enough to recognise it by.
    pub hint: String,
    pub created_at: Micros,
    /// Until when it authenticates.
    pub expires_at: Option<Micros>,
    pub revoked_at: Option<Micros>,
    /// When it last authenticated, give or take a few seconds.
    pub last_used_at: Option<Micros>,
    /// What narrows it.
    pub limits: KeyLimits,
    /// The number of the key under which the sums of its days are kept.
    pub budget: i64,
    /// It does not authenticate before a second person has agreed.
    pub waits: bool,
}

impl ApiKey {
    /// All words of [`Self::status`].
    pub const STATUSES: [&'static str; 4] = ["active", "waiting", "expired", "revoked"];

    /// One of [`Self::STATUSES`].
    #[must_use]
    pub fn status(&self, now: Micros) -> &'static str {
        let [active, waiting, expired, revoked] = Self::STATUSES;
        if self.revoked_at.is_some() {
            revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            expired
        } else if self.waits {
            waiting
        } else {
            active
        }
    }
}

/// An API key to store.
#[derive(Debug)]
pub struct NewApiKey {
    /// The next free number, from [`Store::next_key_number`].
    pub number: i64,
    pub book: BookId,
    /// Secret or public.
    pub kind: CredentialKind,
    pub name: String,
    /// Prefix and last characters.
    pub hint: String,
    /// Keyed digest of its text.
    pub digest: CredentialDigest,
    pub created_at: Micros,
    /// Until when it authenticates.
    pub expires_at: Option<Micros>,
    /// What narrows it.
    pub limits: KeyLimits,
    /// `None`: it begins one.
    pub family: Option<i64>,
    /// The key whose sums per day it shares; `None` for sums of its own.
    pub budget: Option<i64>,
    /// It does not authenticate yet.
    pub waits: bool,
}

pub(super) fn insert_key(key: &NewApiKey) -> [Statement; 2] {
    let digest: Value = key.digest.as_slice().into();
    let (ceilings, family) = (&key.limits.ceilings, key.family.unwrap_or(key.number));
    [
        Statement::one(
            "INSERT INTO api_key (number, book, kind, name, hint, digest, created_at, expires_at, family) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            vec![
                key.number.into(),
                key.book.0.into(),
                key.kind.code().into(),
                key.name.as_str().into(),
                key.hint.as_str().into(),
                digest.clone(),
                key.created_at.into(),
                key.expires_at.into(),
                family.into(),
            ],
        ),
        Statement::one(
            "INSERT INTO credential (digest, kind, book, subject, active, expires_at, allowed, max_amount, max_request, max_day, \
             max_recipient_day, scopes, budget) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            vec![
                digest,
                key.kind.code().into(),
                key.book.0.into(),
                key.number.into(),
                (!key.waits).into(),
                key.expires_at.into(),
                key.limits.allowed.as_ref().map(ToString::to_string).as_deref().into(),
                key.limits.max_amount.map(|most| most.0).into(),
                ceilings.per_request.map(|most| most.0).into(),
                ceilings.per_day.map(|most| most.0).into(),
                ceilings.per_recipient_day.map(|most| most.0).into(),
                key.limits.scopes.code().into(),
                key.budget.unwrap_or(key.number).into(),
            ],
        ),
    ]
}

/// A new key joins the family of the one that it replaces, and shares its budget.
fn join(new: i64, old: i64) -> [Statement; 2] {
    let values = vec![old.into(), new.into()];
    [
        Statement::one(
            "UPDATE api_key SET family = (SELECT family FROM api_key WHERE number = $1) WHERE number = $2",
            values.clone(),
        ),
        Statement::one(
            "UPDATE credential SET budget = (SELECT c.budget FROM api_key k JOIN credential c ON c.digest = k.digest \
             WHERE k.number = $1) WHERE digest = (SELECT digest FROM api_key WHERE number = $2)",
            values,
        ),
    ]
}

/// Makes the change of a key wait for what the teller is deciding with it, and the teller for the change: what was revoked
/// moves no money from the moment at which that is answered.
fn lock_book_of(number: i64) -> Statement {
    Statement::new(
        "UPDATE book SET users = users WHERE id = (SELECT book FROM api_key WHERE number = $1)",
        vec![number.into()],
    )
}

fn revoke(number: i64, at: Micros) -> [Statement; 3] {
    [
        lock_book_of(number),
        Statement::one(
            "UPDATE api_key SET revoked_at = $1 WHERE number = $2 AND revoked_at IS NULL",
            vec![at.into(), number.into()],
        ),
        Statement::one(
            "UPDATE credential SET active = 0 WHERE digest = (SELECT digest FROM api_key WHERE number = $1)",
            vec![number.into()],
        ),
    ]
}

fn expire(number: i64, at: Micros) -> [Statement; 3] {
    [
        lock_book_of(number),
        Statement::one(
            "UPDATE api_key SET expires_at = $1 WHERE number = $2 AND revoked_at IS NULL",
            vec![at.into(), number.into()],
        ),
        Statement::one(
            "UPDATE credential SET expires_at = $1 WHERE digest = (SELECT digest FROM api_key WHERE number = $2)",
            vec![at.into(), number.into()],
        ),
    ]
}

/// What is written in the transaction of a key's change.
#[derive(Clone, Debug, Default)]
pub struct KeyNews {
    /// Into the audit log.
    pub audit: Vec<NewAuditEntry>,
    /// To those who look after the keys.
    pub mails: Vec<NewMail>,
}

impl KeyNews {
    fn statements(&self) -> impl Iterator<Item = Statement> {
        self.audit.iter().map(audit_log::note).chain(self.mails.iter().map(mails::insert))
    }
}

/// The columns that `api_key` reads, in its order.
const COLUMNS: &str = "k.number, k.book, k.kind, k.name, k.hint, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.family, \
    c.budget, c.active";

impl Store {
    /// The next free key number, unless another process takes it first.
    pub async fn next_key_number(&self) -> Result<i64, Failure> {
        self.next_number("SELECT coalesce(max(number), 0) FROM api_key", Vec::new(), Floor::Numbers).await
    }

    /// Stores a new key.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when its number is taken.
    pub async fn create_key(&self, key: &NewApiKey, news: &KeyNews) -> Result<(), WriteError> {
        self.driver.write(insert_key(key).into_iter().chain(news.statements()).collect()).await
    }

    /// Stores a key that replaces another, which ends at `old_ends_at` (revoked at once when that is not after `now`).
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when the old key is gone or revoked, or the new number is taken.
    pub async fn roll_key(
        &self,
        old: i64,
        new: &NewApiKey,
        old_ends_at: Micros,
        now: Micros,
        news: &KeyNews,
    ) -> Result<(), WriteError> {
        let end = if old_ends_at <= now { revoke(old, now) } else { expire(old, old_ends_at) };
        let join = join(new.number, old);
        let key = insert_key(new).into_iter().chain(end).chain(join);
        self.driver.write(key.chain(news.statements()).collect()).await
    }

    /// Lets a key that waits authenticate, and ends another one as [`Self::roll_key`] does.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when one of them is gone or revoked.
    pub async fn activate_key(
        &self,
        number: i64,
        replaces: Option<(i64, Micros)>,
        now: Micros,
        news: &KeyNews,
    ) -> Result<(), WriteError> {
        let activate = Statement::one(
            "UPDATE credential SET active = 1 \
             WHERE digest = (SELECT digest FROM api_key WHERE number = $1 AND revoked_at IS NULL)",
            vec![number.into()],
        );
        let end = replaces.map(|(old, end)| if end <= now { revoke(old, now) } else { expire(old, end) });
        let end = end.into_iter().flatten();
        self.driver.write([activate].into_iter().chain(end).chain(news.statements()).collect()).await
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when it is gone or revoked already.
    pub async fn revoke_key(&self, number: i64, at: Micros, news: &KeyNews) -> Result<(), WriteError> {
        self.driver.write(revoke(number, at).into_iter().chain(news.statements()).collect()).await
    }

    /// The keys of a book, oldest first.
    pub async fn keys(&self, book: BookId) -> Result<Vec<ApiKey>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS}, {LIMITS} FROM api_key k JOIN credential c ON c.digest = k.digest WHERE k.book = $1 ORDER BY k.number"
        );
        self.driver.query(sql, vec![book.0.into()]).await?.iter().map(api_key).collect()
    }

    /// The key with this number.
    pub async fn key(&self, number: i64) -> Result<Option<ApiKey>, Failure> {
        let sql = sql!(
            "SELECT {COLUMNS}, {LIMITS} FROM api_key k JOIN credential c ON c.digest = k.digest WHERE k.number = $1"
        );
        self.driver.query_one(sql, vec![number.into()]).await?.as_ref().map(api_key).transpose()
    }

    /// Records when keys were last used, all in one transaction. Never moves a time back.
    pub async fn record_key_uses(&self, uses: &[(i64, Micros)]) -> Result<(), Failure> {
        let sql = "UPDATE api_key SET last_used_at = $1 WHERE number = $2 AND coalesce(last_used_at, 0) < $1";
        let statements =
            uses.iter().map(|(number, at)| Statement::new(sql, vec![(*at).into(), (*number).into()]));
        Ok(self.driver.write(statements.collect()).await?)
    }
}

fn api_key(row: &Row) -> Result<ApiKey, Failure> {
    Ok(ApiKey {
        number: row.int(0)?,
        book: BookId(row.int(1)?),
        kind: CredentialKind::from_code(row.int(2)?)?,
        name: row.text(3)?.to_owned(),
        hint: row.text(4)?.to_owned(),
        created_at: row.int(5)?,
        expires_at: row.maybe_int(6)?,
        revoked_at: row.maybe_int(7)?,
        last_used_at: row.maybe_int(8)?,
        family: row.int(9)?,
        budget: row.int(10)?,
        waits: row.int(11)? == 0 && row.maybe_int(7)?.is_none(),
        limits: credentials::limits(row, 12)?,
    })
}
