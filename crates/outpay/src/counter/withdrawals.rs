//! Verbs for withdrawals that a rail pays: asking for one, taking it back, the worker's steps, and the code of a delivered
//! gift card. Not here: review (review.rs), payments by hand (by_hand.rs), ending one without its rail (resolve.rs).

use super::{Counter, Done, reply};
use crate::clock::start_of_day;
use crate::rails::Revealed;
use crate::screening::ScreeningVerdict;
use crate::stopped::Stopped;
use crate::test_clock;
use crate::traces;
use crate::withdrawals::offer::{rail, terms};
use crate::withdrawals::price::{Wish, quote};
use crate::witness::Record;
use anyhow::Context;
use ledger::{Command, Lease, Mode, Occurrence, Order, Progress, Refusal, Step, Withdrawal};

/// The stable word of a withdrawal that the recipient took back.
const CANCELLED_BY_RECIPIENT: &str = "cancelled_by_recipient";
/// The stable word of a withdrawal that the business took back.
const CANCELLED_BY_BUSINESS: &str = "cancelled_by_business";

impl Counter<'_> {
    /// Holds the money and queues the withdrawal, or puts it up for review. The rail is asked first whether it could pay, so
    /// that no money is held for something that cannot work; the ledger decides.
    pub async fn withdraw(&self, user: i64, wish: &Wish) -> Result<Done<Withdrawal>, Stopped> {
        let (platform, book) = (self.platform, self.book);
        let mounted = rail(platform, book, &wish.method)?;
        let destination = mounted.rail.destination(&wish.destination).map_err(Stopped::Destination)?;
        // A repeat of a withdrawal that was made gets the first answer again, whatever the rail could do now. Asked twice,
        // because the first copy may have been carried out while the rail was asked.
        if !self.is_remembered().await?
            && let Err(stopped) = self.check_first(user, wish).await
            && !self.is_remembered().await?
        {
            return Err(stopped);
        }
        // The terms are read last: asking a rail can take seconds, in which the business may have changed them.
        let mut order = Order {
            user,
            method: wish.method.clone(),
            provider: mounted.facts().provider,
            amount: wish.amount,
            destination,
            terms: terms(platform, book, &wish.method).await?,
            is_held: false,
            day: start_of_day(test_clock::now(platform, book).await?),
        };
        let denied = self.screen_first(&mut order).await?;
        let done = self.give(Command::Withdraw(Box::new(order)), reply::withdrawal).await?;
        if let Some(verdict) = denied.filter(|_| !done.replayed) {
            self.note_denial(done.value.number, &verdict).await;
        }
        self.note_trace(&done).await;
        platform.rails.nudge.send();
        Ok(done)
    }

    /// Asks the screening service; what it denies is put up for review, as any other rule would do. Where it does not answer,
    /// it is asked again before anything is sent. A repeat is not asked about: it gets the first answer.
    async fn screen_first(&self, order: &mut Order) -> Result<Option<ScreeningVerdict>, Stopped> {
        if self.is_remembered().await? {
            return Ok(None);
        }
        let denied = self.screen_request(order).await?.filter(|verdict| !verdict.is_allowed);
        if denied.is_some() {
            order.is_held = true;
        }
        Ok(denied)
    }

    /// The withdrawal is made and in review. Without this note one person's approval suffices there, and the question before sending
    /// decides.
    async fn note_denial(&self, withdrawal: i64, verdict: &ScreeningVerdict) {
        if let Err(failure) = self.note_verdict(withdrawal, verdict).await {
            tracing::error!(error = format!("{failure:#}"), "a denial could not be written down");
        }
    }

    /// So that what rails and webhooks do for the withdrawal joins the trace of this request. Without it nothing is lost but
    /// that.
    async fn note_trace(&self, done: &Done<Withdrawal>) {
        let Some(trace) = traces::current().filter(|_| !done.replayed) else { return };
        let noted = self.platform.store.note_trace(self.book, done.value.number, &trace).await;
        if let Err(failure) = noted {
            tracing::warn!(
                error = format!("{failure:#}"),
                "the trace of a withdrawal could not be written down"
            );
        }
    }

    /// What can be checked before any money is held.
    async fn check_first(&self, user: i64, wish: &Wish) -> Result<(), Stopped> {
        let row = self.platform.store.user(self.book, user).await?;
        if row.is_some_and(|row| row.user.balance < wish.amount) {
            return Err(Refusal::UserBalanceIsTooLow.into());
        }
        quote(self.platform, self.book, wish).await.map(drop)
    }

    /// The recipient takes a withdrawal back before it is sent; one of another user is unknown.
    pub async fn cancel_own(&self, withdrawal: i64, user: i64) -> Result<Done<Withdrawal>, Stopped> {
        let step =
            Progress::new(withdrawal, Step::Cancel).because(CANCELLED_BY_RECIPIENT, "You cancelled it.");
        self.advance(Progress { only_of: Some(user), ..step }).await
    }

    /// The business takes a withdrawal back before it is sent; the recipient reads the reason.
    pub async fn cancel(&self, withdrawal: i64, reason: &str) -> Result<Done<Withdrawal>, Stopped> {
        self.advance(Progress::new(withdrawal, Step::Cancel).because(CANCELLED_BY_BUSINESS, reason)).await
    }

    /// Takes a withdrawal one step further, and tells the workers that there may be something to do.
    pub async fn advance(&self, progress: Progress) -> Result<Done<Withdrawal>, Stopped> {
        let done = self.give(Command::Advance(Box::new(progress)), reply::withdrawal).await?;
        self.platform.rails.nudge.send();
        Ok(done)
    }

    /// A worker's step, refused where its lease is lost. The worker itself goes on, so no other one is told.
    pub async fn advance_under(&self, lease: Lease, progress: Progress) -> Result<Done<Withdrawal>, Stopped> {
        self.give(Command::Advance(Box::new(progress.under(lease))), reply::withdrawal).await
    }

    /// The code of a delivered gift card, or the link of a reward. Every look is an entry in the journal, made before the code is shown; the ledger
    /// limits how many there are. The witness remembers the card's number before the code leaves the process, so that a
    /// restored stock does not give the card to another person.
    pub async fn reveal(&self, withdrawal: &Withdrawal) -> Result<Done<Revealed>, Stopped> {
        let (platform, book) = (self.platform, self.book);
        let look = Command::Record {
            occurrence: Occurrence::GiftCardRevealed,
            user: Some(withdrawal.user),
            withdrawal: Some(withdrawal.number),
            note: String::new(),
        };
        let look = self.give(look, reply::recorded).await?;
        let card = platform.rails.reveal(book, withdrawal).await?;
        let card = card.context("what a payment left for the person is not there")?;
        // A card of test mode is invented, and a link is the withdrawal's own: neither can be given to another person.
        if let Some(number) = card.number.filter(|_| book.mode() == Mode::Live) {
            platform.witness.note([Record::RevealedCard { book, card: number }])?;
        }
        Ok(look.map(|()| card))
    }
}
