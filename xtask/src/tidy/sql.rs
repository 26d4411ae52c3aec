//! SQL statements and drivers are in `store/` only.

use super::source::{is_in, paths};
use super::{File, Tree, Violation};

const STORE: &str = "crates/outpay/src/store";
const DRIVERS: &[&str] = &["deadpool_postgres", "rusqlite", "tokio_postgres"];
const OPENINGS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "PRAGMA", "BEGIN", "COMMIT",
    "ROLLBACK",
];

pub fn statements_only_in_store(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in outside_store(tree) {
        for token in &file.tokens {
            if let Some(opening) = token.text().and_then(opening) {
                let advice = format!("a statement that begins with {opening}: move it into store/");
                found.push(file.violation(token.line, "sql", advice));
            }
        }
    }
    found
}

pub fn drivers_only_in_store(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in outside_store(tree) {
        for (line, path) in paths(&file.tokens) {
            if DRIVERS.iter().any(|driver| is_in(&path, driver)) {
                let advice = format!("`{path}` is a database driver: only store/ may know it");
                found.push(file.violation(line, "sql-driver", advice));
            }
        }
    }
    found
}

/// The product's code; tests may tamper with a database, and tools may have their own.
fn outside_store(tree: &Tree) -> impl Iterator<Item = &File> {
    let is_store =
        |path: &str| path.strip_prefix(STORE).is_some_and(|rest| rest.starts_with('/') || rest == ".rs");
    tree.under("crates/").filter(move |file| file.path.contains("/src/") && !is_store(&file.path))
}

fn opening(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    OPENINGS.iter().copied().find(|opening| {
        text.strip_prefix(opening)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ';', '\n', '\\']))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn statements_outside_the_store_are_found() {
        let text =
            "fn a() {\n b(\"SELECT 1\");\n b(\"\\\n   UPDATE c\");\n b(\"SELECTED\");\n b(\"BEGIN\");\n}";
        let files = [
            ("crates/outpay/src/http/a.rs", text),
            ("crates/outpay/src/store/a.rs", text),
            ("crates/outpay/src/store.rs", text),
            ("crates/outpay/tests/a.rs", text),
            ("xtask/src/a.rs", text),
        ];
        let found = places(statements_only_in_store, &files);
        assert_eq!(found, [2, 3, 6].map(|line| format!("crates/outpay/src/http/a.rs:{line}")));
    }

    #[test]
    fn drivers_outside_the_store_are_found() {
        let files = [
            ("crates/outpay/src/storekeeper.rs", "use rusqlite::Connection;"),
            ("crates/outpay/src/store/a.rs", "use rusqlite::Connection;"),
            ("crates/outpay/src/a.rs", "fn a() { tokio_postgres::connect(); }"),
        ];
        let found = places(drivers_only_in_store, &files);
        assert_eq!(found, ["crates/outpay/src/storekeeper.rs:1", "crates/outpay/src/a.rs:1"]);
    }
}
