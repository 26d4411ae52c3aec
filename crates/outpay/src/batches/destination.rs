//! A destination in a file of payments by hand: a column for each of its fields, `destination[account]`. A file with the whole
//! destination as JSON in one column `destination`, as exports had it before, is read too. Invariant: a line counts only if every
//! field of the stored destination is in it as it is stored.

use crate::sheet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const WHOLE: &str = "destination";

/// The fields that an export has columns for. Without any, one column has the whole destination, so that the file can be read back.
pub(super) struct DestinationColumns(Vec<String>);

impl DestinationColumns {
    /// The configured fields in their order, then those that only stored destinations have.
    pub(super) fn of<'a>(configured: Vec<String>, stored: impl Iterator<Item = &'a str>) -> Self {
        let mut others: BTreeSet<String> = stored.flat_map(fields).map(|(name, _)| name).collect();
        others.retain(|name| !configured.contains(name));
        Self(configured.into_iter().chain(others).collect())
    }

    pub(super) fn names(&self) -> Vec<String> {
        if self.0.is_empty() {
            return vec![WHOLE.to_owned()];
        }
        self.0.iter().map(|name| format!("{WHOLE}[{name}]")).collect()
    }

    pub(super) fn cells(&self, stored: &str) -> Vec<String> {
        if self.0.is_empty() {
            return vec![stored.to_owned()];
        }
        let stored = fields(stored);
        let cell = |name: &String| {
            stored.get(name).map(text_of).map(|text| sheet::as_text(&text)).unwrap_or_default()
        };
        self.0.iter().map(cell).collect()
    }
}

/// Where a file that is read has the destination.
#[derive(Clone)]
pub enum SentDestination {
    Whole(usize),
    Fields(Vec<(String, usize)>),
}

impl SentDestination {
    /// `None`: the first line names neither form.
    #[must_use]
    pub fn named(header: &csv::StringRecord) -> Option<Self> {
        if let Some(at) = header.iter().position(|column| column == WHOLE) {
            return Some(Self::Whole(at));
        }
        let field =
            |column: &str| Some(column.strip_prefix(WHOLE)?.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        let found: Vec<(String, usize)> =
            header.iter().enumerate().filter_map(|(at, column)| Some((field(column)?, at))).collect();
        if found.is_empty() { None } else { Some(Self::Fields(found)) }
    }

    /// Is the destination of this line the stored one?
    #[must_use]
    pub fn is(&self, record: &csv::StringRecord, stored: &str) -> bool {
        let cell = |at: usize| record.get(at).unwrap_or_default();
        match self {
            Self::Whole(at) => is_same_value(cell(*at), stored),
            Self::Fields(columns) => {
                let stored = fields(stored);
                let has_column = |name: &String| columns.iter().any(|(column, _)| column == name);
                let fits = |(name, at): &(String, usize)| {
                    let text = stored.get(name).map(text_of).unwrap_or_default();
                    sheet::is_written(cell(*at), &text)
                };
                stored.keys().all(has_column) && columns.iter().all(fits)
            }
        }
    }
}

fn fields(stored: &str) -> Map<String, Value> {
    serde_json::from_str(stored).unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The same JSON value, however it is spaced.
fn is_same_value(sent: &str, stored: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    sent == stored || value(sent).is_some_and(|sent| Some(sent) == value(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"account":"0012345","name":"Ann"}"#;

    fn record(cells: &[&str]) -> csv::StringRecord {
        cells.iter().collect()
    }

    #[test]
    fn a_field_has_a_column_and_keeps_its_zeros() {
        let configured = vec!["name".to_owned(), "account".to_owned()];
        let columns = DestinationColumns::of(configured, [STORED, r#"{"bic":"X"}"#].into_iter());
        assert_eq!(columns.names(), ["destination[name]", "destination[account]", "destination[bic]"]);
        assert_eq!(columns.cells(STORED), ["Ann", "'0012345", ""]);
    }

    #[test]
    fn a_destination_without_fields_can_be_read_back() {
        let columns = DestinationColumns::of(Vec::new(), ["{}"].into_iter());
        assert_eq!(
            (columns.names(), columns.cells("{}")),
            (vec!["destination".to_owned()], vec!["{}".to_owned()])
        );
        let sent = SentDestination::named(&record(&["destination"])).unwrap();
        assert!(sent.is(&record(&["{}"]), "{}"));
    }

    #[test]
    fn a_line_counts_only_with_every_field_as_it_is_stored() {
        let sent =
            SentDestination::named(&record(&["id", "destination[name]", "destination[account]"])).unwrap();
        assert!(sent.is(&record(&["x", "Ann", "'0012345"]), STORED));
        assert!(sent.is(&record(&["x", "Ann", "0012345"]), STORED), "without the mark of a text");
        for wrong in [["x", "Ann", "12345"], ["x", "Bob", "0012345"], ["x", "Ann", ""]] {
            assert!(!sent.is(&record(&wrong), STORED), "{wrong:?}");
        }
        let less = SentDestination::named(&record(&["id", "destination[name]"])).unwrap();
        assert!(!less.is(&record(&["x", "Ann"]), STORED), "the account is not in the file");
        let more = SentDestination::named(&record(&[
            "destination[name]",
            "destination[account]",
            "destination[bic]",
        ]))
        .unwrap();
        assert!(more.is(&record(&["Ann", "0012345", ""]), STORED));
        assert!(!more.is(&record(&["Ann", "0012345", "X"]), STORED));
        assert!(SentDestination::named(&record(&["id", "destinations"])).is_none());
    }

    #[test]
    fn a_whole_destination_is_its_value_and_not_its_spaces() {
        let sent = SentDestination::named(&record(&["destination"])).unwrap();
        assert!(sent.is(&record(&[r#"{ "name": "Ann", "account": "0012345" }"#]), STORED));
        assert!(!sent.is(&record(&[r#"{"account":"DE88","name":"Ann"}"#]), STORED));
        assert!(!sent.is(&record(&[""]), STORED));
    }
}
