//! Origins of web pages (RFC 6454), as a business allows them: sites that may show its pages in a frame, and sites whose scripts
//! may call its hash endpoints. Invariant: each is one origin over https or on this machine, in the form in which browsers write
//! it, and no pattern stands for many.

use url::Url;

/// A host name has at most so many characters (RFC 1035, 2.3.4).
const LONGEST_HOST: usize = 253;
/// The most origins whose scripts may call the API.
pub const MOST_ALLOWED: usize = 20;

/// The origin that `text` is, as browsers write it: in lower case, without what goes without saying.
#[must_use]
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let is_here = ["localhost", "127.0.0.1"].contains(&host);
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    // A path would be ignored silently although it was meant, so it is refused.
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_written_out = text.contains("://") && !text.contains(['\\', '@']);
    let is_plain = host.len() <= LONGEST_HOST && !host.contains(['*', ';', ',', '\'', '[']);
    (is_safe && is_bare && is_written_out && is_plain).then(|| url.origin().ascii_serialization())
}

/// Origins whose scripts may call the API, sorted, each once; `None` where one is none or there are too many.
#[must_use]
pub fn allowed<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Vec<String>> {
    let mut origins = texts.into_iter().map(origin).collect::<Option<Vec<_>>>()?;
    origins.sort();
    origins.dedup();
    (origins.len() <= MOST_ALLOWED).then_some(origins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_origin_is_there_once() {
        let given = ["https://Shop.example/", "http://localhost:3000", "https://shop.example"];
        assert_eq!(allowed(given).unwrap(), ["http://localhost:3000", "https://shop.example"]);
        for wrong in ["*", "null", "shop.example", "http://shop.example", "https://shop.example/x"] {
            assert_eq!(allowed([wrong]), None, "{wrong}");
        }
        let many: Vec<String> =
            (0..=MOST_ALLOWED).map(|number| format!("https://s{number}.example")).collect();
        assert_eq!(allowed(many.iter().map(String::as_str)), None);
        assert!(allowed(many.iter().skip(1).map(String::as_str)).is_some());
    }
}
