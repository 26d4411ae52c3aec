//! Which journal entries a receiver can hear of: the five documented events, and sets of them as they are stored. Not here:
//! what a delivery says (body.rs).

use ledger::EntryKind;

/// The documented events with the bit each has in a stored set: never reuse or change one.
const EVENTS: [(EntryKind, i64); 5] = [
    (EntryKind::WithdrawalCreated, 1),
    (EntryKind::WithdrawalSending, 2),
    (EntryKind::WithdrawalSucceeded, 4),
    (EntryKind::WithdrawalFailed, 8),
    (EntryKind::WithdrawalRejected, 16),
];

/// The event with this name, if receivers can hear of it.
#[must_use]
pub fn from_name(name: &str) -> Option<EntryKind> {
    EVENTS.iter().map(|(kind, _)| *kind).find(|kind| kind.event_name() == name)
}

/// The names of all of them, in order of a withdrawal's life.
#[must_use]
pub fn names() -> Vec<&'static str> {
    EVENTS.iter().map(|(kind, _)| kind.event_name()).collect()
}

/// Events that a receiver wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSet(i64);

impl EventSet {
    /// Contract, 1.5: what a receiver hears of that chose nothing.
    pub const DEFAULT: Self = Self(4);

    /// The set of these names; `None` where there are none, or one of them is no event.
    #[must_use]
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut bits = 0;
        for name in names {
            let kind = from_name(name)?;
            bits |= EVENTS.iter().find(|(other, _)| *other == kind)?.1;
        }
        Self::from_bits(bits)
    }

    /// As stored; `None` for what is no set of events.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        (1..=31).contains(&bits).then_some(Self(bits))
    }

    /// As stored.
    #[must_use]
    pub fn bits(self) -> i64 {
        self.0
    }

    /// Is this event wanted?
    #[must_use]
    pub fn contains(self, kind: EntryKind) -> bool {
        EVENTS.iter().any(|(other, bit)| *other == kind && self.0 & bit != 0)
    }

    /// The names, in order of a withdrawal's life.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let wanted = EVENTS.iter().filter(|(_, bit)| self.0 & bit != 0);
        wanted.map(|(kind, _)| kind.event_name()).collect()
    }

    /// The codes of the wanted kinds; 0, which no kind has, stands where one is not wanted.
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
