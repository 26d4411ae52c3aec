//! What a business sets: the terms of each method, how long money may stay unclaimed, and what takes two people.

use super::audit_log::{self, NewAuditEntry};
use super::businesses::enable_payouts;
use super::driver::{Statement, WriteError};
use super::{Failure, Store};
use anyhow::Context;
use ledger::{BookId, Cents, Micros, Terms};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// An account that holds money and has not moved for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    pub user: i64,
    /// Its newest entry.
    pub head: i64,
    /// When that was.
    pub since: Micros,
    /// When the user's last reminder was an event; 0 for never.
    pub reminded_at: Micros,
}

/// What a book has set, as it was read.
#[derive(Clone, Debug)]
pub struct BookSettings {
    /// May the business pay people?
    pub payouts_enabled: bool,
    /// How many days people have to claim their money; `None`: for ever.
    pub expiry_days: Option<i64>,
    /// Origins whose scripts may call the business's hash endpoints, sorted.
    pub allowed_origins: Vec<String>,
    /// Above which sum an import takes two members.
    pub import_above: Option<Cents>,
    /// Above which amount two people are needed.
    pub two_people_above: Option<Cents>,
    /// The terms of methods, by name.
    pub terms: BTreeMap<String, Terms>,
    /// The same as they are stored: a later version may write them differently.
    stored: BTreeMap<String, String>,
}

/// What to set; what is left out stays as it is. Stored with proposals, so fields are only ever added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsChange {
    /// May the business pay people?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payouts_enabled: Option<bool>,
    /// How many days people have to claim their money; `Some(None)`: for ever.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub expiry_days: Option<Option<i64>>,
    /// All origins whose scripts may call the business's hash endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
    /// The terms of methods, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<(String, Terms)>,
    /// Above which sum an import takes two members; `Some(None)`: none does.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub import_above: Option<Option<Cents>>,
    /// Above which amount two people are needed; `Some(None)`: never.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub two_people_above: Option<Option<Cents>>,
}

/// A null that is there says something; one that is not there says nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl Store {
    /// What a book has set; `None` where there is no such business.
    pub async fn book_settings(&self, book: BookId) -> Result<Option<BookSettings>, Failure> {
        let Some(business) = self.business(book.business()).await? else { return Ok(None) };
        let sql = "SELECT method, terms FROM method_terms WHERE book = $1 ORDER BY method";
        let (mut terms, mut stored) = (BTreeMap::new(), BTreeMap::new());
        for row in self.driver.query(sql, vec![book.0.into()]).await? {
            let (method, text) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
            let read = serde_json::from_str(&text).context("stored terms cannot be read")?;
            terms.insert(method.clone(), read);
            stored.insert(method, text);
        }
        let (payouts_enabled, expiry_days) = (business.payouts_enabled, self.expiry_days(book).await?);
        let allowed_origins = self.allowed_origins(book.business()).await?;
        Ok(Some(BookSettings {
            payouts_enabled,
            expiry_days,
            allowed_origins,
            import_above: self.import_approval_above(book).await?,
            two_people_above: self.two_people_above(book).await?,
            terms,
            stored,
        }))
    }

    /// Sets everything that `change` names, and writes the audit entries that tell of it, all or nothing, where everything is
    /// still as it was `seen`.
    ///
    /// # Errors
    /// [`WriteError::Conflict`] when something was changed since, or there is no such business.
    pub async fn change_settings(
        &self,
        book: BookId,
        seen: &BookSettings,
        change: &SettingsChange,
        entries: &[NewAuditEntry],
    ) -> Result<(), WriteError> {
        let mut statements = unchanged(book, seen);
        for (method, terms) in &change.terms {
            statements.push(set_terms(book, method, terms)?);
        }
        statements.extend(change.expiry_days.map(|days| set_expiry_days(book, days)));
        if let Some(origins) = &change.allowed_origins {
            statements.extend(set_origins(book.business(), origins));
        }
        statements.extend(change.import_above.map(|above| set_rule(IMPORT_RULE, book, above)));
        statements.extend(change.two_people_above.map(|above| set_rule(TWO_PEOPLE_RULE, book, above)));
        statements.extend(change.payouts_enabled.map(|enabled| enable_payouts(book.business(), enabled)));
        statements.extend(entries.iter().map(audit_log::note));
        self.driver.write(statements).await
    }

    /// The origins whose scripts may call a business's hash endpoints, sorted.
    pub async fn allowed_origins(&self, business: i64) -> Result<Vec<String>, Failure> {
        let sql = "SELECT origin FROM allowed_origin WHERE business = $1";
        let rows = self.driver.query(sql, vec![business.into()]).await?;
        let texts = rows.iter().map(|row| row.text(0).map(str::to_owned));
        let mut origins = texts.collect::<Result<Vec<_>, Failure>>()?;
        // By bytes: a database may sort otherwise.
        origins.sort();
        Ok(origins)
    }

    /// Does this business allow the origin, or, without one, any business?
    pub async fn is_allowed_origin(&self, business: Option<i64>, origin: &str) -> Result<bool, Failure> {
        let row = match business {
            Some(business) => {
                let sql = "SELECT 1 FROM allowed_origin WHERE business = $1 AND origin = $2";
                self.driver.query_one(sql, vec![business.into(), origin.into()]).await?
            }
            None => {
                let sql = "SELECT 1 FROM allowed_origin WHERE origin = $1 LIMIT 1";
                self.driver.query_one(sql, vec![origin.into()]).await?
            }
        };
        Ok(row.is_some())
    }

    /// Above which sum an import needs another member's word; `None`: never.
    pub async fn import_approval_above(&self, book: BookId) -> Result<Option<Cents>, Failure> {
        self.rule_above("SELECT approve_above FROM import_rule WHERE book = $1", book).await
    }

    /// Above which amount two people are needed; `None`: never.
    pub async fn two_people_above(&self, book: BookId) -> Result<Option<Cents>, Failure> {
        self.rule_above("SELECT above FROM two_people_rule WHERE book = $1", book).await
    }

    async fn rule_above(&self, sql: &'static str, book: BookId) -> Result<Option<Cents>, Failure> {
        let row = self.driver.query_one(sql, vec![book.0.into()]).await?;
        row.map(|row| row.int(0).map(Cents)).transpose()
    }

    /// The terms a book has set, by method.
    pub async fn all_terms(&self, book: BookId) -> Result<BTreeMap<String, Terms>, Failure> {
        let sql = "SELECT method, terms FROM method_terms WHERE book = $1 ORDER BY method";
        let rows = self.driver.query(sql, vec![book.0.into()]).await?;
        let pair = |row: &super::Row| {
            let terms = serde_json::from_str(row.text(1)?).context("stored terms cannot be read")?;
            Ok((row.text(0)?.to_owned(), terms))
        };
        rows.iter().map(pair).collect()
    }

    /// Sets a method's terms from now on.
    pub async fn set_terms(&self, book: BookId, method: &str, terms: &Terms) -> Result<(), Failure> {
        Ok(self.driver.write(vec![set_terms(book, method, terms)?]).await?)
    }

    /// How many days a book's users have to claim their money; `None`: for ever.
    pub async fn expiry_days(&self, book: BookId) -> Result<Option<i64>, Failure> {
        let sql = "SELECT days FROM expiry_rule WHERE book = $1";
        self.driver.query_one(sql, vec![book.0.into()]).await?.map(|row| row.int(0)).transpose()
    }

    /// Sets how many days a book's users have.
    pub async fn set_expiry_days(&self, book: BookId, days: Option<i64>) -> Result<(), Failure> {
        Ok(self.driver.write(vec![set_expiry_days(book, days)]).await?)
    }

    /// All books whose users have to claim their money in time, with the days they have.
    pub async fn expiry_rules(&self) -> Result<Vec<(BookId, i64)>, Failure> {
        let rows = self.driver.query("SELECT book, days FROM expiry_rule ORDER BY book", Vec::new()).await?;
        rows.iter().map(|row| Ok((BookId(row.int(0)?), row.int(1)?))).collect()
    }

    /// Users above `after` by number whose accounts hold money and have not moved since `since`, at most `limit`.
    pub async fn unclaimed(
        &self,
        book: BookId,
        since: Micros,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Unclaimed>, Failure> {
        let sql = "SELECT a.id, a.head, j.at, coalesce(r.at, 0) FROM account a \
                   JOIN journal j ON j.book = a.book AND j.sequence = a.head \
                   LEFT JOIN reminder r ON r.book = a.book AND r.payout_user = a.id \
                   WHERE a.book = $1 AND a.id > $2 AND a.balance > 0 AND j.at <= $3 ORDER BY a.id LIMIT $4";
        let values = vec![book.0.into(), after.into(), since.into(), limit.into()];
        let idle = |row: &super::Row| {
            let (user, head, since) = (row.int(0)?, row.int(1)?, row.int(2)?);
            Ok(Unclaimed { user, head, since, reminded_at: row.int(3)? })
        };
        self.driver.query(sql, values).await?.iter().map(idle).collect()
    }

    /// Writes down that a user's reminder is an event now.
    pub async fn note_reminder(&self, book: BookId, user: i64, at: Micros) -> Result<(), Failure> {
        let sql = "INSERT INTO reminder (book, payout_user, at) VALUES ($1, $2, $3) \
                   ON CONFLICT (book, payout_user) DO UPDATE SET at = excluded.at";
        Ok(self.driver.write(vec![Statement::one(sql, vec![book.0.into(), user.into(), at.into()])]).await?)
    }
}

/// Statements that fail unless everything is as it was seen. The first takes the lock on the business's row, under which all
/// changes of its settings are made.
fn unchanged(book: BookId, seen: &BookSettings) -> Vec<Statement> {
    let sql = "UPDATE business SET payouts_enabled = $1 WHERE number = $2 AND payouts_enabled = $1";
    let values = vec![seen.payouts_enabled.into(), book.business().into()];
    let mut statements = vec![Statement::one(sql, values)];
    let sql = "UPDATE expiry_rule SET days = days WHERE book = $1";
    let rows = u64::from(seen.expiry_days.is_some());
    statements.push(Statement::exactly(rows, sql, vec![book.0.into()]));
    if let Some(days) = seen.expiry_days {
        let sql = "UPDATE expiry_rule SET days = $1 WHERE book = $2 AND days = $1";
        statements.push(Statement::one(sql, vec![days.into(), book.0.into()]));
    }
    let sql = "UPDATE allowed_origin SET origin = origin WHERE business = $1";
    let rows = seen.allowed_origins.len() as u64;
    statements.push(Statement::exactly(rows, sql, vec![book.business().into()]));
    for origin in &seen.allowed_origins {
        let sql = "UPDATE allowed_origin SET origin = $1 WHERE business = $2 AND origin = $1";
        statements.push(Statement::one(sql, vec![origin.as_str().into(), book.business().into()]));
    }
    let sql = "UPDATE method_terms SET enabled = enabled WHERE book = $1";
    statements.push(Statement::exactly(seen.stored.len() as u64, sql, vec![book.0.into()]));
    for (method, terms) in &seen.stored {
        let sql = "UPDATE method_terms SET enabled = enabled WHERE book = $1 AND method = $2 AND terms = $3";
        let values = vec![book.0.into(), method.as_str().into(), terms.as_str().into()];
        statements.push(Statement::one(sql, values));
    }
    statements
}

fn set_terms(book: BookId, method: &str, terms: &Terms) -> Result<Statement, Failure> {
    let sql = "INSERT INTO method_terms (book, method, terms, enabled) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (book, method) DO UPDATE SET terms = excluded.terms, enabled = excluded.enabled";
    let text = serde_json::to_string(terms)?;
    let values = vec![book.0.into(), method.into(), text.as_str().into(), terms.enabled.into()];
    Ok(Statement::one(sql, values))
}

fn set_origins(business: i64, origins: &[String]) -> Vec<Statement> {
    let delete = "DELETE FROM allowed_origin WHERE business = $1";
    let insert = "INSERT INTO allowed_origin (business, origin) VALUES ($1, $2)";
    let add = |origin: &String| Statement::one(insert, vec![business.into(), origin.as_str().into()]);
    let delete = Statement::new(delete, vec![business.into()]);
    std::iter::once(delete).chain(origins.iter().map(add)).collect()
}

fn set_expiry_days(book: BookId, days: Option<i64>) -> Statement {
    match days {
        None => Statement::new("DELETE FROM expiry_rule WHERE book = $1", vec![book.0.into()]),
        Some(days) => Statement::one(
            "INSERT INTO expiry_rule (book, days) VALUES ($1, $2) ON CONFLICT (book) DO UPDATE SET days = excluded.days",
            vec![book.0.into(), days.into()],
        ),
    }
}

/// How a rule is deleted, and how it is set.
type RuleStatements = (&'static str, &'static str);

const IMPORT_RULE: RuleStatements = (
    "DELETE FROM import_rule WHERE book = $1",
    "INSERT INTO import_rule (book, approve_above) VALUES ($1, $2) \
     ON CONFLICT (book) DO UPDATE SET approve_above = excluded.approve_above",
);

const TWO_PEOPLE_RULE: RuleStatements = (
    "DELETE FROM two_people_rule WHERE book = $1",
    "INSERT INTO two_people_rule (book, above) VALUES ($1, $2) ON CONFLICT (book) DO UPDATE SET above = excluded.above",
);

fn set_rule((delete, set): RuleStatements, book: BookId, above: Option<Cents>) -> Statement {
    match above {
        None => Statement::new(delete, vec![book.0.into()]),
        Some(above) => Statement::one(set, vec![book.0.into(), above.0.into()]),
    }
}
