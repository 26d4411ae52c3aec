//! The recipient's page, `/p`: one route table (router.rs), one file per page with its actions, a template of the same name. A
//! person comes with the secret hash, has a session for half an hour (session.rs), sees what happened (home.rs), and takes
//! money out. Not here: rules, rails, the API's door. Invariants: the hash stands in no URL and no log; every page is for
//! the person of the session alone; every post carries the session's token; everything works without script.

mod brand;
mod choices;
mod declined;
mod enter;
mod entrance;
mod frame;
mod frame_policy;
mod home;
mod methods;
mod operation;
mod person;
mod receipt;
mod reveal;
mod router;
mod session;
mod signed_in;
#[cfg(test)]
mod snapshot;
mod summary;
mod timeline;
mod withdraw;
mod withdraw_form;
mod words;

pub use router::router;
