//! Until its last user has moved: see line.rs.

pub use crate::line::typed_reference as reference;
