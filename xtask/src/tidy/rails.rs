//! Code outside `rails/` does not ask which rail it has before it: it asks the facts of the kind, so that a new rail changes
//! no other room. The house's one list of kinds is in the ledger; its rows stand there.

use super::source::paths;
use super::{Tree, Violation};

/// Where variants of `Provider` may be named. The ledger's file defines them, with the row of each.
const NAMED_IN: &[&str] = &["crates/ledger/src/provider.rs", "crates/outpay/src/rails/"];

/// Constants of the type, which name no kind.
const NOT_KINDS: &[&str] = &["ALL", "Err", "Error"];

/// Only the code of the two crates: tests and tools make up withdrawals of a certain rail.
pub fn kinds_are_named_only_in_rails(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.under("crates/").filter(|file| file.path.contains("/src/")) {
        if NAMED_IN.iter().any(|allowed| file.path.starts_with(allowed)) {
            continue;
        }
        let tested = file
            .tokens
            .windows(3)
            .position(|three| three[0].is_word("cfg") && three[1].is_mark('(') && three[2].is_word("test"));
        let code = &file.tokens[..tested.unwrap_or(file.tokens.len())];
        for (line, path) in paths(code) {
            if let Some(kind) = named_kind(&path) {
                let advice = format!(
                    "`Provider::{kind}` asks which rail it is: ask the facts of `rails::kind(provider)` or of `Provider`"
                );
                found.push(file.violation(line, "rails-know-themselves", advice));
            }
        }
    }
    found
}

fn named_kind(path: &str) -> Option<&str> {
    let mut segments = path.split("::").skip_while(|segment| *segment != "Provider").skip(1);
    let kind = segments.next()?;
    (kind.starts_with(char::is_uppercase) && !NOT_KINDS.contains(&kind)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn a_kind_is_named_in_rails_and_in_tests_alone() {
        let text = "use ledger::Provider;\nfn a() -> bool {\n ledger::Provider::Crypto == p\n}\n\
                    fn b() { Provider::ALL; Provider::from_word(w); Provider::word(p); }\n\
                    use ledger::Provider::{Manual, Sandbox};\n\
                    #[cfg(test)]\nmod tests { fn c() { Provider::GiftCard; } }";
        let files = [
            ("crates/ledger/src/provider.rs", text),
            ("crates/outpay/src/rails/a.rs", text),
            ("crates/outpay/src/claim/a.rs", text),
            ("crates/outpay/tests/it/a.rs", text),
            ("xtask/src/a.rs", text),
        ];
        let found = places(kinds_are_named_only_in_rails, &files);
        assert_eq!(found, [3, 6, 6].map(|line| format!("crates/outpay/src/claim/a.rs:{line}")));
    }
}
