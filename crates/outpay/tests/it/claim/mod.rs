//! The recipient's page from outside: a browser that keeps its cookies and follows forms, against a server on a free port,
//! every test on SQLite and on PostgreSQL. One file per route, named like its module in src/claim, and one for the pages
//! as they look. Not here: the API's door, scripts in a real browser.

mod authorization;
mod brand;
mod browser;
mod enter;
mod frame_policy;
mod hat;
mod home;
mod operation;
mod receipt;
mod reveal;
mod rewards;
mod summary;
mod withdraw;
