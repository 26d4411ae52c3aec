//! How keys are used, per key and hour. Rows are only ever added to, so that several processes share them.

use super::driver::{Row, Statement, WriteError};
use super::sql::sql;
use super::{Failure, Store};
use ledger::{BookId, Micros};

/// In milliseconds: a request is counted in the first bucket that it was answered within, or in the one after the last.
pub const BUCKETS: [i64; 7] = [1, 3, 10, 30, 100, 300, 1000];

/// Counts of some requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageCounts {
    pub requests: i64,
    /// Answered with 4xx.
    pub client_errors: i64,
    /// Answered with 5xx.
    pub server_errors: i64,
    /// How long they took, together.
    pub micros: i64,
    /// By [`BUCKETS`], and what took longer.
    pub within: [i64; 8],
    /// Cents given to people.
    pub moved: i64,
}

/// The counts of one key in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key's book.
    pub book: BookId,
    pub key: i64,
    /// The hour's beginning.
    pub hour: Micros,
    pub counts: UsageCounts,
}

impl UsageCounts {
    /// The place in `within` of a request that took so long.
    #[must_use]
    pub fn bucket(micros: Micros) -> usize {
        BUCKETS.iter().position(|most| micros <= most * 1000).unwrap_or(BUCKETS.len())
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.micros = self.micros.saturating_add(other.micros);
        self.moved = self.moved.saturating_add(other.moved);
        for (own, more) in self.within.iter_mut().zip(other.within) {
            *own += more;
        }
    }

    /// The time in milliseconds within which this share of a thousand requests was answered, by bucket: `None` without
    /// requests, `Some(None)` for longer than the last bucket.
    #[must_use]
    pub fn quantile(&self, thousandths: i64) -> Option<Option<i64>> {
        let all: i64 = self.within.iter().sum();
        let rank = (all * thousandths).div_euclid(1000) + i64::from((all * thousandths).rem_euclid(1000) > 0);
        let mut seen = 0;
        let place = self.within.iter().position(|count| {
            seen += count;
            seen >= rank.max(1)
        })?;
        Some(BUCKETS.get(place).copied())
    }

    fn read(row: &Row, first: usize) -> Result<Self, Failure> {
        let mut within = [0; 8];
        for (place, count) in within.iter_mut().enumerate() {
            *count = row.int(first + 4 + place)?;
        }
        Ok(Self {
            requests: row.int(first)?,
            client_errors: row.int(first + 1)?,
            server_errors: row.int(first + 2)?,
            micros: row.int(first + 3)?,
            within,
            moved: row.int(first + 12)?,
        })
    }
}

/// What is counted, in the order in which [`UsageCounts::read`] reads it.
const COUNTS: &str = "requests, client_errors, server_errors, micros, within_1, within_3, within_10, within_30, within_100, \
     within_300, within_1000, longer, moved";

fn add() -> &'static str {
    sql!(
        "INSERT INTO key_usage (book, key, hour, {COUNTS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (book, key, hour) DO UPDATE SET {sums}",
        sums = each_count(|column| format!("{column} = key_usage.{column} + excluded.{column}"))
    )
}

/// A list with one term for each count.
fn each_count(term: impl Fn(&str) -> String) -> String {
    COUNTS.split(", ").map(term).collect::<Vec<_>>().join(", ")
}

impl Store {
    /// Adds counts to what is there, all in one transaction.
    ///
    /// # Errors
    /// When the database breaks; nothing was added then.
    pub async fn add_key_usage(&self, rows: &[KeyUsage]) -> Result<(), WriteError> {
        let add_row = |row: &KeyUsage| {
            let counts = &row.counts;
            let mut values = vec![row.book.0.into(), row.key.into(), row.hour.into()];
            let numbers = [counts.requests, counts.client_errors, counts.server_errors, counts.micros];
            values.extend(numbers.into_iter().chain(counts.within).chain([counts.moved]).map(Into::into));
            Statement::new(add(), values)
        };
        self.driver.write(rows.iter().map(add_row).collect()).await
    }

    /// A key's counts hour by hour from this hour on, oldest first.
    pub async fn key_usage(&self, book: BookId, key: i64, from: Micros) -> Result<Vec<KeyUsage>, Failure> {
        let sql = sql!(
            "SELECT hour, {COUNTS} FROM key_usage WHERE book = $1 AND key = $2 AND hour >= $3 ORDER BY hour"
        );
        let rows = self.driver.query(sql, vec![book.0.into(), key.into(), from.into()]).await?;
        rows.iter()
            .map(|row| Ok(KeyUsage { book, key, hour: row.int(0)?, counts: UsageCounts::read(row, 1)? }))
            .collect()
    }

    /// The counts of each key of a book from this hour on, by number.
    pub async fn usage_of_keys(
        &self,
        book: BookId,
        from: Micros,
    ) -> Result<Vec<(i64, UsageCounts)>, Failure> {
        let sql = sql!(
            "SELECT key, {sums} FROM key_usage WHERE book = $1 AND hour >= $2 GROUP BY key ORDER BY key",
            sums = each_count(|column| format!("CAST(sum({column}) AS BIGINT)"))
        );
        let rows = self.driver.query(sql, vec![book.0.into(), from.into()]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, UsageCounts::read(row, 1)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_buckets_they_fall_into() {
        assert_eq!(UsageCounts::default().quantile(500), None);
        let mut counts = UsageCounts::default();
        for micros in [0, 1000, 1001, 3000, 9_000, 9_000, 9_000, 9_000, 9_000, 2_000_000] {
            counts.within[UsageCounts::bucket(micros)] += 1;
        }
        assert_eq!(counts.within, [2, 2, 5, 0, 0, 0, 0, 1]);
        assert_eq!(counts.quantile(500), Some(Some(10)));
        assert_eq!(counts.quantile(200), Some(Some(1)));
        assert_eq!(counts.quantile(201), Some(Some(3)));
        assert_eq!(counts.quantile(990), Some(None));
    }
}
