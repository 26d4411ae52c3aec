//! What the claim page and the dashboard share: responses with strict headers, cookies, forms, protection against forged posts,
//! assets, formats. Not here: pages, sessions, permissions.

pub mod assets;
pub mod chosen_language;
pub mod client;
pub mod cookie;
pub mod csrf;
pub mod fixed_text;
pub mod form;
pub mod page;
#[cfg(test)]
pub(crate) mod snapshot;
pub mod ui;

pub use form::Form;
