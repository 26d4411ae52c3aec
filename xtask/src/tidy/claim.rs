//! Every route of the claim page leads to a function in a page's file, which has a test file of the same name; and there is a
//! row in the matrix of routes and callers for each of its methods.

use super::routes::{has_row, within_parentheses};
use super::source::Token;
use super::{File, Tree, Violation};

const TABLE: &str = "crates/outpay/src/claim/router.rs";
const MATRIX: &str = "crates/outpay/tests/it/claim/authorization.rs";
const RULE: &str = "claim-route";

pub fn every_route_is_tested(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the route table of the claim page here")];
    };
    let matrix: &[Token] = tree.file(MATRIX).map_or(&[], |file| &file.tokens);
    let mut found = Vec::new();
    for (at, token) in table.tokens.iter().enumerate().filter(|(_, token)| token.is_word("route")) {
        let arguments = within_parentheses(&table.tokens[at + 1..]);
        let path = arguments.get(1).and_then(Token::text).unwrap_or_default();
        let mut handlers = arguments.windows(6).filter_map(handler).peekable();
        if handlers.peek().is_none() {
            found.push(table.violation(token.line, RULE, format!("{path} leads to no `page::function`")));
        }
        for handler in handlers {
            found.extend(missing(tree, table, token.line, &handler));
            let method = handler.method.to_uppercase();
            if !has_row(matrix, &method, path) {
                let what = format!("{method} {path} has no row in {MATRIX}");
                found.push(table.violation(token.line, RULE, what));
            }
        }
    }
    found
}

/// `get(module::function)`
struct Handler<'a> {
    method: &'a str,
    module: &'a str,
    function: &'a str,
}

fn handler(six: &[Token]) -> Option<Handler<'_>> {
    let is_path = six[1].is_mark('(') && six[3].is_mark(':') && six[4].is_mark(':');
    let words = (six[0].word()?, six[2].word()?, six[5].word()?);
    is_path.then_some(Handler { method: words.0, module: words.1, function: words.2 })
}

fn missing(tree: &Tree, table: &File, line: usize, handler: &Handler<'_>) -> Vec<Violation> {
    let Handler { module, function, .. } = handler;
    let page = format!("crates/outpay/src/claim/{module}.rs");
    let is_fn =
        |file: &File| file.tokens.windows(2).any(|two| two[0].is_word("fn") && two[1].is_word(function));
    let mut lacks = Vec::new();
    if !tree.file(&page).is_some_and(is_fn) {
        lacks.push(format!("no `fn {function}` in {page}"));
    }
    let test = format!("crates/outpay/tests/it/claim/{module}.rs");
    if tree.file(&test).is_none() {
        lacks.push(format!("{module} has no file {test}"));
    }
    lacks.into_iter().map(|what| table.violation(line, RULE, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn a_route_without_files_is_found() {
        let table = "fn r() {\n x.route(\"/p\", get(enter::view))\n .route(\"/p/a\", post(a::act))\n}";
        let files = [
            (TABLE, table),
            ("crates/outpay/src/claim/enter.rs", "fn view() {}"),
            ("crates/outpay/tests/it/claim/enter.rs", ""),
            ("crates/outpay/src/claim/a.rs", "fn act() {}"),
            (MATRIX, "const R: &[(&str, &str)] = &[(\"GET\", \"/p\"), (\"POST\", \"/p/a\")];"),
        ];
        assert_eq!(places(every_route_is_tested, &files), [format!("{TABLE}:3")]);
        // Without the matrix both rows are missing too.
        assert_eq!(places(every_route_is_tested, &files[..4]).len(), 3);
        assert_eq!(places(every_route_is_tested, &[]), [format!("{TABLE}:1")]);
        let nowhere = [(TABLE, "fn r() { x.route(\"/p\", get(show)) }")];
        assert_eq!(places(every_route_is_tested, &nowhere), [format!("{TABLE}:1")]);
        let other = [
            (TABLE, table),
            ("crates/outpay/src/claim/enter.rs", "fn other() {}"),
            files[2],
            files[3],
            files[4],
        ];
        assert_eq!(places(every_route_is_tested, &other), [2, 3].map(|line| format!("{TABLE}:{line}")));
    }
}
