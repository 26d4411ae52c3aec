//! Rust source as a flat list of tokens with their lines, and the paths that it names.
//!
//! Comments, including doc comments, are dropped: prose may mention what code may not do.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

#[derive(Clone, Debug)]
pub struct Token {
    pub line: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Word(String),
    Mark(char),
    /// The raw text of a string literal between its quotes, escapes included.
    Text(String),
    /// Any other literal.
    Value,
}

impl Token {
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(text) if text == word)
    }

    pub fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub fn word(&self) -> Option<&str> {
        if let Kind::Word(text) = &self.kind { Some(text) } else { None }
    }

    pub fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }
}

pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |kind| into.push(Token { line, kind });
        match tree {
            TokenTree::Ident(word) => push(Kind::Word(word.to_string())),
            TokenTree::Punct(mark) => push(Kind::Mark(mark.as_char())),
            TokenTree::Literal(literal) => push(literal_kind(&literal.to_string())),
            TokenTree::Group(group) if is_doc(&group) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => (' ', ' '),
                };
                push(Kind::Mark(open));
                flatten(group.stream(), into);
                into.push(Token { line: group.span_close().start().line, kind: Kind::Mark(close) });
            }
        }
    }
}

/// The lexer turns `/// text` into `#[doc = "text"]`.
fn is_doc(group: &Group) -> bool {
    let mut inner = group.stream().into_iter();
    group.delimiter() == Delimiter::Bracket
        && matches!(inner.next(), Some(TokenTree::Ident(word)) if word == "doc")
        && matches!(inner.next(), Some(TokenTree::Punct(mark)) if mark.as_char() == '=')
}

fn literal_kind(literal: &str) -> Kind {
    let unprefixed = literal.trim_start_matches(['b', 'c', 'r', '#']);
    match unprefixed.strip_prefix('"') {
        Some(rest) => Kind::Text(rest.trim_end_matches('#').trim_end_matches('"').to_owned()),
        None => Kind::Value,
    }
}

/// Every path that the code names, with its line; `use a::{b, c::d}` gives `a::b` and `a::c::d`.
pub fn paths(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // One prefix per open brace: empty except in the groups of a `use`.
    let mut prefixes: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match &token.kind {
            Kind::Mark('{') => prefixes.push(String::new()),
            Kind::Mark('}') => drop(prefixes.pop()),
            Kind::Word(first) => {
                let mut path = prefixes.last().cloned().unwrap_or_default() + first;
                while is_separator(tokens, at)
                    && let Some(next) = tokens.get(at + 2).and_then(Token::word)
                {
                    path = format!("{path}::{next}");
                    at += 3;
                }
                if is_separator(tokens, at) && tokens.get(at + 2).is_some_and(|next| next.is_mark('{')) {
                    prefixes.push(format!("{path}::"));
                    at += 3;
                }
                found.push((token.line, path));
            }
            _ => {}
        }
    }
    found
}

fn is_separator(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.is_mark(':'))
        && tokens.get(at + 1).is_some_and(|token| token.is_mark(':'))
}

/// Is `path` the same as `room` or inside it?
pub fn is_in(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        paths(&tokens(text).unwrap()).into_iter().map(|(line, path)| format!("{line} {path}")).collect()
    }

    #[test]
    fn groups_of_a_use_are_spelled_out() {
        let found = named("use a::{b, c::{d, e},\n f::*};\nfn g() { h::i(j); }");
        for expected in ["1 a::b", "1 a::c::d", "1 a::c::e", "2 a::f", "3 h::i", "3 j"] {
            assert!(found.contains(&expected.to_owned()), "{expected} in {found:?}");
        }
    }

    #[test]
    fn comments_and_documentation_are_no_code() {
        assert_eq!(
            named("//! std::fs\n/// std::fs\n// std::fs\n/* std::fs */ struct A;"),
            ["4 struct", "4 A"]
        );
    }

    #[test]
    fn strings_of_every_kind_give_their_text() {
        let tokens = tokens(r####"f("a", r#"b "q""#, b"c", 'd', "\"e", 1)"####).unwrap();
        let texts: Vec<&str> = tokens.iter().filter_map(Token::text).collect();
        assert_eq!(texts, ["a", "b \"q", "c", "\\\"e"]);
    }

    #[test]
    fn a_room_ends_at_a_separator() {
        assert!(is_in("std::fs::read", "std::fs") && is_in("std::fs", "std::fs"));
        assert!(!is_in("std::fsync", "std::fs"));
    }
}
