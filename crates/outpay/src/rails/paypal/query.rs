//! `query`: what has become of a payout. It is asked by PayPal's number of it, which is noted as soon as PayPal tells it; an attempt
//! without a number was perhaps never received, and is sent again.

use super::answers::{ErrorAnswer, PayoutBatch};
use super::api::{ApiAnswer, PAYOUTS};
use super::request::{PayoutRequest, Sent};
use super::submit::too_old;
use super::{Finding, Outcome, Payment, PaypalRail, down, state_of, verdict};
use crate::store::{Attempt, Failure, RailNumber};
use anyhow::{Context, bail};
use ledger::Micros;

const DAY: Micros = 86_400_000_000;
/// PayPal returns what was not claimed after 30 days; a day more, so that neither clock matters.
const NOTHING_IS_CLAIMED: Micros = 31 * DAY;

impl PaypalRail {
    /// What the attempts have led to: the first pays, others cancel it.
    pub(super) async fn query_attempts(
        &self,
        payment: &Payment,
        attempts: &[Attempt],
    ) -> Result<Finding, Failure> {
        let (first, last) = (attempts.first(), attempts.last());
        let (first, last) = first.zip(last).context("there is no attempt to ask about")?;
        let Sent::Payout(request) = Sent::read(&first.request)? else {
            bail!("the first attempt pays nothing");
        };
        let Some(known) = self.store.rail_number(&self.facts.name, &first.key).await? else {
            let is_kept = self.knows_the_key(payment, first);
            return Ok(if is_kept { Finding::NotFound } else { Finding::Outcome(too_old()) });
        };
        let is_stopped = last.number > first.number;
        let finding = self.ask(payment, &request, &known, is_stopped).await?;
        // The request to cancel it was committed and perhaps never received.
        let waits = matches!(&finding, Finding::Outcome(Outcome::Accepted { detail })
            if state_of(detail).as_deref() == Some(verdict::UNCLAIMED));
        Ok(if is_stopped && waits { Finding::NotFound } else { finding })
    }

    /// Asks PayPal about a payout whose number is known, and notes how its statements name it.
    pub(super) async fn ask(
        &self,
        payment: &Payment,
        request: &PayoutRequest,
        known: &RailNumber,
        is_stopped: bool,
    ) -> Result<Finding, Failure> {
        let batch = match self.payout(request, &known.number).await? {
            Ok(batch) => batch,
            Err(outcome) => return Ok(Finding::Outcome(outcome)),
        };
        let transaction = batch.items.first().and_then(|item| item.transaction_id.as_deref());
        if let Some(transaction) = transaction.filter(|transaction| *transaction != known.transaction) {
            self.store.note_rail_transaction(&self.facts.name, &known.key, transaction).await?;
        }
        Ok(verdict::of_batch(payment, &batch, is_stopped))
    }

    /// The payout of this number, if it is the request's; otherwise what to make of the answer.
    pub(super) async fn payout(
        &self,
        request: &PayoutRequest,
        number: &str,
    ) -> Result<Result<PayoutBatch, Outcome>, Failure> {
        let ApiAnswer { status, body } = match self.api.get(&format!("{PAYOUTS}/{number}")).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(down(&error))),
        };
        let unknown = |text: String| Ok(Err(Outcome::unknown(text)));
        if status != 200 {
            let told =
                format!("PayPal answers {status} ({}) about {number}", ErrorAnswer::read(&body).word());
            return if status >= 500 { Ok(Err(Outcome::down(told))) } else { unknown(told) };
        }
        let Ok(batch) = serde_json::from_slice::<PayoutBatch>(&body) else {
            return unknown(format!("PayPal's answer about {number} cannot be read"));
        };
        if batch.batch_header.payout_batch_id != number {
            return unknown(format!("PayPal answers about another payout than {number}"));
        }
        match request.check(&batch) {
            Ok(()) => Ok(Ok(batch)),
            Err(difference) => unknown(format!("the payout {number} is not what was sent: {difference}")),
        }
    }

    /// Whether the attempts can have no further effect: PayPal says how it ended, or it is so old that it can be claimed no more.
    pub(super) async fn has_ended(&self, payment: &Payment, attempts: &[Attempt]) -> Result<bool, Failure> {
        let Some(first) = attempts.first() else { return Ok(true) };
        if self.store.rail_number(&self.facts.name, &first.key).await?.is_none() {
            return Ok(self.age(payment, first) >= NOTHING_IS_CLAIMED);
        }
        match self.query_attempts(payment, attempts).await? {
            Finding::Outcome(Outcome::Succeeded { .. } | Outcome::Refused { .. })
            | Finding::Returned { .. } => Ok(true),
            Finding::Outcome(Outcome::Unknown { text, .. }) => bail!("{text}"),
            Finding::Outcome(Outcome::Accepted { .. })
            | Finding::NotFound
            | Finding::Stuck
            | Finding::Undone { .. } => Ok(false),
        }
    }
}
