//! Migrations: one text serves both engines. Files are numbered without a gap, stand in one folder, are listed by the store,
//! and use tokens where the engines have different words.

use super::{File, Tree, Violation};

const FOLDER: &str = "crates/outpay/migrations/";
const LIST: &str = "crates/outpay/src/store/migrations.rs";
const RULE: &str = "migrations";
/// Words of one engine, and what a text for both has instead.
const WORDS: &[(&str, &str)] = &[
    ("INTEGER", "{int}"),
    ("BIGINT", "{int}"),
    ("BLOB", "{bytes}"),
    ("BYTEA", "{bytes}"),
    ("AUTOINCREMENT", "{numbered}"),
    ("IDENTITY", "{numbered}"),
    ("STRICT", "{table}"),
    ("WITHOUT", "{clustered}"),
];

pub fn one_text_for_both_engines(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let list = tree.file(LIST).map_or("", |file| file.text.as_str());
    let mut next = 1;
    for file in tree.under(FOLDER) {
        let name = &file.path[FOLDER.len()..];
        if name.split_once('_').and_then(|(number, _)| number.parse().ok()) == Some(next)
            && name.ends_with(".sql")
        {
            next += 1;
        } else {
            let advice =
                format!("name it {next:04}_subject.sql: numbers rise by one, and all stand in {FOLDER}");
            found.push(file.violation(1, RULE, advice));
        }
        if !list.contains(&format!("include_str!(\"../../migrations/{name}\")")) {
            found.push(file.violation(1, RULE, format!("add it to MIGRATIONS in {LIST}")));
        }
        found.extend(words_of_one_engine(file));
    }
    if next == 1 {
        found.push(Violation::new(FOLDER, 1, RULE, "put the migrations here"));
    }
    found
}

fn words_of_one_engine(file: &File) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        if ["--", "{sqlite} ", "{postgres} "].iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphabetic()).collect();
        for (word, token) in WORDS.iter().filter(|(word, _)| words.contains(word)) {
            let advice = format!(
                "{word} is a word of one engine: write {token}, or begin the line with {{sqlite}} or {{postgres}}"
            );
            found.push(file.violation(at + 1, RULE, advice));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    const LISTED: (&str, &str) = (
        LIST,
        "include_str!(\"../../migrations/0001_a.sql\"), include_str!(\"../../migrations/0002_b.sql\")",
    );

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(&str, &str)> = files.iter().copied().chain([LISTED]).collect();
        let short = |place: String| place.replace(FOLDER, "");
        places(one_text_for_both_engines, &files).into_iter().map(short).collect()
    }

    #[test]
    fn numbers_have_no_gap_and_each_text_is_listed() {
        let (first, second) = (format!("{FOLDER}0001_a.sql"), format!("{FOLDER}0002_b.sql"));
        assert_eq!(found(&[(&first, ""), (&second, "")]), [""; 0]);
        assert_eq!(found(&[(&second, "")]), ["0002_b.sql:1", ":1"]);
        let third = format!("{FOLDER}0003_c.sql");
        assert_eq!(found(&[(&first, ""), (&third, "")]), ["0003_c.sql:1", "0003_c.sql:1"]);
        let inside = format!("{FOLDER}sqlite/0002_b.sql");
        assert_eq!(found(&[(&first, ""), (&inside, "")]), ["sqlite/0002_b.sql:1", "sqlite/0002_b.sql:1"]);
        assert_eq!(found(&[]), [":1"]);
    }

    #[test]
    fn words_of_one_engine_are_found() {
        let first = format!("{FOLDER}0001_a.sql");
        let text = "-- BIGINT\nCREATE TABLE a (b BIGINT, c {int});\n{postgres} CREATE INDEX c ON a (CAST(b AS BIGINT));\n) STRICT;";
        assert_eq!(found(&[(&first, text)]), ["0001_a.sql:2", "0001_a.sql:4"]);
    }
}
