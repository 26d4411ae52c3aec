//! Metadata: what a business notes for itself about a payout or a withdrawal, as names and texts. It changes nothing about the
//! money, and a recipient never sees it. Not here: where it is stored; it stands in no journal entry, so no chain covers it.

use std::collections::BTreeMap;

/// Names and texts, in the order of the names; usually none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

/// Why a name or a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataProblem {
    /// More than [`Metadata::MOST_KEYS`] names.
    TooManyKeys,
    /// A name that is empty, longer than [`Metadata::LONGEST_KEY`] characters, or holds a bracket or a control character.
    Key,
    /// A text that is longer than [`Metadata::LONGEST_VALUE`] characters or holds a control character.
    Value,
}

impl Metadata {
    pub const MOST_KEYS: usize = 50;
    /// Characters.
    pub const LONGEST_KEY: usize = 40;
    /// Characters.
    pub const LONGEST_VALUE: usize = 500;

    /// Reads pairs with distinct names.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, MetadataProblem> {
        let mut found = BTreeMap::new();
        for (key, value) in pairs {
            if !Self::is_key(&key) {
                return Err(MetadataProblem::Key);
            }
            if value.chars().count() > Self::LONGEST_VALUE || value.chars().any(char::is_control) {
                return Err(MetadataProblem::Value);
            }
            found.insert(key, value);
            if found.len() > Self::MOST_KEYS {
                return Err(MetadataProblem::TooManyKeys);
            }
        }
        Ok(Self(found))
    }

    /// Can this be a name? Brackets delimit it in a query and in the header of a file; separators of lines, and characters that
    /// reorder the text around them, would make it read as another.
    #[must_use]
    pub fn is_key(text: &str) -> bool {
        let is_strange = |letter: char| {
            letter.is_control()
                || matches!(letter, '[' | ']' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        (1..=Self::LONGEST_KEY).contains(&text.chars().count()) && !text.chars().any(is_strange)
    }

    /// Takes pairs that were stored before. Only the store calls this.
    #[must_use]
    pub fn from_stored(pairs: BTreeMap<String, String>) -> Self {
        Self(pairs)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// These pairs, and those of `other` in their place where a name is in both.
    #[must_use]
    pub fn overlaid(&self, other: &Self) -> Self {
        let mut pairs = self.0.clone();
        pairs.extend(other.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Self(pairs)
    }

    /// For digests: each text with its length, so that no two contents are the same bytes.
    pub(crate) fn digested(&self) -> Vec<u8> {
        let texts = self.0.iter().flat_map(|(key, value)| [key, value]);
        let of = |text: &String| [&(text.len() as u64).to_be_bytes(), text.as_bytes()].concat();
        texts.flat_map(of).collect()
    }
}

/// New metadata of a payout, beside its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMetadata {
    /// Of the entry.
    pub sequence: i64,
    /// The user who was paid.
    pub user: i64,
    pub metadata: Metadata,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Metadata, MetadataProblem> {
        Metadata::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn names_and_texts_have_limits() {
        let [longest, longer] = [40, 41].map(|length| "ü".repeat(length));
        let [most, more] = [500, 501].map(|length| "ü".repeat(length));
        assert!(of(&[(&longest, &most), ("a", "")]).is_ok());
        for key in ["", &longer, "a[b", "a]", "a\n", "a\0"] {
            assert_eq!(of(&[(key, "x")]), Err(MetadataProblem::Key), "{key:?}");
        }
        for value in [more.as_str(), "a\nb", "\0"] {
            assert_eq!(of(&[("a", value)]), Err(MetadataProblem::Value), "{value:?}");
        }
        let many =
            |count: usize| Metadata::new((0..count).map(|number| (format!("k{number}"), String::new())));
        assert_eq!(many(50).unwrap().pairs().len(), 50);
        assert_eq!(many(51), Err(MetadataProblem::TooManyKeys));
    }

    #[test]
    fn digests_tell_contents_apart() {
        let digested = |pairs: &[(&str, &str)]| of(pairs).unwrap().digested();
        assert_eq!(digested(&[("a", "b"), ("c", "d")]), digested(&[("c", "d"), ("a", "b")]));
        assert_ne!(digested(&[("a", "bc")]), digested(&[("ab", "c")]));
        assert_ne!(digested(&[("a", "b"), ("c", "d")]), digested(&[("a", "b")]));
    }
}
