//! The mechanism of background tasks: the supervisor (supervisor.rs), how a task waits for work and for its end (waiting.rs),
//! the numbers under which workers hold leases (presence.rs), and catching up with a journal (journal.rs). Not here: what each
//! task does (rails/, webhooks/, mail/, imports/, due.rs, …), all of which use this room, and which tasks a server has
//! (serving.rs).
//!
//! Invariant: a task learns of work from rows alone. A nudge makes it sooner and may be lost.

pub mod journal;
pub mod presence;
mod status;
mod supervisor;
mod waiting;

pub use status::BackgroundStatus;
pub use supervisor::{Supervised, Supervisor, Task};
pub use waiting::{Nudge, asked_to_stop, finish_within, look_again};
