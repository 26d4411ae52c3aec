//! The body of every error that has a code. Not here: which error it is, and its status (problem.rs); errors of the documented API,
//! which have no code.

use super::openapi::words::{ErrorWords, ScopeWords};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct CodedError<'a> {
    /// What is wrong, and what to do, as a sentence for people.
    pub(super) error: &'a str,
    /// The same for programs: a stable word.
    #[schema(value_type = ErrorWords)]
    pub(super) code: &'a str,
    /// The scope that the key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ScopeWords>)]
    pub(super) scope: Option<&'a str>,
    /// What is wrong with each field, parameter or header.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Vec<String>>, required = false)]
    pub(super) fields: BTreeMap<&'a str, Vec<&'a str>>,
    /// The invalid rows of a batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) rows: Vec<RowProblem<'a>>,
}

/// An invalid row: its number, and what is wrong with each field.
#[derive(Serialize, ToSchema)]
#[schema(as = RowErrors)]
pub(super) struct RowProblem<'a> {
    /// The number of the row, from 0.
    pub(super) index: usize,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub(super) fields: BTreeMap<&'a str, Vec<&'a str>>,
}

/// An error with nothing but a sentence and a code.
pub(super) fn plain<'a>(error: &'a str, code: &'a str) -> CodedError<'a> {
    CodedError { error, code, scope: None, fields: BTreeMap::new(), rows: Vec::new() }
}
