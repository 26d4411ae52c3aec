//! `xtask tidy`: the project's own rules. Each is a function over the tree that reports every violation.
//!
//! Not here: what clippy and rustfmt check. Invariant: a missing file or folder is a violation with a message, never
//! a panic.

mod asvs;
mod circles;
mod claim;
mod dashboard;
mod files;
mod forbidden;
mod machine_paths;
mod migrations;
mod names;
mod rails;
mod rooms;
mod routes;
mod source;
mod sql;
mod store;

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use source::Token;

/// Every tracked or trackable text file.
pub struct Tree {
    files: Vec<File>,
}

pub struct File {
    /// Relative to the root of the tree, with slashes.
    path: String,
    text: String,
    /// The code of a Rust file, without comments.
    tokens: Vec<Token>,
    /// Why a Rust file could not be tokenised.
    unreadable: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    path: String,
    line: usize,
    rule: &'static str,
    what_to_do: String,
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: &[Rule] = &[
    files::rust_files_can_be_read,
    files::rust_files_open_with_a_header,
    files::rust_files_stay_short,
    files::no_empty_names,
    forbidden::no_unfinished_code,
    forbidden::no_ignored_tests,
    rooms::ledger_is_pure,
    rooms::doors_do_not_know_each_other,
    rooms::commands_only_at_the_counter,
    rooms::http_clients_only_where_others_are_called,
    rooms::smtp_only_in_mail,
    circles::rooms_form_no_circle,
    names::type_names_are_defined_once,
    names::names_of_the_glossary_stay_in_their_rooms,
    rails::kinds_are_named_only_in_rails,
    sql::statements_only_in_store,
    sql::drivers_only_in_store,
    routes::every_route_is_tested_and_documented,
    dashboard::every_route_is_in_the_matrix,
    claim::every_route_is_tested,
    store::every_function_is_in_the_conformance_suite,
    migrations::one_text_for_both_engines,
    machine_paths::none_in_the_tree,
    asvs::requirements_have_evidence,
];

pub fn run() -> Result<ExitCode> {
    let tree = Tree::read()?;
    let mut violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    violations.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for violation in &violations {
        println!("{violation}");
    }
    println!("tidy: {} files, {} rules, {} violations", tree.files.len(), RULES.len(), violations.len());
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Tree {
    fn read() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in no workspace")?;
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("running git")?;
        ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
        let names = String::from_utf8(listed.stdout).context("a file name that is not UTF-8")?;
        let files = names.split_terminator('\0').filter_map(|name| {
            // A deleted file may still be in the index, and a file that is not UTF-8 is not text.
            let text = std::fs::read_to_string(root.join(name)).ok()?;
            Some(File::new(name, &text))
        });
        Ok(Self { files: files.collect() })
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.starts_with(folder))
    }

    fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        let read = if path.ends_with(".rs") { source::tokens(text) } else { Ok(Vec::new()) };
        let (tokens, unreadable) = match read {
            Ok(tokens) => (tokens, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Self { path: path.into(), text: text.into(), tokens, unreadable }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn violation(&self, line: usize, rule: &'static str, what_to_do: impl Into<String>) -> Violation {
        Violation::new(&self.path, line, rule, what_to_do)
    }
}

impl Violation {
    fn new(path: &str, line: usize, rule: &'static str, what_to_do: impl Into<String>) -> Self {
        Self { path: path.into(), line, rule, what_to_do: what_to_do.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what_to_do)
    }
}

#[cfg(test)]
mod testing {
    use super::{File, Rule, Tree};

    /// Where `rule` finds violations in a tree of these files, as `path:line`.
    pub fn places(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree { files: files.iter().map(|(path, text)| File::new(path, text)).collect() };
        rule(&tree).iter().map(|found| format!("{}:{}", found.path, found.line)).collect()
    }
}
