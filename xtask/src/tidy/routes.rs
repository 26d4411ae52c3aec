//! Every row of the API's endpoint table leads to a handler with an OpenAPI entry, and has a test file and a row in the matrix
//! of routes and callers; every handler with an OpenAPI entry has a row in the table.

use super::source::Token;
use super::{File, Tree, Violation};

const HOUSE: &str = "crates/outpay/src/http/";
const TABLE: &str = "crates/outpay/src/http/routes.rs";
const TESTS: &str = "crates/outpay/tests/it/http/";
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
    if !is_tested(tree, module, handler) {
        let (own, subject) = (format!("{TESTS}{handler}.rs"), format!("{TESTS}{module}.rs"));
        let advice = format!("{handler} has no test file {own}, and no `mod {handler}` in {subject}");
        found.push(table.violation(*line, RULE, advice));
    }
    found
}

/// In a file of its own, or in a module of the subject's test file. Two handlers of one path, such as `operations` and
/// `operations_by_post`, are tested together.
fn is_tested(tree: &Tree, module: &str, handler: &str) -> bool {
    let name = handler.split("_by_").next().unwrap_or_default();
    let of_subject = tree.file(&format!("{TESTS}{module}.rs"));
    let has_module =
        |file: &File| file.tokens.windows(2).any(|two| two[0].is_word("mod") && two[1].is_word(name));
    tree.file(&format!("{TESTS}{name}.rs")).is_some() || of_subject.is_some_and(has_module)
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
        let subject = ("crates/outpay/tests/it/http/b.rs", "mod list {}");
        assert_eq!(check(&[(TABLE, ROWS), A, B, MAKE, subject, ALL]), [""; 0]);
    }

    #[test]
    fn a_documented_handler_without_a_row_is_found() {
        let rows = "fn endpoints() { vec![endpoint!(a::make), endpoint!(b::list)] }";
        assert_eq!(check(&[(TABLE, rows), A, B, MAKE, LIST, ALL]), [format!("{}:3", B.0)]);
    }
}
