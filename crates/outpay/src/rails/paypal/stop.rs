//! `prepare_stop`: cancels a payment that waits for its recipient. PayPal decides whether the recipient or we were faster; query.rs
//! tells. Nothing else can be cancelled.

use super::answers::{ErrorAnswer, Item};
use super::api::ApiAnswer;
use super::request::Sent;
use super::submit::is_number;
use super::{Outcome, Payment, PaypalRail, Prepared, down, verdict};
use crate::rails::Finding;
use crate::store::{Attempt, Failure};
use anyhow::{Context, bail, ensure};

impl PaypalRail {
    /// Writes the request that cancels it.
    pub(super) async fn prepare_cancel(&self, earlier: &[Attempt]) -> Result<Prepared, Failure> {
        let first = earlier.first().context("nothing was sent that could be cancelled")?;
        let Sent::Payout(request) = Sent::read(&first.request)? else {
            bail!("the first attempt pays nothing")
        };
        let known = self.store.rail_number(&self.facts.name, &first.key).await?;
        let known = known.context("PayPal's number of the payment is not known yet")?;
        let batch = match self.payout(&request, &known.number).await? {
            Ok(batch) => batch,
            Err(Outcome::Unknown { text, .. }) => bail!("{text}"),
            Err(other) => bail!("PayPal answers with {}", other.in_words().0),
        };
        let item = batch.items.first().context("PayPal works on it")?;
        let state = item.transaction_status.as_deref().unwrap_or("unknown");
        ensure!(
            state == verdict::UNCLAIMED,
            "PayPal cancels only what waits for its recipient (UNCLAIMED); this is {state}"
        );
        ensure!(is_number(&item.payout_item_id), "PayPal's number of the payment cannot be used");
        let key = format!("{}-cancel-{}", first.key, earlier.len());
        let request = Sent::Cancel { cancel: item.payout_item_id.clone() }.bytes();
        Ok(Prepared { key, request, slot: 0 })
    }

    /// Sends it; may be repeated at will.
    pub(super) async fn cancel(&self, payment: &Payment, item: &str) -> Result<Outcome, Failure> {
        ensure!(is_number(item), "PayPal's number of the payment cannot be used");
        let path = format!("/v1/payments/payouts-item/{item}/cancel");
        let ApiAnswer { status, body } = match self.api.post(&path, Vec::new()).await {
            Ok(answer) => answer,
            Err(error) => return Ok(down(&error)),
        };
        if status == 200
            && let Ok(item) = serde_json::from_slice::<Item>(&body)
            && item.payout_item.sender_item_id.as_ref() == Some(&payment.order_id)
            && let Finding::Outcome(outcome) = verdict::of_item(payment, &item, "", true)
        {
            return Ok(outcome);
        }
        let name = ErrorAnswer::read(&body).word();
        let told = format!("PayPal answers {status} ({name}) to the request to cancel");
        Ok(if status >= 500 { Outcome::down(told) } else { Outcome::unknown(told) })
    }
}
