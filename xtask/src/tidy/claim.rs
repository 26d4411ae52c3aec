//! Every route of the claim page has its own file, a test file of the same name, and a row in the matrix of routes
//! and callers for each of its methods.

use super::routes::{has_row, routes};
use super::source::Token;
use super::{Tree, Violation};

const TABLE: &str = "crates/outpay/src/claim/router.rs";
const MATRIX: &str = "crates/outpay/tests/it/claim/authorization.rs";
const RULE: &str = "claim-route";

pub fn every_route_is_tested(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the route table of the claim page here")];
    };
    let mut found = Vec::new();
    for four in table.tokens.windows(4) {
        let leads = four[1].is_mark(':') && four[2].is_mark(':') && four[3].is_word("handle");
        let Some(module) = four[0].word().filter(|_| leads) else { continue };
        for file in [
            format!("crates/outpay/src/claim/{module}.rs"),
            format!("crates/outpay/tests/it/claim/{module}.rs"),
        ] {
            if tree.file(&file).is_none() {
                found.push(table.violation(four[0].line, RULE, format!("{module} has no file {file}")));
            }
        }
    }
    let matrix: &[Token] = tree.file(MATRIX).map_or(&[], |file| &file.tokens);
    for route in routes(table) {
        for method in route.handlers.iter().map(|(method, _)| method.to_uppercase()) {
            if !has_row(matrix, &method, &route.path) {
                let what = format!("{method} {} has no row in {MATRIX}", route.path);
                found.push(table.violation(route.line, RULE, what));
            }
        }
    }
    let routes = table.tokens.iter().filter(|token| token.is_word("route"));
    let handled = table.tokens.windows(2).filter(|two| two[0].is_mark(':') && is_handle(&two[1])).count();
    if handled < routes.count() {
        found.push(table.violation(1, RULE, "a route here leads to no `module::handle`"));
    }
    found
}

fn is_handle(token: &Token) -> bool {
    token.is_word("handle")
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn a_route_without_files_is_found() {
        let table = "fn r() {\n x.route(\"/p\", get(enter::handle))\n .route(\"/p/a\", post(a::handle))\n}";
        let files = [
            (TABLE, table),
            ("crates/outpay/src/claim/enter.rs", ""),
            ("crates/outpay/tests/it/claim/enter.rs", ""),
            ("crates/outpay/src/claim/a.rs", ""),
            (MATRIX, "const R: &[(&str, &str)] = &[(\"GET\", \"/p\"), (\"POST\", \"/p/a\")];"),
        ];
        assert_eq!(places(every_route_is_tested, &files), [format!("{TABLE}:3")]);
        // Without the matrix both rows are missing too.
        assert_eq!(places(every_route_is_tested, &files[..4]).len(), 3);
        assert_eq!(places(every_route_is_tested, &[]), [format!("{TABLE}:1")]);
        let nowhere = [(TABLE, "fn r() { x.route(\"/p\", get(show)) }")];
        assert_eq!(places(every_route_is_tested, &nowhere), [format!("{TABLE}:1")]);
    }
}
