//! The languages of the claim page and of mails to recipients: one file per language under `locales/`, all with the same keys, and one
//! file with the texts of rails in every language. Here too: days and moments in each; beside it, amounts (money.rs) and plurals
//! (plural.rs). Not here: which language a request asks for (`web/chosen_language.rs`), and the dashboard, which is in English.

mod money;
mod plural;
#[cfg(test)]
mod tests;

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
    /// `fr`
    French,
    /// `it`
    Italian,
    /// `pl`
    Polish,
    /// `pt`
    Portuguese,
    /// `tr`
    Turkish,
    /// `ar`
    Arabic,
}

/// The texts by key, `table.name`, in the order of [`Language::ALL`].
static TEXTS: LazyLock<[BTreeMap<String, String>; 9]> = LazyLock::new(|| {
    let files = [
        include_str!("../../locales/en.toml"),
        include_str!("../../locales/de.toml"),
        include_str!("../../locales/es.toml"),
        include_str!("../../locales/fr.toml"),
        include_str!("../../locales/it.toml"),
        include_str!("../../locales/pl.toml"),
        include_str!("../../locales/pt.toml"),
        include_str!("../../locales/tr.toml"),
        include_str!("../../locales/ar.toml"),
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

/// What rails say in this language. A text that a language lacks is missed by the test that compares the keys.
fn read_rails(language: Language) -> BTreeMap<String, String> {
    let tables: Tables =
        toml::from_str(include_str!("../../locales/rails.toml")).expect("a test reads the file");
    let text = |(name, mut texts): (String, BTreeMap<String, String>)| {
        Some((format!("rail.{name}"), texts.remove(language.tag())?))
    };
    tables.into_iter().filter_map(text).collect()
}

/// English texts of rails where those for programs are worded otherwise: by code.
static FOR_PEOPLE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let tables: Tables =
        toml::from_str(include_str!("../../locales/rails.toml")).expect("a test reads the file");
    let text = |(name, mut texts): (String, BTreeMap<String, String>)| Some((name, texts.remove("page")?));
    tables.into_iter().filter_map(text).collect()
});

impl Language {
    /// All of them, in the order in which pages offer them.
    pub const ALL: [Self; 9] = [
        Self::English,
        Self::German,
        Self::Spanish,
        Self::French,
        Self::Italian,
        Self::Polish,
        Self::Portuguese,
        Self::Turkish,
        Self::Arabic,
    ];

    /// The language with this tag, whatever region follows it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// For `<html lang>`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Italian => "it",
            Self::Polish => "pl",
            Self::Portuguese => "pt",
            Self::Turkish => "tr",
            Self::Arabic => "ar",
        }
    }

    /// For `<html dir>`.
    #[must_use]
    pub fn direction(self) -> &'static str {
        if self == Self::Arabic { "rtl" } else { "ltr" }
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

    /// The text of a rail under this code as the claim page words it.
    #[must_use]
    pub fn rail_text(self, code: &str) -> &'static str {
        let page = FOR_PEOPLE.get(code).filter(|_| self == Self::English);
        page.map_or_else(|| self.say(&format!("rail.{code}")), String::as_str)
    }

    /// The text under a key with one placeholder filled in.
    #[must_use]
    pub fn with(self, key: &str, name: &str, value: impl Display) -> String {
        self.fill(key, &[(name, &value.to_string())])
    }

    /// The same with several.
    #[must_use]
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.fill_in(self.say(key), values)
    }

    /// A text with its placeholders filled in. In a language that runs from right to left each value is isolated (Unicode Standard
    /// Annex 9: U+2068, U+2069), or an address in it would carry the words around it along.
    #[must_use]
    pub fn fill_in(self, text: &str, values: &[(&str, &str)]) -> String {
        let (open, close) = if self.direction() == "rtl" { ("\u{2068}", "\u{2069}") } else { ("", "") };
        let fill = |text: String, (name, value): &(&str, &str)| {
            text.replace(&format!("{{{name}}}"), &format!("{open}{value}{close}"))
        };
        values.iter().fold(text.to_owned(), fill)
    }

    /// The day in UTC of a moment, in words.
    #[must_use]
    pub fn day(self, at: Micros) -> String {
        let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let date = jiff::tz::TimeZone::UTC.to_datetime(time).date();
        let month = self.say(&format!("month.{:02}", date.month()));
        let (day, year) = (date.day().to_string(), date.year().to_string());
        let text = self.say("format.day").replace("{day}", &day).replace("{month}", month);
        text.replace("{year}", &year)
    }

    /// A calendar day, given as the moment in UTC at which it ends or its last microsecond. It is a day and no moment, so it is the
    /// same for every reader: a page must not convert it to the reader's zone.
    #[must_use]
    pub fn last_day(self, end: Micros) -> String {
        self.day(end.saturating_sub(1))
    }

    /// A day and a time, UTC, in words.
    #[must_use]
    pub fn moment(self, at: Micros) -> String {
        let time = jiff::Timestamp::from_microsecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let text = self.say("format.moment").replace("{day}", &self.day(at));
        text.replace("{time}", &time.strftime("%H:%M").to_string())
    }

    /// All keys of its file, for tests.
    pub fn keys(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.texts().iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }
}
