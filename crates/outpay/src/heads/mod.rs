//! Signed heads: where each chain stood at what time, signed, in a file that is only ever appended to and, where it is
//! configured, posted to another machine. A chain alone can be computed anew by anyone who can write to the database; a
//! head that was signed before cannot. Chains are the books' journals and the audit log.
//!
//! One line and its signature (line.rs), the file (file.rs), when heads are signed (signing.rs), posting them (post.rs).
//! Not here: comparing them with the database (audit/signed.rs).

mod file;
mod line;
mod post;
mod signing;

pub use file::{HeadsFile, Line, Lines};
pub use line::{AUDIT_LOG, Head, SignedHead, line_digest};
pub use post::Post;
pub use signing::{Signing, run};

/// The file in the data folder.
pub const HEADS_FILE: &str = "heads.jsonl";
