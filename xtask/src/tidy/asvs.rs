//! The table of security requirements, `docs/ASVS.md`: each number stands there once, all of levels 1 and 2 are there, the totals
//! are those of the rows, and the evidence exists: tests, files, documents and their headings. Not here: whether a test shows what
//! its row says.

use std::collections::{BTreeMap, HashSet};

use super::source::Token;
use super::{File, Tree, Violation};

const TABLE: &str = "docs/ASVS.md";
const RULE: &str = "asvs";
const STATES: [&str; 3] = ["met", "not applicable", "not met"];
/// How many requirements the standard (5.0.0) has in levels 1 and 2.
const REQUIRED: [usize; 2] = [70, 183];

pub fn requirements_have_evidence(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the table of requirements: it is missing")];
    };
    let rows: Vec<Row> = table.text.lines().enumerate().filter_map(row).collect();
    let tests = Tests::of(tree);
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for row in &rows {
        if !seen.insert(row.id) {
            found.push(table.violation(row.line, RULE, format!("{} is there twice", row.id)));
        }
        let problems = row.problems().into_iter().chain(missing(tree, &tests, row));
        found.extend(problems.map(|advice| table.violation(row.line, RULE, advice)));
    }
    found.extend(totals(table, &rows));
    found
}

/// `| 1.2.3 | 1 | what is asked | state | evidence |`
struct Row<'a> {
    line: usize,
    id: &'a str,
    level: &'a str,
    state: &'a str,
    evidence: &'a str,
}

fn row((at, text): (usize, &str)) -> Option<Row<'_>> {
    let cells: Vec<&str> = text.strip_prefix("| ")?.split(" | ").collect();
    let id = *cells.first()?;
    let numbers: Vec<Option<u32>> = id.split('.').map(|number| number.parse().ok()).collect();
    let is_id = numbers.len() == 3 && numbers.iter().all(Option::is_some);
    let cell = |at: usize| cells.get(at).copied().unwrap_or_default().trim_end_matches('|').trim();
    is_id.then(|| Row { line: at + 1, id, level: cell(1), state: cell(3), evidence: cell(4) })
}

impl Row<'_> {
    /// What is wrong with the row itself.
    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !STATES.contains(&self.state) {
            found.push(format!("the state of {} must be one of: {}", self.id, STATES.join(", ")));
        }
        if !["1", "2"].contains(&self.level) {
            found.push(format!("the level of {} must be 1 or 2", self.id));
        }
        if self.evidence.is_empty() {
            found.push(format!("{} needs evidence, or a reason", self.id));
        }
        found
    }
}

/// What the evidence names and the tree has not. A name with `::` in it is a test.
fn missing(tree: &Tree, tests: &Tests, row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    for code in row.evidence.split('`').skip(1).step_by(2) {
        if code.contains("::") && !tests.have(code) {
            found.push(format!("{} names `{code}`, which is no test", row.id));
        }
        let ending = format!("/{code}");
        let is_file = code.ends_with(".rs");
        if is_file && !tree.rust().any(|file| file.path.ends_with(&ending)) {
            found.push(format!("{} names `{code}`, which is no file", row.id));
        }
    }
    let links = row.evidence.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let dead = links.filter(|link| !leads_somewhere(tree, link));
    found.extend(dead.map(|link| format!("{} links to {link}, which is not there", row.id)));
    found
}

/// A link from `docs/`: to a file of the tree, and a heading of it.
fn leads_somewhere(tree: &Tree, link: &str) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let path = path.strip_prefix("../").map_or_else(|| format!("docs/{path}"), str::to_owned);
    tree.file(&path).is_some_and(|file| heading.is_empty() || headings(&file.text).any(|own| own == heading))
}

/// The anchors of a document's headings: lower case, dashes for spaces, no punctuation.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    lines.map(|line| {
        let kept = line.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    })
}

/// The names of all tests by the module of their file, such as `crates/outpay/http/scopes`.
struct Tests<'a>(BTreeMap<String, HashSet<&'a str>>);

impl<'a> Tests<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut all: BTreeMap<String, HashSet<&str>> = BTreeMap::new();
        for file in tree.rust() {
            all.entry(module(&file.path)).or_default().extend(tests_of(&file.tokens));
        }
        Self(all)
    }

    /// `http::scopes::name`, also with modules inside the file: `http::keys::key_create::name`.
    fn have(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.split("::").collect();
        let Some((test, modules)) = parts.split_last() else { return false };
        (1..=modules.len()).any(|length| {
            let ending = format!("/{}", modules[..length].join("/"));
            self.0.iter().any(|(module, tests)| module.ends_with(&ending) && tests.contains(test))
        })
    }
}

fn module(path: &str) -> String {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.replace("/src/", "/").replace("/tests/it/", "/").replace("/tests/", "/")
}

/// `#[test] fn name`, `#[tokio::test] async fn name`, and the scenarios of `on_both_engines! { … }`.
fn tests_of(tokens: &[Token]) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = |ahead: usize| tokens.get(at + ahead);
        if token.is_word("test") && next(1).is_some_and(|token| token.is_mark(']')) {
            let head = tokens[at..].iter().take_while(|token| !token.is_mark('{'));
            let mut after = head.skip_while(|token| !token.is_word("fn")).skip(1);
            found.extend(after.next().and_then(Token::word));
        }
        if token.is_word("on_both_engines") && next(2).is_some_and(|token| token.is_mark('{')) {
            let listed = tokens[at + 3..].iter().take_while(|token| !token.is_mark('}'));
            found.extend(listed.filter_map(Token::word));
        }
    }
    found
}

/// The totals that the rows have; each must be a line of the document.
fn totals(table: &File, rows: &[Row]) -> Vec<Violation> {
    let mut found = Vec::new();
    let levels = [("1", &["1"][..]), ("2", &["2"]), ("both", &["1", "2"])];
    for (name, levels) in levels {
        let of = |state: &str| {
            let fits = |row: &&Row| levels.contains(&row.level) && (state.is_empty() || row.state == state);
            rows.iter().filter(fits).count()
        };
        let [met, not_applicable, not_met] = STATES.map(of);
        let (all, applicable) = (of(""), met + not_met);
        let line = format!("| {name} | {all} | {not_applicable} | {applicable} | {met} | {not_met} |");
        if !table.text.lines().any(|own| own == line) {
            found.push(table.violation(1, RULE, format!("the totals need the line: {line}")));
        }
        let required: usize = levels.iter().map(|level| REQUIRED[usize::from(*level == "2")]).sum();
        if all != required {
            found.push(table.violation(1, RULE, format!("level {name}: {all} of {required} requirements")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    const TEST: (&str, &str) = (
        "crates/outpay/tests/it/http/keys.rs",
        "on_both_engines! { first, }\nasync fn first() {}\nfn helper() {}\nmod inner { on_both_engines! { second, } }",
    );
    const UNIT: (&str, &str) =
        ("crates/outpay/src/web/csrf.rs", "#[tokio::test] async fn third() {}\n#[test]\nfn fourth() {}");
    const DOCUMENT: (&str, &str) = ("docs/API.md", "# API\n## Two people, or more\n");

    /// The violations of a table of these rows, but for those about totals, which are reported at line 1.
    fn lines(rows: &[&str]) -> Vec<String> {
        let text = format!("# Table\n{}", rows.join("\n"));
        let found = places(requirements_have_evidence, &[(TABLE, &text), TEST, UNIT, DOCUMENT]);
        found.into_iter().filter(|place| *place != format!("{TABLE}:1")).collect()
    }

    #[test]
    fn evidence_that_exists_is_accepted() {
        let found = lines(&[
            "| id | level | what | state | evidence |",
            "|---|---|---|---|---|",
            "| 1.1.1 | 1 | a | met | `http::keys::first`, `http::keys::inner::second`; `auth` |",
            "| 1.1.2 | 2 | a | not met | `web::csrf::third`, `outpay::web::csrf::fourth`, `web/csrf.rs` |",
            "| 1.1.3 | 2 | a | not applicable | [API](API.md), [two](API.md#two-people-or-more) |",
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn what_is_missing_is_found() {
        let found = lines(&[
            "| 1.1.1 | 1 | a | met | `http::keys::helper` |",
            "| 1.1.2 | 1 | a | met | `http::other::first` |",
            "| 1.1.3 | 1 | a | met | `web/cookie.rs` |",
            "| 1.1.4 | 1 | a | met | [x](WEBHOOKS.md) |",
            "| 1.1.5 | 1 | a | met | [x](API.md#three-people) |",
            "| 1.1.5 | 1 | a | met | a reason |",
            "| 1.1.6 | 3 | a | met | a reason |",
            "| 1.1.7 | 1 | a | open | a reason |",
            "| 1.1.8 | 1 | a | met | |",
        ]);
        assert_eq!(found, [2, 3, 4, 5, 6, 7, 8, 9, 10].map(|line| format!("{TABLE}:{line}")));
    }

    #[test]
    fn totals_are_those_of_the_rows() {
        let row =
            |level: usize, number: usize| format!("| {level}.1.{number} | {level} | a | met | a reason |\n");
        let of_level = |level: usize| (1..=REQUIRED[level - 1]).map(move |number| row(level, number));
        let rows: String = of_level(1).chain(of_level(2)).collect();
        let totals = "| 1 | 70 | 0 | 70 | 70 | 0 |\n| 2 | 183 | 0 | 183 | 183 | 0 |\n| both | 253 | 0 | 253 | 253 | 0 |\n";
        let found = |text: &str| places(requirements_have_evidence, &[(TABLE, text)]).len();
        assert_eq!(found(&format!("{totals}{rows}")), 0);
        assert_eq!(found(&format!("{}{rows}", totals.replace("253 | 0 |\n", "252 | 1 |\n"))), 1);
        let fewer = rows.replacen(&row(1, 1), "", 1);
        assert_eq!(found(&format!("{totals}{fewer}")), 4, "two totals, two numbers of requirements");
        assert_eq!(places(requirements_have_evidence, &[]), [format!("{TABLE}:1")]);
    }
}
