//! Where a SEPA transfer goes: the holder's name, an IBAN, and a BIC where the person gives one. Checked here with a sentence for each
//! mistake. Stored: the name as it was typed, the IBAN and the BIC in capital letters without spaces.

use super::config::LONGEST_NAME;
use crate::rails::bank::{holder, line};
use crate::rails::{FieldProblem, RailText};
use iban::{Iban, IbanLike, ParseBaseIbanError, ParseIbanError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// As it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SepaDestination {
    pub name: String,
    pub iban: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
}

/// The countries that SEPA credit transfers reach (EPC409-09, list of SEPA scheme countries). Territories use the IBAN of the country
/// that they belong to.
const SEPA_COUNTRIES: [&str; 42] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL",
    "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA",
];

/// Longer than any IBAN with the spaces between its groups.
const LONGEST_TYPED: usize = 60;

/// Reads a destination and writes its canonical form.
pub(super) fn read(fields: &Map<String, Value>, own: &Iban) -> Result<String, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let mut keep = |read: Result<String, FieldProblem>| read.map_err(|problem| problems.push(problem)).ok();
    let name = keep(holder(fields, LONGEST_NAME));
    let iban = keep(read_iban(fields, own));
    let bic = read_bic(fields).map(|bic| keep(bic).unwrap_or_default());
    match (name, iban) {
        (Some(name), Some(iban)) if problems.is_empty() => {
            let stored = SepaDestination { name, iban, bic };
            Ok(serde_json::to_string(&stored).expect("texts are JSON"))
        }
        _ => Err(problems),
    }
}

fn read_iban(fields: &Map<String, Value>, own: &Iban) -> Result<String, FieldProblem> {
    let problem = |text: RailText| FieldProblem::new("iban", text);
    let iban = sepa_iban(&line(fields, "iban", LONGEST_TYPED)?).map_err(problem)?;
    if iban == *own {
        return Err(problem(RailText::code("bank_own_account")));
    }
    Ok(iban.electronic_str().to_owned())
}

fn read_bic(fields: &Map<String, Value>) -> Option<Result<String, FieldProblem>> {
    match fields.get("bic") {
        None | Some(Value::Null) => return None,
        Some(Value::String(text)) if text.trim().is_empty() => return None,
        Some(_) => {}
    }
    let checked = line(fields, "bic", LONGEST_TYPED).and_then(|text| {
        let bic = joined(&text);
        if is_bic(&bic) { Ok(bic) } else { Err(FieldProblem::new("bic", RailText::code("bic_form"))) }
    });
    Some(checked)
}

/// Without the spaces and dashes that people group digits by, in capital letters.
fn joined(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ' ' | '-')).collect::<String>().to_uppercase()
}

/// An IBAN that SEPA transfers reach.
pub(super) fn sepa_iban(text: &str) -> Result<Iban, RailText> {
    let iban: Iban = joined(text).parse().map_err(|wrong| match wrong {
        ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum } => {
            RailText::code("iban_digits")
        }
        ParseIbanError::InvalidBaseIban { .. } => RailText::code("iban_form"),
        ParseIbanError::InvalidBban(_) => RailText::code("iban_length"),
        ParseIbanError::UnknownCountry(_) => RailText::code("iban_not_sepa"),
    })?;
    let is_reached = SEPA_COUNTRIES.contains(&iban.country_code());
    if is_reached { Ok(iban) } else { Err(RailText::code("iban_not_sepa")) }
}

/// ISO 9362: four letters or digits of the institution, two letters of the country, two of the place, three of the branch or none.
pub(super) fn is_bic(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    matches!(text.len(), 8 | 11)
        && text.bytes().all(is_plain)
        && text.as_bytes()[4..6].iter().all(u8::is_ascii_uppercase)
}
