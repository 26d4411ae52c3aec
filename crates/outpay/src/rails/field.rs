//! The fields of a destination, as a rail states them. Doors build forms and read answers from these alone. Not here: checking
//! what a person wrote; that is [`super::Rail::destination`].

use super::text::RailText;

/// A field of a destination. Its value is a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key in the JSON object.
    pub name: String,
    /// For people.
    pub label: RailText,
    /// A destination without it is refused.
    pub required: bool,
    /// How a form asks for it.
    pub role: FieldRole,
    /// The key of a sentence below the field, among the texts of the claim page.
    pub hint: Option<&'static str>,
}

/// How a form asks for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldRole {
    /// The person types it.
    Typed,
    /// The person types an e-mail address; a form begins with the one by which the person was paid.
    Email,
    /// It is the name of one of [`super::Funds::choices`]: the form offers a list.
    Chosen,
    /// It has one possible value, which the person confirms.
    Confirmed(String),
}

impl Field {
    /// A required field that the person types.
    #[must_use]
    pub fn typed(name: &str, label: RailText) -> Self {
        Self { name: name.to_owned(), label, required: true, role: FieldRole::Typed, hint: None }
    }

    /// True where the person picks one of the rail's choices.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.role == FieldRole::Chosen
    }

    /// The one possible value, where there is only one.
    #[must_use]
    pub fn only_value(&self) -> Option<&str> {
        match &self.role {
            FieldRole::Confirmed(value) => Some(value),
            FieldRole::Typed | FieldRole::Email | FieldRole::Chosen => None,
        }
    }
}

/// What is wrong with a field of a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's name.
    pub name: String,
    /// For people.
    pub sentence: RailText,
}

impl FieldProblem {
    /// With this sentence.
    #[must_use]
    pub fn new(name: &str, sentence: RailText) -> Self {
        Self { name: name.to_owned(), sentence }
    }
}
