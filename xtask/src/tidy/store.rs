//! The conformance suite runs every function of the store on both engines.

use std::collections::HashSet;

use super::source::Token;
use super::{Tree, Violation};

const STORE: &str = "crates/outpay/src/store/";
const SUITE: &str = "crates/outpay/tests/it/conformance";

/// The engines' own folders are below this level; the functions here exercise them.
pub fn every_function_is_in_the_conformance_suite(tree: &Tree) -> Vec<Violation> {
    let named: HashSet<&str> =
        tree.under(SUITE).flat_map(|file| file.tokens.iter().filter_map(Token::word)).collect();
    let mut found = Vec::new();
    for file in tree.under(STORE).filter(|file| !file.path[STORE.len()..].contains('/')) {
        for four in file.tokens.windows(4) {
            if let Some(function) = public_async_function(four).filter(|name| !named.contains(name)) {
                let advice = format!("`{function}` is not in {SUITE}/: run it there on both engines");
                found.push(file.violation(four[3].line, "conformance", advice));
            }
        }
    }
    found
}

fn public_async_function(four: &[Token]) -> Option<&str> {
    let opens = four[0].is_word("pub") && four[1].is_word("async") && four[2].is_word("fn");
    four[3].word().filter(|_| opens)
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn functions_that_the_suite_does_not_name_are_found() {
        let text = "pub async fn a() {}\npub async fn b() {}\nasync fn c() {}\npub fn d() {}";
        let files = [
            ("crates/outpay/src/store/users.rs", text),
            ("crates/outpay/src/store/sqlite/users.rs", text),
            ("crates/outpay/tests/it/conformance/users.rs", "// b\nfn t() { store.a(); }"),
        ];
        let found = places(every_function_is_in_the_conformance_suite, &files);
        assert_eq!(found, ["crates/outpay/src/store/users.rs:2"]);
    }
}
