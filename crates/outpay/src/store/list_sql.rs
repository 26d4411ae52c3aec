//! Statements of lists that are put together from the filters that were chosen: only what is asked for stands in the text, so that the
//! planner sees it, and each text is made once. Values are parameters, never text.

use super::Store;
use super::driver::Value;
use parking_lot::Mutex;
use std::collections::HashSet;

/// A statement, or a part of one, with its values. A part has `?` for each value.
#[derive(Clone, Debug, Default)]
pub(super) struct ListSql {
    text: String,
    values: Vec<Value>,
}

impl ListSql {
    pub(super) fn new(text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        let mut made = Self::default();
        made.push(text, values);
        made
    }

    pub(super) fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.text.push_str(text);
        self.values.extend(values);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.push(&other.text, other.values.iter().cloned());
    }

    /// Adds a condition after the others.
    pub(super) fn and(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.push(condition, values);
    }

    /// The same with a part that may be empty.
    pub(super) fn and_part(&mut self, part: &Self) {
        if !part.is_empty() {
            self.and(&part.text, part.values.iter().cloned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text with numbered placeholders, and the values.
    pub(super) fn finish(self) -> (&'static str, Vec<Value>) {
        let mut text = String::with_capacity(self.text.len() + 16);
        let mut at = 0;
        for character in self.text.chars() {
            if character == '?' {
                at += 1;
                text.push_str(&format!("${at}"));
            } else {
                text.push(character);
            }
        }
        (kept(text), self.values)
    }
}

/// The one copy of a text. As many are kept as there are combinations of filters, since no value stands in a text.
fn kept(text: String) -> &'static str {
    static TEXTS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut texts = TEXTS.lock();
    let texts = texts.get_or_insert_default();
    if let Some(known) = texts.get(text.as_str()) {
        return known;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    texts.insert(text);
    text
}

impl Store {
    /// `column IN (…)` for any number of numbers, which are one value.
    pub(super) fn among(&self, column: &str, numbers: &[i64]) -> ListSql {
        let list: Vec<String> = numbers.iter().map(i64::to_string).collect();
        let list = list.join(",");
        match self.engine() {
            "sqlite" => {
                let text = format!("{column} IN (SELECT value FROM json_each(?))");
                ListSql::new(&text, [Value::Text(format!("[{list}]"))])
            }
            _ => {
                let text = format!("{column} = ANY(CAST(CAST(? AS TEXT) AS BIGINT[]))");
                ListSql::new(&text, [Value::Text(format!("{{{list}}}"))])
            }
        }
    }

    /// The column has this in it, to the byte.
    pub(super) fn has(&self, column: &str, part: &str) -> ListSql {
        let function = if self.engine() == "sqlite" { "instr" } else { "strpos" };
        ListSql::new(&format!("{function}({column}, ?) > 0"), [part.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_and_a_text_is_kept_once() {
        let made = || {
            let mut sql = ListSql::new("SELECT number FROM a WHERE ", []);
            let mut conditions = ListSql::default();
            conditions.and("b = ?", [1.into()]);
            conditions.and("c < ?", ["x".into()]);
            sql.append(&conditions);
            sql.finish()
        };
        let (text, values) = made();
        assert_eq!(text, "SELECT number FROM a WHERE b = $1 AND c < $2");
        assert_eq!(values, [Value::Int(1), Value::Text("x".to_owned())]);
        assert!(std::ptr::eq(text, made().0));
    }
}
