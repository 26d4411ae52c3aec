//! What the rails that pay through a bank's files share: names in the letters of banks (latin.rs), what a bank's reason means for the
//! person (reason.rs), and the verbs of a rail that people drive. Not here: the formats themselves (sepa/, ach/), and payment batches.

mod latin;
mod reason;

pub(super) use latin::{LatinProblem, to_latin};
pub(super) use reason::{noted, us_reason, world_reason};

use super::kind::Known;
use super::{FieldProblem, Outcome, RailText};
use crate::line::{Line, LineProblem};
use anyhow::{Context, ensure};
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ledger::Micros;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// No request pays this: a person does.
pub(super) fn by_hand() -> Outcome {
    Outcome::unknown("a person pays this by a file for the bank")
}

/// The last digits of an account, as what may be published of it. Nothing of one that is too short to hide the rest.
pub(super) fn last_digits(known: &Known<'_>, field: &str) -> Option<String> {
    let account = known.destination.get(field).and_then(Value::as_str)?;
    let hidden = account.len().checked_sub(4).filter(|hidden| *hidden >= 4)?;
    Some(format!("\"last4\":{}", Value::from(account.get(hidden..)?)))
}

/// A text of a destination as one line.
pub(super) fn line(fields: &Map<String, Value>, name: &str, most: usize) -> Result<String, FieldProblem> {
    let problem = |text: RailText| FieldProblem::new(name, text.with("name", name));
    match fields.get(name) {
        None | Some(Value::Null) => Err(problem(RailText::code("field_required"))),
        Some(Value::String(text)) => Line::parse(text, most).map(String::from).map_err(|wrong| match wrong {
            LineProblem::Empty => problem(RailText::code("field_required")),
            LineProblem::TooLong => problem(RailText::code("field_long").with("most", most)),
            LineProblem::Control => problem(RailText::code("field_control")),
            LineProblem::Invisible => problem(RailText::code("field_invisible")),
        }),
        Some(_) => Err(problem(RailText::code("field_string"))),
    }
}

/// The holder's name, as it was typed. Checked in the letters that the bank's file has for it.
pub(super) fn holder(fields: &Map<String, Value>, most: usize) -> Result<String, FieldProblem> {
    let name = line(fields, "name", most)?;
    match to_latin(&name) {
        Ok(latin) if latin.chars().count() > most => {
            let text = RailText::code("field_long").with("name", "name").with("most", most);
            Err(FieldProblem::new("name", text))
        }
        Ok(_) => Ok(name),
        Err(LatinProblem::Foreign) => Err(FieldProblem::new("name", RailText::code("bank_latin"))),
        Err(LatinProblem::NoLetter) => Err(FieldProblem::new("name", RailText::code("bank_no_letter"))),
    }
}

/// The moment in UTC.
pub(super) fn moment(at: Micros) -> anyhow::Result<DateTime> {
    let time = Timestamp::from_microsecond(at).context("a time that no calendar has")?;
    Ok(time.to_zoned(TimeZone::UTC).datetime())
}

/// So many days after the moment, and never on a weekend. Banks know their holidays themselves.
pub(super) fn working_day(at: Micros, days: u8) -> anyhow::Result<Date> {
    let mut day = moment(at)?.date().checked_add(i64::from(days).days())?;
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.tomorrow()?;
    }
    Ok(day)
}

/// The sum of the amounts of a file, each of which must be from 1 to `most`.
///
/// # Errors
/// Which payment cannot be written.
pub(super) fn total(payments: &[super::BatchPayment], most: i64) -> anyhow::Result<i64> {
    ensure!(!payments.is_empty(), "a file without a payment is refused by every bank");
    payments.iter().try_fold(0_i64, |sum, payment| {
        let (order, amount) = (&payment.order_id, payment.amount);
        ensure!((1..=most).contains(&amount), "the amount of {order} cannot be written in this format");
        sum.checked_add(amount).context("the total of the file is too large")
    })
}

/// A name for a line of a bank's file: readable words, then a digest over all that makes the line this one. Stable between files.
pub(super) fn reference(words: &[&str], parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        // The length keeps apart what is split in another place.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = data_encoding::HEXLOWER.encode(&digest.finalize()[..16]);
    let words = words.iter().map(|word| plain(word)).filter(|word| !word.is_empty());
    words.chain([digest]).collect::<Vec<_>>().join(" ")
}

/// A bank's word as it may be shown and become part of a proof. What is left out leaves a mark, so that it never becomes another word.
pub(super) fn plain(word: &str) -> String {
    let shown = |character: char| {
        if character.is_ascii_graphic() || character == ' ' { character } else { '?' }
    };
    word.trim().chars().map(shown).take(35).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRIDAY: Micros = 1_796_387_696_000_000;

    #[test]
    fn money_is_asked_for_on_a_working_day() {
        assert_eq!(moment(FRIDAY).unwrap().to_string(), "2026-12-04T12:34:56");
        for (days, expected) in [(0, "2026-12-04"), (1, "2026-12-07"), (3, "2026-12-07"), (4, "2026-12-08")] {
            assert_eq!(working_day(FRIDAY, days).unwrap().to_string(), expected);
        }
        assert!(working_day(i64::MAX, 1).is_err());
    }

    #[test]
    fn a_reference_tells_lines_apart_and_is_stable() {
        let of = |parts: &[&str]| reference(&["camt.053", "A 1\u{7}2"], parts);
        assert_eq!(of(&["a", "bc"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", "bc"]), of(&["ab", "c"]));
        assert!(of(&["a"]).starts_with("camt.053 A 1?2 "), "{}", of(&["a"]));
    }

    #[test]
    fn a_short_account_is_not_published() {
        let of = |account: &str| {
            let destination = serde_json::from_value(serde_json::json!({ "account": account })).unwrap();
            let (gross, net) = (ledger::Cents(1), ledger::Cents(1));
            last_digits(&Known { order_id: "ACH-1", destination, gross, net }, "account")
        };
        assert_eq!(of("DE89370400440532013000").unwrap(), r#""last4":"3000""#);
        assert_eq!(of("1234567"), None);
    }
}
