//! Pages of lists: `?limit=` and `?cursor=` in, `data`, `has_more` and `next_cursor` out (contract, section 0).

use super::problem::{Problem, field};
use http::Uri;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Are there more after these?
    pub has_more: bool,
    /// Pass it as `cursor` to get the page after this one; null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` of the items, of which one more was read; `cursor` names the place of an item.
    pub fn cut(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> Self {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > most;
        items.truncate(most);
        let next_cursor = items.last().filter(|_| has_more).map(cursor);
        Self { data: items, has_more, next_cursor }
    }
}

/// The value of a query parameter; the first one where it is repeated. Empty counts as missing.
pub fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let found = pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.filter(|value| !value.is_empty())
}

/// `?limit=`, 1 to 100, 20 where it is missing.
pub fn limit(uri: &Uri) -> Result<i64, Problem> {
    let Some(text) = query(uri, "limit") else { return Ok(20) };
    let digits = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text.parse().ok().filter(|limit| digits && (1..=100).contains(limit));
    limit.ok_or_else(|| field("limit", "The limit must be an integer from 1 to 100."))
}

/// The answer to a cursor that no answer of this list ever gave.
pub fn unknown_cursor() -> Problem {
    field("cursor", "The cursor is not one that this list gave; start again without it.")
}
