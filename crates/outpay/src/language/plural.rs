//! Texts that depend on a count, by the cardinal rules of Unicode CLDR 48 for whole numbers. A text `found` has the keys `found_one`,
//! `found_other` and whatever other forms the language has. The form `many` of French, Italian, Portuguese and Spanish is for whole
//! millions and not used here.

use super::Language;

impl Language {
    /// The text for this count.
    #[must_use]
    pub fn plural(self, key: &str, count: usize) -> String {
        self.with(&format!("{key}_{}", self.form(count)), "count", count)
    }

    /// The forms of this language.
    #[must_use]
    pub fn forms(self) -> &'static [&'static str] {
        match self {
            Self::Arabic => &["zero", "one", "two", "few", "many", "other"],
            Self::Polish => &["one", "few", "many", "other"],
            _ => &["one", "other"],
        }
    }

    fn form(self, count: usize) -> &'static str {
        let (tens, units) = (count % 100, count % 10);
        match self {
            Self::French | Self::Portuguese if count <= 1 => "one",
            Self::Arabic => match (count, tens) {
                (0, _) => "zero",
                (1, _) => "one",
                (2, _) => "two",
                (_, 3..=10) => "few",
                (_, 11..=99) => "many",
                _ => "other",
            },
            Self::Polish => match (count, units, tens) {
                (1, ..) => "one",
                (_, 2..=4, 12..=14) => "many",
                (_, 2..=4, _) => "few",
                _ => "many",
            },
            _ if count == 1 => "one",
            _ => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_the_form_of_its_language() {
        let forms = |language: Language, counts: &[usize]| -> Vec<&str> {
            counts.iter().map(|count| language.form(*count)).collect()
        };
        for language in [Language::English, Language::German, Language::Spanish, Language::Turkish] {
            assert_eq!(forms(language, &[0, 1, 2]), ["other", "one", "other"]);
        }
        assert_eq!(forms(Language::French, &[0, 1, 2]), ["one", "one", "other"]);
        let counts = [1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 100, 112, 122];
        let polish = [
            "one", "few", "few", "many", "many", "many", "many", "many", "few", "many", "many", "many", "few",
        ];
        assert_eq!(forms(Language::Polish, &counts), polish);
        let counts = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111];
        let arabic = ["zero", "one", "two", "few", "few", "many", "many", "other", "other", "few", "many"];
        assert_eq!(forms(Language::Arabic, &counts), arabic);
    }

    #[test]
    fn a_count_stands_in_its_text() {
        assert_eq!(Language::English.plural("withdraw.found", 1), "1 result");
        assert_eq!(Language::Polish.plural("withdraw.found", 23), "23 wyniki");
        assert_eq!(Language::Arabic.plural("withdraw.found", 2), "نتيجتان");
    }
}
