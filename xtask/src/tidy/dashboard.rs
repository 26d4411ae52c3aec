//! Every route of the dashboard is in its route table, from which the matrix of routes and roles takes its rows. It leads
//! to a function in a page's file, and a page has a snapshot or its own test file.

use super::routes::within_parentheses;
use super::source::Token;
use super::{File, Tree, Violation};

const HOUSE: &str = "crates/outpay/src/dashboard/";
const TABLE: &str = "crates/outpay/src/dashboard/door/router.rs";
const MATRIX: &str = "crates/outpay/tests/it/dashboard/authorization.rs";
const RULE: &str = "dashboard-route";

pub fn every_route_is_in_the_matrix(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the dashboard's route table here")];
    };
    let rows = rows(table);
    let mut found: Vec<Violation> = rows.iter().flat_map(|row| missing(tree, table, row)).collect();
    if rows.is_empty() {
        found.push(table.violation(1, RULE, "no `get(\"/dashboard…\", access, page::function)` found here"));
    }
    if tree.file(MATRIX).is_none_or(|matrix| calls(matrix, "routes").is_none()) {
        found.push(Violation::new(
            MATRIX,
            1,
            RULE,
            "take the routes of the matrix from `dashboard::routes()`",
        ));
    }
    for file in tree.under(HOUSE).filter(|file| file.path != TABLE) {
        for word in ["route", "nest", "route_service", "nest_service"] {
            found.extend(calls(file, word).map(|line| {
                file.violation(line, RULE, format!("a route outside {TABLE} escapes the matrix"))
            }));
        }
    }
    found
}

/// `get("/dashboard/…", access, module::function)`
struct Row {
    line: usize,
    method: String,
    path: String,
    /// Module and function.
    handler: Option<(String, String)>,
}

fn rows(table: &File) -> Vec<Row> {
    let tokens = &table.tokens;
    let opens = |at: usize| -> Option<Row> {
        let method = tokens[at].word().filter(|word| matches!(*word, "get" | "post"))?;
        let path = tokens.get(at + 2)?.text()?;
        let arguments = within_parentheses(&tokens[at + 1..]);
        let end: Vec<&Token> = arguments.iter().rev().filter(|token| !token.is_mark(',')).take(4).collect();
        let handler = match end[..] {
            [function, colon, _, module] if colon.is_mark(':') => {
                Some((module.word()?.to_owned(), function.word()?.to_owned()))
            }
            _ => None,
        };
        Some(Row { line: tokens[at].line, method: method.to_uppercase(), path: path.to_owned(), handler })
    };
    (0..tokens.len()).filter_map(opens).collect()
}

/// The line of the first call of a function or method with this name.
fn calls(file: &File, name: &str) -> Option<usize> {
    file.tokens.windows(2).find(|two| two[0].is_word(name) && two[1].is_mark('(')).map(|two| two[0].line)
}

fn missing(tree: &Tree, table: &File, row: &Row) -> Vec<Violation> {
    let Row { line, method, path, handler } = row;
    let lacks = |what: String| table.violation(*line, RULE, format!("{method} {path} {what}"));
    let Some((module, function)) = handler else {
        return vec![lacks("leads to no `page::function`".to_owned())];
    };
    let mut found = Vec::new();
    let end = format!("/{module}.rs");
    let is_fn =
        |file: &File| file.tokens.windows(2).any(|two| two[0].is_word("fn") && two[1].is_word(function));
    if !tree.under(HOUSE).any(|file| file.path.ends_with(&end) && is_fn(file)) {
        found.push(lacks(format!("has no `fn {function}` in a file {module}.rs")));
    }
    let snapshot = format!("crates/outpay/tests/it/dashboard/snapshots/{module}.html");
    let test = format!("crates/outpay/tests/it/dashboard/{module}.rs");
    if method == "GET" && tree.file(&snapshot).is_none() && tree.file(&test).is_none() {
        found.push(lacks(format!("has neither {snapshot} nor {test}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    const A: &str = "crates/outpay/src/dashboard/money/a.rs";

    #[test]
    fn what_a_route_lacks_is_named() {
        let table = "fn r() { vec![\n get(\"/dashboard/a\", See, a::view),\n post(\"/dashboard/a\", Needs(X), a::act),\n\
                     post(\"/dashboard/c\", Needs(X), c::act),\n get(\"/dashboard/d\", See, d),\n] }";
        let matrix = "fn m() { for route in routes() {} }";
        let files = [(TABLE, table), (MATRIX, matrix), (A, "fn view() {} fn act() {}")];
        // a has no snapshot, c no file, d no function in a page's file.
        let expected = [2, 4, 5].map(|line| format!("{TABLE}:{line}"));
        assert_eq!(places(every_route_is_in_the_matrix, &files), expected);
        assert_eq!(places(every_route_is_in_the_matrix, &[]), [format!("{TABLE}:1")]);
    }

    #[test]
    fn no_route_escapes_the_matrix() {
        let table = "fn r() { vec![get(\"/dashboard/a\", See, a::view)] }";
        let snapshot = "crates/outpay/tests/it/dashboard/snapshots/a.html";
        let page = "fn view() {}\nfn more(r: Router) { r.route(\"/dashboard/b\", get(view)) }";
        let without = [(TABLE, table), (MATRIX, "fn m() {}"), (A, "fn view() {}"), (snapshot, "")];
        assert_eq!(places(every_route_is_in_the_matrix, &without), [format!("{MATRIX}:1")]);
        let beside = [(TABLE, table), (MATRIX, "fn m() { routes() }"), (A, page), (snapshot, "")];
        assert_eq!(places(every_route_is_in_the_matrix, &beside), [format!("{A}:2")]);
        let empty = [(TABLE, "fn r() {}"), (MATRIX, "fn m() { routes() }")];
        assert_eq!(places(every_route_is_in_the_matrix, &empty), [format!("{TABLE}:1")]);
    }
}
