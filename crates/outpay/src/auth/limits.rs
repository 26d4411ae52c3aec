//! What narrows an API key: the addresses it may come from and the most it may give somebody at once. Not here: where the
//! client's address comes from (http/), when a key is judged (mod.rs). Invariant: a text that is no list of networks is
//! never read as "any address".

use ledger::Cents;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// More belong into a proxy.
const MOST_NETWORKS: usize = 50;
/// An IPv4 address as IPv6 writes it: `::ffff:0:0/96`.
const MAPPED_BITS: u32 = 96;

/// The limits of one key; the default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// Where requests may come from; `None` for anywhere.
    pub allowed: Option<Arc<Allowed>>,
    /// The most that one payout may be.
    pub max_amount: Option<Cents>,
}

/// A list of networks, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    /// With zeros where the network does not decide.
    base: u128,
    /// How many leading bits decide.
    bits: u32,
}

/// Why a text is no list of networks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAllowed {
    /// This word of it.
    #[error("`{0}` is no address and no network; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32")]
    Word(String),
    /// Too many.
    #[error("a key takes at most {MOST_NETWORKS} addresses and networks")]
    TooMany,
}

impl KeyLimits {
    /// May a request with this key come from there? Where nobody knows where it comes from, only without a list.
    #[must_use]
    pub fn admits(&self, from: Option<IpAddr>) -> bool {
        match &self.allowed {
            None => true,
            Some(allowed) => from.is_some_and(|address| allowed.contains(address)),
        }
    }
}

impl Allowed {
    /// Reads addresses and networks with commas or white space between them; `None` where there are none.
    ///
    /// # Errors
    /// Says which word is neither.
    pub fn parse(text: &str) -> Result<Option<Self>, BadAllowed> {
        let words = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        let mut networks: Vec<Network> = Vec::new();
        for word in words {
            let network = network(word).ok_or_else(|| BadAllowed::Word(word.chars().take(60).collect()))?;
            if !networks.contains(&network) {
                networks.push(network);
            }
        }
        match networks.len() {
            0 => Ok(None),
            1..=MOST_NETWORKS => Ok(Some(Self(networks))),
            _ => Err(BadAllowed::TooMany),
        }
    }

    /// All of these lists as one; `None` where there are none.
    ///
    /// # Errors
    /// When there are too many networks in all.
    pub fn join(lists: &[Self]) -> Result<Option<Self>, BadAllowed> {
        Self::parse(&lists.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    /// Does one of the networks have this address?
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.0.iter().any(|network| number & mask(network.bits) == network.base)
    }
}

/// In the form that [`Allowed::parse`] reads, spaces between them.
impl fmt::Display for Allowed {
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

    fn allowed(text: &str) -> Allowed {
        Allowed::parse(text).unwrap().unwrap()
    }

    #[test]
    fn an_empty_list_is_none() {
        for text in ["", " ", ",", " ,\n\t"] {
            assert_eq!(Allowed::parse(text), Ok(None), "{text:?}");
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
            let list = allowed(text);
            assert!(list.contains(inside.parse().unwrap()), "{text} {inside}");
            assert!(!list.contains(outside.parse().unwrap()), "{text} {outside}");
        }
        assert!(allowed("::/0").contains("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn a_list_comes_back_from_its_text() {
        for text in ["203.0.113.7", "10.0.0.0/8 2001:db8::/32 ::1", "0.0.0.0/0", "::/0"] {
            assert_eq!(allowed(text).to_string(), text);
            assert_eq!(allowed(&allowed(text).to_string()), allowed(text));
        }
        assert_eq!(allowed("10.1.2.3/8,10.0.0.0/8").to_string(), "10.0.0.0/8");
        assert_eq!(allowed("::ffff:10.0.0.1").to_string(), "10.0.0.1");
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
            assert_eq!(Allowed::parse(&format!("10.0.0.1 {word}")), Err(BadAllowed::Word(word.to_owned())));
        }
        let many: Vec<String> = (0..51).map(|n| format!("10.0.0.{n}")).collect();
        assert_eq!(Allowed::parse(&many.join(" ")), Err(BadAllowed::TooMany));
    }

    #[test]
    fn an_unknown_place_is_admitted_only_without_a_list() {
        assert!(KeyLimits::default().admits(None));
        let limits = KeyLimits { allowed: Some(Arc::new(allowed("::/0"))), max_amount: None };
        assert!(!limits.admits(None));
        assert!(limits.admits(Some(IpAddr::from([192, 0, 2, 1]))));
    }
}
