//! The numbers that counterparts have given the payments of attempts.

use crate::conformance::bare_store::BareStore;
use crate::conformance::on_both_engines;
use outpay::testing::store::RailNumber;

on_both_engines! {
    the_first_number_of_a_key_stays,
    a_payment_is_found_by_its_transaction,
}

fn number(key: &str, number: &str, transaction: &str) -> RailNumber {
    let [key, number, transaction] = [key, number, transaction].map(str::to_owned);
    RailNumber { key, number, transaction }
}

async fn the_first_number_of_a_key_stays(world: &BareStore) {
    let store = &world.store;
    assert_eq!(store.rail_number("pp", "K-1").await.unwrap(), None);
    assert_eq!(store.note_rail_number("pp", "K-1", "B1").await.unwrap(), "B1");
    assert_eq!(store.note_rail_number("pp", "K-1", "B2").await.unwrap(), "B1");
    assert_eq!(store.note_rail_number("other", "K-1", "B3").await.unwrap(), "B3");
    assert_eq!(store.rail_number("pp", "K-1").await.unwrap(), Some(number("K-1", "B1", "")));
}

async fn a_payment_is_found_by_its_transaction(world: &BareStore) {
    let store = &world.store;
    for key in ["K-1", "K-2"] {
        store.note_rail_number("pp", key, &format!("B-{key}")).await.unwrap();
    }
    let of = async |transaction: &str| store.rail_number_of_transaction(transaction).await.unwrap();
    assert_eq!(of("").await, None, "not known yet is no name");
    store.note_rail_transaction("pp", "K-2", "T9").await.unwrap();
    store.note_rail_transaction("pp", "K-3", "T8").await.unwrap();
    assert_eq!(of("T9").await, Some(("pp".to_owned(), number("K-2", "B-K-2", "T9"))));
    assert_eq!(of("T8").await, None, "a key without a number");
}
