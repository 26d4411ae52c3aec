//! Readers of body fields that several endpoints have. Each returns the value, or the sentence that the client is told about
//! this field. Not here: reading the body itself (body.rs), which fields an endpoint has.

use super::json::{Json, Object};
use super::problem::{Problem, field};
use crate::line::{Line, LineProblem};
use ledger::{Cents, Email, EmailProblem, MAX_PAYOUT, Metadata, MetadataProblem};

/// The most characters of a reason or a proof.
const LONGEST_TEXT: usize = 255;

/// The documented rules of `email` (contract, 1.2).
pub(super) fn email(value: Option<&Json>) -> Result<Email, &'static str> {
    match value {
        None => Err("The email field is required."),
        Some(Json::String(text)) if text.is_empty() => Err("The email field is required."),
        Some(Json::String(text)) => Email::parse(text).map_err(|problem| match problem {
            EmailProblem::TooLong => "The email may not be greater than 255 characters.",
            EmailProblem::NotAnAddress => "The email must be a valid email address.",
        }),
        Some(_) => Err("The email must be a string."),
    }
}

/// The documented rules of a payout's `amount` (contract, 1.2).
pub(super) fn payout_amount(value: Option<&Json>) -> Result<Cents, &'static str> {
    match value {
        None => Err("The amount field is required."),
        Some(Json::Integer(amount)) if *amount < 1 => Err("The amount must be at least 1."),
        Some(Json::Integer(amount)) if *amount <= MAX_PAYOUT.0 => Ok(Cents(*amount)),
        Some(Json::Integer(_) | Json::TooLarge) => Err("The amount may not be greater than 100000000."),
        Some(Json::TooSmall) => Err("The amount must be at least 1."),
        Some(_) => Err("The amount must be an integer."),
    }
}

/// An amount of 1 cent to `most`.
pub(super) fn amount(value: Option<&Json>, most: Cents) -> Result<Cents, String> {
    match value {
        None => Err("The amount field is required.".to_owned()),
        Some(Json::Integer(amount)) if *amount < 1 => Err("The amount must be at least 1.".to_owned()),
        Some(Json::Integer(amount)) if *amount <= most.0 => Ok(Cents(*amount)),
        Some(Json::Integer(_) | Json::TooLarge) => {
            Err(format!("The amount may not be greater than {}.", most.0))
        }
        Some(Json::TooSmall) => Err("The amount must be at least 1.".to_owned()),
        Some(_) => Err("The amount must be an integer.".to_owned()),
    }
}

/// The currency, where a client says it: there is one.
pub(super) fn currency(value: Option<&Json>) -> Result<(), &'static str> {
    match value {
        None => Ok(()),
        Some(Json::String(text)) if text == "USD" => Ok(()),
        Some(_) => Err("The currency must be USD."),
    }
}

/// A memo for the recipient: optional, and not in the documented API.
pub(super) fn memo(value: Option<&Json>) -> Result<String, &'static str> {
    match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Line::memo(text).map(String::from).map_err(|problem| match problem {
            LineProblem::TooLong => "The memo may not be greater than 255 characters.",
            LineProblem::Invisible => "The memo may not hold characters that reorder the text around them.",
            _ => "The memo may not hold control characters.",
        }),
        Some(_) => Err("The memo must be a string."),
    }
}

/// The business's own notes: an object of texts; optional.
pub(super) fn metadata(value: Option<&Json>) -> Result<Metadata, &'static str> {
    let pairs = match value {
        None => return Ok(Metadata::default()),
        Some(Json::Object(pairs)) => pairs,
        Some(_) => return Err("The metadata must be an object."),
    };
    let value =
        "Each value of the metadata must be a string of at most 500 characters, without control characters.";
    let text = |(name, value): (&str, &Json)| match value {
        Json::String(text) => Some((name.to_owned(), text.clone())),
        _ => None,
    };
    let pairs: Option<Vec<_>> = pairs.entries().map(text).collect();
    Metadata::new(pairs.ok_or(value)?).map_err(|problem| match problem {
        MetadataProblem::TooManyKeys => "The metadata may have at most 50 keys.",
        MetadataProblem::Key => {
            "Each key of the metadata must have 1 to 40 characters, without brackets and control characters."
        }
        MetadataProblem::Value => value,
    })
}

/// A required text of 1 to 255 characters, in an endpoint with no other field that can be wrong.
pub(super) fn only_text(fields: &Object, name: &'static str) -> Result<String, Problem> {
    text(fields, name).map_err(|sentence| field(name, sentence))
}

/// A required text of 1 to 255 characters.
pub(super) fn text(fields: &Object, name: &str) -> Result<String, String> {
    match fields.get(name) {
        None => Err(format!("The {name} field is required.")),
        Some(Json::String(text)) => {
            Line::parse(text, LONGEST_TEXT).map(String::from).map_err(|problem| match problem {
                LineProblem::Empty => format!("The {name} field is required."),
                LineProblem::TooLong => {
                    format!("The {name} may not be greater than {LONGEST_TEXT} characters.")
                }
                LineProblem::Control => format!("The {name} may not hold control characters."),
                LineProblem::Invisible => {
                    format!("The {name} may not hold characters that cannot be seen.")
                }
            })
        }
        Some(_) => Err(format!("The {name} must be a string.")),
    }
}

/// An optional text without further rules.
pub(super) fn optional_text(fields: &Object, name: &'static str) -> Result<Option<String>, Problem> {
    match fields.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(field(name, format!("The {name} must be a string."))),
    }
}
