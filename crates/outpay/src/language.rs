//! The languages of the claim page: one file per language under `locales/`, all with the same keys, and one file with the texts
//! of rails in every language. Here too: money, days and moments in each. Not here: which language a request asks for
//! (`web/chosen_language.rs`), and the dashboard, which is in English.

use crate::format::grouped;
use ledger::Micros;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en`
    English,
    /// `de`
    German,
    /// `es`
    Spanish,
}

/// The texts by key, `table.name`, in the order of [`Language::ALL`].
static TEXTS: LazyLock<[BTreeMap<String, String>; 3]> = LazyLock::new(|| {
    let files = [
        include_str!("../locales/en.toml"),
        include_str!("../locales/de.toml"),
        include_str!("../locales/es.toml"),
    ];
    let mut texts = files.map(read);
    for (language, texts) in Language::ALL.into_iter().zip(&mut texts) {
        texts.extend(read_rails(language));
    }
    texts
});

type Tables = BTreeMap<String, BTreeMap<String, String>>;

fn read(file: &str) -> BTreeMap<String, String> {
    let tables: Tables = toml::from_str(file).expect("a test reads the files of languages");
    let texts = |(table, texts): (String, BTreeMap<String, String>)| {
        texts.into_iter().map(move |(name, text)| (format!("{table}.{name}"), text))
    };
    tables.into_iter().flat_map(texts).collect()
}

/// What rails say, in this language. A text that a language lacks is missed by the test that compares the keys.
fn read_rails(language: Language) -> BTreeMap<String, String> {
    let tables: Tables =
        toml::from_str(include_str!("../locales/rails.toml")).expect("a test reads the file");
    let text = |(name, mut texts): (String, BTreeMap<String, String>)| {
        Some((format!("rail.{name}"), texts.remove(language.tag())?))
    };
    tables.into_iter().filter_map(text).collect()
}

impl Language {
    /// All of them, in the order in which pages offer them.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Spanish];

    /// The language with this tag, whatever region follows it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// For `<html lang>`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.say("language.name")
    }

    fn texts(self) -> &'static BTreeMap<String, String> {
        &TEXTS[self as usize]
    }

    /// The text under a key; `?` where there is none, which a test finds.
    #[must_use]
    pub fn say(self, key: &str) -> &'static str {
        self.find(key).or_else(|| Self::English.find(key)).unwrap_or("?")
    }

    /// The text under a key, where there is one.
    #[must_use]
    pub fn find(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).map(String::as_str)
    }

    /// The text under a key with one placeholder filled in.
    #[must_use]
    pub fn with(self, key: &str, name: &str, value: impl Display) -> String {
        self.say(key).replace(&format!("{{{name}}}"), &value.to_string())
    }

    /// The same with several.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.say(key).to_owned();
        values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// `$1,234.56`, `1.234,56 $`
    #[must_use]
    pub fn money(self, cents: i64) -> String {
        let sign = if cents < 0 { "−" } else { "" };
        let (whole, part) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
        let number =
            format!("{}{}{part:02}", grouped(whole, self.say("format.group")), self.say("format.decimal"));
        format!("{sign}{}", self.with("format.money", "number", number))
    }

    /// An amount for an input field: `1234.56`, `1234,56`
    #[must_use]
    pub fn plain_money(self, cents: i64) -> String {
        let cents = cents.max(0);
        format!("{}{}{:02}", cents / 100, self.say("format.decimal"), cents % 100)
    }

    /// Reads an amount as people write it in this language; in doubt it is none. Cents.
    #[must_use]
    pub fn read_money(self, text: &str) -> Option<i64> {
        let text: String = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '$').collect();
        let at = text.rfind(['.', ',']);
        let (whole, part) = match at.map(|at| (&text[..at], &text[at + 1..])) {
            Some((whole, part)) if part.len() <= 2 => (whole, part),
            // Three digits behind a sign: thousands, where the language writes them so.
            Some(_) | None => (text.as_str(), ""),
        };
        let group = self.say("format.group");
        let mut pieces = whole.split(group);
        let first = pieces.next().unwrap_or_default();
        let fits =
            |piece: &str, most: usize| piece.len() <= most && piece.bytes().all(|byte| byte.is_ascii_digit());
        let mut digits = first.to_owned();
        let mut grouped = false;
        for piece in pieces {
            if !fits(piece, 3) || piece.len() != 3 {
                return None;
            }
            grouped = true;
            digits.push_str(piece);
        }
        let first_fits = if grouped { fits(first, 3) && !first.is_empty() } else { fits(first, 12) };
        if !first_fits || digits.is_empty() && part.is_empty() || !fits(part, 2) {
            return None;
        }
        let part = if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
        number(&digits)?.checked_mul(100)?.checked_add(number(&part)?)
    }

    /// A day in words.
    #[must_use]
    pub fn day(self, at: Micros) -> String {
        let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let date = jiff::tz::TimeZone::UTC.to_datetime(time).date();
        let month = self.say(&format!("month.{:02}", date.month()));
        let (day, year) = (date.day().to_string(), date.year().to_string());
        self.fill("format.day", &[("day", &day), ("month", month), ("year", &year)])
    }

    /// A day and a time, UTC, in words.
    #[must_use]
    pub fn moment(self, at: Micros) -> String {
        let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{}, {}", self.day(at), time.strftime("%H:%M UTC"))
    }

    /// All keys of its file, for tests.
    pub fn keys(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.texts().iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(text: &str) -> BTreeSet<String> {
        let parts = text.split('{').skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned())).collect()
    }

    #[test]
    fn all_files_have_the_same_keys_and_placeholders() {
        for language in Language::ALL {
            let keys: Vec<&str> = language.keys().map(|(key, _)| key).collect();
            assert_eq!(
                keys,
                Language::English.keys().map(|(key, _)| key).collect::<Vec<_>>(),
                "{language:?}"
            );
            for (key, text) in language.keys() {
                assert!(!text.trim().is_empty() || key == "format.group", "{language:?} {key}");
                // A rail's translation may leave out what its English sentence names: a form shows it beside the field.
                let (here, english) = (placeholders(text), placeholders(Language::English.say(key)));
                let fits = if key.starts_with("rail.") { here.is_subset(&english) } else { here == english };
                assert!(fits, "{language:?} {key}");
            }
        }
    }

    #[test]
    fn money_is_written_as_each_language_writes_it() {
        assert_eq!(Language::English.money(123_456), "$1,234.56");
        assert_eq!(Language::English.money(-5), "−$0.05");
        assert_eq!(Language::German.money(123_456_789), "1.234.567,89\u{a0}$");
        assert_eq!(Language::Spanish.money(50), "0,50\u{a0}US$");
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let (en, de) = (Language::English, Language::German);
        for (text, cents) in [
            ("25", 2_500),
            ("25.5", 2_550),
            ("25.50", 2_550),
            ("25,50", 2_550),
            ("$1,234.56", 123_456),
            ("1,234", 123_400),
            (" 0.01 ", 1),
            (".5", 50),
        ] {
            assert_eq!(en.read_money(text), Some(cents), "{text}");
        }
        for text in
            ["", ".", "1.234", "1,23,456", "-5", "1e3", "12,3456", "1.2.3", "abc", "١", "9999999999999"]
        {
            assert_eq!(en.read_money(text), None, "{text}");
        }
        assert_eq!(de.read_money("1.234,56"), Some(123_456));
        assert_eq!(de.read_money("25.50"), Some(2_550), "two digits are never a group of thousands");
        assert_eq!(de.read_money("1.234"), Some(123_400));
        assert_eq!(de.read_money("1,234"), None);
        for language in Language::ALL {
            assert_eq!(language.read_money(&language.plain_money(123_405)), Some(123_405));
            assert_eq!(
                language.read_money(&language.money(123_456_789)),
                if language == Language::Spanish { None } else { Some(123_456_789) }
            );
        }
    }

    #[test]
    fn days_are_written_in_words() {
        let at: jiff::Timestamp = "2026-03-05T16:04:59Z".parse().unwrap();
        let at = at.as_microsecond();
        assert_eq!(Language::English.moment(at), "March 5, 2026, 16:04 UTC");
        assert_eq!(Language::German.day(at), "5. März 2026");
        assert_eq!(Language::Spanish.day(at), "5 de marzo de 2026");
    }
}
