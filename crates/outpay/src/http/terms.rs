//! The terms of a method, as `GET /payout/settings` shows them and `PUT` changes them. What is sent is merged into what is set
//! at every level (RFC 7396): a field that is left out stays, and `null` takes a limit away. Not here: what terms mean (ledger).

use super::json::{Json, Object};
use super::known;
use ledger::{Cents, FeeRule, ReviewRule, Terms};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// The terms of a method. Amounts are cents.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodTerms {
    /// May people use it?
    enabled: bool,
    /// What the business keeps.
    fee: MethodFee,
    /// The least gross amount.
    minimum: i64,
    /// The largest gross amount.
    maximum: i64,
    /// Which withdrawals wait for a person's approval.
    review: MethodReview,
    /// The most that all recipients together may withdraw by this method on one UTC day, or null.
    #[schema(required)]
    daily_cap: Option<i64>,
}

/// What the business keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodFee {
    /// Whatever the amount.
    fixed: i64,
    /// Hundredths of a percent of the amount.
    basis_points: i64,
    /// At least this much.
    floor: i64,
    /// At most this much, or null.
    #[schema(required)]
    cap: Option<i64>,
}

/// Which withdrawals wait for a person's approval; all rules that apply count.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodReview {
    /// Every one.
    always: bool,
    /// Those above this gross amount, or null.
    #[schema(required)]
    above: Option<i64>,
    /// Those with which a recipient passes this sum on one UTC day, or null.
    #[schema(required)]
    above_per_day: Option<i64>,
    /// The first to a destination that the recipient has not successfully used before.
    new_destination: bool,
}

impl From<&Terms> for MethodTerms {
    fn from(terms: &Terms) -> Self {
        let cents = |limit: Option<Cents>| limit.map(|cents| cents.0);
        let (fee, review) = (&terms.fee, &terms.review);
        Self {
            enabled: terms.enabled,
            fee: MethodFee {
                fixed: fee.fixed.0,
                basis_points: fee.basis_points,
                floor: fee.floor.0,
                cap: cents(fee.cap),
            },
            minimum: terms.minimum.0,
            maximum: terms.maximum.0,
            review: MethodReview {
                always: review.always,
                above: cents(review.above),
                above_per_day: cents(review.above_per_day),
                new_destination: review.new_destination,
            },
            daily_cap: cents(terms.daily_cap),
        }
    }
}

/// A change of a method's terms; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct TermsPatch {
    /// May people use it?
    enabled: Option<bool>,
    /// What the business keeps.
    #[schema(value_type = Option<FeePatch>)]
    fee: FeePatch,
    /// The least gross amount, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000)]
    minimum: Option<Cents>,
    /// The largest gross amount, in cents.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000)]
    maximum: Option<Cents>,
    /// Which withdrawals wait for a person's approval.
    #[schema(value_type = Option<ReviewPatch>)]
    review: ReviewPatch,
    /// The most that all recipients together may withdraw on one UTC day, in cents; null for none.
    #[schema(value_type = Option<i64>, minimum = 0)]
    daily_cap: Option<Option<Cents>>,
}

/// A change of a fee; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct FeePatch {
    /// Cents, whatever the amount.
    #[schema(value_type = Option<i64>, minimum = 0)]
    fixed: Option<Cents>,
    /// Hundredths of a percent of the amount.
    #[schema(minimum = 0, maximum = 9_999)]
    basis_points: Option<i64>,
    /// At least so many cents.
    #[schema(value_type = Option<i64>, minimum = 0)]
    floor: Option<Cents>,
    /// At most so many cents; null for no cap.
    #[schema(value_type = Option<i64>, minimum = 0)]
    cap: Option<Option<Cents>>,
}

/// A change of the review rules; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct ReviewPatch {
    /// Every withdrawal.
    always: Option<bool>,
    /// Those above this gross amount, in cents; null for none.
    #[schema(value_type = Option<i64>, minimum = 0)]
    above: Option<Option<Cents>>,
    /// Those with which a recipient passes this sum on one UTC day, in cents; null for none.
    #[schema(value_type = Option<i64>, minimum = 0)]
    above_per_day: Option<Option<Cents>>,
    /// The first to a destination that the recipient has not successfully used before.
    new_destination: Option<bool>,
}

impl TermsPatch {
    /// Reads a change.
    ///
    /// # Errors
    /// What is wrong with it, a sentence per field.
    pub(super) fn read(name: &str, value: &Json) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut terms = PatchFields::of(name.to_owned(), Some(value), &mut problems);
        terms.knows(&["enabled", "fee", "minimum", "maximum", "review", "daily_cap"]);
        let patch = Self {
            enabled: terms.truth("enabled"),
            minimum: terms.cents("minimum"),
            maximum: terms.cents("maximum"),
            daily_cap: terms.limit("daily_cap"),
            fee: FeePatch::read(&mut terms.inner("fee")),
            review: ReviewPatch::read(&mut terms.inner("review")),
        };
        if problems.is_empty() { Ok(patch) } else { Err(problems) }
    }

    /// The terms with the change made.
    pub(super) fn onto(&self, set: &Terms) -> Terms {
        let (fee, review) = (&self.fee, &self.review);
        Terms {
            enabled: self.enabled.unwrap_or(set.enabled),
            fee: FeeRule {
                fixed: fee.fixed.unwrap_or(set.fee.fixed),
                basis_points: fee.basis_points.unwrap_or(set.fee.basis_points),
                floor: fee.floor.unwrap_or(set.fee.floor),
                cap: fee.cap.unwrap_or(set.fee.cap),
            },
            minimum: self.minimum.unwrap_or(set.minimum),
            maximum: self.maximum.unwrap_or(set.maximum),
            review: ReviewRule {
                always: review.always.unwrap_or(set.review.always),
                above: review.above.unwrap_or(set.review.above),
                above_per_day: review.above_per_day.unwrap_or(set.review.above_per_day),
                new_destination: review.new_destination.unwrap_or(set.review.new_destination),
            },
            daily_cap: self.daily_cap.unwrap_or(set.daily_cap),
        }
    }
}

impl FeePatch {
    fn read(fee: &mut PatchFields) -> Self {
        fee.knows(&["fixed", "basis_points", "floor", "cap"]);
        Self {
            fixed: fee.cents("fixed"),
            basis_points: fee.number("basis_points"),
            floor: fee.cents("floor"),
            cap: fee.limit("cap"),
        }
    }
}

impl ReviewPatch {
    fn read(review: &mut PatchFields) -> Self {
        review.knows(&["always", "above", "above_per_day", "new_destination"]);
        Self {
            always: review.truth("always"),
            above: review.limit("above"),
            above_per_day: review.limit("above_per_day"),
            new_destination: review.truth("new_destination"),
        }
    }
}

/// The fields of one level, and the sentences about all levels.
struct PatchFields<'a, 'p> {
    /// Where the level is, for example `bank.fee`.
    place: String,
    sent: Option<&'a Object>,
    problems: &'p mut Vec<String>,
}

impl<'a, 'p> PatchFields<'a, 'p> {
    fn of(place: String, value: Option<&'a Json>, problems: &'p mut Vec<String>) -> Self {
        let sent = match value {
            None => None,
            Some(Json::Object(object)) => Some(object),
            Some(_) => {
                problems.push(format!("{place}: It must be an object."));
                None
            }
        };
        Self { place, sent, problems }
    }

    fn inner(&mut self, name: &str) -> PatchFields<'a, '_> {
        let value = self.sent.and_then(|sent| sent.get(name));
        PatchFields::of(format!("{}.{name}", self.place), value, self.problems)
    }

    fn knows(&mut self, known: &[&str]) {
        let names = self.sent.into_iter().flat_map(Object::names).map(Cow::Borrowed);
        let strange = known::unknown("field", names, known);
        self.problems.extend(strange.into_iter().map(|(_, sentence)| format!("{}: {sentence}", self.place)));
    }

    fn value(&self, name: &str) -> Option<&'a Json> {
        self.sent.and_then(|sent| sent.get(name))
    }

    fn wrong<T>(&mut self, name: &str, rule: &str) -> Option<T> {
        self.problems.push(format!("{}: The {name} must be {rule}.", self.place));
        None
    }

    fn truth(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Json::Bool(truth) => Some(*truth),
            _ => self.wrong(name, "true or false"),
        }
    }

    fn number(&mut self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Json::Integer(number) => Some(*number),
            _ => self.wrong(name, "a whole number"),
        }
    }

    fn cents(&mut self, name: &str) -> Option<Cents> {
        match self.value(name)? {
            Json::Integer(cents) => Some(Cents(*cents)),
            _ => self.wrong(name, "whole cents"),
        }
    }

    /// `Some(None)`: the limit is taken away.
    fn limit(&mut self, name: &str) -> Option<Option<Cents>> {
        match self.sent?.sent(name)? {
            Json::Null => Some(None),
            Json::Integer(cents) => Some(Some(Cents(*cents))),
            _ => self.wrong(name, "whole cents, or null for none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TermsPatch, Vec<String>> {
        TermsPatch::read("bank", &Json::Object(Object::parse(text.as_bytes()).unwrap()))
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let set = Terms {
            enabled: true,
            fee: FeeRule { fixed: Cents(1), basis_points: 2, floor: Cents(3), cap: Some(Cents(4)) },
            minimum: Cents(5),
            maximum: Cents(6),
            review: ReviewRule {
                always: true,
                above: Some(Cents(7)),
                above_per_day: Some(Cents(8)),
                new_destination: true,
            },
            daily_cap: Some(Cents(9)),
        };
        let onto = |text: &str| read(text).unwrap().onto(&set);
        assert_eq!(onto("{}"), set);
        assert_eq!(onto(r#"{"fee":{},"review":{},"enabled":null,"minimum":null}"#), set);
        assert_eq!(onto(r#"{"fee":{"floor":2}}"#).fee, FeeRule { floor: Cents(2), ..set.fee });
        assert_eq!(onto(r#"{"fee":{"cap":null}}"#).fee, FeeRule { cap: None, ..set.fee });
        let review = onto(r#"{"review":{"above":null}}"#).review;
        assert_eq!(review, ReviewRule { above: None, ..set.review });
        let review = onto(r#"{"review":{"always":false}}"#).review;
        assert_eq!(review, ReviewRule { always: false, ..set.review });
        assert_eq!(onto(r#"{"daily_cap":null}"#), Terms { daily_cap: None, ..set.clone() });
        // What is shown can be sent back.
        let shown = serde_json::to_string(&MethodTerms::from(&set)).unwrap();
        assert_eq!(read(&shown).unwrap().onto(&Terms::default()), set);
        let plain = Terms::default();
        let shown = serde_json::to_string(&MethodTerms::from(&plain)).unwrap();
        assert_eq!(read(&shown).unwrap().onto(&set), plain);
    }

    #[test]
    fn every_wrong_field_is_named_with_its_place() {
        let wrong = read(r#"{"enabled":1,"fee":{"capp":1,"fixed":"1"},"review":[],"daily_cap":1.5}"#);
        assert_eq!(
            wrong.unwrap_err(),
            [
                "bank: The enabled must be true or false.",
                "bank: The daily_cap must be whole cents, or null for none.",
                "bank.fee: There is no field \"capp\"; did you mean \"cap\"?",
                "bank.fee: The fixed must be whole cents.",
                "bank.review: It must be an object.",
            ]
        );
    }
}
