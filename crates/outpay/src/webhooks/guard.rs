//! The SSRF guard: deliveries go by https, to public addresses, on ports that a receiver can have. A business chooses
//! the URL and the platform calls it from inside the operator's network, so nothing internal may be reachable.
//!
//! The URL is checked when it is set and again at every attempt. A name is checked by the addresses it resolves to at
//! the moment of the connection (client.rs), so DNS rebinding gains nothing. Invariant: an address that is not known
//! to be public counts as internal.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// In bytes of the normal form.
const LONGEST_URL: usize = 2048;

/// Exceptions that the operator has configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Allow plain http. For development.
    pub allow_http: bool,
    /// Allow private and loopback addresses. For development, and for receivers in the operator's own network.
    pub allow_private: bool,
}

/// Why a URL was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    #[error("The url must be a URL such as https://example.com/webhooks.")]
    NotAUrl,
    #[error("The url may not be longer than {LONGEST_URL} bytes.")]
    TooLong,
    #[error("The url must begin with https://.")]
    NotHttps,
    /// `user:password@`
    #[error("The url may not hold a user name or a password; deliveries are signed instead.")]
    HasUser,
    /// `#…`
    #[error("The url may not hold a fragment (#).")]
    HasFragment,
    #[error("The port of the url must be 443 or from 1024 to 65535.")]
    BadPort,
    /// The host is an internal address or name.
    #[error("The url must lead to a public address.")]
    NotPublic,
}

impl Guard {
    /// The URL in normal form, if a delivery may go there. A host name may still resolve to an address that is
    /// refused later.
    pub fn check_url(self, text: &str) -> Result<Url, UrlProblem> {
        // The parser silently drops control characters and white space: refuse what it would have changed.
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(UrlProblem::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| UrlProblem::NotAUrl)?;
        let has_scheme = url.scheme() == "https" || (url.scheme() == "http" && self.allow_http);
        if !has_scheme {
            return Err(UrlProblem::NotHttps);
        }
        if url.as_str().len() > LONGEST_URL {
            return Err(UrlProblem::TooLong);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UrlProblem::NotAUrl)?;
        // An `@` with nothing before it parses as "no user", but legitimate URLs do not contain it.
        let authority = text.split("//").nth(1).unwrap_or_default().split(['/', '?', '#', '\\']).next();
        if !url.username().is_empty()
            || url.password().is_some()
            || authority.is_some_and(|a| a.contains('@'))
        {
            return Err(UrlProblem::HasUser);
        }
        if url.fragment().is_some() {
            return Err(UrlProblem::HasFragment);
        }
        let port = url.port_or_known_default().ok_or(UrlProblem::BadPort)?;
        let is_usual = port == 443 || port >= 1024 || (port == 80 && url.scheme() == "http");
        if !is_usual && !self.allow_private {
            return Err(UrlProblem::BadPort);
        }
        if !self.allows_host(host) {
            return Err(UrlProblem::NotPublic);
        }
        Ok(url)
    }

    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }

    fn allows_host(self, host: &str) -> bool {
        let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = unbracketed.parse::<IpAddr>() {
            return self.allows(address);
        }
        // Special-use names are refused without a look-up (RFC 6761, 6762, 8375, 9476); other names are judged by
        // their addresses.
        let name = host.trim_end_matches('.');
        let inside = ["localhost", "local", "internal", "home.arpa", "invalid", "onion"];
        let is_inside =
            |end: &str| name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'));
        self.allow_private || (name.contains('.') && !inside.into_iter().any(is_inside))
    }
}

/// The IANA IPv4 Special-Purpose Address Registry and multicast: base address and prefix length.
const SPECIAL_V4: [([u8; 4], u32); 19] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private use
    ([100, 64, 0, 0], 10),   // shared with a carrier's NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link local, where clouds keep their metadata
    ([172, 16, 0, 0], 12),   // private use
    ([192, 0, 0, 0], 24),    // protocol assignments, DS-Lite, NAT64 discovery
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 52, 193, 0], 24), // AMT
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private use
    ([192, 175, 48, 0], 24), // AS112
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved
    ([255, 255, 255, 255], 32),
];

/// Exceptions of the IANA IPv6 Special-Purpose Address Registry within global unicast, 2000::/3. Everything outside
/// of 2000::/3 is refused as a whole: ::/128, ::1/128, 100::/64, fc00::/7, fe80::/10, ff00::/8, 5f00::/16,
/// 64:ff9b:1::/48, …
const SPECIAL_V6: [([u16; 3], u32); 5] = [
    ([0x2001, 0, 0], 23),           // protocol assignments: Teredo, benchmarks, AMT, ORCHID, …
    ([0x2001, 0x0db8, 0], 32),      // documentation
    ([0x2002, 0, 0], 16),           // 6to4, which leads into IPv4
    ([0x2620, 0x004f, 0x8000], 48), // AS112
    ([0x3fff, 0, 0], 20),           // documentation
];

/// Is it a globally reachable unicast address?
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    SPECIAL_V4.iter().all(|(base, length)| {
        let mask = u32::MAX << (32 - length);
        bits & mask != u32::from_be_bytes(*base)
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let bits = address.to_bits();
    let is_global_unicast = bits >> 125 == 0b001;
    is_global_unicast
        && SPECIAL_V6.iter().all(|(base, length)| {
            let base = u128::from(base[0]) << 112 | u128::from(base[1]) << 96 | u128::from(base[2]) << 80;
            bits & (u128::MAX << (128 - length)) != base
        })
}

/// The IPv4 address that a connection to this one reaches: mapped (::ffff:0:0/96) or translated (64:ff9b::/96).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    let low = address.to_bits() & u128::from(u32::MAX);
    let low = Ipv4Addr::from_bits(u32::try_from(low).expect("32 bits were kept"));
    address.to_ipv4_mapped().or_else(|| translated.then_some(low))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
