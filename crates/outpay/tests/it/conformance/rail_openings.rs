//! How often circuit breakers opened, as other processes read it.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use outpay::testing::store::RailOpening;

on_both_engines! {
    openings_are_counted_by_rail,
}

async fn openings_are_counted_by_rail(world: &BareStore) {
    let store = &world.store;
    assert_eq!(store.rail_openings().await.unwrap(), []);
    for (rail, at) in [("usdc", NOW), ("bank", NOW + 1), ("usdc", NOW + 2)] {
        store.note_rail_opening(rail, at).await.unwrap();
    }
    let of = |rail: &str, openings, opened_at| RailOpening { rail: rail.to_owned(), openings, opened_at };
    assert_eq!(store.rail_openings().await.unwrap(), [of("bank", 1, NOW + 1), of("usdc", 2, NOW + 2)]);
}
