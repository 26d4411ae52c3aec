//! The five documented webhook events, and sets of them as stored. Not here: the body of a delivery (webhooks/body.rs).

use ledger::EntryKind;

/// The documented events, each with its bit in a stored set: never reuse or change a bit.
pub(crate) const EVENTS: [(EntryKind, i64); 5] = [
    (EntryKind::WithdrawalCreated, 1),
    (EntryKind::WithdrawalSending, 2),
    (EntryKind::WithdrawalSucceeded, 4),
    (EntryKind::WithdrawalFailed, 8),
    (EntryKind::WithdrawalRejected, 16),
];

/// Does a withdrawal end with it? What came before is of no use to a receiver that has it.
#[must_use]
pub fn is_outcome(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::WithdrawalSucceeded
            | EntryKind::WithdrawalFailed
            | EntryKind::WithdrawalRejected
            | EntryKind::WithdrawalCancelled
    )
}

/// `None` if receivers cannot subscribe to an event of this name.
#[must_use]
pub fn from_name(name: &str) -> Option<EntryKind> {
    EVENTS.iter().map(|(kind, _)| *kind).find(|kind| kind.event_name() == name)
}

/// All names, in the order of a withdrawal's life.
#[must_use]
pub fn names() -> Vec<&'static str> {
    EVENTS.iter().map(|(kind, _)| kind.event_name()).collect()
}

/// The events that a receiver subscribes to; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSet(i64);

impl EventSet {
    /// The default of the contract, 1.5: `payout.succeeded`.
    pub const DEFAULT: Self = Self(4);

    /// `None` if there are no names, or one of them is unknown.
    #[must_use]
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut bits = 0;
        for name in names {
            let kind = from_name(name)?;
            bits |= EVENTS.iter().find(|(other, _)| *other == kind)?.1;
        }
        Self::from_bits(bits)
    }

    /// `None` if the bits are not a set of events.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        (1..=31).contains(&bits).then_some(Self(bits))
    }

    #[must_use]
    pub fn bits(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn contains(self, kind: EntryKind) -> bool {
        EVENTS.iter().any(|(other, bit)| *other == kind && self.0 & bit != 0)
    }

    /// The names, in the order of a withdrawal's life.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let wanted = EVENTS.iter().filter(|(_, bit)| self.0 & bit != 0);
        wanted.map(|(kind, _)| kind.event_name()).collect()
    }

    /// The codes of the wanted kinds, with 0, which is no kind's code, for unwanted ones.
    #[must_use]
    pub fn codes(self) -> [i64; 5] {
        EVENTS.map(|(kind, bit)| if self.0 & bit != 0 { kind.code() } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_events_and_no_others() {
        let documented =
            ["payout.created", "payout.processing", "payout.succeeded", "payout.failed", "payout.rejected"];
        assert_eq!(names(), documented);
        for kind in EntryKind::ALL {
            let is_documented = documented.contains(&kind.event_name());
            assert_eq!(from_name(kind.event_name()).is_some(), is_documented, "{}", kind.event_name());
        }
        assert_eq!(from_name(""), None);
        assert_eq!(from_name("Payout.created"), None);
    }

    #[test]
    fn a_set_is_what_it_was_made_of() {
        assert_eq!(EventSet::DEFAULT.names(), ["payout.succeeded"]);
        let set = EventSet::of_names(["payout.rejected", "payout.created", "payout.created"]).unwrap();
        assert_eq!(set.names(), ["payout.created", "payout.rejected"]);
        assert_eq!(EventSet::from_bits(set.bits()), Some(set));
        assert_eq!(set.codes(), [10, 0, 0, 0, 14]);
        assert!(set.contains(EntryKind::WithdrawalCreated) && !set.contains(EntryKind::WithdrawalSending));
        assert!(!set.contains(EntryKind::Deposited));
        assert_eq!(EventSet::of_names([]), None);
        assert_eq!(EventSet::of_names(["payout.created", "payout.paid"]), None);
        assert_eq!(EventSet::of_names(names()).unwrap().bits(), 31);
        assert_eq!((EventSet::from_bits(0), EventSet::from_bits(32)), (None, None));
    }
}
