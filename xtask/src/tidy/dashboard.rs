//! Every route of the dashboard has a file for each of its handlers, a row in the matrix of routes and roles for each of its
//! methods, and, where it shows a page, that page's snapshot or a test file of its own.

use super::routes::{Route, has_row, routes};
use super::source::Token;
use super::{File, Tree, Violation};

const TABLE: &str = "crates/outpay/src/dashboard/router.rs";
const MATRIX: &str = "crates/outpay/tests/it/dashboard/authorization.rs";
const RULE: &str = "dashboard-route";

pub fn every_route_is_in_the_matrix(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the dashboard's route table here")];
    };
    let matrix: &[Token] = tree.file(MATRIX).map_or(&[], |file| &file.tokens);
    routes(table).iter().flat_map(|route| missing(tree, table, matrix, route)).collect()
}

fn missing(tree: &Tree, table: &File, matrix: &[Token], route: &Route) -> Vec<Violation> {
    let path = &route.path;
    let mut lacks = Vec::new();
    for (method, module) in &route.handlers {
        let file = format!("crates/outpay/src/dashboard/{module}.rs");
        if tree.file(&file).is_none() {
            lacks.push(format!("{path} has no file {file}"));
        }
        let method = method.to_uppercase();
        if !has_row(matrix, &method, path) {
            lacks.push(format!("{method} {path} has no row in {MATRIX}"));
        }
        let snapshot = format!("crates/outpay/tests/it/dashboard/snapshots/{module}.html");
        let test = format!("crates/outpay/tests/it/dashboard/{module}.rs");
        if method == "GET" && tree.file(&snapshot).is_none() && tree.file(&test).is_none() {
            lacks.push(format!("{path} has neither {snapshot} nor {test}"));
        }
    }
    if route.handlers.is_empty() {
        lacks.push(format!("{path} leads to no `module::handle`"));
    }
    lacks.into_iter().map(|what| table.violation(route.line, RULE, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    #[test]
    fn what_a_route_lacks_is_named() {
        let table = "fn r() {\n x.route(\"/dashboard/a\", get(a::handle).post(b::handle))\n\
                     .route(\"/dashboard/c\", post(c::handle))\n.route(\"/dashboard/d\", get(d)) }";
        let matrix =
            "const A: &[(&str, &str)] = &[(\"GET\", \"/dashboard/a\"), (\"POST\", \"/dashboard/c\")];";
        let files = [
            (TABLE, table),
            (MATRIX, matrix),
            ("crates/outpay/src/dashboard/a.rs", ""),
            ("crates/outpay/src/dashboard/b.rs", ""),
            ("crates/outpay/src/dashboard/c.rs", ""),
        ];
        // a has no snapshot, b no row, d no handle.
        let expected = [2, 2, 4].map(|line| format!("{TABLE}:{line}"));
        assert_eq!(places(every_route_is_in_the_matrix, &files), expected);
        assert_eq!(places(every_route_is_in_the_matrix, &[]), [format!("{TABLE}:1")]);
    }
}
