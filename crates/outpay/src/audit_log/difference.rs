//! What an entry of the audit log changed, field by field, where it has the values before and after. Not here: the sentence (sentence.rs).

use crate::format;
use serde_json::Value;
use std::collections::BTreeMap;

/// A field with its value before and after, as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    pub field: String,
    pub from: String,
    pub to: String,
}

/// How a value is written.
#[derive(Clone, Copy)]
enum Unit {
    /// Cents.
    Money,
    /// Hundredths of a percent.
    BasisPoints,
    Plain,
}

/// Field, what people call it, how its value is written.
const FIELDS: &[(&str, &str, Unit)] = &[
    ("colour", "Colour", Unit::Plain),
    ("daily_cap", "Daily limit", Unit::Money),
    ("display_name", "Name", Unit::Plain),
    ("enabled", "Enabled", Unit::Plain),
    ("fee.basis_points", "Fee, share of the amount", Unit::BasisPoints),
    ("fee.cap", "Maximum fee", Unit::Money),
    ("fee.fixed", "Fixed fee", Unit::Money),
    ("fee.floor", "Minimum fee", Unit::Money),
    ("frame_origins", "Sites that may embed the page", Unit::Plain),
    ("host", "Address", Unit::Plain),
    ("maximum", "Maximum amount", Unit::Money),
    ("minimum", "Minimum amount", Unit::Money),
    ("review.above", "Review above", Unit::Money),
    ("review.above_per_day", "Review above, per day", Unit::Money),
    ("review.always", "Review of every withdrawal", Unit::Plain),
    ("review.new_destination", "Review of new destinations", Unit::Plain),
    ("settings.expiry_changed", "Days to claim money", Unit::Plain),
    ("settings.import_approval_changed", "Import approval above", Unit::Money),
    ("settings.logo_changed", "Logo", Unit::Plain),
    ("settings.origins_changed", "Allowed origins", Unit::Plain),
    ("settings.two_people_changed", "Two people above", Unit::Money),
    ("support", "Support", Unit::Plain),
    ("support_url", "Support link", Unit::Plain),
];

/// The fields that differ between `from` and `to` of an entry's detail, by name; none where it has not both.
#[must_use]
pub fn differences(action: &str, detail: &Value) -> Vec<FieldDifference> {
    let (Some(from), Some(to)) = (detail.get("from"), detail.get("to")) else { return Vec::new() };
    let (before, after) = (fields(action, from), fields(action, to));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let pair = |name: &String| {
        let of = |all: &BTreeMap<String, Value>| all.get(name).cloned().unwrap_or_default();
        let (from, to) = (of(&before), of(&after));
        (from != to).then(|| FieldDifference {
            field: title(name),
            from: shown(name, &from),
            to: shown(name, &to),
        })
    };
    names.into_iter().filter_map(pair).collect()
}

/// The fields of an object, as `outer.inner`; a single value goes by the name of the action.
fn fields(action: &str, value: &Value) -> BTreeMap<String, Value> {
    fn add(prefix: &str, value: &Value, to: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(all) => {
                for (name, value) in all {
                    let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    add(&name, value, to);
                }
            }
            single => {
                to.insert(prefix.to_owned(), single.clone());
            }
        }
    }
    let mut all = BTreeMap::new();
    match value {
        Value::Object(_) => add("", value, &mut all),
        single => add(action, single, &mut all),
    }
    all
}

fn title(name: &str) -> String {
    let known = FIELDS.iter().find(|known| known.0 == name);
    known.map_or_else(|| sentence_case(name), |known| known.1.to_owned())
}

fn sentence_case(name: &str) -> String {
    let words = name.rsplit('.').next().unwrap_or(name).replace('_', " ");
    let mut characters = words.chars();
    characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default() + characters.as_str()
}

/// A value as people read it.
#[must_use]
pub(super) fn shown(name: &str, value: &Value) -> String {
    let unit = FIELDS.iter().find(|known| known.0 == name).map_or(Unit::Plain, |known| known.2);
    match (value, unit) {
        (Value::Null, _) => "none".to_owned(),
        (Value::Bool(is_on), _) => if *is_on { "On" } else { "Off" }.to_owned(),
        (Value::Number(number), Unit::Money) => number.as_i64().map(format::money).unwrap_or_default(),
        (Value::Number(number), Unit::BasisPoints) => {
            let points = number.as_i64().unwrap_or_default();
            format!("{}.{:02} %", points / 100, points % 100)
        }
        (Value::String(text), _) if text.is_empty() => "empty".to_owned(),
        (Value::String(text), _) => text.clone(),
        (Value::Array(all), _) if all.is_empty() => "none".to_owned(),
        (Value::Array(all), _) => all.iter().map(|one| shown("", one)).collect::<Vec<_>>().join(", "),
        (other, _) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(action: &str, detail: &Value) -> Vec<(String, String, String)> {
        differences(action, detail).into_iter().map(|of| (of.field, of.from, of.to)).collect()
    }

    #[test]
    fn only_what_differs_is_a_row() {
        let detail = json!({
            "from": { "enabled": false, "fee": { "fixed": 0, "basis_points": 150 }, "review": { "above": null } },
            "to": { "enabled": true, "fee": { "fixed": 50, "basis_points": 150 }, "review": { "above": 10_000 } },
        });
        let text = |text: &str| text.to_owned();
        assert_eq!(
            rows("settings.method_changed", &detail),
            [
                (text("Enabled"), text("Off"), text("On")),
                (text("Fixed fee"), text("$0.00"), text("$0.50")),
                (text("Review above"), text("none"), text("$100.00")),
            ]
        );
    }

    #[test]
    fn a_single_value_goes_by_its_action() {
        let text = |text: &str| text.to_owned();
        let found = rows("settings.two_people_changed", &json!({ "from": 100, "to": null }));
        assert_eq!(found, [(text("Two people above"), text("$1.00"), text("none"))]);
        let found = rows(
            "settings.origins_changed",
            &json!({ "from": [], "to": ["https://a.example", "https://b.example"] }),
        );
        assert_eq!(
            found,
            [(text("Allowed origins"), text("none"), text("https://a.example, https://b.example"))]
        );
        assert_eq!(rows("member.invited", &json!({ "role": "viewer" })), []);
        assert_eq!(shown("fee.basis_points", &json!(275)), "2.75 %");
    }

    #[test]
    fn fields_stand_once_in_order() {
        assert!(FIELDS.is_sorted_by(|one, next| one.0 < next.0));
    }
}
