//! Both engines have the same migrations, by name.

use super::{Tree, Violation};

const FOLDERS: [&str; 2] = ["crates/outpay/migrations/sqlite/", "crates/outpay/migrations/postgres/"];
const RULE: &str = "migrations";

pub fn both_engines_have_the_same(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (here, there) in [(FOLDERS[0], FOLDERS[1]), (FOLDERS[1], FOLDERS[0])] {
        if tree.under(here).next().is_none() {
            found.push(Violation::new(here, 1, RULE, "put this engine's migrations here"));
        }
        for file in tree.under(here) {
            let twin = format!("{there}{}", &file.path[here.len()..]);
            if tree.file(&twin).is_none() {
                found.push(file.violation(1, RULE, format!("its twin {twin} is missing")));
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
    fn a_migration_without_a_twin_is_found() {
        let [sqlite, postgres] = FOLDERS;
        let names = [format!("{sqlite}1.sql"), format!("{postgres}1.sql"), format!("{postgres}2.sql")];
        let files = [(names[0].as_str(), ""), (names[1].as_str(), ""), (names[2].as_str(), "")];
        assert_eq!(places(both_engines_have_the_same, &files), [format!("{postgres}2.sql:1")]);
        assert_eq!(places(both_engines_have_the_same, &files[..2]), [""; 0]);
        assert_eq!(places(both_engines_have_the_same, &[]), [format!("{sqlite}:1"), format!("{postgres}:1")]);
    }
}
