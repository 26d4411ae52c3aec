//! Texts of rails for people, by a code of `locales/rails.toml`. The API and the dashboard give the English text, the claim page
//! that of the person's language. Not here: why a payment ended (outcome.rs); that is a code already.

use crate::language::Language;
use std::fmt::Display;

/// A text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RailText {
    /// The text under a code, with its placeholders filled in.
    Coded(&'static str, Vec<(&'static str, String)>),
    /// The operator's own words, which have no translation.
    Own(String),
}

impl RailText {
    /// The text under this code.
    #[must_use]
    pub fn code(code: &'static str) -> Self {
        Self::Coded(code, Vec::new())
    }

    /// The same with one more placeholder filled in.
    #[must_use]
    pub fn with(self, name: &'static str, value: impl Display) -> Self {
        match self {
            Self::Coded(code, mut values) => {
                values.push((name, value.to_string()));
                Self::Coded(code, values)
            }
            own @ Self::Own(_) => own,
        }
    }

    /// The operator's words from the configuration. Where they are word for word a text of ours, they have its translations.
    #[must_use]
    pub fn configured(words: &str) -> Self {
        let mut ours =
            Language::English.keys().filter_map(|(key, text)| Some((key.strip_prefix(PREFIX)?, text)));
        let known = ours.find(|(_, text)| *text == words);
        known.map_or_else(|| Self::Own(words.to_owned()), |(code, _)| Self::code(code))
    }

    /// For programs and for the dashboard.
    #[must_use]
    pub fn english(&self) -> String {
        let english = Language::English;
        self.filled(english, |code| english.say(&format!("{PREFIX}{code}")))
    }

    /// For a person who reads this language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        self.filled(language, |code| language.rail_text(code))
    }

    fn filled(&self, language: Language, text: impl FnOnce(&str) -> &'static str) -> String {
        match self {
            Self::Coded(code, values) => {
                let values: Vec<(&str, &str)> =
                    values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                language.fill_in(text(code), &values)
            }
            Self::Own(words) => words.clone(),
        }
    }

    /// When money arrives, in a sentence: of a text that says how long it takes.
    #[must_use]
    pub fn arrival(&self, language: Language) -> String {
        let known = match self {
            Self::Coded(code, _) => language.find(&format!("{PREFIX}arrives_{code}")),
            Self::Own(_) => None,
        };
        let other = || Self::code("arrives_other").with("time", self.in_language(language));
        known.map_or_else(|| other().in_language(language), str::to_owned)
    }
}

const PREFIX: &str = "rail.";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_coded_text_is_translated() {
        let text = RailText::code("field_long").with("name", "iban").with("most", 200);
        assert_eq!(text.english(), "The iban may not be greater than 200 characters.");
        assert_eq!(text.in_language(Language::German), "Höchstens 200 Zeichen.");
        assert_eq!(
            text.in_language(Language::English),
            "At most 200 characters.",
            "for people, not programs"
        );
    }

    #[test]
    fn arrival_is_a_sentence() {
        let arrival = |text: RailText, language| text.arrival(language);
        assert_eq!(arrival(RailText::code("few_minutes"), Language::English), "Arrives in minutes");
        assert_eq!(arrival(RailText::configured("at once"), Language::German), "Sofort verfügbar");
        assert_eq!(arrival(RailText::configured("two days"), Language::English), "Arrives: two days");
    }

    #[test]
    fn words_of_the_operator_are_translated_where_they_are_ours() {
        assert_eq!(RailText::configured("Bank transfer").in_language(Language::German), "Banküberweisung");
        assert_eq!(RailText::configured("Cash").in_language(Language::German), "Cash");
    }

    /// A code without a text would be shown as a question mark.
    #[test]
    fn every_code_in_the_source_has_a_text() {
        let known: Vec<&str> =
            Language::English.keys().filter_map(|(key, _)| key.strip_prefix(PREFIX)).collect();
        let mut used = 0;
        for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let source = std::fs::read_to_string(&file).unwrap();
            for part in source.split(concat!("RailText::code", "(\"")).skip(1) {
                let code = part.split('"').next().unwrap();
                assert!(known.contains(&code), "{}: {code}", file.display());
                used += 1;
            }
        }
        assert!(used > 20, "{used}");
    }

    fn rust_files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(rust_files(&path));
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
        files
    }
}
