//! No file names a folder of the machine it was written on.

use super::{Tree, Violation};

/// Concatenated, so that this file does not break its own rule.
const FOLDERS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub fn none_in_the_tree(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in &tree.files {
        for (line, text) in file.text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|folder| text.contains(**folder)) {
                let advice = format!("{folder} is a folder of one machine: name it relative to the tree");
                found.push(file.violation(line + 1, "machine-path", advice));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn folders_of_a_machine_are_found() {
        let text = format!("fine\ncd {}x", FOLDERS[0]);
        assert_eq!(places(none_in_the_tree, &[("a.md", &text), ("b.md", "a/framework/b")]), ["a.md:2"]);
    }
}
