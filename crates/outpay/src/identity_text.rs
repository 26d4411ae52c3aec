//! Text that identifies something: references, names of businesses and members, brands, destinations of payments by
//! hand, passwords. One rule for every door. Invariant: two texts that look the same, differing only in character
//! composition, white space or invisible characters, are equal after normalisation, or refused.
//!
//! Composition is NFC (Unicode Standard Annex 15). Invisible code points are refused rather than dropped, as in the
//! PRECIS classes (RFC 8264, 9.13): if one system drops them and another keeps them, they disagree about equality.
//! Not here: letters of other scripts that look alike; e-mail addresses (`ledger::Email`, by IDNA) and idempotency
//! keys, which are ASCII.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Why a text cannot identify anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    #[error("it is empty")]
    Empty,
    /// In characters of the normal form.
    #[error("it is too long")]
    TooLong,
    /// A control character or a line break.
    #[error("it contains a control character")]
    Control,
    /// A format character, another invisible character, or one that Unicode has not assigned.
    #[error("it contains an invisible character; type the text instead of pasting it")]
    Invisible,
}

/// The normal form of a text: NFC, each run of white space as one space, none at either end.
pub fn identity(text: &str, longest: usize) -> Result<String, IdentityProblem> {
    let normal = folded(text)?;
    match normal.chars().count() {
        0 => Err(IdentityProblem::Empty),
        length if length > longest => Err(IdentityProblem::TooLong),
        _ => Ok(normal),
    }
}

/// The same for an optional text; empty if there is none.
pub fn identity_or_none(text: &str, longest: usize) -> Result<String, IdentityProblem> {
    match identity(text, longest) {
        Err(IdentityProblem::Empty) => Ok(String::new()),
        other => other,
    }
}

fn folded(text: &str) -> Result<String, IdentityProblem> {
    // Refuse controls that count as white space, such as tabs, before white space is folded.
    if text.chars().any(is_control) {
        return Err(IdentityProblem::Control);
    }
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(is_invisible) {
        return Err(IdentityProblem::Invisible);
    }
    Ok(text.nfc().collect())
}

/// Prepares a password by RFC 8265 (profile OpaqueString, 4.2): other kinds of space become ASCII spaces, then NFC;
/// case and the number of spaces are kept. Which passwords are allowed is decided where one is chosen.
#[must_use]
pub fn opaque_string(password: &str) -> String {
    let is_space = |c: &char| c.general_category() == GeneralCategory::SpaceSeparator;
    password.chars().map(|c| if is_space(&c) { ' ' } else { c }).nfc().collect()
}

/// Does the text contain invisible characters, which a person who retypes it would miss?
#[must_use]
pub fn holds_unseen(text: &str) -> bool {
    text.chars().any(|c| is_control(c) || is_invisible(c))
}

fn is_control(c: char) -> bool {
    let category = c.general_category();
    matches!(
        category,
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    )
}

fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    // Default_Ignorable_Code_Point outside the category Cf, and the blank Braille cell.
    let shows_nothing = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}');
    let unknown = [GeneralCategory::Format, GeneralCategory::Unassigned, GeneralCategory::PrivateUse];
    shows_nothing || unknown.contains(&c.general_category())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_the_same_are_one_text() {
        let composed = "Überweisung 17";
        for spelling in [
            composed,
            "U\u{308}berweisung 17",
            "Überweisung\u{a0}17",
            "Überweisung\u{202f}17",
            "Überweisung\u{3000} 17",
            "\u{2003}Überweisung  17 ",
        ] {
            assert_eq!(identity(spelling, 14), Ok(composed.to_owned()), "{spelling:?}");
        }
        assert_eq!(identity("\u{212b}", 9), Ok("\u{c5}".to_owned()), "a sign that is a letter");
    }

    #[test]
    fn what_shows_nothing_is_refused() {
        for unseen in [
            '\u{ad}',
            '\u{34f}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            '\u{e000}',
            '\u{378}',
        ] {
            for text in [format!("a{unseen}"), format!("{unseen}a"), unseen.to_string()] {
                assert_eq!(identity(&text, 9), Err(IdentityProblem::Invisible), "{text:?}");
                assert!(holds_unseen(&text), "{text:?}");
            }
        }
        for control in ["a\0", "a\nb", "a\tb", "a\u{85}", "a\u{2028}b", "\u{2029}", "a\u{9f}"] {
            assert_eq!(identity(control, 9), Err(IdentityProblem::Control), "{control:?}");
        }
        assert!(!holds_unseen("žluťoučký kůň 東京 ✓"));
    }

    #[test]
    fn length_is_that_of_the_normal_form() {
        assert_eq!(identity(&"u\u{308}".repeat(9), 9), Ok("ü".repeat(9)));
        assert_eq!(identity(&"ü".repeat(10), 9), Err(IdentityProblem::TooLong));
        for empty in ["", " ", "\u{a0}\u{3000}"] {
            assert_eq!(identity(empty, 9), Err(IdentityProblem::Empty), "{empty:?}");
            assert_eq!(identity_or_none(empty, 9), Ok(String::new()), "{empty:?}");
        }
    }

    #[test]
    fn passwords_keep_their_case_and_their_spaces() {
        assert_eq!(opaque_string("Zwo\u{308}lf\u{a0} Ko\u{308}che "), "Zwölf  Köche ");
    }
}
