//! Payment batches from their making to the last answer, over the methods that people pay by hand: the bank in US dollars with its CSV, and
//! a wire in euros whose rail has a file format and bank answers of its own. Not here: rows (`conformance/payment_batches.rs`), the doors
//! (`http/payment_batches.rs`, `cli/batch.rs`, `dashboard/batches.rs`).

mod answers;
mod cut_off;
mod hat;
mod life;
mod two_people;
mod wire_rail;
