//! The account's balance, for the float check. Reading it is a permission of its own at PayPal; without it the float is not known, and
//! PayPal refuses what it cannot pay.

use super::api::ApiAnswer;
use super::money::Money;
use super::{Closed, Funds, PaypalRail, Quote};
use ledger::{Cents, Micros};
use serde::Deserialize;
use tokio::sync::Mutex;

const BALANCES: &str = "/v1/reporting/balances?currency_code=USD";
/// How long an answer is used again: pages ask whenever a person looks at them.
const FRESH: Micros = 30_000_000;

/// The last answer: until when it counts by the monotonic clock, and what it was.
pub(super) type KeptFloat = Mutex<Option<(Micros, Result<Option<Cents>, Closed>)>>;

#[derive(Deserialize)]
struct AccountBalances {
    balances: Vec<Balance>,
}

#[derive(Deserialize)]
struct Balance {
    available_balance: Option<Money>,
}

impl PaypalRail {
    /// What the person would get.
    pub(super) async fn price(&self, net: Cents) -> Result<Quote, Closed> {
        match self.float().await? {
            Some(available) if available < net => Err(Closed::OutOfFunds),
            _ => Ok(Quote::default()),
        }
    }

    pub(super) async fn funds(&self) -> Result<Funds, Closed> {
        match self.float().await? {
            Some(available) if available <= Cents::ZERO => Err(Closed::OutOfFunds),
            available => Ok(Funds { available, choices: Vec::new() }),
        }
    }

    /// What is available; `None` where PayPal does not say.
    async fn float(&self) -> Result<Option<Cents>, Closed> {
        let mut kept = self.float.lock().await;
        let now = self.clock.monotonic();
        if let Some((until, answer)) = &*kept
            && now < *until
        {
            return *answer;
        }
        let answer = self.read_float().await;
        *kept = Some((now.saturating_add(FRESH), answer));
        answer
    }

    async fn read_float(&self) -> Result<Option<Cents>, Closed> {
        match self.balances().await {
            Ok(found) => Ok(found),
            // Whether payouts work is another question than whether reports do.
            Err(error) => match self.api.sign_in().await {
                Ok(()) => Ok(None),
                Err(_) => {
                    tracing::warn!(rail = self.facts.name, error, "PayPal cannot be used");
                    Err(Closed::Unhealthy)
                }
            },
        }
    }

    /// The available balance in US dollars, or why it is not known.
    pub(super) async fn balances(&self) -> Result<Option<Cents>, String> {
        let answer = self.api.get(BALANCES).await.map_err(|error| error.to_string())?;
        let ApiAnswer { status: 200, body } = answer else {
            return Err(format!("PayPal answers {}", answer.status));
        };
        let read: AccountBalances =
            serde_json::from_slice(&body).map_err(|_| "it cannot be read".to_owned())?;
        let available = read.balances.into_iter().filter_map(|balance| balance.available_balance);
        Ok(available.into_iter().find_map(|money| money.cents()))
    }
}
