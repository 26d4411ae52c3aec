//! Where a request comes from when it comes through proxies of the operator's. Not here: what the address is good for
//! (rate_limit.rs, keys bound to networks, lock-out, sessions). Invariant: only a trusted proxy decides what counts; what a
//! client itself writes into the header stands left of what the first trusted proxy has written, and is never reached.

use crate::networks::Networks;
use http::HeaderMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Each proxy appends the address that its own connection came from.
/// Source: <https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For>
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose word counts; by default there are none.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Option<Arc<Networks>>);

impl TrustedProxies {
    /// Proxies within these networks.
    #[must_use]
    pub fn new(networks: Option<Networks>) -> Self {
        Self(networks.map(Arc::new))
    }

    /// Is this address one of them?
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        self.0.as_ref().is_some_and(|trusted| trusted.contains(peer.to_canonical()))
    }

    /// The client behind a connection from `peer`: the last address on the way that is no trusted proxy's. Where a proxy wrote
    /// something that is no address, the proxy itself.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let Some(trusted) = &self.0 else { return client };
        let lines = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let mut before = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while trusted.contains(client) {
            let Some(address) = before.next().and_then(address) else { break };
            client = address;
        }
        client
    }
}

/// `192.0.2.7` or `2001:db8::7`; some proxies add a port, or brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn client(trusted: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        TrustedProxies::new(Networks::parse(trusted).unwrap())
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_is_not_read() {
        assert_eq!(client("", "10.0.0.1", &["192.0.2.7"]), "10.0.0.1");
        assert_eq!(client("", "::ffff:10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_stranger_cannot_say_where_it_comes_from() {
        assert_eq!(client("10.0.0.0/8", "198.51.100.1", &["192.0.2.7"]), "198.51.100.1");
        // The proxy appended the client's real address; what is left of it the client wrote itself.
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["192.0.2.7, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["10.0.0.9, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["192.0.2.7", "198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn proxies_in_a_row_are_all_passed() {
        let two = "10.0.0.0/8, 2001:db8::/32";
        assert_eq!(client(two, "10.0.0.1", &["192.0.2.7, 2001:db8::5"]), "192.0.2.7");
        assert_eq!(client(two, "::ffff:10.0.0.1", &["192.0.2.7", "2001:db8::5,10.0.0.2"]), "192.0.2.7");
        assert_eq!(client(two, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3", "no proxy in between");
        assert_eq!(client("10.0.0.1", "10.0.0.1", &["10.0.0.2, 10.0.0.1"]), "10.0.0.2");
    }

    #[test]
    fn what_is_no_address_counts_for_nothing() {
        for line in ["", "unknown", "_hidden", "192.0.2.7,", "192.0.2.7 10.0.0.1", "\u{fc}", "1.2.3", "[::1"]
        {
            assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[line]), "10.0.0.1", "{line:?}");
        }
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["192.0.2.7, unknown, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_port_and_brackets_are_no_part_of_it() {
        for (line, expected) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7 ", "192.0.2.7"),
        ] {
            assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[line]), expected, "{line:?}");
        }
    }
}
