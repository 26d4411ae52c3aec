//! Limits on concurrent deliveries, in total and per receiver, so that a dead receiver does not delay the others. The
//! limit of a receiver that does not answer in time is halved each time, and doubled with each answer. Not here:
//! which deliveries are due.

use crate::store::EndpointKey;
use std::collections::HashMap;

/// The minimum for a dead receiver, so that its recovery is noticed.
const FEWEST: usize = 2;

/// Counts of deliveries under way.
pub(super) struct DeliveryLimits {
    in_all: usize,
    per_endpoint: usize,
    total: usize,
    endpoints: HashMap<EndpointKey, Load>,
}

struct Load {
    under_way: usize,
    allowed: usize,
}

impl DeliveryLimits {
    pub(super) fn new(in_all: usize, per_endpoint: usize) -> Self {
        Self { in_all, per_endpoint, total: 0, endpoints: HashMap::new() }
    }

    /// How many more deliveries this receiver may get now.
    pub(super) fn free(&self, endpoint: EndpointKey) -> usize {
        let here = self
            .endpoints
            .get(&endpoint)
            .map_or(self.per_endpoint, |load| load.allowed.saturating_sub(load.under_way));
        here.min(self.in_all.saturating_sub(self.total))
    }

    /// Is there enough capacity to be worth a transaction? One or two free places are not, while many deliveries will
    /// end soon.
    pub(super) fn is_worth_taking(&self, endpoint: EndpointKey) -> bool {
        let under_way = self.endpoints.get(&endpoint).map_or(0, |load| load.under_way);
        let free = self.free(endpoint);
        free > 0 && 2 * free >= under_way
    }

    pub(super) fn begun(&mut self, endpoint: EndpointKey) {
        let allowed = self.per_endpoint;
        let load = self.endpoints.entry(endpoint).or_insert(Load { under_way: 0, allowed });
        load.under_way += 1;
        self.total += 1;
    }

    /// `silent`: the receiver did not answer.
    pub(super) fn ended(&mut self, endpoint: EndpointKey, silent: bool) {
        let Some(load) = self.endpoints.get_mut(&endpoint) else { return };
        load.under_way = load.under_way.saturating_sub(1);
        self.total = self.total.saturating_sub(1);
        load.allowed =
            if silent { (load.allowed / 2).max(FEWEST) } else { (load.allowed * 2).min(self.per_endpoint) };
        if load.under_way == 0 && load.allowed == self.per_endpoint {
            self.endpoints.remove(&endpoint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: EndpointKey = EndpointKey { book: ledger::BookId(2), number: 1 };
    const OTHER: EndpointKey = EndpointKey { book: ledger::BookId(2), number: 2 };

    #[test]
    fn a_silent_receiver_gets_less_and_another_does_not_notice() {
        let mut limits = DeliveryLimits::new(100, 16);
        assert_eq!(limits.free(ONE), 16);
        (0..16).for_each(|_| limits.begun(ONE));
        assert_eq!((limits.free(ONE), limits.free(OTHER)), (0, 16));
        (0..16).for_each(|_| limits.ended(ONE, true));
        assert_eq!((limits.free(ONE), limits.free(OTHER)), (FEWEST, 16));
        limits.begun(ONE);
        limits.ended(ONE, false);
        assert_eq!(limits.free(ONE), 4, "it answers again");
        for _ in 0..3 {
            limits.begun(ONE);
            limits.ended(ONE, false);
        }
        assert_eq!(limits.free(ONE), 16);
        assert!(limits.endpoints.is_empty(), "nothing is kept of a receiver that is well");
    }

    #[test]
    fn all_together_have_a_limit() {
        let mut limits = DeliveryLimits::new(3, 2);
        limits.begun(ONE);
        limits.begun(ONE);
        assert_eq!(limits.free(OTHER), 1);
        limits.begun(OTHER);
        assert_eq!((limits.free(ONE), limits.free(OTHER)), (0, 0));
        limits.ended(ONE, false);
        assert_eq!((limits.free(ONE), limits.free(OTHER)), (1, 1));
    }

    #[test]
    fn a_transaction_is_for_several_while_many_are_under_way() {
        let mut limits = DeliveryLimits::new(100, 16);
        assert!(limits.is_worth_taking(ONE));
        (0..16).for_each(|_| limits.begun(ONE));
        assert!(!limits.is_worth_taking(ONE));
        (0..5).for_each(|_| limits.ended(ONE, false));
        assert!(!limits.is_worth_taking(ONE), "5 free, 11 under way: wait a moment");
        limits.ended(ONE, false);
        assert!(limits.is_worth_taking(ONE));
    }
}
