//! Tries to sign in, counted per bucket in windows of time. Counted before a try is judged, so that tries made at the same
//! moment cannot all be the first. Not here: what a bucket is and how many are too many (members/lock_out.rs).

use super::driver::Statement;
use super::{Failure, Store};
use ledger::Micros;

/// What is counted: a keyed digest, and how long a count lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bucket {
    /// Of an account, an address, or both.
    pub digest: [u8; 32],
    /// A count that began this long ago begins anew.
    pub window: Micros,
}

/// What a bucket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// When the count began.
    pub since: Micros,
    /// How many since.
    pub count: i64,
}

impl Bucket {
    /// A window that began within these still counts. One that began later than a whole window from now was begun by a clock that
    /// was ahead, and would lock the account out until then; a little later is another server's clock, and counts.
    fn counts_between(&self, now: Micros) -> (Micros, Micros) {
        (now - self.window, now.saturating_add(self.window))
    }
}

impl Store {
    /// Counts one more try in each bucket; what each holds now, in the order given. Forgets buckets older than `forget`.
    pub async fn count_tries(
        &self,
        buckets: &[Bucket],
        now: Micros,
        forget: Micros,
    ) -> Result<Vec<Tries>, Failure> {
        let sql = "INSERT INTO sign_in_attempt (bucket, since, tries) VALUES ($1, $2, 1) ON CONFLICT (bucket) DO UPDATE SET \
                   tries = CASE WHEN sign_in_attempt.since <= $3 OR sign_in_attempt.since > $4 THEN 1 ELSE sign_in_attempt.tries + 1 END, \
                   since = CASE WHEN sign_in_attempt.since <= $3 OR sign_in_attempt.since > $4 THEN $2 ELSE sign_in_attempt.since END";
        let count = |bucket: &Bucket| {
            let (from, to) = bucket.counts_between(now);
            let values = vec![bucket.digest.as_slice().into(), now.into(), from.into(), to.into()];
            Statement::one(sql, values)
        };
        // In one order everywhere, so that two tries never wait for each other in a circle.
        let mut sorted = buckets.to_vec();
        sorted.sort_unstable();
        let mut statements: Vec<Statement> = sorted.iter().map(count).collect();
        statements.push(Statement::new("DELETE FROM sign_in_attempt WHERE since <= $1", vec![forget.into()]));
        self.driver.write(statements).await?;
        // Gone: another try of the same succeeded in between.
        let held = self.tries(buckets, now).await?;
        Ok(held.into_iter().map(|tries| tries.unwrap_or(Tries { since: now, count: 1 })).collect())
    }

    /// What each bucket holds, in the order given; `None` where nothing, or nothing that still counts.
    pub async fn tries(&self, buckets: &[Bucket], now: Micros) -> Result<Vec<Option<Tries>>, Failure> {
        let mut held = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let sql =
                "SELECT since, tries FROM sign_in_attempt WHERE bucket = $1 AND since > $2 AND since <= $3";
            let (from, to) = bucket.counts_between(now);
            let values = vec![bucket.digest.as_slice().into(), from.into(), to.into()];
            let row = self.driver.query_one(sql, values).await?;
            let tries = row.map(|row| Ok::<_, Failure>(Tries { since: row.int(0)?, count: row.int(1)? }));
            held.push(tries.transpose()?);
        }
        Ok(held)
    }

    /// A try was no failure: takes it out of `counted` again and empties `emptied`.
    pub async fn forgive_try(&self, counted: &[Bucket], emptied: &[Bucket]) -> Result<(), Failure> {
        let less = "UPDATE sign_in_attempt SET tries = tries - 1 WHERE bucket = $1 AND tries > 0";
        let none = "DELETE FROM sign_in_attempt WHERE bucket = $1";
        let mut all: Vec<(&Bucket, &'static str)> = counted.iter().map(|bucket| (bucket, less)).collect();
        all.extend(emptied.iter().map(|bucket| (bucket, none)));
        all.sort_unstable();
        let one = |(bucket, sql): (&Bucket, &'static str)| {
            Statement::new(sql, vec![bucket.digest.as_slice().into()])
        };
        Ok(self.driver.write(all.into_iter().map(one).collect()).await?)
    }
}
