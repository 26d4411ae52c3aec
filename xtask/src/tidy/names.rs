//! Names of types: one meaning each. A type's name is defined once per crate, and the words of `docs/GLOSSARY.md` only
//! in the rooms that the glossary gives them to.
//!
//! Only definitions at the top of a file count: associated types and test modules have names of their own scope.

use std::collections::BTreeMap;

use super::source::Token;
use super::{File, Tree, Violation};

const GLOSSARY: &str = "docs/GLOSSARY.md";

/// Names that both page doors define, each for itself: doors do not know each other, and the parts are the same.
const IN_SEVERAL_FILES: &[&str] = &["Frame", "HomePage", "Declined", "DeclinedPage"];

pub fn type_names_are_defined_once(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for krate in ["crates/ledger/src/", "crates/outpay/src/"] {
        let mut first: BTreeMap<String, &str> = BTreeMap::new();
        for file in tree.under(krate).filter(|file| file.is_rust()) {
            for (line, name) in types(file) {
                match first.get(&name) {
                    Some(other) if *other != file.path && !IN_SEVERAL_FILES.contains(&name.as_str()) => {
                        let advice = format!(
                            "`{name}` is also defined in {other}: give one of the two a name of its own"
                        );
                        found.push(file.violation(line, "names", advice));
                    }
                    Some(_) => {}
                    None => drop(first.insert(name, &file.path)),
                }
            }
        }
    }
    found
}

/// A row of the glossary is ``| `Name` | `room/` or `crate` | meaning |``; other tables have no name in code first.
pub fn names_of_the_glossary_stay_in_their_rooms(tree: &Tree) -> Vec<Violation> {
    let Some(glossary) = tree.file(GLOSSARY) else {
        return vec![Violation::new(GLOSSARY, 1, "glossary", "write the glossary: it is missing")];
    };
    let rooms = rows(&glossary.text);
    let mut found = Vec::new();
    for file in tree.under("crates/").filter(|file| file.is_rust() && file.path.contains("/src/")) {
        for (line, name) in types(file) {
            if let Some(allowed) = rooms.get(name.as_str())
                && !allowed.iter().any(|room| file.path.starts_with(room))
            {
                let advice = format!("`{name}` belongs to {}, says {GLOSSARY}", allowed.join(", "));
                found.push(file.violation(line, "glossary", advice));
            }
        }
    }
    found
}

fn rows(text: &str) -> BTreeMap<&str, Vec<String>> {
    let mut rooms = BTreeMap::new();
    for line in text.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(name), Some(room)) = (cells.next().and_then(quoted), cells.next()) else { continue };
        let rooms_of: Vec<String> = room.split(", ").filter_map(quoted).map(folder).collect();
        if !rooms_of.is_empty() {
            rooms.insert(name, rooms_of);
        }
    }
    rooms
}

fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`')
}

fn folder(room: &str) -> String {
    match room {
        "ledger" => "crates/ledger/src/".to_owned(),
        room => format!("crates/outpay/src/{room}"),
    }
}

/// The types that a file defines at its top level, with their lines.
fn types(file: &File) -> Vec<(usize, String)> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (at, token) in file.tokens.iter().enumerate() {
        if token.is_mark('{') || token.is_mark('(') || token.is_mark('[') {
            depth += 1;
        } else if token.is_mark('}') || token.is_mark(')') || token.is_mark(']') {
            depth = depth.saturating_sub(1);
        }
        let is_definition =
            ["struct", "enum", "trait", "union", "type"].iter().any(|word| token.is_word(word));
        if depth == 0
            && is_definition
            && let Some(name) = file.tokens.get(at + 1).and_then(Token::word)
        {
            found.push((token.line, name.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn a_name_defined_twice_is_found() {
        let text = "struct A;\nimpl B for A { type C = u8; }\nmod tests { struct D; }";
        let files = [
            ("crates/outpay/src/a.rs", text),
            ("crates/outpay/src/b.rs", text),
            ("crates/ledger/src/a.rs", "enum A {}"),
        ];
        assert_eq!(places(type_names_are_defined_once, &files), ["crates/outpay/src/b.rs:1"]);
    }

    #[test]
    fn a_word_of_the_glossary_outside_its_room_is_found() {
        let glossary = "| name | where | meaning |\n|---|---|---|\n| `Outcome` | `rails/` | what a rail did |\n\
                        | `Cents` | `ledger` | money |\n| book | | accounts |";
        let files = [
            (GLOSSARY, glossary),
            ("crates/outpay/src/rails/a.rs", "pub enum Outcome {}"),
            ("crates/outpay/src/mail/a.rs", "use x::Outcome;\nenum Outcome {}"),
            ("crates/ledger/src/money.rs", "pub struct Cents(i64);"),
            ("crates/outpay/src/cents.rs", "struct Cents;"),
        ];
        let found = places(names_of_the_glossary_stay_in_their_rooms, &files);
        assert_eq!(found, ["crates/outpay/src/mail/a.rs:2", "crates/outpay/src/cents.rs:1"]);
        assert_eq!(places(names_of_the_glossary_stay_in_their_rooms, &[]), ["docs/GLOSSARY.md:1"]);
    }
}
