//! Every row of the API's endpoint table leads to a handler with an OpenAPI entry, and has a test file and a row in the matrix
//! of routes and callers; every handler with an OpenAPI entry has a row in the table. Also: how the other route tables are read.

use super::source::Token;
use super::{File, Tree, Violation};

const HOUSE: &str = "crates/outpay/src/http/";
const TABLE: &str = "crates/outpay/src/http/routes.rs";
const MATRIX: &str = "crates/outpay/tests/it/http/authorization.rs";
const RULE: &str = "route";

pub fn every_route_is_tested_and_documented(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else {
        return vec![Violation::new(TABLE, 1, RULE, "write the API's endpoint table here")];
    };
    let rows = rows(table);
    if rows.is_empty() {
        return vec![table.violation(1, RULE, "no `endpoint!(module::handler)` found here")];
    }
    let matrix: &[Token] = tree.file(MATRIX).map_or(&[], |file| &file.tokens);
    let mut found: Vec<Violation> = rows.iter().flat_map(|row| missing(tree, table, matrix, row)).collect();
    for file in tree.under(HOUSE) {
        for entry in
            documented(file).iter().filter(|entry| rows.iter().all(|row| row.handler != entry.handler))
        {
            let advice = format!("{} has no row in {TABLE}", entry.handler);
            found.push(file.violation(entry.line, RULE, advice));
        }
    }
    found
}

/// `endpoint!(module::handler)`
struct Row {
    line: usize,
    module: String,
    handler: String,
}

fn rows(table: &File) -> Vec<Row> {
    let row = |seven: &[Token]| {
        let is_row = seven[0].is_word("endpoint")
            && seven[1].is_mark('!')
            && seven[2].is_mark('(')
            && seven[4].is_mark(':')
            && seven[5].is_mark(':');
        let (module, handler) = (seven[3].word()?.to_owned(), seven[6].word()?.to_owned());
        is_row.then_some(Row { line: seven[0].line, module, handler })
    };
    table.tokens.windows(7).filter_map(row).collect()
}

/// What a row lacks.
fn missing(tree: &Tree, table: &File, matrix: &[Token], row: &Row) -> Vec<Violation> {
    let Row { line, module, handler } = row;
    let path = format!("{HOUSE}{module}.rs");
    let Some(file) = tree.file(&path) else {
        return vec![table.violation(*line, RULE, format!("{module}::{handler} has no file {path}"))];
    };
    let mut found = Vec::new();
    match documented(file).into_iter().find(|entry| entry.handler == *handler) {
        None => {
            let advice = format!("no `#[utoipa::path(method, path = \"/…\", …)]` above {handler} in {path}");
            found.push(table.violation(*line, RULE, advice));
        }
        Some(Entry { method, path, .. }) if !has_row(matrix, &method, &path) => {
            found.push(table.violation(*line, RULE, format!("{method} {path} has no row in {MATRIX}")));
        }
        Some(_) => {}
    }
    // Two handlers of one path, such as `operations` and `operations_by_post`, are tested in one file.
    let tested = handler.split("_by_").next().unwrap_or_default();
    let test = format!("crates/outpay/tests/it/http/{tested}.rs");
    if tree.file(&test).is_none() {
        found.push(table.violation(*line, RULE, format!("{handler} has no test file {test}")));
    }
    found
}

/// A handler's OpenAPI entry.
struct Entry {
    line: usize,
    /// `GET`, `POST`
    method: String,
    path: String,
    handler: String,
}

/// `#[utoipa::path(method, path = "/…", …)] pub async fn handler`
fn documented(file: &File) -> Vec<Entry> {
    let tokens = &file.tokens;
    let mut found = Vec::new();
    for (at, five) in tokens.windows(5).enumerate() {
        if !(five[0].is_word("utoipa") && five[3].is_word("path") && five[4].is_mark('(')) {
            continue;
        }
        let arguments = within_parentheses(&tokens[at + 4..]);
        let method = arguments.get(1).and_then(Token::word).unwrap_or_default().to_uppercase();
        let path = arguments
            .windows(3)
            .find_map(|three| three[2].text().filter(|_| three[0].is_word("path") && three[1].is_mark('=')));
        let rest = &tokens[at + 4 + arguments.len()..];
        let handler = rest.windows(2).find(|two| two[0].is_word("fn")).and_then(|two| two[1].word());
        if let (Some(path), Some(handler)) = (path, handler) {
            let (path, handler) = (path.to_owned(), handler.to_owned());
            found.push(Entry { line: five[0].line, method, path, handler });
        }
    }
    found
}

/// `("GET", "/payout/…", …)`
pub fn has_row(matrix: &[Token], method: &str, path: &str) -> bool {
    matrix.windows(3).any(|three| {
        three[0].text() == Some(method) && three[1].is_mark(',') && three[2].text() == Some(path)
    })
}

/// A row of a route table such as the claim page's.
pub struct Route {
    pub line: usize,
    pub path: String,
    /// Modules of handlers, each with its method: `get`, `post`.
    pub handlers: Vec<(String, String)>,
}

/// `.route("/path", get(module::handle).post(other::handle))`
pub fn routes(table: &File) -> Vec<Route> {
    let tokens = &table.tokens;
    let mut routes = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let opens = token.is_word("route") && at > 0 && tokens[at - 1].is_mark('.');
        if let Some(path) = tokens.get(at + 2).and_then(Token::text).filter(|_| opens) {
            let arguments = within_parentheses(&tokens[at + 1..]);
            let handlers = handlers(arguments);
            routes.push(Route { line: token.line, path: path.to_owned(), handlers });
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

/// `get(module::handle)`
fn handlers(tokens: &[Token]) -> Vec<(String, String)> {
    let is_handler = |six: &&[Token]| {
        six[1].is_mark('(') && six[3].is_mark(':') && six[4].is_mark(':') && six[5].is_word("handle")
    };
    let pair = |six: &[Token]| Some((six[0].word()?.to_owned(), six[2].word()?.to_owned()));
    tokens.windows(6).filter(is_handler).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::places;
    use super::*;

    const ROWS: &str = "fn endpoints() -> Vec<Endpoint> {\n vec![\n  endpoint!(a::make),\n  endpoint!(b::list),\n  \
                        endpoint!(b::list_by_post),\n ]\n}";
    const A: (&str, &str) = (
        "crates/outpay/src/http/a.rs",
        "#[utoipa::path(post, path = \"/a\", responses((status = 200)))]\npub async fn make() {}",
    );
    const B: (&str, &str) = (
        "crates/outpay/src/http/b.rs",
        "#[utoipa::path(get, path = \"/b/{id}\")]\npub async fn list() {}\n\
         #[utoipa::path(post, path = \"/b/{id}\")]\npub async fn list_by_post() {}",
    );
    const ALL: (&str, &str) = (
        MATRIX,
        "const R: &[(&str, &str)] = &[(\"POST\", \"/a\"), (\"GET\", \"/b/{id}\"), (\"POST\", \"/b/{id}\")];",
    );
    const MAKE: (&str, &str) = ("crates/outpay/tests/it/http/make.rs", "");
    const LIST: (&str, &str) = ("crates/outpay/tests/it/http/list.rs", "");

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        places(every_route_is_tested_and_documented, files)
    }

    #[test]
    fn a_missing_table_is_one_violation() {
        assert_eq!(check(&[]), [format!("{TABLE}:1")]);
        assert_eq!(check(&[(TABLE, "fn endpoints() {}")]), [format!("{TABLE}:1")]);
    }

    #[test]
    fn a_complete_tree_has_none() {
        let files = [(TABLE, ROWS), A, B, MAKE, LIST, ALL];
        assert_eq!(check(&files), [""; 0]);
        let without_matrix = [3, 4, 5].map(|line| format!("{TABLE}:{line}"));
        assert_eq!(check(&files[..5]), without_matrix);
    }

    #[test]
    fn what_is_missing_is_named() {
        let undocumented = (A.0, "pub async fn make() {}");
        assert_eq!(check(&[(TABLE, ROWS), undocumented, B, MAKE, LIST, ALL]), [format!("{TABLE}:3")]);
        assert_eq!(check(&[(TABLE, ROWS), B, MAKE, LIST, ALL]), [format!("{TABLE}:3")], "no file a.rs");
        let untested = [4, 5].map(|line| format!("{TABLE}:{line}"));
        assert_eq!(check(&[(TABLE, ROWS), A, B, MAKE, ALL]), untested);
    }

    #[test]
    fn a_documented_handler_without_a_row_is_found() {
        let rows = "fn endpoints() { vec![endpoint!(a::make), endpoint!(b::list)] }";
        assert_eq!(check(&[(TABLE, rows), A, B, MAKE, LIST, ALL]), [format!("{}:3", B.0)]);
    }
}
