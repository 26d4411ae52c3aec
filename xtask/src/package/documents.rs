//! Commands of the documents: a document's blocks of shell with a name behind `sh`, as in ```` ```sh upgrade ````, which the
//! steps run exactly as they are there.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// All blocks of this name, in their order.
pub fn blocks(tree: &Path, document: &str, name: &str) -> Result<String> {
    let path = tree.join("docs").join(document);
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let found = named(&text, name);
    ensure!(!found.is_empty(), "docs/{document} has no block `sh {name}`");
    Ok(found)
}

/// Every name that a block has.
pub fn names(tree: &Path, document: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(tree.join("docs").join(document))?;
    let names = text.lines().filter_map(|line| line.strip_prefix("```sh")).map(|name| name.trim().to_owned());
    Ok(names.collect())
}

fn named(text: &str, name: &str) -> String {
    let opening = format!("```sh {name}");
    let mut found = String::new();
    let mut inside = false;
    for line in text.lines() {
        match (inside, line) {
            (false, line) if line == opening => inside = true,
            (true, "```") => inside = false,
            (true, line) => {
                found.push_str(line);
                found.push('\n');
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_name_are_joined() {
        let text = "a\n```sh up\none\n```\n```sh\ntwo\n```\n```sh up\nthree\n```\n";
        assert_eq!(named(text, "up"), "one\nthree\n");
        assert_eq!(named(text, "down"), "");
    }
}
