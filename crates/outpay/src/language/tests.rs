//! The files of languages compared with each other and with what the source asks for.

use super::Language;
use std::collections::BTreeSet;
use std::path::Path;

fn placeholders(text: &str) -> BTreeSet<String> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned())).collect()
}

const FORMS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// The key of a plural's text without its form. `change_one` alone would be no plural: the language has `change_other` too.
fn plural(language: Language, key: &str) -> Option<(&str, &str)> {
    let (base, form) = key.rsplit_once('_')?;
    let is_plural = FORMS.contains(&form) && language.find(&format!("{base}_one")).is_some();
    (is_plural && language.find(&format!("{base}_other")).is_some()).then_some((base, form))
}

#[test]
fn all_files_have_the_same_keys_and_placeholders() {
    let bases = |language: Language| -> BTreeSet<&str> {
        language.keys().map(|(key, _)| plural(language, key).map_or(key, |(base, _)| base)).collect()
    };
    for language in Language::ALL {
        let (here, english) = (bases(language), bases(Language::English));
        let missing: Vec<_> = english.difference(&here).collect();
        let surplus: Vec<_> = here.difference(&english).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{language:?} lacks {missing:?}, has {surplus:?}");
        for (key, text) in language.keys() {
            assert!(!text.trim().is_empty() || key == "format.group", "{language:?} {key}");
            if let Some((base, form)) = plural(language, key) {
                let has_count = placeholders(text) == BTreeSet::from(["count".to_owned()]);
                let may_lack = matches!(form, "zero" | "one" | "two");
                assert!(has_count || may_lack && placeholders(text).is_empty(), "{language:?} {key}");
                let forms =
                    FORMS.into_iter().filter(|form| language.find(&format!("{base}_{form}")).is_some());
                assert_eq!(forms.collect::<Vec<_>>(), language.forms(), "{language:?} {base}");
                continue;
            }
            // A rail's translation may leave out what its English sentence names: a form shows it beside the field.
            let (here, english) = (placeholders(text), placeholders(Language::English.say(key)));
            let fits = if key.starts_with("rail.") { here.is_subset(&english) } else { here == english };
            assert!(fits, "{language:?} {key}");
        }
    }
}

/// A text that was copied and never translated. Names and abbreviations are the same in every language.
#[test]
fn no_sentence_is_left_in_english() {
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        for (key, text) in language.keys() {
            let is_sentence = text.split(' ').count() > 3;
            assert!(!is_sentence || text != Language::English.say(key), "{language:?} {key}: {text}");
        }
    }
}

/// Keys that the source builds from a code.
const BUILT: [&str; 12] = [
    "closed.",
    "field.",
    "format.",
    "language.",
    "mail.",
    "month.",
    "rail.",
    "reason.",
    "refusal.",
    "state.",
    "step.",
    "wait.",
];

#[test]
fn every_text_is_asked_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut source = String::new();
    for folder in ["src/claim", "src/mail", "src/rails", "src/rails/crypto", "templates/claim"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                source += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let english = Language::English;
    for (key, _) in english.keys() {
        let asked = plural(english, key).map_or(key, |(base, _)| base);
        let is_built = BUILT.iter().any(|table| key.starts_with(table));
        assert!(is_built || source.contains(&format!("\"{asked}\"")), "{key} is not used");
    }
}

#[test]
fn days_are_written_in_words() {
    let at: jiff::Timestamp = "2026-03-05T16:04:59Z".parse().unwrap();
    let at = at.as_microsecond();
    assert_eq!(Language::English.moment(at), "March 5, 2026, 16:04 UTC");
    assert_eq!(Language::German.day(at), "5. März 2026");
    assert_eq!(Language::Spanish.day(at), "5 de marzo de 2026");
    assert_eq!(Language::Polish.day(at), "5 marca 2026");
}

/// Both ways to say when a day ends: its last microsecond, and midnight after it.
#[test]
fn a_calendar_day_is_the_day_that_was_written() {
    let midnight: jiff::Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    let end = midnight.as_microsecond();
    for end in [end - 1, end] {
        assert_eq!(Language::English.last_day(end), "December 31, 2027");
    }
}

#[test]
fn a_value_is_isolated_where_text_runs_from_right_to_left() {
    let text = Language::Arabic.with("home.for_whom", "email", "user@example.com");
    assert_eq!(text, "إلى \u{2068}user@example.com\u{2069}");
    assert_eq!(Language::German.with("home.for_whom", "email", "a@b.c"), "Für a@b.c");
}

#[test]
fn a_tag_may_have_a_region() {
    for (tag, language) in [("pt-BR", "pt"), ("AR_EG", "ar"), ("tr", "tr")] {
        assert_eq!(Language::from_tag(tag).map(Language::tag), Some(language));
    }
    assert_eq!(Language::from_tag("xx"), None);
}
