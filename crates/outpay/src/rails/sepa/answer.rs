//! A bank's answer: which message a file is, by its namespace. Status reports (pain002.rs) and statements (camt053.rs) are read; every
//! other message is refused by name.

use super::xml::{self, Element};
use super::{camt053, is_digits, order_id, pain002};
use crate::rails::AnswerLine;
use iban::Iban;

const STANDARD: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// The lines of a file.
///
/// # Errors
/// What is wrong with it, in words for the operator.
pub(super) fn read(file: &[u8], own: &Iban) -> Result<Vec<AnswerLine>, String> {
    let document = xml::parse(file)?;
    let message = document.namespace.strip_prefix(STANDARD).unwrap_or_default();
    match (message.get(..13), message.get(13..)) {
        (Some("pain.002.001."), Some(version)) if is_version(version, 3, 15) => pain002::read(&document.root),
        (Some("camt.053.001."), Some(version)) if is_version(version, 2, 8) => {
            camt053::read(&document.root, own)
        }
        _ => Err(format!(
            "this is not an answer that is read here: pain.002.001.03 to .15 and camt.053.001.02 to .08 are; \
             the file says {:?}",
            document.namespace.chars().take(80).collect::<String>()
        )),
    }
}

fn is_version(text: &str, first: u8, last: u8) -> bool {
    text.len() == 2 && text.parse().is_ok_and(|version: u8| (first..=last).contains(&version))
}

/// An amount in hundredths, with its currency. It must be exact: a bank writes up to five places, of which ours has two.
pub(super) fn amount(of: &Element) -> Result<(i64, Option<String>), String> {
    let text = of.text().unwrap_or_default();
    let unreadable = || format!("the amount {:?} cannot be read", text.chars().take(40).collect::<String>());
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (kept, rest) = part.split_at_checked(2).unwrap_or((part, ""));
    let is_exact = rest.bytes().all(|byte| byte == b'0');
    if whole.is_empty() || whole.len() > 15 || !is_number(whole) || !is_number(part) || !is_exact {
        return Err(unreadable());
    }
    let cents = format!("{whole}{kept:0<2}").parse().map_err(|_| unreadable())?;
    Ok((cents, of.currency.clone()))
}

/// The number of the payment that a file calls so. What is not one of ours stays as it is, for the operator, who may know it.
pub(super) fn payment(end_to_end_id: Option<&str>) -> String {
    let text = end_to_end_id.unwrap_or("NOTPROVIDED");
    order_id(text).unwrap_or_else(|| crate::rails::bank::plain(text))
}

/// The batch that a file calls so.
pub(super) fn batch(id: &str) -> String {
    if is_digits(id) { id.to_ascii_lowercase() } else { crate::rails::bank::plain(id) }
}
