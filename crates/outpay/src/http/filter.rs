//! Filters of lists that name a range (`created[gte]`, `amount[lt]`) or a name of metadata (`metadata[order]`). Not here: which
//! filters a list has; its OpenAPI entry documents them, and others are refused (known.rs).

use super::page::query;
use super::problem::{Problem, field};
use http::Uri;
use ledger::{Metadata, Micros};
use std::ops::Range;

/// The moments of `created[gte]`, `created[gt]`, `created[lte]` and `created[lt]`; each narrows it.
pub(super) fn created(uri: &Uri) -> Result<Option<Range<Micros>>, Problem> {
    let names = ["created[gte]", "created[gt]", "created[lte]", "created[lt]"];
    range(uri, names, |name, text| {
        let time = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_microsecond).ok();
        let sentence = "must be a time such as 2026-01-02T03:04:05Z.";
        time.ok_or_else(|| field(name, format!("The {name} {sentence}")))
    })
}

/// The cents of `amount` and `amount[gte]`, `amount[gt]`, `amount[lte]`, `amount[lt]`.
pub(super) fn amount(uri: &Uri) -> Result<Option<Range<i64>>, Problem> {
    let cents = |name: &'static str, text: &str| {
        let digits = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
        let cents = text.parse().ok().filter(|_| digits);
        cents.ok_or_else(|| field(name, format!("The {name} must be whole cents, without a sign.")))
    };
    if let Some(text) = query(uri, "amount") {
        let exactly = cents("amount", &text)?;
        return Ok(Some(exactly..exactly + 1));
    }
    range(uri, ["amount[gte]", "amount[gt]", "amount[lte]", "amount[lt]"], cents)
}

fn range(
    uri: &Uri,
    [gte, gt, lte, lt]: [&'static str; 4],
    read: impl Fn(&'static str, &str) -> Result<i64, Problem>,
) -> Result<Option<Range<i64>>, Problem> {
    let bound = |name: &'static str| query(uri, name).map(|text| read(name, &text)).transpose();
    let after = |bound: Option<i64>| bound.map(|bound| bound.saturating_add(1));
    let start = bound(gte)?.max(after(bound(gt)?));
    let end = [after(bound(lte)?), bound(lt)?].into_iter().flatten().min();
    let is_open = start.is_none() && end.is_none();
    Ok((!is_open).then(|| start.unwrap_or(i64::MIN)..end.unwrap_or(i64::MAX)))
}

/// The one pair of `metadata[NAME]=VALUE`.
pub(super) fn metadata(uri: &Uri) -> Result<Option<(String, String)>, Problem> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let named = pairs.filter_map(|(name, value)| {
        let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
        Some((name.to_owned(), value.into_owned()))
    });
    let mut named = named.filter(|(name, _)| Metadata::is_key(name));
    let first = named.next();
    if named.next().is_some() {
        return Err(field("metadata", "Give one name of the metadata, as in metadata[order]=7."));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(query: &str) -> Uri {
        format!("/x?{query}").parse().unwrap()
    }

    #[test]
    fn bounds_narrow_a_range() {
        let of = |query: &str| amount(&uri(query)).unwrap();
        assert_eq!(of("a=1"), None);
        assert_eq!(of("amount=5"), Some(5..6));
        assert_eq!(of("amount[gte]=5&amount[lt]=9"), Some(5..9));
        assert_eq!(of("amount[gte]=5"), Some(5..i64::MAX));
        assert_eq!(of("amount%5Bgt%5D=5&amount%5Blte%5D=9"), Some(6..10));
        assert_eq!(of("amount[gte]=5&amount[gt]=7&amount[lte]=9&amount[lt]=9"), Some(8..9));
        for wrong in ["amount=-5", "amount=1.5", "amount[gt]=x", "amount[lt]=9999999999999999999"] {
            assert!(amount(&uri(wrong)).is_err(), "{wrong}");
        }
        let day =
            created(&uri("created[gte]=1970-01-01T00:00:01Z&created[lt]=1970-01-01T00:00:02Z")).unwrap();
        assert_eq!(day, Some(1_000_000..2_000_000));
        assert!(created(&uri("created[gte]=yesterday")).is_err());
    }

    #[test]
    fn one_name_of_metadata_is_read() {
        let of = |query: &str| metadata(&uri(query)).unwrap();
        assert_eq!(of("metadata=1&x=2"), None);
        assert_eq!(of("metadata[Order%20id]=7"), Some(("Order id".to_owned(), "7".to_owned())));
        assert!(metadata(&uri("metadata[a]=1&metadata[b]=2")).is_err());
    }
}
