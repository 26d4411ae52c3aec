//! The links of payments that an aggregator delivers.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use outpay::testing::store::{RewardLink, SealedColumn};

on_both_engines! {
    the_first_link_stays,
    a_link_is_found_for_a_rotation_and_replaced,
}

fn link(reward: &str, sealed: &[u8]) -> RewardLink {
    RewardLink { reward: reward.to_owned(), sealed: sealed.to_vec() }
}

async fn the_first_link_stays(world: &BareStore) {
    let (book, other) = (world.book("Acme").await, world.book("Other").await);
    let store = &world.store;
    assert_eq!(store.reward_link_of(book, 1).await.unwrap(), None);
    store.keep_reward_link(book, 1, &link("REWARD1", &[1, 7]), NOW).await.unwrap();
    store.keep_reward_link(book, 1, &link("REWARD2", &[1, 8]), NOW + 1).await.unwrap();
    assert_eq!(store.reward_link_of(book, 1).await.unwrap(), Some(link("REWARD1", &[1, 7])));
    assert_eq!(store.reward_link_of(book, 2).await.unwrap(), None);
    assert_eq!(store.reward_link_of(other, 1).await.unwrap(), None);
    store.keep_reward_link(other, 1, &link("REWARD3", &[1, 9]), NOW).await.unwrap();
    assert_eq!(store.reward_link_of(other, 1).await.unwrap(), Some(link("REWARD3", &[1, 9])));
    assert_eq!(store.reward_link_of(book, 1).await.unwrap(), Some(link("REWARD1", &[1, 7])));
}

async fn a_link_is_found_for_a_rotation_and_replaced(world: &BareStore) {
    let book = world.book("Acme").await;
    let store = &world.store;
    store.keep_reward_link(book, 5, &link("REWARD1", &[1, 7]), NOW).await.unwrap();
    let column = SealedColumn::RewardLink;
    let first = (i64::MIN, i64::MIN);
    let found = store.sealed_otherwise(column, first, 2, 10).await.unwrap();
    let seen: Vec<_> = found.iter().map(|text| (text.place, text.bound, text.bound_text.as_str())).collect();
    assert_eq!(seen, [((book.0, 5), 0, "REWARD1")]);
    store.replace_sealed(&[(found[0].clone(), vec![2, 7])]).await.unwrap();
    assert_eq!(store.reward_link_of(book, 5).await.unwrap(), Some(link("REWARD1", &[2, 7])));
    assert_eq!(store.count_sealed(column).await.unwrap(), [(2, 1)]);
    assert!(store.sealed_otherwise(column, first, 2, 10).await.unwrap().is_empty());
}
