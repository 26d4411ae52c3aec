//! The client address of a request: the peer of the connection, or the address that a trusted proxy forwards (http/proxies.rs).

use http::Extensions;
use std::net::IpAddr;

/// The client's address, put into every request where its connection is served.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// The address as text, for rate limits and display. For IPv6 it is the network of one customer, because a customer has too many
/// addresses to count each.
#[must_use]
pub fn address(extensions: &Extensions) -> String {
    match extensions.get::<ClientAddress>().map(|address| customer(address.0)) {
        None => String::new(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The address that stands for all addresses of one customer: an IPv4 address, or the first address of a /64.
#[must_use]
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_customers() {
        let of = |text: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ClientAddress(text.parse().unwrap()));
            address(&extensions)
        };
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(address(&Extensions::new()), "");
    }
}
