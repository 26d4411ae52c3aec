//! The names that an endpoint knows: the query parameters and the fields of the body that its OpenAPI entry documents. A
//! request with another name, with a parameter twice or with an empty one is refused: a misspelt filter would list everything,
//! a misspelt `reference` would pay twice. The router hands each endpoint its names (routes.rs), and the door and the readers of
//! bodies check them, so no handler can forget it. Not here: names inside an object or a list; their readers call [`unknown`].

use super::json::Object;
use super::problem::Problem;
use crate::unknown_name::{self, sentence};
use http::request::Parts;
use ledger::Metadata;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Schema, SecurityRequirement};

/// Fixed by part 1 of the contract: these ignore what they do not know.
const DOCUMENTED: [&str; 3] = ["/payout/create", "/balance", "/payout/operations"];
/// A payout hash in the query or in the body is a credential, which is read before everything else.
const HASH: &str = "payout_hash";

/// The names of one endpoint.
#[derive(Clone)]
pub(super) struct EndpointNames(Arc<NameLists>);

#[derive(Default)]
struct NameLists {
    /// Does a hash authenticate here? Then it may stand in the query or in the body.
    takes_hash: bool,
    fields: Vec<String>,
    /// `metadata[KEY]` stands for one of any key.
    parameters: Vec<String>,
}

/// Does the endpoint at this path refuse names that it does not know?
pub(super) fn is_strict(path: &str, operation: &Operation) -> bool {
    operation.security.is_some() && !DOCUMENTED.contains(&path)
}

/// Does a payout hash authenticate requests of this operation?
pub(super) fn takes_hash(operation: &Operation) -> bool {
    let by_hash = SecurityRequirement::new("payout_hash", [""; 0]);
    operation.security.iter().flatten().any(|of| *of == by_hash)
}

impl EndpointNames {
    /// The names of the one documented operation; `None` where it takes any.
    pub(super) fn of(documented: &OpenApi) -> Option<Self> {
        let (path, item) = documented.paths.paths.iter().next()?;
        let PathItem { get, post, put, delete, .. } = item;
        let operation = get.as_ref().or(post.as_ref()).or(put.as_ref()).or(delete.as_ref())?;
        let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        });
        let queried = parameters.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
        is_strict(path, operation).then(|| {
            Self(Arc::new(NameLists {
                takes_hash: takes_hash(operation),
                fields: fields_of(documented, operation),
                parameters: queried.map(|parameter| parameter.name.clone()).collect(),
            }))
        })
    }
}

/// The fields of the body that the operation documents.
fn fields_of(documented: &OpenApi, operation: &Operation) -> Vec<String> {
    let Some(RefOr::T(body)) = &operation.request_body else { return Vec::new() };
    let Some(RefOr::T(content)) = body.content.get("application/json") else { return Vec::new() };
    let Some(RefOr::Ref(place)) = &content.schema else { return Vec::new() };
    let name = place.ref_location.rsplit('/').next().unwrap_or_default();
    let schemas = documented.components.as_ref().map(|components| &components.schemas);
    match schemas.and_then(|schemas| schemas.get(name)) {
        Some(RefOr::T(Schema::Object(object))) => object.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Refuses unknown, repeated and empty parameters of the query.
pub(super) fn check_parameters(parts: &Parts) -> Result<(), Problem> {
    let (Some(EndpointNames(known)), Some(query)) =
        (parts.extensions.get::<EndpointNames>(), parts.uri.query())
    else {
        return Ok(());
    };
    let is_hash = |name: &str| known.takes_hash && name == HASH;
    let sent = || form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !is_hash(name));
    let strange = unknown("parameter", sent().map(|(name, _)| family(name)), &known.parameters);
    if !strange.is_empty() {
        return Err(Problem::UnknownNames(strange));
    }
    let mut seen = HashSet::new();
    for (name, value) in sent() {
        let name = unknown_name::shown(&name);
        if value.is_empty() {
            let sentence = format!("The {name} parameter may not be empty; leave it out.");
            return Err(Problem::Parameter(name, sentence));
        }
        if !seen.insert(name.clone()) {
            let sentence = format!("The {name} parameter may be given only once.");
            return Err(Problem::Parameter(name, sentence));
        }
    }
    Ok(())
}

/// The documented name of a parameter: that of the family where it names a key of metadata.
fn family(name: Cow<'_, str>) -> Cow<'_, str> {
    let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
    let is_family = key.is_some_and(Metadata::is_key);
    if is_family { Cow::Borrowed("metadata[KEY]") } else { name }
}

/// Refuses unknown fields of the body.
pub(super) fn check_fields(parts: &Parts, sent: &Object) -> Result<(), Problem> {
    let Some(EndpointNames(known)) = parts.extensions.get::<EndpointNames>() else { return Ok(()) };
    let is_hash = |name: &str| known.takes_hash && name == HASH;
    let names = sent.names().filter(|name| !is_hash(name)).map(Cow::Borrowed);
    let strange = unknown("field", names, &known.fields);
    if strange.is_empty() { Ok(()) } else { Err(Problem::UnknownNames(strange)) }
}

/// Does the endpoint refuse what it does not know?
pub(super) fn is_checked(parts: &Parts) -> bool {
    parts.extensions.get::<EndpointNames>().is_some()
}

/// Those of the sent names that are not known, each with a sentence that names the nearest known one.
pub(super) fn unknown<'a>(
    what: &str,
    sent: impl Iterator<Item = Cow<'a, str>>,
    known: &[impl AsRef<str>],
) -> Vec<(String, String)> {
    let strange = sent.filter(|name| known.iter().all(|known| known.as_ref() != name));
    strange.map(|name| (unknown_name::shown(&name), sentence(what, &name, known))).collect()
}
