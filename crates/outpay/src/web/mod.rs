//! What the web faces share: answers with strict headers, cookies, forms, the defence against forged posts, assets and
//! formats. Not here: any page of a face (claim, dashboard), who is signed in, what a business may do.

pub mod assets;
pub mod client;
pub mod cookie;
pub mod csrf;
pub mod form;
pub use crate::format;
pub mod language;
pub mod page;
#[cfg(test)]
pub(crate) mod snapshot;

pub use form::{BadForm, Form};
pub use language::Language;
