//! Requests in flight from the clients to the platform. It delays, and so reorders them; duplicates are the clients'
//! doing.

use super::dice::Dice;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Post {
    /// Ordered by arrival tick and then at random, so that requests can overtake each other.
    under_way: BTreeMap<(u64, u64), u64>,
    tick: u64,
}

impl Post {
    pub fn send(&mut self, order: u64, dice: &mut Dice) {
        let delay = dice.weighted(&[(70, 1), (25, 5), (4, 60), (1, 1500)]);
        let arrives = self.tick + dice.below(delay);
        self.send_at(order, arrives, dice);
    }

    /// Many copies that all arrive in one tick.
    pub fn send_at_once(&mut self, order: u64, copies: u32, dice: &mut Dice) {
        let arrives = self.tick + dice.below(5);
        for _ in 0..copies {
            self.send_at(order, arrives, dice);
        }
    }

    fn send_at(&mut self, order: u64, arrives: u64, dice: &mut Dice) {
        let mut lot = dice.any();
        while self.under_way.contains_key(&(arrives, lot)) {
            lot = dice.any();
        }
        self.under_way.insert((arrives, lot), order);
    }

    /// The next arrivals, at most `most`.
    pub fn deliver(&mut self, most: usize) -> Vec<u64> {
        let Some((first, _)) = self.under_way.keys().next().copied() else { return Vec::new() };
        self.tick = self.tick.max(first) + 1;
        let arrived: Vec<_> =
            self.under_way.range(..(self.tick, 0)).take(most).map(|(at, order)| (*at, *order)).collect();
        for (at, _) in &arrived {
            self.under_way.remove(at);
        }
        arrived.into_iter().map(|(_, order)| order).collect()
    }

    pub fn len(&self) -> usize {
        self.under_way.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives_once_and_not_in_the_order_in_which_it_was_sent() {
        let (mut post, mut dice) = (Post::default(), Dice::new(1));
        (0..500).for_each(|order| post.send(order, &mut dice));
        let mut arrived = Vec::new();
        while post.len() > 0 {
            let some = post.deliver(7);
            assert!((1..=7).contains(&some.len()));
            arrived.extend(some);
        }
        assert!(!arrived.is_sorted());
        arrived.sort_unstable();
        assert_eq!(arrived, (0..500).collect::<Vec<_>>());
    }
}
