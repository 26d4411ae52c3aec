//! `ETag` and `If-Match` of what a business sets, so that a change made meanwhile by another is not overwritten unseen
//! (RFC 9110, 8.8.3 and 13.1.1).

use super::problem::{Problem, field};
use crate::precondition::Precondition;
use axum::response::Response;
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue};

/// The condition that the request names. A weak tag never matches: the comparison is the strong one.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Precondition, Problem> {
    let mut tags = Vec::new();
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().map_err(|_| malformed())?.trim();
        if text == "*" {
            return Ok(Precondition::Exists);
        }
        for tag in text.split(',').map(str::trim) {
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let quoted = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let inner = quoted.filter(|inner| !inner.contains('"')).ok_or_else(malformed)?;
            tags.extend((strong == tag).then(|| inner.to_owned()));
        }
    }
    Ok(if headers.contains_key(IF_MATCH) { Precondition::Tags(tags) } else { Precondition::None })
}

fn malformed() -> Problem {
    field("If-Match", "The If-Match header must be * or entity tags in quotes, as an ETag header gives them.")
}

/// The answer with the tag of what it shows.
pub(super) fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        response.headers_mut().insert(ETAG, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_they_are_given() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
            }
            if_match(&headers)
        };
        let tags = |tags: &[&str]| Precondition::Tags(tags.iter().map(|&tag| tag.to_owned()).collect());
        assert_eq!(read(&[]).unwrap(), Precondition::None);
        assert_eq!(read(&["*"]).unwrap(), Precondition::Exists);
        assert_eq!(read(&["\"a\""]).unwrap(), tags(&["a"]));
        assert_eq!(read(&["\"a\", \"b\"", "\"c\""]).unwrap(), tags(&["a", "b", "c"]));
        assert_eq!(read(&["W/\"a\""]).unwrap(), tags(&[]));
        for wrong in ["a", "\"a", "a\"", "", "\"a\",", "\"a\"b\"", "w/\"a\""] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
        assert!(!tags(&[]).holds(Some("a")) && tags(&["a"]).holds(Some("a")));
        assert!(!tags(&["a"]).holds(None) && !Precondition::Exists.holds(None));
    }
}
