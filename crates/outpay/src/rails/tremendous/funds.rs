//! What the funding source holds, and what the catalogue offers. Not here: the brakes of the platform.

use super::TremendousRail;
use super::api::TremendousError;
use super::catalogue::Catalogue;
use super::destination::RewardDestination;
use crate::rails::{Closed, Funds, Quote};
use anyhow::anyhow;
use ledger::Cents;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

#[derive(Deserialize)]
struct SourceAnswer {
    funding_source: Source,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    status: Option<String>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    available_cents: Option<i64>,
    #[serde(default)]
    currency_code: Option<String>,
}

impl TremendousRail {
    /// What the funding source can pay; `None` where the provider does not say (a card, a bank account).
    pub(super) async fn available(&self) -> Result<Option<Cents>, TremendousError> {
        let asked = self.funds.get(async || {
            let path = format!("/funding_sources/{}", self.config.funding_source_id);
            let SourceAnswer { funding_source: source } = self.api.get(&path).await?;
            let is_active = source.status.as_deref().is_none_or(|status| status == "active");
            let is_dollars = source.meta.currency_code.as_deref().is_none_or(|code| code == "USD");
            if !is_active || !is_dollars {
                return Err(TremendousError::Unclear(anyhow!(
                    "the funding source is not active, or not in US dollars"
                )));
            }
            Ok(source.meta.available_cents.map(Cents))
        });
        asked.await.map(|available| *available)
    }

    pub(super) async fn catalogue(&self) -> Result<Arc<Catalogue>, TremendousError> {
        self.products.get(async || Catalogue::fetch(&self.api, &self.config).await).await
    }

    fn unreadable(&self, error: TremendousError) -> Closed {
        let error = format!("{:#}", error.failure());
        tracing::warn!(rail = self.facts.name, error, "Tremendous cannot be asked");
        Closed::Unhealthy
    }

    pub(super) async fn funds_and_choices(&self) -> Result<Funds, Closed> {
        let available = self.available().await.map_err(|error| self.unreadable(error))?;
        let catalogue = self.catalogue().await.map_err(|error| self.unreadable(error))?;
        if available.is_some_and(|available| available <= Cents::ZERO) || catalogue.len() == 0 {
            return Err(Closed::OutOfFunds);
        }
        Ok(Funds { available, choices: catalogue.choices() })
    }

    pub(super) async fn quote_of(&self, net: Cents, destination: &str) -> Result<Quote, Closed> {
        let wanted: RewardDestination =
            serde_json::from_str(destination).map_err(|_| Closed::AmountNotPossible)?;
        let catalogue = self.catalogue().await.map_err(|error| self.unreadable(error))?;
        let product = catalogue.find(&wanted.product).ok_or(Closed::OutOfFunds)?;
        if !product.takes(net) {
            return Err(Closed::AmountNotPossible);
        }
        let available = self.available().await.map_err(|error| self.unreadable(error))?;
        if available.is_some_and(|available| available < net) {
            return Err(Closed::OutOfFunds);
        }
        Ok(Quote { detail: quote_detail(&product.name) })
    }
}

pub(super) fn quote_detail(product: &str) -> String {
    json!({ "product": product }).to_string()
}
