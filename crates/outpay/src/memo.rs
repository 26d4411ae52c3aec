//! Memos: a business's note to the recipient about a payment. One rule for every door.

/// In characters.
const LONGEST: usize = 255;

/// Why a text is not a valid memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoProblem {
    /// More than 255 characters.
    TooLong,
    /// A memo is one line of printable characters.
    Unprintable,
}

/// Checks and trims a memo; empty means none.
pub fn memo(text: &str) -> Result<String, MemoProblem> {
    if text.chars().count() > LONGEST {
        return Err(MemoProblem::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(MemoProblem::Unprintable);
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memo_is_a_line_of_text() {
        assert_eq!(memo(" October "), Ok("October".to_owned()));
        assert_eq!(memo(""), Ok(String::new()));
        assert!(memo(&"é".repeat(LONGEST)).is_ok());
        assert_eq!(memo(&"é".repeat(LONGEST + 1)), Err(MemoProblem::TooLong));
        for text in ["a\nb", "a\0"] {
            assert_eq!(memo(text), Err(MemoProblem::Unprintable), "{text:?}");
        }
    }
}
