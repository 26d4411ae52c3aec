//! Verbs for payments by hand: withdrawals of a rail where a person pays. Not here: withdrawals that a rail is at work on
//! (resolve.rs), files of payments (crate::by_hand).

use super::{Counter, Done, Screened};
use crate::stopped::Stopped;
use ledger::{Progress, Refusal, Step, Withdrawal, WithdrawalState};

/// The stable word of a payment that was not made.
pub(super) const NOT_PAID: &str = "not_paid";
/// The stable word of money that came back.
const CAME_BACK: &str = "returned";

impl Counter<'_> {
    /// Takes a payment by hand into work: from now on the user cannot cancel. It counts towards the ceiling of its method, also
    /// where it is not paid afterwards.
    pub async fn begin(&self, withdrawal: i64) -> Result<Done<Withdrawal>, Stopped> {
        let found = self.find_manual(withdrawal).await?;
        if found.state == WithdrawalState::Queued {
            self.check_screened(&found).await?;
            if !self.takes_room(&found).await? {
                return Err(Stopped::Waits("the ceiling of its method is reached"));
            }
        }
        self.advance(Progress::new(withdrawal, Step::Send)).await
    }

    async fn check_screened(&self, of: &Withdrawal) -> Result<(), Stopped> {
        match self.screen(of, None).await? {
            Screened::Passed => Ok(()),
            Screened::Waits => Err(Stopped::Waits("the screening service has not answered")),
            Screened::Held => Err(Refusal::StepIsNotPossible(WithdrawalState::Review, Step::Send).into()),
        }
    }

    /// A payment by hand was made; `proof` says how one can see that.
    pub async fn settle(&self, withdrawal: i64, proof: &str) -> Result<Done<Withdrawal>, Stopped> {
        let found = self.find(withdrawal).await?;
        if !found.provider.is_paid_by_hand() && !self.is_remembered().await? {
            return Err(Refusal::WithdrawalIsNotManual.into());
        }
        self.check_two_people_for(&found, Step::Succeed).await?;
        // A word that it was paid does not pass the screening. Its ceiling it does: that it was paid is a fact, which counts.
        if found.state == WithdrawalState::Queued && !self.is_remembered().await? {
            self.check_screened(&found).await?;
            self.counts(&found).await?;
        }
        let order_id = self.platform.secrets.ids().order_id(found.provider, self.book, withdrawal);
        let detail = serde_json::json!({ "order_id": order_id }).to_string();
        let paid = Progress::new(withdrawal, Step::Succeed).with_note(proof).with_detail(detail);
        self.advance(paid.made_by_hand()).await
    }

    /// A payment by hand was not made; `reason` is what the user reads.
    pub async fn fail(&self, withdrawal: i64, reason: &str) -> Result<Done<Withdrawal>, Stopped> {
        let found = self.find_manual(withdrawal).await?;
        self.check_two_people_for(&found, Step::Fail).await?;
        self.advance(Progress::new(withdrawal, Step::Fail).because(NOT_PAID, reason).made_by_hand()).await
    }

    /// Money of a payment that had succeeded came back in a way that no rail reports.
    pub async fn give_back(&self, withdrawal: i64, proof: &str) -> Result<Done<Withdrawal>, Stopped> {
        let found = self.find(withdrawal).await?;
        self.check_two_people_for(&found, Step::Return).await?;
        let words = "The payment came back. Please check the destination and try again.";
        let step = Progress::new(withdrawal, Step::Return).because(CAME_BACK, words).with_note(proof);
        self.advance(step).await
    }

    async fn find_manual(&self, withdrawal: i64) -> Result<Withdrawal, Stopped> {
        let found = self.find(withdrawal).await?;
        if found.provider.is_paid_by_hand() {
            return Ok(found);
        }
        Err(Refusal::WithdrawalIsNotManual.into())
    }
}
