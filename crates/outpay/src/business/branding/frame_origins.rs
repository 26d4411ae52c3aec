//! Which sites may show a business's pages in a frame. Invariant: each is an origin and nothing else (RFC 6454), over https or
//! on this machine, so that none can carry a second directive into the policy, and no pattern stands for many; all together are
//! short enough for a header. IPv6 addresses are no sources for a policy (CSP Level 3, 2.3.1), so none can be one.

use crate::business::origins::origin;

const MOST: usize = 5;

/// Origins in the order in which they were given; none is the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameOrigins(Vec<String>);

impl FrameOrigins {
    /// Origins with white space between them, such as `https://shop.example https://admin.shop.example:8443`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origins = text.split_whitespace().map(origin).collect::<Option<Vec<_>>>()?;
        (origins.len() <= MOST).then_some(Self(origins))
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for FrameOrigins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        for (given, kept) in [
            ("", ""),
            ("  ", ""),
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example/", "https://shop.example"),
            ("https://a.example\r\n https://b.example:8443", "https://a.example https://b.example:8443"),
            ("http://localhost:3000 http://127.0.0.1:80", "http://localhost:3000 http://127.0.0.1"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("https://m\u{fc}ller.example", "https://xn--mller-kva.example"),
        ] {
            let origins = FrameOrigins::parse(given).unwrap();
            assert_eq!(origins.to_string(), kept, "{given:?}");
            assert_eq!(FrameOrigins::parse(kept), Some(origins), "{given:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "*",
            "https://*.shop.example",
            "https:",
            "http://shop.example",
            "shop.example",
            "'self'",
            "'none'",
            "data:",
            "https://shop.example;script-src",
            "https://shop.example,https://b.example",
            "https://shop.example/path",
            "https://user@shop.example",
            "https://shop.example?x",
            "https://shop.example#x",
            "https:shop.example",
            "https:\\\\shop.example",
            "https://@shop.example",
            "https://[2001:db8::1]",
            "http://[::1]:8080",
            &format!("https://{}.example", "a".repeat(250)),
            "https://a.example https://b.example https://c.example https://d.example https://e.example https://f.example",
        ] {
            assert_eq!(FrameOrigins::parse(wrong), None, "{wrong}");
        }
    }
}
