//! Signed heads: the newest entry of each chain at a given time, signed, in an append-only file and, if configured,
//! posted to another machine. A party that can write to the database can recompute a chain, but not a head that was
//! signed before. Chains are the books' journals and the audit log.
//!
//! One line and its signature (line.rs), the file (file.rs), when heads are signed (signing.rs), posting them
//! (post.rs). Not here: comparing them with the database (audit/signed.rs).

mod file;
mod line;
mod post;
mod signing;

pub use file::{HeadLine, HeadsFile, Lines};
pub use line::{SignedHead, line_digest};
pub use post::HeadsPost;
pub use signing::{Signing, run};

/// File name in the data folder.
pub const HEADS_FILE: &str = "heads.jsonl";
