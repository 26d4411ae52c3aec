//! Lists of IP addresses and networks, as an operator or a business writes them. Invariant: an invalid list is never
//! read as "any address".

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A longer list belongs in a firewall or proxy.
const MOST_NETWORKS: usize = 50;
/// Prefix length of IPv4-mapped addresses, `::ffff:0:0/96`.
const MAPPED_BITS: u32 = 96;

/// A list of networks, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    /// The address, with zeros after the prefix.
    base: u128,
    /// Prefix length.
    bits: u32,
}

/// Why a text is not a list of networks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNetworks {
    /// The first invalid word.
    #[error("`{0}` is not an address or a network; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32")]
    Word(String),
    #[error("at most {MOST_NETWORKS} addresses and networks can be named")]
    TooMany,
}

impl Networks {
    /// Parses addresses and networks separated by commas or white space; `None` if there are none.
    ///
    /// # Errors
    /// Names the first invalid word.
    pub fn parse(text: &str) -> Result<Option<Self>, BadNetworks> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        let mut networks: Vec<Network> = Vec::new();
        for word in words {
            let network = network(word).ok_or_else(|| BadNetworks::Word(word.chars().take(60).collect()))?;
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
        match networks.len() {
            0 => Ok(None),
            1..=MOST_NETWORKS => Ok(Some(Self(networks))),
            _ => Err(BadNetworks::TooMany),
        }
    }

    /// Merges the lists; `None` if there are none.
    ///
    /// # Errors
    /// When there are too many networks in total.
    pub fn join(lists: &[Self]) -> Result<Option<Self>, BadNetworks> {
        Self::parse(&lists.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    /// Is every address of this list in `other`?
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let holds =
            |own: &Network, wide: &Network| wide.bits <= own.bits && own.base & mask(wide.bits) == wide.base;
        self.0.iter().all(|own| other.0.iter().any(|wide| holds(own, wide)))
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.0.iter().any(|network| number & mask(network.bits) == network.base)
    }
}

/// In the form that [`Networks::parse`] reads, separated by spaces.
impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, network) in self.0.iter().enumerate() {
            let address = Ipv6Addr::from(network.base);
            let space = if place == 0 { "" } else { " " };
            match address.to_ipv4_mapped().filter(|_| network.bits >= MAPPED_BITS) {
                Some(v4) if network.bits == 128 => write!(f, "{space}{v4}")?,
                Some(v4) => write!(f, "{space}{v4}/{}", network.bits - MAPPED_BITS)?,
                None if network.bits == 128 => write!(f, "{space}{address}")?,
                None => write!(f, "{space}{address}/{}", network.bits)?,
            }
        }
        Ok(())
    }
}

fn network(word: &str) -> Option<Network> {
    let (address, length) = match word.split_once('/') {
        None => (word, None),
        Some((address, length)) if length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit()) => {
            (address, Some(length.parse::<u32>().ok()?))
        }
        Some(_) => return None,
    };
    let address: IpAddr = address.parse().ok()?;
    let shift = if address.is_ipv4() { MAPPED_BITS } else { 0 };
    let bits = length.map_or(128, |length| length + shift);
    (bits <= 128).then(|| Network { base: number(address) & mask(bits), bits })
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn mask(bits: u32) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Networks {
        Networks::parse(text).unwrap().unwrap()
    }

    #[test]
    fn an_empty_list_is_none() {
        for text in ["", " ", ",", " ,\n\t"] {
            assert_eq!(Networks::parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (text, inside, outside) in [
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("203.0.113.7", "::ffff:203.0.113.7", "::203.0.113.7"),
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.1.2.3/8", "10.9.9.9", "9.255.255.255"),
            ("0.0.0.0/0", "198.51.100.1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("10.0.0.0/31, 192.0.2.1\n2001:db8::5", "2001:db8::5", "10.0.0.2"),
        ] {
            let found = list(text);
            assert!(found.contains(inside.parse().unwrap()), "{text} {inside}");
            assert!(!found.contains(outside.parse().unwrap()), "{text} {outside}");
        }
        assert!(list("::/0").contains("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn a_list_comes_back_from_its_text() {
        for text in ["203.0.113.7", "10.0.0.0/8 2001:db8::/32 ::1", "0.0.0.0/0", "::/0"] {
            assert_eq!(list(text).to_string(), text);
            assert_eq!(list(&list(text).to_string()), list(text));
        }
        assert_eq!(list("10.1.2.3/8,10.0.0.0/8").to_string(), "10.0.0.0/8");
        assert_eq!(list("::ffff:10.0.0.1").to_string(), "10.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for word in [
            "10.0.0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "example.com",
            "1/1",
        ] {
            assert_eq!(Networks::parse(&format!("10.0.0.1 {word}")), Err(BadNetworks::Word(word.to_owned())));
        }
        let many: Vec<String> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
        assert_eq!(Networks::parse(&many.join(" ")), Err(BadNetworks::TooMany));
    }
}
