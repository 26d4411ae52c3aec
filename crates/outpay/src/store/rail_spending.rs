//! What rails with a ceiling have begun to pay, by the minute, and the reservations that keep it below the ceiling. Not here: how
//! high a ceiling is (`rails/limits.rs`), and who asks (`payment_worker/`, counter/by_hand.rs).
//!
//! Invariant: a reservation locks the rail's first row before it adds up, so of two processes that see room for one payment
//! only one gets it. SQLite has one writer at a time; PostgreSQL reads each statement's own snapshot (READ COMMITTED), which is
//! taken after the lock.

use super::driver::{Statement, WriteError};
use super::{Failure, Store};
use ledger::{Cents, Micros};

const MINUTE: Micros = 60_000_000;
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// Rows older than this many minutes are deleted.
const KEPT: i64 = 2 * DAY;

/// How much may begin to leave by a rail; `None`: any amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// In 60 minutes.
    pub per_hour: Option<Cents>,
    /// In 24 hours.
    pub per_day: Option<Cents>,
}

/// A first attempt's share of its rail's ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// What the rail is to pay.
    pub amount: Cents,
    pub ceiling: Ceiling,
}

/// What has begun to leave by a rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// In the last 60 minutes. A minute counts whole as long as a part of it does.
    pub hour: Cents,
    /// In the last 24 hours.
    pub day: Cents,
    /// When the oldest part of `hour` stops counting.
    pub hour_eases_at: Micros,
    /// When the oldest part of `day` stops counting.
    pub day_eases_at: Micros,
}

impl Ceiling {
    /// Is there none?
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Could it ever leave, with nothing else before it?
    #[must_use]
    pub fn covers(&self, amount: Cents) -> bool {
        [self.per_hour, self.per_day].iter().flatten().all(|most| amount <= *most)
    }
}

impl Spending {
    /// What can leave now; `None`: any amount.
    #[must_use]
    pub fn room(&self, ceiling: &Ceiling) -> Option<Cents> {
        let left = |most: Option<Cents>, spent: Cents| most.map(|most| Cents((most.0 - spent.0).max(0)));
        let rooms = [left(ceiling.per_hour, self.hour), left(ceiling.per_day, self.day)];
        rooms.into_iter().flatten().min()
    }

    /// When it is worth another look; `None`: there is room for the amount now.
    #[must_use]
    pub fn look_again_at(&self, ceiling: &Ceiling, amount: Cents) -> Option<Micros> {
        let is_full = |most: Option<Cents>, spent: Cents| {
            most.is_some_and(|most| spent.plus(amount).is_none_or(|after| after > most))
        };
        if is_full(ceiling.per_day, self.day) {
            return Some(self.day_eases_at);
        }
        is_full(ceiling.per_hour, self.hour).then_some(self.hour_eases_at)
    }
}

/// The statements that add a payment to what its rail has spent; a conflict where that would exceed the ceiling.
pub(super) fn reserve(rail: &str, reservation: &Reservation, now: Micros) -> Vec<Statement> {
    let Reservation { amount, ceiling } = reservation;
    if ceiling.is_none() {
        return Vec::new();
    }
    let minute = now / MINUTE;
    let lock = "INSERT INTO rail_spending (rail, minute, amount) VALUES ($1, 0, 0) \
                ON CONFLICT (rail, minute) DO UPDATE SET amount = rail_spending.amount";
    let forget = "DELETE FROM rail_spending WHERE rail = $1 AND minute > 0 AND minute < $2";
    let add = "INSERT INTO rail_spending (rail, minute, amount) \
               SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT) \
               WHERE CAST((SELECT coalesce(sum(s.amount), 0) FROM rail_spending s WHERE s.rail = $1 AND s.minute >= $4) AS BIGINT) \
                 + $3 <= $5 \
               AND CAST((SELECT coalesce(sum(s.amount), 0) FROM rail_spending s WHERE s.rail = $1 AND s.minute >= $6) AS BIGINT) \
                 + $3 <= $7 \
               ON CONFLICT (rail, minute) DO UPDATE SET amount = rail_spending.amount + excluded.amount";
    let most = |cents: Option<Cents>| cents.unwrap_or(Cents(i64::MAX)).0.into();
    let values = vec![
        rail.into(),
        minute.into(),
        amount.0.into(),
        (minute - HOUR).into(),
        most(ceiling.per_hour),
        (minute - DAY).into(),
        most(ceiling.per_day),
    ];
    vec![
        Statement::new(lock, vec![rail.into()]),
        Statement::new(forget, vec![rail.into(), (minute - KEPT).into()]),
        Statement::one(add, values),
    ]
}

impl Store {
    /// What has begun to leave by a rail with a ceiling.
    pub async fn rail_spending(&self, rail: &str) -> Result<Spending, Failure> {
        let now = self.now().await? / MINUTE;
        let sql = "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT), coalesce(min(minute), CAST($1 AS BIGINT)) \
                   FROM rail_spending WHERE rail = $2 AND minute > 0 AND minute >= $3";
        let mut found = Vec::new();
        for window in [HOUR, DAY] {
            let values = vec![now.into(), rail.into(), (now - window).into()];
            let row = self.driver.query_one(sql, values).await?;
            let (spent, oldest) =
                row.map_or(Ok::<_, Failure>((0, now)), |row| Ok((row.int(0)?, row.int(1)?)))?;
            found.push((Cents(spent), (oldest + window + 1) * MINUTE));
        }
        let [(hour, hour_eases_at), (day, day_eases_at)] = found[..] else {
            anyhow::bail!("two windows are read")
        };
        Ok(Spending { hour, day, hour_eases_at, day_eases_at })
    }

    /// Adds a payment that no attempt is made for: a person pays it. `false`: there is no room for it, and nothing was written.
    pub async fn reserve_spending(&self, rail: &str, reservation: &Reservation) -> Result<bool, Failure> {
        match self.driver.write(reserve(rail, reservation, self.now().await?)).await {
            Ok(()) => Ok(true),
            Err(WriteError::Conflict) => Ok(false),
            Err(WriteError::Failure(failure)) => Err(failure),
        }
    }

    /// How many live withdrawals by a method are queued, and for how many of them alone there is no room.
    pub async fn queued_by_rail(&self, rail: &str, room: Cents) -> Result<(i64, i64), Failure> {
        let sql = super::sql::sql!(
            "SELECT count(*), CAST(coalesce(sum(CASE WHEN amount - fees > $1 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM withdrawal \
             WHERE method = $2 AND book % 2 = 0 AND state IN (3, 4) AND state = {queued}",
            queued = super::codes::WITHDRAWAL_QUEUED
        );
        let row = self.driver.query_one(sql, vec![room.0.into(), rail.into()]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_room_counts_and_the_day_is_waited_for_first() {
        let spent = Spending { hour: Cents(70), day: Cents(180), hour_eases_at: 1, day_eases_at: 2 };
        let ceiling = |per_hour, per_day| Ceiling { per_hour, per_day };
        let some = |cents| Some(Cents(cents));
        for (ceiling, room, of_30) in [
            (ceiling(None, None), None, None),
            (ceiling(some(100), None), some(30), None),
            (ceiling(some(99), None), some(29), Some(1)),
            (ceiling(some(60), None), some(0), Some(1)),
            (ceiling(None, some(210)), some(30), None),
            (ceiling(some(100), some(209)), some(29), Some(2)),
            (ceiling(some(99), some(209)), some(29), Some(2)),
        ] {
            assert_eq!(spent.room(&ceiling), room, "{ceiling:?}");
            assert_eq!(spent.look_again_at(&ceiling, Cents(30)), of_30, "{ceiling:?}");
        }
        assert!(
            ceiling(some(100), some(50)).covers(Cents(50)) && !ceiling(some(100), some(50)).covers(Cents(51))
        );
    }
}
