//! The pages for people in a real browser: Debian's chromium, driven through chromedriver. Here: what only a browser can show,
//! which is script, focus, colour, width and what axe-core says of each page. On SQLite alone; what pages say and who may see
//! them is tested without a browser (tests/dashboard, tests/http). `./test` installs browser, driver and axe-core.

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]

mod axe;
mod browser;
mod claim;
mod dashboard;
mod every_page;
mod framed;
#[path = "../webhooks/receiver.rs"]
#[allow(dead_code, reason = "the tests of webhooks need more of it")]
mod receiver;
mod whole_way;
#[path = "../http/wire.rs"]
#[allow(dead_code, reason = "the tests of the API need more of it")]
mod wire;
mod world;
