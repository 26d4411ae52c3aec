//! Where a reward goes: the product, and the name and e-mail address that the provider asks for. Not here: whether the product is
//! in the catalogue; that may have changed since.

use super::LONGEST_PRODUCT;
use crate::line::{Line, LineProblem};
use crate::rails::{Field, FieldProblem, FieldRole, RailText};
use ledger::Email;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const LONGEST_NAME: usize = 100;

/// A destination as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RewardDestination {
    pub product: String,
    pub name: String,
    pub email: String,
}

pub(super) fn fields() -> Vec<Field> {
    vec![
        Field { role: FieldRole::Chosen, ..Field::typed("product", RailText::code("product")) },
        Field::typed("name", RailText::code("recipient_name")),
        Field::typed("email", RailText::code("recipient_email")),
    ]
}

/// Checks it, and writes it in canonical form.
pub(super) fn read(fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
    let product = line(fields, "product", LONGEST_PRODUCT);
    let name = line(fields, "name", LONGEST_NAME);
    let email = line(fields, "email", Email::MAX_CHARACTERS).and_then(|email| match Email::parse(&email) {
        Ok(email) => Ok(email.as_str().to_owned()),
        Err(_) => Err(FieldProblem::new("email", RailText::code("email_form"))),
    });
    match (product, name, email) {
        (Ok(product), Ok(name), Ok(email)) => {
            let stored = RewardDestination { product, name, email };
            Ok(serde_json::to_string(&stored).expect("texts can be written as JSON"))
        }
        (product, name, email) => Err([product, name, email].into_iter().filter_map(Result::err).collect()),
    }
}

fn line(fields: &Map<String, Value>, name: &str, longest: usize) -> Result<String, FieldProblem> {
    let problem = |sentence: RailText| FieldProblem::new(name, sentence.with("name", name));
    match fields.get(name) {
        Some(Value::String(text)) => match Line::parse(text, longest) {
            Ok(text) => Ok(text.into()),
            Err(LineProblem::Empty) => Err(problem(RailText::code("field_required"))),
            Err(LineProblem::TooLong) => Err(problem(RailText::code("field_long").with("most", longest))),
            Err(LineProblem::Control) => Err(problem(RailText::code("field_control"))),
            Err(LineProblem::Invisible) => Err(problem(RailText::code("field_invisible"))),
        },
        None => Err(problem(RailText::code("field_required"))),
        Some(_) => Err(problem(RailText::code("field_string"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_destination_is_stored_in_one_form() {
        let form = |value: Value| read(value.as_object().unwrap());
        let given =
            json!({ "product": " PayPal  International ", "name": " Ann  Doe", "email": "Ann@EXAMPLE.com" });
        let stored = form(given).unwrap();
        assert_eq!(
            stored,
            r#"{"product":"PayPal International","name":"Ann Doe","email":"ann@example.com"}"#
        );
        assert_eq!(form(serde_json::from_str(&stored).unwrap()).unwrap(), stored);
        let wrong = form(json!({ "product": 1, "name": "", "email": "nobody" })).unwrap_err();
        let names: Vec<&str> = wrong.iter().map(|problem| problem.name.as_str()).collect();
        assert_eq!(names, ["product", "name", "email"]);
    }
}
