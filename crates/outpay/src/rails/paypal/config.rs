//! `[rails.paypal.<name>]`: one PayPal business account, paying into PayPal or Venmo accounts. Not here: reading the file.

use crate::rails::RailText;
use crate::store::Failure;
use anyhow::{Context, ensure};
use ledger::FeeRule;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

const LIVE: &str = "https://api-m.paypal.com";
const SANDBOX: &str = "https://api-m.sandbox.paypal.com";
/// A visit of the worker makes up to five calls, and has 60 seconds.
const LONGEST_CALL: u64 = 12;

/// The table of one rail. It holds no secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaypalConfig {
    /// Of the REST app in PayPal's developer dashboard.
    pub client_id: String,
    /// The environment variable that holds the app's secret.
    pub client_secret_env: String,
    /// PayPal's sandbox in place of PayPal: no real money.
    #[serde(default)]
    pub sandbox: bool,
    /// Another address of the API, for tests.
    pub base_url: Option<String>,
    /// Where the money arrives.
    #[serde(default)]
    pub wallet: Wallet,
    /// The currency that is paid. Books are in US dollars, and there is no rate to convert them by, so it is `USD`.
    #[serde(default = "dollars")]
    pub currency: String,
    /// The id of the webhook in PayPal's developer dashboard. Without it no notices are taken, and payments are polled.
    pub webhook_id: Option<String>,
    /// For people; otherwise `PayPal` or `Venmo`.
    pub title: Option<String>,
    /// For people, for example `a few minutes`.
    #[serde(default = "default_expected_time")]
    pub expected_time: String,
    /// What PayPal charges for a payment, by the account's contract. Reconciliation names payments that were charged otherwise; without it
    /// fees are not compared.
    pub expected_fee: Option<FeeRule>,
    /// The subject of the mail that PayPal sends to the recipient.
    #[serde(default = "default_subject")]
    pub subject: String,
    /// The text that PayPal shows beside the payment.
    #[serde(default = "default_note")]
    pub note: String,
    /// Seconds that a call to PayPal may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Into which kind of account a payment goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wallet {
    #[default]
    #[serde(rename = "PAYPAL", alias = "paypal")]
    Paypal,
    #[serde(rename = "VENMO", alias = "venmo")]
    Venmo,
}

fn dollars() -> String {
    "USD".to_owned()
}

fn default_expected_time() -> String {
    RailText::code("few_minutes").english()
}

fn default_subject() -> String {
    "You have been paid".to_owned()
}

fn default_note() -> String {
    "Your payout".to_owned()
}

fn default_timeout() -> u64 {
    10
}

/// One line of ASCII, as PayPal counts its limits in single bytes.
fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_possible(fee: FeeRule) -> bool {
    let least = fee.fixed.0.min(fee.floor.0);
    least >= 0 && (0..=10_000).contains(&fee.basis_points) && fee.cap.is_none_or(|cap| cap >= fee.floor)
}

impl PaypalConfig {
    /// Checks what can be checked without PayPal.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        let word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        ensure!(!self.client_id.is_empty() && word(&self.client_id), "`client_id` needs the app's client id");
        ensure!(
            !self.client_secret_env.trim().is_empty(),
            "`client_secret_env` needs the name of a variable"
        );
        let webhook = self.webhook_id.as_deref();
        ensure!(
            webhook.is_none_or(|id| !id.is_empty() && word(id)),
            "`webhook_id` is not the id of a webhook"
        );
        ensure!(
            self.currency == "USD",
            "`currency` must be USD: books are in US dollars. PayPal converts for recipients with another currency"
        );
        ensure!(is_plain(&self.subject, 255), "`subject` must be one line of up to 255 ASCII characters");
        ensure!(is_plain(&self.note, 1000), "`note` must be one line of up to 1000 ASCII characters");
        ensure!(
            self.expected_fee.is_none_or(is_possible),
            "`expected_fee` needs cents of 0 or more, `basis_points` of 0 to 10000, and no `cap` below its `floor`"
        );
        ensure!(
            (1..=LONGEST_CALL).contains(&self.timeout_seconds),
            "`timeout_seconds` must be 1 to {LONGEST_CALL}"
        );
        ensure!(
            !self.sandbox || self.base_url.is_none(),
            "give either `sandbox` or `base_url`, as each names an address"
        );
        self.base().map(drop)
    }

    /// The address of the API, without a slash at its end.
    ///
    /// # Errors
    /// When it is no address, or would send the secret in clear text over a network.
    pub(super) fn base(&self) -> Result<String, Failure> {
        let Some(given) = &self.base_url else {
            return Ok(if self.sandbox { SANDBOX } else { LIVE }.to_owned());
        };
        let url: Url = given.parse().context("`base_url` is no address")?;
        let is_here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && is_here),
            "`base_url` must begin with https://: the secret goes there"
        );
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        ensure!(
            is_bare && url.username().is_empty(),
            "`base_url` is scheme, host and port, and nothing else"
        );
        Ok(url.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn config(change: Value) -> Result<PaypalConfig, String> {
        let mut table = json!({ "client_id": "AbC-1", "client_secret_env": "PAYPAL_SECRET" });
        let fields = change.as_object().unwrap().clone();
        table.as_object_mut().unwrap().extend(fields);
        let config: PaypalConfig = serde_json::from_value(table).map_err(|error| error.to_string())?;
        config.check().map_err(|failure| format!("{failure:#}"))?;
        Ok(config)
    }

    #[test]
    fn the_address_follows_from_the_configuration() {
        let base = |change| config(change).unwrap().base().unwrap();
        assert_eq!(base(json!({})), LIVE);
        assert_eq!(base(json!({ "sandbox": true })), SANDBOX);
        assert_eq!(base(json!({ "base_url": "http://127.0.0.1:8080/" })), "http://127.0.0.1:8080");
        assert_eq!(config(json!({ "wallet": "venmo" })).unwrap().wallet, Wallet::Venmo);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (change, part) in [
            (json!({ "client_id": "a:b" }), "client_id"),
            (json!({ "client_secret_env": "" }), "client_secret_env"),
            (json!({ "currency": "EUR" }), "must be USD"),
            (json!({ "base_url": "http://paypal.example" }), "https"),
            (json!({ "base_url": "https://paypal.example/v1" }), "nothing else"),
            (json!({ "base_url": "https://paypal.example", "sandbox": true }), "either"),
            (json!({ "subject": "a\nb" }), "subject"),
            (json!({ "note": "ü" }), "note"),
            (json!({ "timeout_seconds": 13 }), "timeout_seconds"),
            (json!({ "expected_fee": { "fixed": -1 } }), "expected_fee"),
            (json!({ "expected_fee": { "basis_points": 10_001 } }), "expected_fee"),
            (json!({ "expected_fee": { "floor": 5, "cap": 4 } }), "expected_fee"),
            (json!({ "expected_fee": { "percent": 2 } }), "unknown field"),
            (json!({ "webhook_id": "a/b" }), "webhook_id"),
            (json!({ "client_secret": "s" }), "unknown field"),
        ] {
            let problem = config(change.clone()).unwrap_err();
            assert!(problem.contains(part), "{change}: {problem}");
        }
    }
}
