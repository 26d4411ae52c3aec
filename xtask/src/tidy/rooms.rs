//! Which rooms may depend on which: the ledger on none, the doors not on each other; the network only in rails and
//! webhooks, SMTP only in mail. docs/ARCHITECTURE.md has the map.

use super::source::{is_in, paths};
use super::{File, Tree, Violation};

/// Crates and modules with access to a database, a network, a disk, a clock or randomness.
const CLOSED_TO_LEDGER: &[&str] = &[
    "axum",
    "deadpool_postgres",
    "getrandom",
    "hyper",
    "jiff",
    "outpay",
    "rand",
    "rand_chacha",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::path",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_postgres",
    "tracing",
    "uuid",
];

const DOORS: &[&str] = &["http", "dashboard", "claim", "cli"];

const HTTP_CLIENTS: &[&str] = &[
    "attohttpc",
    "awc",
    "hyper::client",
    "hyper_util::client",
    "isahc",
    "minreq",
    "reqwest",
    "surf",
    "ureq",
];

pub fn ledger_is_pure(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.under("crates/ledger/src/") {
        found.extend(named(file, CLOSED_TO_LEDGER).map(|(line, path)| {
            let advice = format!("`{path}` does not belong in the ledger: pass what it needs as a parameter");
            file.violation(line, "ledger-is-pure", advice)
        }));
    }
    found
}

pub fn doors_do_not_know_each_other(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for door in DOORS {
        for file in tree.under(&format!("crates/outpay/src/{door}/")) {
            for (line, path) in paths(&file.tokens) {
                if let Some(other) = DOORS.iter().find(|other| *other != door && leads_to(&path, other)) {
                    let advice =
                        format!("the door {door}/ must not know {other}/: move what both need inside");
                    found.push(file.violation(line, "doors", advice));
                }
            }
        }
    }
    found
}

pub fn http_clients_only_where_others_are_called(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.under("crates/") {
        let in_source = file.path.contains("/src/");
        let allowed = ["rails", "traces", "webhooks"].iter().any(|room| {
            let room = format!("crates/outpay/src/{room}");
            file.path == format!("{room}.rs") || file.path.starts_with(&format!("{room}/"))
        });
        if in_source && !allowed {
            found.extend(named(file, HTTP_CLIENTS).map(|(line, path)| {
                let advice =
                    format!("`{path}` is an HTTP client: only rails/, webhooks/ and traces.rs may call out");
                file.violation(line, "http-client", advice)
            }));
        }
    }
    found
}

pub fn smtp_only_in_mail(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.under("crates/outpay/src/") {
        if !file.path.starts_with("crates/outpay/src/mail/") {
            found.extend(named(file, &["lettre"]).map(|(line, path)| {
                let advice = format!("`{path}` speaks SMTP: only mail/ may");
                file.violation(line, "smtp", advice)
            }));
        }
    }
    found
}

/// The teller takes commands from the counter alone: a second place would unpack replies and map refusals once more.
pub fn commands_only_at_the_counter(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.under("crates/outpay/src/") {
        let allowed = ["counter", "commit"]
            .iter()
            .any(|room| file.path.starts_with(&format!("crates/outpay/src/{room}/")));
        if allowed {
            continue;
        }
        for four in file.tokens.windows(4) {
            let asks = four[0].is_word("teller") && four[1].is_mark('.') && four[2].is_word("ask");
            if asks && four[3].is_mark('(') {
                let advice = "only counter/ gives the teller commands: call a verb of `platform.counter(…)`";
                found.push(file.violation(four[0].line, "counter", advice));
            }
        }
    }
    found
}

/// The places where `file` names something in `rooms`.
fn named<'a>(file: &File, rooms: &'a [&'a str]) -> impl Iterator<Item = (usize, String)> + use<'a> {
    let is_named = |path: &str| rooms.iter().any(|room| is_in(path, room));
    paths(&file.tokens).into_iter().filter(move |(_, path)| is_named(path))
}

/// `http::StatusCode` is the crate of that name; the door is reached through `crate`, `super` or `outpay`.
fn leads_to(path: &str, door: &str) -> bool {
    let segments: Vec<&str> = path.split("::").collect();
    let steps = segments.iter().take_while(|step| matches!(**step, "crate" | "super" | "outpay")).count();
    steps > 0 && segments.get(steps) == Some(&door)
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn the_ledger_reaches_nothing_outside() {
        let text =
            "use std::{fmt, fs};\nuse sha2::Sha256;\nfn a() {\n std::time::SystemTime::now();\n}\nuse tokio;";
        let files = [("crates/ledger/src/a.rs", text), ("crates/outpay/src/a.rs", text)];
        let found = places(ledger_is_pure, &files);
        assert_eq!(found, [1, 4, 6].map(|line| format!("crates/ledger/src/a.rs:{line}")));
    }

    #[test]
    fn a_door_does_not_reach_another() {
        let text =
            "use http::StatusCode;\nuse crate::{store, cli::a};\nuse crate::http::b;\nuse super::dashboard;";
        let files = [("crates/outpay/src/http/a.rs", text), ("crates/outpay/src/lib.rs", text)];
        let found = places(doors_do_not_know_each_other, &files);
        assert_eq!(found, [2, 4].map(|line| format!("crates/outpay/src/http/a.rs:{line}")));
    }

    #[test]
    fn only_the_counter_gives_the_teller_commands() {
        let text = "fn a() {\n self.asks.ask();\n platform.teller.ask(book, request);\n}";
        let files = [
            ("crates/outpay/src/http/a.rs", text),
            ("crates/outpay/src/counter/mod.rs", text),
            ("crates/outpay/src/commit/mod.rs", text),
            ("crates/outpay/tests/it/http/a.rs", text),
        ];
        assert_eq!(places(commands_only_at_the_counter, &files), ["crates/outpay/src/http/a.rs:3"]);
    }

    #[test]
    fn only_mail_speaks_smtp() {
        let files = [
            ("crates/outpay/src/mail/a.rs", "use lettre::Address;"),
            ("crates/outpay/src/cli/mail.rs", "use lettre::Address;"),
        ];
        assert_eq!(places(smtp_only_in_mail, &files), ["crates/outpay/src/cli/mail.rs:1"]);
    }

    #[test]
    fn only_two_rooms_call_out() {
        let text = "use reqwest::Client;\nuse hyper_util::client::legacy;\nuse hyper_util::rt;";
        let files = [
            ("crates/outpay/src/rails/a.rs", text),
            ("crates/outpay/src/webhooks.rs", text),
            ("crates/outpay/src/http/a.rs", text),
            ("crates/outpay/tests/it/http/a.rs", text),
        ];
        let found = places(http_clients_only_where_others_are_called, &files);
        assert_eq!(found, [1, 2].map(|line| format!("crates/outpay/src/http/a.rs:{line}")));
    }
}
