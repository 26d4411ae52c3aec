//! Text by which something is known: references, names of businesses and members, brands, destinations that a person pays by
//! hand, passwords. One rule for every door. Invariant: two texts that look the same because of how their characters are
//! composed, of which white space they hold, or of characters that show nothing, are one text or are refused.
//!
//! Composition is NFC (Unicode Standard Annex 15). Code points that show nothing are refused rather than dropped, as in the
//! PRECIS classes (RFC 8264, 9.13): what is dropped in one system stays in another, and they no longer agree. Not here:
//! letters of other scripts that look alike; e-mail addresses (`ledger::Email`, by IDNA) and idempotency keys, which are ASCII.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Why a text cannot be a name of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityProblem {
    /// Nothing is left of it.
    #[error("it is empty")]
    Empty,
    /// Counted in characters of the text in its normal form.
    #[error("it is too long")]
    TooLong,
    /// A control character or the end of a line.
    #[error("it holds a control character")]
    Control,
    /// A format character, another character that shows nothing, or one that Unicode does not know.
    #[error("it holds a character that cannot be seen; type the text instead of pasting it")]
    Invisible,
}

/// The normal form of a text: NFC, each run of white space one space, none at either end.
///
/// # Errors
/// [`IdentityProblem`].
pub fn identity(text: &str, longest: usize) -> Result<String, IdentityProblem> {
    let normal = folded(text)?;
    match normal.chars().count() {
        0 => Err(IdentityProblem::Empty),
        length if length > longest => Err(IdentityProblem::TooLong),
        _ => Ok(normal),
    }
}

/// The same where the text may be left out; empty for none.
///
/// # Errors
/// [`IdentityProblem`].
pub fn identity_or_none(text: &str, longest: usize) -> Result<String, IdentityProblem> {
    match identity(text, longest) {
        Err(IdentityProblem::Empty) => Ok(String::new()),
        other => other,
    }
}

fn folded(text: &str) -> Result<String, IdentityProblem> {
    // Controls that are white space too, a tab for example, are no spaces.
    if text.chars().any(is_control) {
        return Err(IdentityProblem::Control);
    }
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(is_invisible) {
        return Err(IdentityProblem::Invisible);
    }
    Ok(text.nfc().collect())
}

/// A password as RFC 8265 prepares it (profile OpaqueString, 4.2): spaces of other kinds become ASCII spaces, then NFC; case
/// and the number of spaces stay. What a password may hold is judged where one is chosen.
#[must_use]
pub fn opaque_string(password: &str) -> String {
    let is_space = |c: &char| c.general_category() == GeneralCategory::SpaceSeparator;
    password.chars().map(|c| if is_space(&c) { ' ' } else { c }).nfc().collect()
}

/// Does a text hold what cannot be seen, so that the person who types it again types another one?
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
