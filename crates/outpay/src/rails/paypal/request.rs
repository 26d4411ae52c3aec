//! The exact requests: a payout of one item, and the cancelling of an unclaimed one. An attempt holds the bytes of one of them.

use super::answers::{Item, PayoutBatch};
use super::config::Wallet;
use super::money::Money;
use super::{Payment, PaypalRail};
use crate::store::Failure;
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What an attempt sends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Sent {
    Payout(PayoutRequest),
    /// The PayPal's number of the item.
    Cancel {
        cancel: String,
    },
}

/// `POST /v1/payments/payouts`. PayPal recognizes a repeated batch and not a repeated item, so a batch has one item.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PayoutRequest {
    pub(super) sender_batch_header: SenderBatch,
    pub(super) items: [SentItem; 1],
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SenderBatch {
    /// The attempt's key.
    pub(super) sender_batch_id: String,
    email_subject: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SentItem {
    recipient_type: String,
    pub(super) amount: Money,
    note: String,
    /// The payment's public number.
    sender_item_id: String,
    pub(super) receiver: String,
    recipient_wallet: Wallet,
}

#[derive(Deserialize)]
pub(super) struct EmailDestination {
    pub(super) email: String,
}

impl Sent {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).context("an attempt's request cannot be read")
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts can be written as JSON")
    }
}

impl PaypalRail {
    pub(super) fn request(&self, payment: &Payment, key: &str) -> Result<PayoutRequest, Failure> {
        let destination: EmailDestination = serde_json::from_str(&payment.withdrawal.destination)?;
        Ok(PayoutRequest {
            sender_batch_header: SenderBatch {
                sender_batch_id: key.to_owned(),
                email_subject: self.config.subject.clone(),
            },
            items: [SentItem {
                recipient_type: "EMAIL".to_owned(),
                amount: Money::dollars(payment.withdrawal.net()),
                note: self.config.note.clone(),
                sender_item_id: payment.order_id.clone(),
                receiver: destination.email,
                recipient_wallet: self.config.wallet,
            }],
        })
    }
}

impl PayoutRequest {
    pub(super) fn item(&self) -> &SentItem {
        let [item] = &self.items;
        item
    }

    /// Is the batch this request's? `Err`: in what it differs. Answers about another payment must not decide this one.
    pub(super) fn check(&self, batch: &PayoutBatch) -> Result<(), &'static str> {
        if batch.batch_header.sender_batch_id() != Some(&self.sender_batch_header.sender_batch_id) {
            return Err("another sender_batch_id");
        }
        match batch.items.as_slice() {
            [] => Ok(()),
            [item] => self.item().check(item),
            _ => Err("more than one item"),
        }
    }
}

impl SentItem {
    pub(super) fn check(&self, item: &Item) -> Result<(), &'static str> {
        let Item { payout_item: there, .. } = item;
        if there.sender_item_id.as_deref() != Some(&self.sender_item_id) {
            return Err("another sender_item_id");
        }
        if there.amount.currency != self.amount.currency || there.amount.cents() != self.amount.cents() {
            return Err("another amount");
        }
        if !there.receiver.eq_ignore_ascii_case(&self.receiver) {
            return Err("another receiver");
        }
        Ok(())
    }
}
