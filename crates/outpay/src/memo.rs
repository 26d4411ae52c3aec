//! Until its last user has moved: see line.rs.

use crate::line::{Line, LineProblem};

/// Why a text is no memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoProblem {
    /// More than 255 characters.
    TooLong,
    /// A control character.
    Unprintable,
}

/// [`Line::memo`].
///
/// # Errors
/// [`MemoProblem`].
pub fn memo(text: &str) -> Result<String, MemoProblem> {
    Line::memo(text).map(String::from).map_err(|problem| match problem {
        LineProblem::TooLong => MemoProblem::TooLong,
        _ => MemoProblem::Unprintable,
    })
}
