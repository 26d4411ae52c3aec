//! The configuration of one account that SEPA transfers are made from. Not here: reading the file.

use super::Debtor;
use super::destination::{is_bic, sepa_iban};
use crate::rails::RailText;
use crate::rails::bank::to_latin;
use crate::rails::exchange::Rate;
use crate::store::Failure;
use anyhow::{Context, anyhow, ensure};
use serde::Deserialize;

/// The longest name in a file.
pub(super) const LONGEST_NAME: usize = 70;
/// A payment's number and a space follow in the 140 characters of `Ustrd`.
const LONGEST_REMITTANCE: usize = 100;

/// `[rails.sepa.<name>]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SepaConfig {
    /// The account's holder, as the bank knows it.
    pub debtor_name: String,
    /// The account that pays.
    pub iban: String,
    /// The BIC of its bank, where the bank wants to read it.
    pub bic: Option<String>,
    /// Days from the batch to the day on which the bank should pay, 0 to 30. A weekend moves to Monday.
    #[serde(default = "one_day")]
    pub execution_days: u8,
    /// What the recipient's statement says before the payment's number.
    #[serde(default)]
    pub remittance: String,
    /// Euros per US dollar as people are told before they ask: an estimate, since each batch has a rate of its own.
    pub estimated_rate: Option<String>,
    /// For people.
    #[serde(default = "default_title")]
    pub title: String,
    /// For people, for example `two working days`.
    #[serde(default = "default_time")]
    pub expected_time: String,
}

fn one_day() -> u8 {
    1
}

fn default_title() -> String {
    RailText::code("sepa_transfer").english()
}

fn default_time() -> String {
    RailText::code("some_days").english()
}

impl SepaConfig {
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        self.rate()?;
        self.debtor().map(drop)
    }

    pub(super) fn rate(&self) -> Result<Option<Rate>, Failure> {
        let Some(text) = &self.estimated_rate else { return Ok(None) };
        let rate = Rate::parse(text)
            .context("`estimated_rate` must be a decimal above 0 with at most nine places")?;
        Ok(Some(rate))
    }

    pub(super) fn debtor(&self) -> Result<Debtor, Failure> {
        let latin = |key: &str, text: &str, most: usize| {
            let latin = to_latin(text).map_err(|_| anyhow!("`{key}` needs Latin letters"))?;
            ensure!(latin.chars().count() <= most, "`{key}` may have {most} characters");
            Ok(latin)
        };
        let iban = sepa_iban(&self.iban).map_err(|wrong| anyhow!("`iban`: {}", wrong.english()))?;
        let bic = self.bic.as_ref().map(|bic| bic.trim().to_uppercase());
        ensure!(bic.as_deref().is_none_or(is_bic), "`bic` must have 8 or 11 letters and digits");
        ensure!(self.execution_days <= 30, "`execution_days` must be 0 to 30");
        let remittance = match self.remittance.trim() {
            "" => String::new(),
            text => latin("remittance", text, LONGEST_REMITTANCE)?,
        };
        let name = latin("debtor_name", &self.debtor_name, LONGEST_NAME)?;
        Ok(Debtor { name, iban, bic, execution_days: self.execution_days, remittance })
    }
}
