//! Rules about files as such: their first line, their length, their names.

use super::{Tree, Violation};

const LONGEST: usize = 400;
const EMPTY_NAMES: &[&str] = &["utils", "helpers", "common", "types", "manager", "service", "base"];

pub fn rust_files_can_be_read(tree: &Tree) -> Vec<Violation> {
    let unreadable = tree.rust().filter_map(|file| Some((file, file.unreadable.as_ref()?)));
    unreadable.map(|(file, reason)| file.violation(1, "readable", format!("make it lex: {reason}"))).collect()
}

pub fn rust_files_open_with_a_header(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| {
            file.violation(1, "header", "open with `//!`: what is here, what is not, which invariant")
        })
        .collect()
}

pub fn rust_files_stay_short(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .filter(|file| !is_test(&file.path))
        .filter_map(|file| {
            let lines = file.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
            (lines >= LONGEST).then(|| {
                let advice = format!("{lines} lines without its tests: split it, {LONGEST} is the limit");
                file.violation(LONGEST, "length", advice)
            })
        })
        .collect()
}

/// A name that fits anything says nothing about the contents.
pub fn no_empty_names(tree: &Tree) -> Vec<Violation> {
    tree.files
        .iter()
        .filter_map(|file| {
            let mut parts = file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
            let name = parts.find(|part| EMPTY_NAMES.contains(part))?;
            Some(file.violation(1, "name", format!("`{name}` says nothing: name it by what is in it")))
        })
        .collect()
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn a_file_that_does_not_lex_is_found() {
        assert_eq!(
            places(rust_files_can_be_read, &[("a.rs", "fn a() {"), ("b.rs", "fn b() {}")]),
            ["a.rs:1"]
        );
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        let files = [("a.rs", "//! x"), ("b.rs", "// x"), ("c.rs", ""), ("d.md", "x")];
        assert_eq!(places(rust_files_open_with_a_header, &files), ["b.rs:1", "c.rs:1"]);
    }

    #[test]
    fn length_counts_without_tests() {
        let long = "\n".repeat(400);
        let tested = format!("{}#[cfg(test)]\n{long}", "\n".repeat(399));
        let files = [("a.rs", long.as_str()), ("b.rs", &tested), ("x/tests/c.rs", &long), ("d.md", &long)];
        assert_eq!(places(rust_files_stay_short, &files), ["a.rs:400"]);
    }

    #[test]
    fn empty_names_are_found_for_files_and_folders() {
        let files = [("a/utils.rs", ""), ("common/b.txt", ""), ("basement.rs", ""), ("c/types/d.rs", "")];
        assert_eq!(places(no_empty_names, &files), ["a/utils.rs:1", "common/b.txt:1", "c/types/d.rs:1"]);
    }
}
