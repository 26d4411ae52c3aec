//! Does the provider answer, is the funding source usable, is there something to choose? For `outpay doctor`.

use super::TremendousRail;
use crate::rails::Diagnosis;

impl TremendousRail {
    pub(super) async fn diagnosis(&self) -> Diagnosis {
        let mut found = Diagnosis::default();
        if self.api.is_open() {
            let warning =
                "Tremendous is asked by http: answers can be read and changed on the way; use https";
            found.warnings.push(warning.to_owned());
        }
        match self.available().await {
            Err(error) => found.faults.push(format!("the funding source: {:#}", error.failure())),
            Ok(Some(cents)) if cents.0 <= 0 => found.warnings.push("the funding source is empty".to_owned()),
            Ok(Some(cents)) => {
                found.facts.push(format!("the funding source holds {} USD", super::decimal::dollars(cents)));
            }
            Ok(None) => found.facts.push("the funding source is usable".to_owned()),
        }
        match self.catalogue().await {
            Err(error) => found.faults.push(format!("the catalogue: {:#}", error.failure())),
            Ok(catalogue) if catalogue.len() == 0 => {
                found.faults.push("no product fits the configuration".to_owned());
            }
            Ok(catalogue) => found.facts.push(format!("{} products on offer", catalogue.len())),
        }
        if let Some(age) = self.products.overdue() {
            found.warnings.push(format!("the catalogue is {} minutes old", age / 60_000_000));
        }
        if self.webhook_key.is_none() {
            found.facts.push("no key for webhooks: changes are found by asking".to_owned());
        }
        found
    }
}
