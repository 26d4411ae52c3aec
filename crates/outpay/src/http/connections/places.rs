//! The connections that are open, by client address, and which of them makes room for a new one: the one that has been idle for
//! longest, of the same address where that has too many, of all where there are too many. Where all are at work, the new one
//! goes into a small reserve in which only `/healthz` and `/readyz` are answered. A trusted proxy brings the connections of many
//! clients, so only the limit of all counts for it.

use super::activity::Activity;
use super::limits::{ConnectionLimits, RESERVE};
use crate::http::proxies::TrustedProxies;
use crate::web::client::customer;
use ledger::Micros;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// When there are too many in all, looking at all of them makes room for this share of them, so that it is rarely done.
const SHARE_THAT_GIVES_WAY: usize = 16;

/// What is counted of connections.
#[derive(Clone, Default)]
pub struct ConnectionMeasures {
    open: Gauge,
    gave_way: Counter,
    turned_away: Counter,
}

impl ConnectionMeasures {
    pub(in crate::http) fn register(&self, registry: &mut Registry) {
        registry.register("connections_open", "Open connections", self.open.clone());
        let help = "Connections that were closed while they served no request, to make room for new ones";
        registry.register("connections_gave_way", help, self.gave_way.clone());
        let help = "Connections that found no room: only probes were answered on them";
        registry.register("connections_turned_away", help, self.turned_away.clone());
    }
}

/// All open connections of an address that the server listens on.
pub(in crate::http) struct ConnectionPlaces {
    per_address: Option<usize>,
    in_all: usize,
    exempt: TrustedProxies,
    measures: ConnectionMeasures,
    taken: Mutex<PlacesTaken>,
}

type Connections = HashMap<u64, Arc<Activity>>;

#[derive(Default)]
struct PlacesTaken {
    next: u64,
    in_all: usize,
    by_address: HashMap<IpAddr, Connections>,
    reserve: Connections,
}

/// The place of one connection; given back when it is dropped.
pub(super) struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    address: IpAddr,
    number: u64,
    pub(super) activity: Arc<Activity>,
    /// Only probes are answered on it.
    pub(super) is_reserve: bool,
}

impl ConnectionPlaces {
    pub(in crate::http) fn new(
        limits: &ConnectionLimits,
        exempt: TrustedProxies,
        measures: ConnectionMeasures,
    ) -> Self {
        let ConnectionLimits { per_address, in_all, .. } = *limits;
        Self { per_address, in_all, exempt, measures, taken: Mutex::default() }
    }

    /// Without limits and measures, for an address that no client reaches.
    pub(in crate::http) fn unlimited() -> Self {
        let limits =
            ConnectionLimits { per_address: None, in_all: usize::MAX, ..ConnectionLimits::default() };
        Self::new(&limits, TrustedProxies::default(), ConnectionMeasures::default())
    }

    /// A place for a connection from this address. `None` where even the reserve is at work.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionPlace> {
        let address = customer(peer);
        let activity = Arc::new(Activity::begin());
        let mut taken = self.taken.lock();
        let is_reserve = !self.make_room(&mut taken, peer, address);
        if is_reserve {
            self.measures.turned_away.inc();
            if taken.reserve.len() >= RESERVE && !self.longest_idle(&mut taken.reserve) {
                return None;
            }
        }
        taken.next += 1;
        let number = taken.next;
        if is_reserve {
            taken.reserve.insert(number, Arc::clone(&activity));
        } else {
            taken.in_all += 1;
            self.measures.open.set(count(taken.in_all));
            taken.by_address.entry(address).or_default().insert(number, Arc::clone(&activity));
        }
        Some(ConnectionPlace { places: Arc::clone(self), address, number, activity, is_reserve })
    }

    fn make_room(&self, taken: &mut PlacesTaken, peer: IpAddr, address: IpAddr) -> bool {
        if let Some(most) = self.per_address.filter(|_| !self.exempt.contains(peer))
            && let Some(own) = taken.by_address.get_mut(&address).filter(|own| own.len() >= most)
        {
            if !self.longest_idle(own) {
                return false;
            }
            taken.in_all -= 1;
        }
        if taken.in_all < self.in_all {
            return true;
        }
        let mut idle: Vec<(Micros, IpAddr, u64)> = Vec::new();
        for (address, connections) in &taken.by_address {
            let since =
                connections.iter().filter_map(|(number, activity)| Some((activity.idle_since()?, *number)));
            idle.extend(since.map(|(since, number)| (since, *address, number)));
        }
        idle.sort_unstable();
        idle.truncate((self.in_all / SHARE_THAT_GIVES_WAY).max(1));
        for (_, address, number) in &idle {
            if let Some(activity) = taken.remove(*address, *number) {
                self.measures.gave_way.inc();
                activity.give_way();
            }
        }
        taken.in_all < self.in_all
    }

    /// Asks the longest idle of these connections to give way; whether there was one.
    fn longest_idle(&self, of: &mut Connections) -> bool {
        let idle = of.iter().filter_map(|(number, activity)| Some((activity.idle_since()?, *number)));
        let Some(activity) = idle.min().and_then(|(_, number)| of.remove(&number)) else { return false };
        self.measures.gave_way.inc();
        activity.give_way();
        true
    }
}

impl PlacesTaken {
    fn remove(&mut self, address: IpAddr, number: u64) -> Option<Arc<Activity>> {
        let own = self.by_address.get_mut(&address)?;
        let removed = own.remove(&number)?;
        if own.is_empty() {
            self.by_address.remove(&address);
        }
        self.in_all -= 1;
        Some(removed)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        // One that gave way is not in the list any more.
        if self.is_reserve {
            taken.reserve.remove(&self.number);
        } else {
            taken.remove(self.address, self.number);
            self.places.measures.open.set(count(taken.in_all));
        }
    }
}

fn count(connections: usize) -> i64 {
    i64::try_from(connections).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::Networks;

    fn places(per_address: usize, in_all: usize) -> Arc<ConnectionPlaces> {
        let limits =
            ConnectionLimits { per_address: Some(per_address), in_all, ..ConnectionLimits::default() };
        let exempt = TrustedProxies::new(Networks::parse("10.0.0.0/8").unwrap());
        Arc::new(ConnectionPlaces::new(&limits, exempt, ConnectionMeasures::default()))
    }

    fn take(places: &Arc<ConnectionPlaces>, peer: &str) -> ConnectionPlace {
        places.take(peer.parse().unwrap()).expect("there is room, at least in the reserve")
    }

    async fn gives_way(place: &ConnectionPlace) -> bool {
        futures_util::FutureExt::now_or_never(place.activity.asked_to_give_way()).is_some()
    }

    #[tokio::test]
    async fn of_one_address_the_longest_idle_gives_way() {
        let places = places(2, 100);
        let (first, second) = (take(&places, "192.0.2.1"), take(&places, "192.0.2.1"));
        let other = take(&places, "192.0.2.2");
        first.activity.works();
        let third = take(&places, "192.0.2.1");
        assert!(!third.is_reserve && gives_way(&second).await);
        assert!(
            !gives_way(&first).await && !gives_way(&other).await,
            "one is at work, one of another address"
        );
        third.activity.works();
        assert!(take(&places, "192.0.2.1").is_reserve, "all are at work");
        assert!(!take(&places, "192.0.2.2").is_reserve);
        drop((first, second));
        assert!(!take(&places, "192.0.2.1").is_reserve, "a place is given back");
    }

    #[tokio::test]
    async fn an_ipv6_network_counts_as_one_address() {
        let places = places(2, 100);
        let all = ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1", "2001:db8:1:2:ffff::3"];
        let all = all.map(|address| take(&places, address));
        assert!(gives_way(&all[0]).await && !gives_way(&all[2]).await);
    }

    #[tokio::test]
    async fn a_proxy_brings_the_connections_of_many() {
        let places = places(2, 100);
        let all: Vec<ConnectionPlace> = (0..10).map(|_| take(&places, "10.1.2.3")).collect();
        for place in &all {
            assert!(!place.is_reserve && !gives_way(place).await);
        }
    }

    #[tokio::test]
    async fn too_many_in_all_make_room_too() {
        let places = places(100, 3);
        let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| take(&places, address));
        let new = take(&places, "192.0.2.4");
        assert!(!new.is_reserve && gives_way(&all[0]).await && !gives_way(&all[1]).await);
        for busy in all[1..].iter().chain([&new]) {
            busy.activity.works();
        }
        let mut reserve: Vec<ConnectionPlace> = (0..RESERVE).map(|_| take(&places, "192.0.2.5")).collect();
        assert!(reserve.iter().all(|place| place.is_reserve));
        reserve.push(take(&places, "192.0.2.6"));
        let mut gave_way = 0;
        for place in &reserve {
            gave_way += usize::from(gives_way(place).await);
        }
        assert_eq!(gave_way, 1, "the reserve does not grow");
    }
}
