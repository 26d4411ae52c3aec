//! Free text that is kept in the books: a deposit's reference, the reason for a decision, the proof of a payment. One
//! rule for every door; two that look the same are equal (identity_text.rs), so that no deposit is recorded twice.

use crate::identity_text::{IdentityProblem, identity};

/// In characters; long enough for a line of a bank statement.
const LONGEST: usize = 255;

/// The normalised text.
///
/// # Errors
/// What to write instead.
pub fn reference(text: &str) -> Result<String, String> {
    identity(text, LONGEST).map_err(|problem| match problem {
        IdentityProblem::Empty | IdentityProblem::TooLong => {
            format!("give 1 to {LONGEST} printable characters")
        }
        other => format!("give 1 to {LONGEST} printable characters: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_printable() {
        assert!(reference("Wire 2024-05-01 / 17").is_ok());
        assert_eq!(reference(" U\u{308}berweisung\u{a0}17 "), Ok("Überweisung 17".to_owned()));
        for wrong in ["", " ", "a\u{200b}", "a\0", "a\nb", &"x".repeat(256)] {
            assert!(reference(wrong).is_err(), "{wrong:?}");
        }
    }
}
