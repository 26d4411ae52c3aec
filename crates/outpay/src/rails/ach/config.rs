//! The configuration of one company that ACH credits are made by. The bank (ODFI) says what each of these is. Not here: reading the file.

use super::destination::check_routing;
use crate::rails::RailText;
use crate::rails::bank::to_latin;
use crate::store::Failure;
use anyhow::{anyhow, ensure};
use serde::Deserialize;

/// `[rails.ach.<name>]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AchConfig {
    /// The routing number of the bank that the file goes to, 9 digits.
    pub immediate_destination: String,
    /// The name of that bank.
    pub immediate_destination_name: String,
    /// Who brings the file: the company's number at that bank, 9 or 10 digits.
    pub immediate_origin: String,
    /// The name of who brings the file.
    pub immediate_origin_name: String,
    /// The company, as recipients read it.
    pub company_name: String,
    /// The company's identification at the bank, up to 10 characters: often 1 and the employer identification number.
    pub company_id: String,
    /// The routing number of the bank that originates the entries (ODFI), 9 digits.
    pub odfi_routing_number: String,
    /// What the recipient's statement says.
    #[serde(default = "default_description")]
    pub entry_description: String,
    /// Days from the batch to the day on which the money should arrive, 0 to 30. A weekend moves to Monday.
    #[serde(default = "one_day")]
    pub effective_days: u8,
    /// For people.
    #[serde(default = "default_title")]
    pub title: String,
    /// For people, for example `two working days`.
    #[serde(default = "default_time")]
    pub expected_time: String,
}

fn default_description() -> String {
    "PAYOUT".to_owned()
}

fn one_day() -> u8 {
    1
}

fn default_title() -> String {
    RailText::code("ach_transfer").english()
}

fn default_time() -> String {
    RailText::code("some_days").english()
}

/// Who pays, in the words of the file.
pub(super) struct Originator {
    pub destination: String,
    pub destination_name: String,
    pub origin: String,
    pub origin_name: String,
    pub company_name: String,
    pub company_id: String,
    /// Eight digits: the routing number without its check digit.
    pub odfi: String,
    pub description: String,
    pub effective_days: u8,
}

impl AchConfig {
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        self.originator().map(drop)
    }

    pub(super) fn originator(&self) -> Result<Originator, Failure> {
        let words = |key: &str, text: &str, most: usize| {
            let latin = to_latin(text).map_err(|_| anyhow!("`{key}` needs Latin letters"))?.to_uppercase();
            ensure!(latin.len() <= most, "`{key}` may have {most} characters");
            Ok(latin)
        };
        let routing = |key: &str, text: &str| {
            check_routing(text).map_err(|wrong| anyhow!("`{key}`: {}", wrong.english()))
        };
        let origin = self.immediate_origin.trim();
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        ensure!(
            matches!(origin.len(), 9 | 10) && is_number(origin),
            "`immediate_origin` must have 9 or 10 digits"
        );
        let company_id = self.company_id.trim().to_ascii_uppercase();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ensure!(
            (1..=10).contains(&company_id.len()) && company_id.bytes().all(is_plain),
            "`company_id` must have 1 to 10 letters and digits"
        );
        ensure!(self.effective_days <= 30, "`effective_days` must be 0 to 30");
        Ok(Originator {
            destination: routing("immediate_destination", &self.immediate_destination)?,
            destination_name: words("immediate_destination_name", &self.immediate_destination_name, 23)?,
            origin: origin.to_owned(),
            origin_name: words("immediate_origin_name", &self.immediate_origin_name, 23)?,
            company_name: words("company_name", &self.company_name, 16)?,
            company_id,
            odfi: routing("odfi_routing_number", &self.odfi_routing_number)?[..8].to_owned(),
            description: words("entry_description", &self.entry_description, 10)?,
            effective_days: self.effective_days,
        })
    }
}
