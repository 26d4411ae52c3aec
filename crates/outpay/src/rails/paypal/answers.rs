//! PayPal's answers, as far as they are read. Fields that are not needed are not named, so that new ones do no harm.

use super::money::Money;
use serde::Deserialize;

/// A payout: `POST /v1/payments/payouts` (without items), `GET /v1/payments/payouts/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct PayoutBatch {
    pub(super) batch_header: BatchHeader,
    #[serde(default)]
    pub(super) items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BatchHeader {
    pub(super) payout_batch_id: String,
    #[serde(default)]
    pub(super) batch_status: String,
    sender_batch_header: Option<SenderBatchHeader>,
}

#[derive(Debug, Deserialize)]
struct SenderBatchHeader {
    sender_batch_id: Option<String>,
}

/// The one payment of a payout.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) payout_item_id: String,
    pub(super) transaction_id: Option<String>,
    pub(super) transaction_status: Option<String>,
    pub(super) payout_item: ItemDetail,
    pub(super) errors: Option<ErrorAnswer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ItemDetail {
    pub(super) amount: Money,
    pub(super) receiver: String,
    pub(super) sender_item_id: Option<String>,
}

/// Why PayPal did not do something.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorAnswer {
    #[serde(default)]
    pub(super) name: String,
    details: Option<Vec<ErrorDetail>>,
    links: Option<Vec<Link>>,
}

#[derive(Debug, Deserialize)]
struct ErrorDetail {
    field: Option<String>,
    issue: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: Option<String>,
}

impl BatchHeader {
    pub(super) fn sender_batch_id(&self) -> Option<&String> {
        self.sender_batch_header.as_ref()?.sender_batch_id.as_ref()
    }
}

impl ErrorAnswer {
    /// What can be read of it; nothing of a body that is not JSON.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The links, of which one leads to the original of a repeated batch.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        self.links.iter().flatten().filter_map(|link| link.href.as_deref())
    }

    /// Does it say that the key was used before?
    pub(super) fn is_duplicate(&self) -> bool {
        let mentions = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                text.contains("sender_batch_id") || text.contains("duplicate")
            })
        };
        self.details.iter().flatten().any(|detail| mentions(&detail.field) || mentions(&detail.issue))
    }

    /// Its name, for the operator: a short word, whatever PayPal sent.
    pub(super) fn word(&self) -> String {
        let fits = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
        let word: String = self.name.chars().filter(fits).take(60).collect();
        if word.is_empty() { "no name".to_owned() } else { word }
    }
}
