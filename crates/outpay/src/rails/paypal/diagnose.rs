//! Does PayPal accept the app, and what may the app do? For `outpay doctor`.

use super::PaypalRail;
use crate::rails::Diagnosis;

impl PaypalRail {
    pub(super) async fn diagnosis(&self) -> Diagnosis {
        let mut found = Diagnosis::default();
        if let Err(error) = self.api.sign_in().await {
            found.faults.push(format!("PayPal cannot be used: {error}"));
            return found;
        }
        found.facts.push(format!("PayPal answers at {} and accepts the app", self.api.base));
        match self.balances().await {
            Ok(Some(available)) => {
                let (dollars, cents) = (available.0 / 100, available.0.unsigned_abs() % 100);
                found.facts.push(format!("{dollars}.{cents:02} US dollars are available in the account"));
            }
            Ok(None) => found.warnings.push("the account has no balance in US dollars".to_owned()),
            Err(reason) => found.warnings.push(format!(
                "the account's balance cannot be read ({reason}), so the method stays open when it is empty: give the app the \
                 permission \"Transaction search\""
            )),
        }
        if self.config.webhook_id.is_none() {
            found.warnings.push(
                "no `webhook_id` is set: PayPal's notices are not taken, and payments are asked about at intervals".to_owned(),
            );
        }
        found
    }
}
