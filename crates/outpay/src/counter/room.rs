//! Room below a method's ceiling, for what no attempt is made for: payments by hand. Not here: the room of an attempt, which is
//! taken in the transaction that commits it (store/attempts.rs), and how high ceilings are (rails/limits.rs).

use super::Counter;
use crate::store::{Ceiling, Failure, Reservation};
use ledger::{Mode, Withdrawal};

impl Counter<'_> {
    /// Takes the room that a payment by hand needs. `false`: there is none, and nothing is counted. Room that was taken is not
    /// given back, also where the payment does not begin after all: a ceiling is never exceeded because of an error here.
    pub(super) async fn takes_room(&self, of: &Withdrawal) -> Result<bool, Failure> {
        let Some(mounted) = self.platform.rails.get(self.book.mode(), &of.method) else { return Ok(true) };
        let ceiling = mounted.limits.ceiling();
        if self.book.mode() == Mode::Test || ceiling.is_none() {
            return Ok(true);
        }
        let reservation = Reservation { amount: of.net(), ceiling };
        let has_room = self.platform.store.reserve_spending(&of.method, &reservation).await?;
        mounted.note_room(has_room);
        Ok(has_room)
    }

    /// Counts a payment that was made already, room or not.
    pub(super) async fn counts(&self, of: &Withdrawal) -> Result<(), Failure> {
        let mounted = self.platform.rails.get(self.book.mode(), &of.method);
        let ceiling = mounted.map(|mounted| mounted.limits.ceiling()).unwrap_or_default();
        if self.book.mode() == Mode::Test || ceiling.is_none() {
            return Ok(());
        }
        let any = Some(ledger::Cents(i64::MAX));
        let reservation = Reservation { amount: of.net(), ceiling: Ceiling { per_hour: any, per_day: any } };
        self.platform.store.reserve_spending(&of.method, &reservation).await.map(drop)
    }
}
