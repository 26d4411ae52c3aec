//! Until its last user has moved: see line.rs.

use crate::line::Line;

pub use crate::line::LineProblem as IdentityProblem;

/// [`Line::parse`].
///
/// # Errors
/// [`IdentityProblem`].
pub fn identity(text: &str, longest: usize) -> Result<String, IdentityProblem> {
    Line::parse(text, longest).map(String::from)
}
