//! Every route of the route table has an endpoint file, a test file, an entry in the OpenAPI document and, for each
//! of its methods, a row in the matrix of routes and callers.

use super::source::Token;
use super::{File, Tree, Violation};

const TABLE: &str = "crates/outpay/src/http/router.rs";
const MATRIX: &str = "crates/outpay/tests/it/http/authorization.rs";
const RULE: &str = "route";

pub fn every_route_is_tested_and_documented(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the one route table here")];
    };
    let routes = routes(table);
    if routes.is_empty() {
        return vec![table.violation(1, RULE, "no `.route(\"/…\", get(module::handle))` found here")];
    }
    let matrix: &[Token] = tree.file(MATRIX).map_or(&[], |file| &file.tokens);
    let rows = routes.iter().flat_map(|route| without_row(table, matrix, route));
    routes.iter().flat_map(|route| missing(tree, table, route)).chain(rows).collect()
}

fn without_row(table: &File, matrix: &[Token], route: &Route) -> Vec<Violation> {
    let methods = route.handlers.iter().map(|(method, _)| method.to_uppercase());
    let lacking = methods.filter(|method| !has_row(matrix, method, &route.path));
    let what = |method: String| format!("{method} {} has no row in {MATRIX}", route.path);
    lacking.map(|method| table.violation(route.line, RULE, what(method))).collect()
}

/// `("GET", "/payout/…", …)`
pub fn has_row(matrix: &[Token], method: &str, path: &str) -> bool {
    matrix.windows(3).any(|three| {
        three[0].text() == Some(method) && three[1].is_mark(',') && three[2].text() == Some(path)
    })
}

pub struct Route {
    pub line: usize,
    pub path: String,
    /// The endpoints' files: the module before `::handle`.
    modules: Vec<String>,
    /// The same, each with its method: `get`, `post`.
    pub handlers: Vec<(String, String)>,
}

/// What a route lacks.
fn missing(tree: &Tree, table: &File, route: &Route) -> Vec<Violation> {
    let path = &route.path;
    if route.modules.is_empty() {
        let advice = format!("{path} leads to no `module::handle`");
        return vec![table.violation(route.line, RULE, advice)];
    }
    let mut found = Vec::new();
    for module in &route.modules {
        let endpoint = format!("crates/outpay/src/http/{module}.rs");
        let test = format!("crates/outpay/tests/it/http/{module}.rs");
        match tree.file(&endpoint) {
            None => found.push(table.violation(route.line, RULE, format!("{path} has no file {endpoint}"))),
            Some(file) if !documents(&file.tokens, path) => {
                found.push(file.violation(
                    1,
                    RULE,
                    format!("no #[utoipa::path(…, path = \"{path}\", …)] here"),
                ));
            }
            Some(_) => {}
        }
        if tree.file(&test).is_none() {
            found.push(table.violation(route.line, RULE, format!("{path} has no test file {test}")));
        }
    }
    found
}

/// `.route("/path", get(module::handle).post(other::handle))`
pub fn routes(table: &File) -> Vec<Route> {
    let tokens = &table.tokens;
    let mut routes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let opens = token.is_word("route") && at > 0 && tokens[at - 1].is_mark('.');
        if let Some(path) = tokens.get(at + 2).and_then(Token::text).filter(|_| opens) {
            let arguments = within_parentheses(&tokens[at + 1..]);
            let (modules, handlers) = (modules(arguments), handlers(arguments));
            routes.push(Route { line: token.line, path: path.to_owned(), modules, handlers });
        }
    }
    routes
}

/// From the opening parenthesis, which is the first token, to the one that closes it.
pub fn within_parentheses(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_mark('(') {
            depth += 1;
        } else if token.is_mark(')') {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return &tokens[..at];
        }
    }
    tokens
}

fn modules(tokens: &[Token]) -> Vec<String> {
    let mut modules: Vec<String> = tokens
        .windows(4)
        .filter(|four| four[1].is_mark(':') && four[2].is_mark(':') && four[3].is_word("handle"))
        .filter_map(|four| four[0].word().map(str::to_owned))
        .collect();
    modules.dedup();
    modules
}

/// `get(module::handle)`
fn handlers(tokens: &[Token]) -> Vec<(String, String)> {
    let is_handler = |six: &&[Token]| {
        six[1].is_mark('(') && six[3].is_mark(':') && six[4].is_mark(':') && six[5].is_word("handle")
    };
    let pair = |six: &[Token]| Some((six[0].word()?.to_owned(), six[2].word()?.to_owned()));
    tokens.windows(6).filter(is_handler).filter_map(pair).collect()
}

fn documents(tokens: &[Token], path: &str) -> bool {
    tokens.windows(5).enumerate().any(|(at, five)| {
        let opens = five[0].is_word("utoipa") && five[3].is_word("path") && five[4].is_mark('(');
        opens
            && within_parentheses(&tokens[at + 4..]).windows(3).any(|three| {
                three[0].is_word("path") && three[1].is_mark('=') && three[2].text() == Some(path)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    const ROUTER: &str = "fn router() {\n Router::new()\n  .route(\"/a\", post(a::handle))\n  \
                          .route(\"/b/{id}\", get(b::handle).post(http::c::handle))\n}";

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        places(every_route_is_tested_and_documented, files)
    }

    #[test]
    fn a_missing_table_is_one_violation() {
        assert_eq!(check(&[]), [format!("{TABLE}:1")]);
        assert_eq!(check(&[(TABLE, "fn router() {}")]), [format!("{TABLE}:1")]);
    }

    #[test]
    fn a_complete_tree_has_none() {
        let files = [
            (TABLE, ROUTER),
            (
                "crates/outpay/src/http/a.rs",
                "#[utoipa::path(post, path = \"/a\", responses((status = 200)))]",
            ),
            (
                "crates/outpay/src/http/b.rs",
                "#[utoipa::path(get, path = \"/b/{id}\")] pub async fn handle() {}",
            ),
            ("crates/outpay/src/http/c.rs", "#[utoipa::path(post, path = \"/b/{id}\")]"),
            ("crates/outpay/tests/it/http/a.rs", ""),
            ("crates/outpay/tests/it/http/b.rs", ""),
            ("crates/outpay/tests/it/http/c.rs", ""),
            (
                MATRIX,
                "const R: &[(&str, &str)] = &[(\"POST\", \"/a\"), (\"GET\", \"/b/{id}\"), (\"POST\", \"/b/{id}\")];",
            ),
        ];
        assert_eq!(check(&files), [""; 0]);
        let without_matrix = [3, 4].map(|line| format!("{TABLE}:{line}"));
        assert_eq!(check(&files[..7]), without_matrix);
    }

    #[test]
    fn what_is_missing_is_named() {
        let files = [
            (TABLE, ROUTER),
            ("crates/outpay/src/http/a.rs", "#[utoipa::path(post, path = \"/other\")]"),
            ("crates/outpay/src/http/b.rs", "#[utoipa::path(get, path = \"/b/{id}\")]"),
            ("crates/outpay/tests/it/http/a.rs", ""),
            ("crates/outpay/tests/it/http/b.rs", ""),
            (
                MATRIX,
                "const R: &[(&str, &str)] = &[(\"POST\", \"/a\"), (\"GET\", \"/b/{id}\"), (\"POST\", \"/b/{id}\")];",
            ),
        ];
        let expected = [
            "crates/outpay/src/http/a.rs:1".to_owned(), // documented under another path
            format!("{TABLE}:4"),                       // no endpoint file c.rs
            format!("{TABLE}:4"),                       // no test file c.rs
        ];
        assert_eq!(check(&files), expected);
    }

    #[test]
    fn a_route_without_a_handle_is_found() {
        assert_eq!(check(&[(TABLE, "fn r() { x.route(\"/a\", get(show)) }")]), [format!("{TABLE}:1")]);
    }
}
