//! The recipient's page, `/p`: one route table (router.rs), one file per page or action, a template of the same name. A
//! person comes with the secret hash, has a session for half an hour (session.rs), sees what happened (home.rs), and takes
//! money out. Not here: rules, rails, the API's door. Invariants: the hash stands in no URL and no log; every page is for
//! the person of the session alone; every post carries the session's token; everything works without script.

mod cancel;
mod colour;
mod confirm;
mod door;
mod enter;
mod enter_of;
mod frame;
mod framing;
mod home;
mod logo;
mod operation;
mod operation_state;
mod receipt;
mod receipt_json;
mod receipt_keys;
mod reveal;
mod router;
pub mod samples;
mod session;
mod session_begin;
mod sign_out;
mod stop;
mod summary;
mod timeline;
mod visit;
mod wish;
mod withdraw;
mod words;

pub use router::router;
