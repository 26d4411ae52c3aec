//! Verbs around the screening hook: asking it before money is held and before anything is sent, and holding what it denies. Not
//! here: how it is asked (`crate::screening`), and how two people release a withdrawal (review.rs, proposals/).
//!
//! Invariants: nothing is refunded by a denial, and nothing in what the person sees tells a denial from a review. A denial is
//! written down before the withdrawal goes back into review, so a crash between the two holds it too.

use super::Counter;
use crate::audit_log;
use crate::business;
use crate::ids::IdKind;
use crate::screening::{Question, Recipient, ScreeningMoment, ScreeningVerdict};
use crate::stopped::Stopped;
use crate::store::{Failure, ScreeningState};
use ledger::{Lease, Mode, Order, Progress, Refusal, Step, Withdrawal, WithdrawalState};
use serde_json::json;

/// Of what is asked about: what the question says.
struct ScreenedPayment<'a> {
    user: i64,
    method: &'a str,
    provider: &'static str,
    destination: &'a str,
}

/// What follows from the service's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screened {
    /// It may be sent.
    Passed,
    /// There is no readable answer, or nothing can be done about it now: ask again later.
    Waits,
    /// It is in review again, or was ended meanwhile.
    Held,
}

impl Counter<'_> {
    /// What the service says of a request; `None` where it is not asked or has no readable answer.
    pub(super) async fn screen_request(&self, order: &Order) -> Result<Option<ScreeningVerdict>, Failure> {
        if !self.is_screened() {
            return Ok(None);
        }
        let asked = ScreenedPayment {
            user: order.user,
            method: &order.method,
            provider: order.provider.word(),
            destination: &order.destination,
        };
        let question = self.question(ScreeningMoment::Request, &asked, order.amount.0).await?;
        Ok(match question {
            Some(question) => self.platform.screening.ask(&question).await,
            None => None,
        })
    }

    /// Asks before the first attempt, and takes what is denied back into review; `under` is the worker's lease. Two people's
    /// word stands: what they have released is not asked about again.
    pub async fn screen(&self, of: &Withdrawal, under: Option<Lease>) -> Result<Screened, Stopped> {
        if !self.is_screened() {
            return Ok(Screened::Passed);
        }
        let known = self.platform.store.screening(self.book, of.number).await?;
        match known.map(|row| row.state) {
            Some(ScreeningState::Released) => return Ok(Screened::Passed),
            Some(ScreeningState::Denied) => return self.hold(of, under).await,
            Some(ScreeningState::Allowed) | None => {}
        }
        let asked = ScreenedPayment {
            user: of.user,
            method: &of.method,
            provider: of.provider.word(),
            destination: &of.destination,
        };
        let question = self.question(ScreeningMoment::BeforeSending, &asked, of.amount.0).await?;
        let Some(question) = question else { return Ok(Screened::Waits) };
        let withdrawal_id = self.platform.secrets.ids().seal(IdKind::Withdrawal, self.book, of.number);
        let question =
            Question { withdrawal_id: Some(withdrawal_id), net_amount: Some(of.net().0), ..question };
        let Some(verdict) = self.platform.screening.ask(&question).await else {
            return Ok(Screened::Waits);
        };
        self.note_verdict(of.number, &verdict).await?;
        if verdict.is_allowed { Ok(Screened::Passed) } else { self.hold(of, under).await }
    }

    /// Writes down what was said of a withdrawal; a denial is in the audit log too.
    pub(super) async fn note_verdict(
        &self,
        withdrawal: i64,
        verdict: &ScreeningVerdict,
    ) -> Result<(), Failure> {
        let (platform, book) = (self.platform, self.book);
        let mut entries = Vec::new();
        if !verdict.is_allowed {
            let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal);
            let reference = verdict.reference.as_str();
            let detail = json!({ "reference": reference });
            let action = "withdrawal.screening_denied";
            entries.push(audit_log::in_book(platform, book, self.origin.actor, action, &id, &detail));
            tracing::warn!(withdrawal = id, reference, "a withdrawal was denied by the screening service");
        }
        let state = if verdict.is_allowed { ScreeningState::Allowed } else { ScreeningState::Denied };
        let word = (state, verdict.reference.as_str());
        platform.store.note_screening(book, withdrawal, word, &entries).await?;
        Ok(())
    }

    /// Takes a queued withdrawal back into review. What is being sent without an attempt cannot go back: it waits until two
    /// people release it.
    async fn hold(&self, of: &Withdrawal, under: Option<Lease>) -> Result<Screened, Stopped> {
        if of.state != WithdrawalState::Queued {
            return Ok(Screened::Waits);
        }
        let step = Progress::new(of.number, Step::AskForReview);
        let held = match under {
            Some(lease) => self.advance_under(lease, step).await,
            None => self.advance(step).await,
        };
        match held {
            Ok(_) | Err(Stopped::Refused(Refusal::StepIsNotPossible(..))) => Ok(Screened::Held),
            Err(stopped) => Err(stopped),
        }
    }

    /// Was it denied, and not released? Then it takes two people to let it go.
    pub(super) async fn is_denied(&self, withdrawal: i64) -> Result<bool, Failure> {
        let row = self.platform.store.screening(self.book, withdrawal).await?;
        Ok(row.is_some_and(|row| row.state == ScreeningState::Denied))
    }

    /// Two people let a denied withdrawal go.
    pub(super) async fn release_denied(&self, withdrawal: i64) -> Result<(), Failure> {
        let (platform, book) = (self.platform, self.book);
        let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal);
        let action = "withdrawal.screening_released";
        let entry = audit_log::in_book(platform, book, self.origin.actor, action, &id, &json!({}));
        platform.store.release_screening(book, withdrawal, &entry).await?;
        Ok(())
    }

    /// Test money reaches no counterpart, so nothing is asked about it.
    fn is_screened(&self) -> bool {
        self.platform.screening.is_configured() && self.book.mode() == Mode::Live
    }

    /// `None`: there is no such user.
    async fn question(
        &self,
        moment: ScreeningMoment,
        asked: &ScreenedPayment<'_>,
        amount: i64,
    ) -> Result<Option<Question>, Failure> {
        let Some(row) = self.platform.store.user(self.book, asked.user).await? else { return Ok(None) };
        Ok(Some(Question {
            moment,
            withdrawal_id: None,
            business_id: business::id(self.platform, self.book.business()),
            amount,
            net_amount: None,
            currency: "USD",
            method: asked.method.to_owned(),
            provider: asked.provider,
            destination: serde_json::from_str(asked.destination)?,
            recipient: Recipient { email: row.user.email.to_string() },
        }))
    }
}
