//! One line of text: names, references, memos, brands, the fields of a destination that is paid by hand. One type for every
//! door; each door words the problems itself.
//!
//! Two rules. [`Line::parse`] is for text that identifies something, as a reference or a name does: two texts that look the
//! same because of how their characters are composed, of the white space in them, or of characters that show nothing, become
//! one line or are refused. [`Line::memo`] is for text that is only shown again: it stays as it was typed.
//!
//! Composition is NFC (Unicode Standard Annex 15). Code points that show nothing are refused rather than dropped, as in the
//! PRECIS classes (RFC 8264, 9.13): a text from which one system drops them differs from the same text in a system that keeps
//! them. Not here: letters of other scripts that look alike; e-mail addresses (`ledger::Email`, by IDNA); passwords
//! (auth/password.rs); idempotency keys, which are ASCII.

use std::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The most characters of a memo or a reference; enough for a line of a bank statement.
pub const LONGEST_NOTE: usize = 255;

/// A text without line ends and control characters, not longer than the maximum it was parsed with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line(String);

/// Why a text is not such a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// Without white space nothing is left.
    #[error("it is empty")]
    Empty,
    /// Counted in characters.
    #[error("it is too long")]
    TooLong,
    /// A control character or the end of a line.
    #[error("it holds a control character")]
    Control,
    /// A format character, another character that shows nothing, or one that Unicode does not assign.
    #[error("it holds a character that cannot be seen; type the text instead of pasting it")]
    Invisible,
}

impl Line {
    /// A text that identifies something, in its normal form: NFC, each run of white space one space, none at either end.
    /// `longest` counts the characters of that form.
    pub fn parse(text: &str, longest: usize) -> Result<Self, LineProblem> {
        // Control characters that are white space too, a tab for example, are not spaces.
        if text.chars().any(is_control) {
            return Err(LineProblem::Control);
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().any(is_invisible) {
            return Err(LineProblem::Invisible);
        }
        let normal: String = text.nfc().collect();
        match normal.chars().count() {
            0 => Err(LineProblem::Empty),
            length if length > longest => Err(LineProblem::TooLong),
            _ => Ok(Self(normal)),
        }
    }

    /// The same where the text may be left out.
    ///
    /// # Errors
    /// [`LineProblem`], never [`LineProblem::Empty`].
    pub fn parse_or_empty(text: &str, longest: usize) -> Result<Self, LineProblem> {
        match Self::parse(text, longest) {
            Err(LineProblem::Empty) => Ok(Self(String::new())),
            other => other,
        }
    }

    /// A reference of a deposit, a reason for a decision, a proof of a payment: words that stay in the books. They identify,
    /// so that no deposit is recorded twice.
    pub fn reference(text: &str) -> Result<Self, LineProblem> {
        Self::parse(text, LONGEST_NOTE)
    }

    /// What money is for, in words for the person who gets it; may be empty. As typed, without white space around it. Characters
    /// that reorder the text around them are refused, because a memo could then make an amount beside it read differently
    /// (Unicode Technical Report 36, 2.5); the marks that languages written from right to left need are not among them.
    ///
    /// # Errors
    /// [`LineProblem::TooLong`], [`LineProblem::Control`] or [`LineProblem::Invisible`].
    pub fn memo(text: &str) -> Result<Self, LineProblem> {
        if text.chars().count() > LONGEST_NOTE {
            return Err(LineProblem::TooLong);
        }
        if text.chars().any(is_control) {
            return Err(LineProblem::Control);
        }
        if text.chars().any(reorders) {
            return Err(LineProblem::Invisible);
        }
        Ok(Self(text.trim().to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Line> for String {
    fn from(line: Line) -> Self {
        line.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reference that a person types, or a sentence on what to type instead.
///
/// # Errors
/// That sentence.
pub fn typed_reference(text: &str) -> Result<String, String> {
    Line::reference(text).map(String::from).map_err(|problem| match problem {
        LineProblem::Empty | LineProblem::TooLong => format!("give 1 to {LONGEST_NOTE} printable characters"),
        other => format!("give 1 to {LONGEST_NOTE} printable characters: {other}"),
    })
}

/// Whether a text holds characters that show nothing: a person who types it again types another text.
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

/// Embeddings, overrides and isolates of the bidirectional algorithm (Unicode Standard Annex 9, 2.1 to 2.5).
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

    fn line(text: &str, longest: usize) -> Result<String, LineProblem> {
        Line::parse(text, longest).map(String::from)
    }

    fn line_or_empty(text: &str, longest: usize) -> Result<String, LineProblem> {
        Line::parse_or_empty(text, longest).map(String::from)
    }

    #[test]
    fn texts_that_look_the_same_are_one_line() {
        let composed = "Überweisung 17";
        for spelling in [
            composed,
            "U\u{308}berweisung 17",
            "Überweisung\u{a0}17",
            "Überweisung\u{202f}17",
            "Überweisung\u{3000} 17",
            "\u{2003}Überweisung  17 ",
        ] {
            assert_eq!(line(spelling, 14), Ok(composed.to_owned()), "{spelling:?}");
        }
        assert_eq!(line("\u{212b}", 9), Ok("\u{c5}".to_owned()), "a sign that is a letter");
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
                assert_eq!(line(&text, 9), Err(LineProblem::Invisible), "{text:?}");
                assert!(holds_unseen(&text), "{text:?}");
            }
        }
        for control in ["a\0", "a\nb", "a\tb", "a\u{85}", "a\u{2028}b", "\u{2029}", "a\u{9f}"] {
            assert_eq!(line(control, 9), Err(LineProblem::Control), "{control:?}");
        }
        assert!(!holds_unseen("žluťoučký kůň 東京 ✓"));
    }

    #[test]
    fn length_is_that_of_the_normal_form() {
        assert_eq!(line(&"u\u{308}".repeat(9), 9), Ok("ü".repeat(9)));
        assert_eq!(line(&"ü".repeat(10), 9), Err(LineProblem::TooLong));
        for empty in ["", " ", "\u{a0}\u{3000}"] {
            assert_eq!(line(empty, 9), Err(LineProblem::Empty), "{empty:?}");
            assert_eq!(line_or_empty(empty, 9), Ok(String::new()), "{empty:?}");
        }
    }

    #[test]
    fn a_memo_is_kept_as_it_was_typed() {
        let memo = |text: &str| Line::memo(text).map(String::from);
        assert_eq!(memo(" October "), Ok("October".to_owned()));
        assert_eq!(memo("a\u{a0} b"), Ok("a\u{a0} b".to_owned()));
        assert_eq!(memo(""), Ok(String::new()));
        assert!(memo(&"é".repeat(LONGEST_NOTE)).is_ok());
        assert_eq!(memo(&"é".repeat(LONGEST_NOTE + 1)), Err(LineProblem::TooLong));
        for text in ["a\nb", "a\0", "a\u{2028}b", "a\u{2029}"] {
            assert_eq!(memo(text), Err(LineProblem::Control), "{text:?}");
        }
        for text in ["a\u{202e}00.1$", "\u{2066}a", "a\u{202a}b"] {
            assert_eq!(memo(text), Err(LineProblem::Invisible), "{text:?}");
        }
        assert_eq!(memo("\u{200f}דוח 7\u{200f}"), Ok("\u{200f}דוח 7\u{200f}".to_owned()));
    }

    #[test]
    fn references_are_printable() {
        let reference = |text: &str| Line::reference(text).map(String::from);
        assert!(reference("Wire 2024-05-01 / 17").is_ok());
        assert_eq!(reference(" U\u{308}berweisung\u{a0}17 "), Ok("Überweisung 17".to_owned()));
        for wrong in ["", " ", "a\u{200b}", "a\0", "a\nb", &"x".repeat(256)] {
            assert!(reference(wrong).is_err(), "{wrong:?}");
        }
    }
}
