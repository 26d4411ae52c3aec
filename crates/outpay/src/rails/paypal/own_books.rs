//! PayPal's record of payouts, for reconciliation: its transaction search, which lists every payout of the account, also of other programs.
//! PayPal does not document that our keys appear there, so a payment is matched by PayPal's number of the transaction, which is noted
//! when the payout is asked about. A payment shows up in the list within three hours.

use super::PaypalRail;
use super::api::ApiAnswer;
use super::money::Money;
use crate::clock::rfc3339;
use crate::rails::{Booked, Standing};
use crate::store::Failure;
use anyhow::{Context, ensure};
use jiff::Timestamp;
use jiff::fmt::strtime;
use ledger::{Cents, Micros};
use serde::Deserialize;

/// PayPal lists at most 31 days and 10,000 transactions for one search.
const WINDOW: Micros = 86_400_000_000;
const PAGE: usize = 500;
const MOST_PAGES: usize = 20;
/// PayPal's code of a payout.
const PAYOUT: &str = "T0001";

#[derive(Deserialize)]
struct Transactions {
    #[serde(default)]
    transaction_details: Vec<TransactionDetail>,
    #[serde(default)]
    total_pages: usize,
}

#[derive(Deserialize)]
struct TransactionDetail {
    transaction_info: TransactionInfo,
}

#[derive(Deserialize)]
struct TransactionInfo {
    transaction_id: String,
    transaction_initiation_date: String,
    transaction_amount: Money,
    fee_amount: Option<Money>,
    transaction_status: String,
}

impl PaypalRail {
    /// All payouts of the period, oldest window first; `None` where the app may not read them.
    pub(super) async fn list_books(
        &self,
        (from, until): (Micros, Micros),
    ) -> Result<Option<Vec<Booked>>, Failure> {
        let (mut found, mut start) = (Vec::new(), from);
        while start < until {
            let end = until.min(start.saturating_add(WINDOW));
            for page in 1.. {
                ensure!(page <= MOST_PAGES, "PayPal lists more than {} payouts a day", PAGE * MOST_PAGES);
                let Some(listed) = self.page((start, end), page).await? else { return Ok(None) };
                for detail in listed.transaction_details {
                    found.extend(self.booked(detail.transaction_info).await?);
                }
                if page >= listed.total_pages {
                    break;
                }
            }
            start = end;
        }
        Ok(Some(found))
    }

    async fn page(
        &self,
        (start, end): (Micros, Micros),
        page: usize,
    ) -> Result<Option<Transactions>, Failure> {
        // Both ends belong to PayPal's window, so the next one begins after this one's last second.
        let last = end.saturating_sub(1);
        let path = format!(
            "/v1/reporting/transactions?start_date={}&end_date={}&transaction_type={PAYOUT}&fields=transaction_info\
             &page_size={PAGE}&page={page}",
            rfc3339(start),
            rfc3339(last)
        );
        match self.api.get(&path).await? {
            ApiAnswer { status: 200, body } => {
                serde_json::from_slice(&body).map(Some).context("PayPal's list of payouts cannot be read")
            }
            ApiAnswer { status: 403, .. } => Ok(None),
            ApiAnswer { status, .. } => anyhow::bail!("PayPal answers {status} to the list of payouts"),
        }
    }

    /// Nothing where another rail of this installation has sent it.
    async fn booked(&self, info: TransactionInfo) -> Result<Option<Booked>, Failure> {
        let known = self.store.rail_number_of_transaction(&info.transaction_id).await?;
        if known.as_ref().is_some_and(|(rail, _)| *rail != self.facts.name) {
            return Ok(None);
        }
        let standing = match info.transaction_status.as_str() {
            "S" => Standing::Paid,
            "P" => Standing::Open,
            "V" => Standing::Returned,
            "D" => Standing::NotPaid,
            other => anyhow::bail!("PayPal's state {other:?} of a transaction is not known to this version"),
        };
        let amount = info.transaction_amount.cents().context("a payout that is not in US dollars")?;
        Ok(Some(Booked {
            reference: known.map(|(_, number)| number.key).unwrap_or_default(),
            rail_number: info.transaction_id,
            amount: Cents(amount.0.saturating_abs()),
            fee: info.fee_amount.and_then(|fee| fee.cents()).map(|fee| Cents(fee.0.saturating_abs())),
            at: time(&info.transaction_initiation_date)?,
            standing,
        }))
    }
}

/// PayPal writes `2026-01-02T03:04:05+0000`, which RFC 3339 does not have.
fn time(text: &str) -> Result<Micros, Failure> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_microsecond());
    }
    let broken = strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).context("a time of PayPal's list")?;
    Ok(broken.to_timestamp().context("a time of PayPal's list")?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        for text in ["2026-01-02T03:04:05+0000", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"] {
            assert_eq!(rfc3339(time(text).unwrap()), "2026-01-02T03:04:05.000000Z", "{text}");
        }
        assert!(time("yesterday").is_err());
    }
}
