//! Mail from both ends: the teller on one, a third-party mail server on the other, the worker between them driven by
//! hand, with a manual clock. Every scenario on SQLite and on PostgreSQL. Not here: single SQL statements
//! (tests/it/conformance), the program (tests/it/cli).

mod delivery;
mod encryption;
mod members;
mod post;
mod told;
