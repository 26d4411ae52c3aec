//! Code that must not be committed: unfinished code, debug output, skipped tests.

use super::source::Token;
use super::{Tree, Violation};

const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

pub fn no_unfinished_code(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.rust() {
        for pair in file.tokens.windows(2) {
            if let Some(word) =
                pair[0].word().filter(|word| UNFINISHED.contains(word) && pair[1].is_mark('!'))
            {
                let advice = format!("remove `{word}!`: finish it or open an issue");
                found.push(file.violation(pair[0].line, "unfinished", advice));
            }
        }
    }
    found
}

pub fn no_ignored_tests(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let ignored = file.tokens.windows(3).filter(|three| is_ignore(three));
        found.extend(ignored.map(|three| {
            file.violation(
                three[0].line,
                "ignored",
                "a test that does not run proves nothing: repair or delete it",
            )
        }));
    }
    found
}

fn is_ignore(three: &[Token]) -> bool {
    three[0].is_mark('#') && three[1].is_mark('[') && three[2].is_word("ignore")
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn unfinished_code_is_found_outside_strings_and_comments() {
        let text =
            "// todo!\nfn a() { todo!() }\nfn b() { c(\"todo!\"); let todo = !d; }\nfn e() { dbg!(f); }";
        assert_eq!(places(no_unfinished_code, &[("a.rs", text)]), ["a.rs:2", "a.rs:4"]);
    }

    #[test]
    fn ignored_tests_are_found() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n#[ignore]\nfn b() { ignore(); }";
        assert_eq!(places(no_ignored_tests, &[("a.rs", text)]), ["a.rs:2", "a.rs:4"]);
    }
}
