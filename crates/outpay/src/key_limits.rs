//! Limits of an API key: the addresses it may be used from, what it may do, and how much it may pay out. Not here: where the
//! client's address comes from (http/), when a key is judged (auth/, the ledger).

use crate::networks::Networks;
use crate::scopes::Scopes;
use ledger::{Ceilings, Cents};
use std::net::IpAddr;
use std::sync::Arc;

/// The limits of one key; the default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// Where requests may come from; `None` for anywhere.
    pub allowed: Option<Arc<Networks>>,
    /// The most that one payout may be.
    pub max_amount: Option<Cents>,
    /// The most that a request and a day may pay.
    pub ceilings: Ceilings,
    /// What it may do.
    pub scopes: Scopes,
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

    /// Is a key with these limits able to do nothing that one with `other` is not?
    #[must_use]
    pub fn are_within(&self, other: &Self) -> bool {
        let places = match (&self.allowed, &other.allowed) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own.is_within(others),
        };
        let amount = other.max_amount.is_none_or(|most| self.max_amount.is_some_and(|own| own <= most));
        places && amount && self.ceilings.are_within(&other.ceilings) && self.scopes.are_within(other.scopes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scopes::{Resource, Scope};

    #[test]
    fn an_unknown_place_is_admitted_only_without_a_list() {
        assert!(KeyLimits::default().admits(None));
        let limits = KeyLimits {
            allowed: Some(Arc::new(Networks::parse("::/0").unwrap().unwrap())),
            ..KeyLimits::default()
        };
        assert!(!limits.admits(None));
        assert!(limits.admits(Some(IpAddr::from([192, 0, 2, 1]))));
    }

    #[test]
    fn limits_are_within_others_where_each_of_them_is() {
        let networks = |text: &str| Some(Arc::new(Networks::parse(text).unwrap().unwrap()));
        let ceilings = Ceilings { per_day: Some(Cents(100)), ..Ceilings::default() };
        let narrow = KeyLimits {
            allowed: networks("10.1.0.0/16"),
            max_amount: Some(Cents(5)),
            ceilings,
            scopes: Scopes::of(&[Scope::write(Resource::Payouts)]),
        };
        let wide = KeyLimits { allowed: networks("10.0.0.0/8 192.0.2.1"), ..narrow.clone() };
        assert!(
            narrow.are_within(&narrow)
                && narrow.are_within(&wide)
                && narrow.are_within(&KeyLimits::default())
        );
        let wider = [
            KeyLimits { allowed: None, ..narrow.clone() },
            KeyLimits { allowed: networks("10.0.0.0/15"), ..narrow.clone() },
            KeyLimits { max_amount: None, ..narrow.clone() },
            KeyLimits { max_amount: Some(Cents(6)), ..narrow.clone() },
            KeyLimits { ceilings: Ceilings::default(), ..narrow.clone() },
            KeyLimits { ceilings: Ceilings { per_day: Some(Cents(101)), ..ceilings }, ..narrow.clone() },
            KeyLimits { scopes: Scopes::ALL, ..narrow.clone() },
        ];
        for wider in wider {
            assert!(!wider.are_within(&narrow), "{wider:?}");
        }
    }
}
