//! Words that stay in the books: a deposit's reference, the reason for a decision, the proof of a payment. One rule for every
//! door where a person writes them.

/// Counted in characters; long enough for a line of a bank statement.
const LONGEST: usize = 255;

/// The text, where it is one that can be kept.
///
/// # Errors
/// What to write instead.
pub fn reference(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    let fits = (1..=LONGEST).contains(&length) && !text.chars().any(char::is_control);
    // Two references that look the same must be the same, so that no deposit is recorded twice.
    let fits = fits && text.trim() == text;
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("give 1 to {LONGEST} printable characters with no space at either end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_printable() {
        assert!(reference("Wire 2024-05-01 / 17").is_ok());
        for wrong in ["", " a", "a ", "a\0", "a\nb", &"x".repeat(256)] {
            assert!(reference(wrong).is_err(), "{wrong:?}");
        }
    }
}
