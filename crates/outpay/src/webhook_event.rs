//! The events that receivers can subscribe to, and sets of them as stored: the five documented ones, and every other entry of the
//! journal. Not here: the body of a delivery (webhooks/body.rs, book_event.rs).

use ledger::EntryKind;

/// The documented events, each with its bit in a stored set: never reuse or change a bit.
pub(crate) const EVENTS: [(EntryKind, i64); 5] = [
    (EntryKind::WithdrawalCreated, 1),
    (EntryKind::WithdrawalSending, 2),
    (EntryKind::WithdrawalSucceeded, 4),
    (EntryKind::WithdrawalFailed, 8),
    (EntryKind::WithdrawalRejected, 16),
];

/// The bits of the documented events.
pub(crate) const DOCUMENTED: i64 = 31;

/// Of another event the bit follows from the code of its entry, which is stored and never reused either.
const FURTHER_SHIFT: i64 = 8;

fn bit(kind: EntryKind) -> i64 {
    let documented = EVENTS.iter().find(|(other, _)| *other == kind).map(|(_, bit)| *bit);
    documented.unwrap_or(1 << (FURTHER_SHIFT + kind.code()))
}

/// The events beyond the documented ones, each with its bit.
pub(crate) fn further() -> impl Iterator<Item = (EntryKind, i64)> {
    EntryKind::ALL.into_iter().map(|kind| (kind, bit(kind))).filter(|(_, bit)| bit & DOCUMENTED == 0)
}

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

/// The documented event of this name.
#[must_use]
pub fn from_name(name: &str) -> Option<EntryKind> {
    EVENTS.iter().map(|(kind, _)| *kind).find(|kind| kind.event_name() == name)
}

/// The documented names, in the order of a withdrawal's life.
#[must_use]
pub fn names() -> Vec<&'static str> {
    EVENTS.iter().map(|(kind, _)| kind.event_name()).collect()
}

/// All other names that receivers can subscribe to.
#[must_use]
pub fn further_names() -> Vec<&'static str> {
    further().map(|(kind, _)| kind.event_name()).collect()
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
            bits |= bit(EntryKind::ALL.into_iter().find(|kind| kind.event_name() == name)?);
        }
        Self::from_bits(bits)
    }

    /// `None` if the bits are not a set of events.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        let all = further().fold(DOCUMENTED, |all, (_, bit)| all | bit);
        (bits > 0 && bits & !all == 0).then_some(Self(bits))
    }

    #[must_use]
    pub fn bits(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn contains(self, kind: EntryKind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// The names, the documented ones first, in the order of a withdrawal's life.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let wanted = EVENTS.into_iter().chain(further()).filter(|(_, bit)| self.0 & bit != 0);
        wanted.map(|(kind, _)| kind.event_name()).collect()
    }

    /// The bits of the wanted events beyond the documented ones; 0 for none.
    #[must_use]
    pub fn further_bits(self) -> i64 {
        self.0 & !DOCUMENTED
    }

    /// The codes of the wanted documented kinds, with 0, which is no kind's code, for unwanted ones.
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
        let bits: std::collections::BTreeSet<i64> = EntryKind::ALL.into_iter().map(bit).collect();
        assert_eq!(bits.len(), EntryKind::ALL.len(), "each has a bit of its own");
        assert!(bits.iter().all(|bit| *bit > 0));
        assert_eq!(names().len() + further_names().len(), EntryKind::ALL.len());
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
        assert_eq!(set.further_bits(), 0);
        let more = EventSet::of_names(["payout.returned", "payout.failed", "balance.deposited"]).unwrap();
        assert_eq!(more.names(), ["payout.failed", "balance.deposited", "payout.returned"]);
        assert_eq!(more.bits(), 8 | 1 << 9 | 1 << 30);
        assert_eq!((EventSet::from_bits(more.bits()), more.codes()), (Some(more), [0, 0, 0, 21, 0]));
        assert!(more.contains(EntryKind::WithdrawalReturned) && more.further_bits() == more.bits() - 8);
        assert_eq!(EventSet::of_names([]), None);
        assert_eq!(EventSet::of_names(["payout.created", "payout.paid"]), None);
        assert_eq!(EventSet::of_names(names()).unwrap().bits(), 31);
        for bits in [0, 32, -1, 1 << 8, i64::MIN] {
            assert_eq!(EventSet::from_bits(bits), None);
        }
    }
}
