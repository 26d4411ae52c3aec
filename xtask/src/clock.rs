//! The only place in the tools that reads a clock. They measure the real machine; a fake clock would measure nothing.

use std::time::Instant;

#[allow(clippy::disallowed_methods, reason = "measuring tools measure real time")]
pub fn now() -> Instant {
    Instant::now()
}
