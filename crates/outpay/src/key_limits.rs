//! Limits of an API key: the addresses it may be used from and the largest single payout. Not here: where the
//! client's address comes from (http/), when a key is judged (mod.rs).

use crate::networks::Networks;
use ledger::Cents;
use std::net::IpAddr;
use std::sync::Arc;

/// The limits of one key; the default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// Where requests may come from; `None` for anywhere.
    pub allowed: Option<Arc<Networks>>,
    /// The most that one payout may be.
    pub max_amount: Option<Cents>,
}

impl KeyLimits {
    /// May a request with this key come from this address? An unknown address is admitted only without a list.
    #[must_use]
    pub fn admits(&self, from: Option<IpAddr>) -> bool {
        match &self.allowed {
            None => true,
            Some(allowed) => from.is_some_and(|address| allowed.contains(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_is_admitted_only_without_a_list() {
        assert!(KeyLimits::default().admits(None));
        let limits = KeyLimits {
            allowed: Some(Arc::new(Networks::parse("::/0").unwrap().unwrap())),
            max_amount: None,
        };
        assert!(!limits.admits(None));
        assert!(limits.admits(Some(IpAddr::from([192, 0, 2, 1]))));
    }
}
