//! Reads and checks the withdrawal form: the amount or a choice, and the destination's fields. Every error names its field. Not
//! here: the checks of the rail and the ledger (summary.rs).

use super::person::Person;
use super::words;
use crate::language::Language;
use crate::rails::{FieldProblem, Mounted};
use crate::stopped::Stopped;
use crate::web::Form;
use crate::withdrawals::offer::{Offer, OfferedChoice};
use crate::withdrawals::price::Wish;
use ledger::{Cents, Refusal};
use serde_json::{Map, Value};

/// Errors by field: `amount`, `choice`, or `to.` and a destination's field; an empty name is shown above the form.
pub(super) type Problems = Vec<(String, String)>;

/// Prefix of the names of a destination's fields.
pub(super) const TO: &str = "to.";

/// Reads the form for this method.
pub(super) fn read(person: &Person, form: &Form, offer: &Offer) -> (Option<Wish>, Problems) {
    let (t, mut problems) = (person.language, Problems::new());
    let is_choice = !offer.choices.is_empty();
    let chosen = form.get("choice").split_once(' ').and_then(|(amount, name)| {
        let fits = |choice: &&OfferedChoice| choice.name == name && choice.gross.0.to_string() == amount;
        offer.choices.iter().find(fits)
    });
    if is_choice && chosen.is_none() {
        problems.push(("choice".to_owned(), t.say("withdraw.no_choice").to_owned()));
    }
    let amount = match chosen {
        Some(OfferedChoice { gross, most: None, .. }) => Some(*gross),
        Some(OfferedChoice { gross, most: Some(most), .. }) => {
            typed_amount(t, form, &mut problems).filter(|amount| {
                let fits = (*gross..=*most).contains(amount);
                if !fits {
                    let (least, most) = (t.money(gross.0), t.money(most.0));
                    let sentence = t.fill("withdraw.choice_amount", &[("least", &least), ("most", &most)]);
                    problems.push(("amount".to_owned(), sentence));
                }
                fits
            })
        }
        None if is_choice => None,
        None => typed_amount(t, form, &mut problems),
    };
    let mut destination = Map::new();
    for field in &offer.facts.fields {
        let value = match chosen {
            Some(choice) if field.is_chosen() => choice.name.as_str(),
            _ => form.get(&format!("{TO}{}", field.name)),
        };
        if field.only_value().is_some() && value.is_empty() {
            let sentence = t.say("withdraw.network_missing").to_owned();
            problems.push((format!("{TO}{}", field.name), sentence));
        }
        if !value.is_empty() {
            destination.insert(field.name.clone(), Value::String(value.to_owned()));
        }
    }
    if let Some(amount) = amount {
        problems.extend(amount_problem(person, offer, amount));
    }
    (amount.map(|amount| Wish { method: offer.facts.name.clone(), amount, destination }), problems)
}

/// The amount in the form, or a problem of its field.
fn typed_amount(t: Language, form: &Form, problems: &mut Problems) -> Option<Cents> {
    let read = t.read_money(form.get("amount")).map(Cents);
    if read.is_none() {
        let sentence = t.with("withdraw.not_an_amount", "example", t.plain_money(2_550));
        problems.push(("amount".to_owned(), sentence));
    }
    read
}

fn amount_problem(person: &Person, offer: &Offer, amount: Cents) -> Option<(String, String)> {
    let (t, terms) = (person.language, &offer.terms);
    let sentence = if amount > person.row.user.balance {
        t.with("withdraw.more_than_balance", "balance", t.money(person.row.user.balance.0))
    } else if amount < terms.minimum {
        t.with("withdraw.at_least", "minimum", t.money(terms.minimum.0))
    } else if amount > terms.maximum {
        t.with("withdraw.at_most", "maximum", t.money(terms.maximum.0))
    } else {
        return None;
    };
    // The amount is typed where there are no choices, or some are ranges.
    let is_typed = offer.choices.is_empty() || offer.choices.iter().any(|choice| choice.most.is_some());
    let field = if is_typed { "amount" } else { "choice" };
    Some((field.to_owned(), sentence))
}

/// Adds the errors that the rail finds in the destination.
pub(super) fn destination_problems(person: &Person, mounted: &Mounted, wish: &Wish, found: &mut Problems) {
    if let Err(problems) = mounted.rail.destination(&wish.destination) {
        add(person, problems, found);
    }
}

fn add(person: &Person, problems: Vec<FieldProblem>, found: &mut Problems) {
    for FieldProblem { name, sentence } in problems {
        let name = format!("{TO}{name}");
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, sentence.in_language(person.language)));
        }
    }
}

/// Why a withdrawal was not made, as errors of the form; anything else is given back.
pub(super) fn stopped(person: &Person, stopped: Stopped) -> Result<Problems, Stopped> {
    let t = person.language;
    let of_amount = |sentence: String| Ok(vec![("amount".to_owned(), sentence)]);
    match stopped {
        Stopped::Destination(problems) => {
            let mut found = Problems::new();
            add(person, problems, &mut found);
            Ok(found)
        }
        gone @ Stopped::Refused(Refusal::CredentialDoesNotAuthenticate) => Err(gone),
        Stopped::Refused(Refusal::UserBalanceIsTooLow) => {
            of_amount(t.with("withdraw.more_than_balance", "balance", t.money(person.row.user.balance.0)))
        }
        Stopped::Refused(
            refusal @ (Refusal::AmountIsBelowTheMinimum
            | Refusal::AmountIsAboveTheMaximum
            | Refusal::AmountDoesNotCoverTheFee
            | Refusal::AmountIsOutOfRange
            | Refusal::DailyCapIsReached),
        ) => of_amount(words::refusal(t, &refusal)),
        Stopped::Refused(refusal) => Ok(vec![(String::new(), words::refusal(t, &refusal))]),
        Stopped::Closed(closed) => {
            Ok(vec![(String::new(), words::closed(t, (closed.code(), closed.sentence()), Cents::ZERO))])
        }
        other => Err(other),
    }
}

/// A stored destination as labels and values.
pub(super) fn places(person: &Person, mounted: &Mounted, stored: &str) -> Vec<(String, String)> {
    words::destination(person.language, Some(mounted.facts()), stored)
}
