//! Rooms use each other in one direction only. A room is a top-level module of `crates/outpay/src`, a file or a folder; an
//! arrow leads from the room that names a path to the room that the path is in. Where arrows form a circle, no room of it can
//! be read, tested or moved alone.
//!
//! Not read: code under `#[cfg(test)]`, and `lib.rs` and `main.rs`, which belong to no room.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Token, paths};
use super::{File, Tree, Violation};

const SOURCE: &str = "crates/outpay/src/";
const RULE: &str = "room-circle";

/// From a room to another, and each place that makes the arrow.
type Arrows<'a> = BTreeMap<(String, String), Vec<Use<'a>>>;

struct Use<'a> {
    file: &'a File,
    line: usize,
    path: String,
}

pub fn rooms_form_no_circle(tree: &Tree) -> Vec<Violation> {
    let arrows = arrows(tree);
    let mut found = Vec::new();
    for circle in circles(&arrows) {
        let names: Vec<&str> = circle.iter().map(String::as_str).collect();
        for (from, to) in to_cut(&circle, &arrows) {
            for place in &arrows[&(from.clone(), to.clone())] {
                let advice = format!(
                    "cut the arrow {from} -> {to} (`{}`): it closes the circle of {}. Move what both need into a room below them",
                    place.path,
                    names.join(", ")
                );
                found.push(place.file.violation(place.line, RULE, advice));
            }
        }
    }
    found
}

fn arrows(tree: &Tree) -> Arrows<'_> {
    let files: Vec<&File> = tree.under(SOURCE).filter(|file| file.is_rust()).collect();
    let rooms: BTreeSet<&str> = files.iter().filter_map(|file| room_of(&file.path)).collect();
    let for_tests = test_files(&files);
    let mut arrows = Arrows::new();
    for file in files {
        let Some(from) = room_of(&file.path).filter(|_| !for_tests.contains(&file.path)) else { continue };
        let module = module_of(&file.path);
        for (line, path) in paths(&without_tests(&file.tokens)) {
            let Some(to) = room_named(&module, &path).filter(|to| *to != from && rooms.contains(to.as_str()))
            else {
                continue;
            };
            let found = arrows.entry((from.to_owned(), to)).or_default();
            found.push(Use { file, line, path });
        }
    }
    arrows
}

/// The first part of a path below the crate's root; `None` for the root itself.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix(SOURCE)?;
    let room =
        inside.split_once('/').map_or_else(|| inside.strip_suffix(".rs"), |(folder, _)| Some(folder))?;
    Some(room).filter(|room| !["lib", "main"].contains(room))
}

/// `store/sqlite/mod.rs` is the module `store::sqlite`.
fn module_of(path: &str) -> Vec<&str> {
    let inside = path.strip_prefix(SOURCE).and_then(|inside| inside.strip_suffix(".rs")).unwrap_or_default();
    let mut module: Vec<&str> = inside.split('/').collect();
    if module.last() == Some(&"mod") {
        module.pop();
    }
    module
}

/// The room that a path which stands in `module` leads to.
fn room_named(module: &[&str], path: &str) -> Option<String> {
    let mut steps = path.split("::").peekable();
    let mut base: &[&str] = match steps.next()? {
        "crate" => &[],
        "self" => module,
        "super" => module.split_last()?.1,
        _ => return None,
    };
    while steps.next_if_eq(&"super").is_some() {
        base = base.split_last()?.1;
    }
    base.first().copied().or_else(|| steps.next()).map(str::to_owned)
}

/// The code without the items behind `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_for_tests(&tokens[at..]) {
            at += end_of_item(&tokens[at..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Does `#[cfg(test)]` stand here?
fn is_for_tests(tokens: &[Token]) -> bool {
    let wanted = source::tokens("#[cfg(test)]").unwrap_or_default();
    tokens.len() >= wanted.len()
        && tokens.iter().zip(&wanted).all(|(found, wanted)| found.kind == wanted.kind)
}

/// How many tokens an item with its attributes has: up to its `;`, or the end of its braces.
fn end_of_item(tokens: &[Token]) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        let closes_braces = token.is_mark('}');
        if ['(', '[', '{'].iter().any(|open| token.is_mark(*open)) {
            depth += 1;
        } else if [')', ']', '}'].iter().any(|close| token.is_mark(*close)) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 && (closes_braces || token.is_mark(';')) {
            return at + 1;
        }
    }
    tokens.len()
}

/// The files of modules that are declared under `#[cfg(test)]`: beside `mod.rs`, else in the folder of the file's name; where
/// a `#[path]` says otherwise, beside the file.
fn test_files(files: &[&File]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files {
        let beside = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = if file.path.ends_with("/mod.rs") { beside } else { file.path.trim_end_matches(".rs") };
        for at in 0..file.tokens.len() {
            if !is_for_tests(&file.tokens[at..]) {
                continue;
            }
            let item = &file.tokens[at..at + end_of_item(&file.tokens[at..])];
            let declared = item.windows(3).find(|three| three[0].is_word("mod") && three[2].is_mark(';'));
            let Some(name) = declared.and_then(|three| three[1].word()) else { continue };
            let path = item.windows(3).find(|three| three[0].is_word("path") && three[1].is_mark('='));
            found.insert(match path.and_then(|three| three[2].text()) {
                Some(path) => format!("{beside}/{path}"),
                None => format!("{folder}/{name}.rs"),
            });
        }
    }
    found
}

/// The rooms of each circle: sets of two or more in which every room leads to every other.
fn circles(arrows: &Arrows<'_>) -> Vec<BTreeSet<String>> {
    let mut leads: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        leads.entry(from).or_default().insert(to);
    }
    let reached = |start: &str| {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = leads.get(start).into_iter().flatten().copied().collect();
        while let Some(room) = next.pop() {
            if seen.insert(room) {
                next.extend(leads.get(room).into_iter().flatten());
            }
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<&str>> = leads.keys().map(|room| (*room, reached(room))).collect();
    let leads_back = |from: &str, to: &str| all.get(from).is_some_and(|rooms| rooms.contains(to));
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for room in leads.keys().filter(|room| leads_back(room, room)) {
        if !found.iter().any(|circle| circle.contains(*room)) {
            let circle = leads.keys().filter(|other| leads_back(room, other) && leads_back(other, room));
            found.push(circle.map(|room| (*room).to_owned()).collect());
        }
    }
    found
}

/// Few arrows without which a set of rooms has no circle (Eades, Lin and Smyth, 1993): rooms are put in a row, next always the
/// one that is used least and uses most, and arrows that lead back are cut.
fn to_cut(circle: &BTreeSet<String>, arrows: &Arrows<'_>) -> Vec<(String, String)> {
    let inside: Vec<(&(String, String), i64)> = arrows
        .iter()
        .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
        .map(|(arrow, places)| (arrow, i64::try_from(places.len()).unwrap_or(i64::MAX)))
        .collect();
    let mut left = circle.clone();
    let mut row: Vec<String> = Vec::new();
    while !left.is_empty() {
        let surplus = |room: &String| {
            let among = |other: &String| left.contains(other);
            let uses: i64 =
                inside.iter().filter(|(arrow, _)| arrow.0 == *room && among(&arrow.1)).map(|one| one.1).sum();
            let used: i64 =
                inside.iter().filter(|(arrow, _)| arrow.1 == *room && among(&arrow.0)).map(|one| one.1).sum();
            // A room that no other uses any more comes first, however little it uses itself.
            (used == 0, uses - used)
        };
        let next = left.iter().max_by_key(|room| surplus(room)).cloned();
        if let Some(next) = next {
            left.remove(&next);
            row.push(next);
        }
    }
    let place = |room: &String| row.iter().position(|other| other == room);
    let leads_back = |arrow: &(String, String)| place(&arrow.1) < place(&arrow.0);
    inside.into_iter().map(|(arrow, _)| arrow).filter(|arrow| leads_back(arrow)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let named: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("{SOURCE}{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = named.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        places(rooms_form_no_circle, &files).iter().map(|place| place.replace(SOURCE, "")).collect()
    }

    #[test]
    fn a_circle_is_cut_where_fewest_places_lead_back() {
        let door = ("door/mod.rs", "use crate::store::{A, B};\nuse crate::{clock, store::C};");
        let store = ("store/mod.rs", "use crate::clock;\n\nuse crate::door::D;");
        let clock = ("clock.rs", "use std::time;");
        assert_eq!(found(&[door, store, clock]), ["store/mod.rs:3"]);
        assert_eq!(found(&[door, ("store/mod.rs", "use crate::clock;"), clock]), [""; 0]);
    }

    #[test]
    fn a_circle_may_go_through_several_rooms() {
        let files = [
            ("a.rs", "fn a() { crate::b::x(); crate::b::y(); }"),
            ("b/mod.rs", "use super::c;\nuse super::c::z;"),
            ("c/deep/er.rs", "use super::super::super::a;"),
        ];
        assert_eq!(found(&files), ["c/deep/er.rs:1"]);
    }

    #[test]
    fn paths_inside_a_room_are_no_arrows() {
        let files = [
            ("a/mod.rs", "use self::b::X;\nuse crate::b::Y;"),
            ("a/b.rs", "use super::c::Z;\nuse crate::a::c;"),
            ("a/c.rs", ""),
            ("b.rs", "use a::X;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn tests_may_use_whatever_they_need() {
        let files = [
            ("a/mod.rs", "use crate::b;\n#[cfg(test)]\nmod a_tests;"),
            ("a/a_tests.rs", "use crate::b;"),
            (
                "b/mod.rs",
                "#[cfg(test)]\nuse crate::a;\n#[cfg(test)]\nmod b_tests;\n#[cfg(test)]\nmod tests { use crate::a; }",
            ),
            ("b/b_tests.rs", "use crate::a;"),
            ("b/c.rs", "#[cfg(test)]\n#[path = \"d.rs\"]\nmod tests_of_c;"),
            ("b/d.rs", "use crate::a;"),
            ("lib.rs", "pub use crate::a; pub use crate::b;"),
        ];
        assert_eq!(found(&files), [""; 0]);
        let after = [
            ("a/mod.rs", "use crate::b::{X, Y};"),
            ("b/mod.rs", "#[cfg(test)]\nmod tests { }\nuse crate::a;"),
        ];
        assert_eq!(found(&after), ["b/mod.rs:3"]);
    }
}
