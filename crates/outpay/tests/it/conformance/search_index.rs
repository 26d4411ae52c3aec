//! The index by which lists are searched: filled behind a cursor by any number of processes, forgotten row by row, and counted in.

use crate::conformance::bare_store::{BareStore, Engine, NOW};
use crate::conformance::lists::{people, window};
use crate::conformance::on_both_engines;
use crate::conformance::till::create;
use ledger::UserStatus;
use outpay::testing::search::{catch_up, fill};
use outpay::testing::store::{ListFilter, ListOrder, ListPlace, MOST_COUNTED, SearchKind, UserList};

on_both_engines! {
    a_row_is_found_once_it_is_in_the_index_and_never_once_forgotten,
    two_processes_fill_one_index,
    a_long_list_is_counted_up_to_a_number,
}

async fn a_row_is_found_once_it_is_in_the_index_and_never_once_forgotten(world: &BareStore) {
    let book = people(world).await;
    let (store, kind) = (&world.store, SearchKind::People);
    let found = async || {
        let list = UserList {
            any: ListFilter { text: "new".to_owned(), ..ListFilter::default() },
            ..UserList::default()
        };
        let page =
            store.list_users(book, &list, &window(ListOrder::Newest, ListPlace::Start, 9)).await.unwrap();
        (page.rows.iter().map(|row| row.user.number).collect::<Vec<_>>(), page.count.found)
    };
    assert_eq!((store.search_lag(book, kind, 10).await.unwrap(), found().await), (0, (vec![], 0)));
    let mut till = world.till().await;
    till.carry_out(
        book,
        ["new1@example.com", "new2@example.com", "new3@example.com"].map(|email| create(email, 1)),
    )
    .await;
    assert_eq!(
        (store.search_lag(book, kind, 10).await.unwrap(), store.search_lag(book, kind, 2).await.unwrap()),
        (3, 2)
    );
    assert!(store.search_lags(10).await.unwrap().contains(&(kind, 3)));
    assert_eq!(found().await, (vec![], 0), "not yet");
    let text = |source: &outpay::testing::store::SearchSource| source.fields[0].clone();
    assert!(!store.add_to_search(book, kind, 1, text).await.unwrap(), "there is more");
    assert_eq!(found().await, (vec![8], 1));
    assert_eq!(catch_up(store, book, kind).await.unwrap(), 0);
    assert_eq!(found().await, (vec![10, 9, 8], 3));
    store.forget_in_search(book, kind, 9).await.unwrap();
    store.forget_in_search(book, kind, 9).await.unwrap();
    assert_eq!(found().await, (vec![10, 8], 2));
    // What comes later into the same sets does not bring it back.
    till.carry_out(book, [create("new4@example.com", 1)]).await;
    fill(store, book, kind).await.unwrap();
    assert_eq!(found().await, (vec![11, 10, 8], 3));
    assert_eq!(store.books_to_index(kind).await.unwrap(), []);
}

async fn two_processes_fill_one_index(world: &BareStore) {
    let book = people(world).await;
    let mut till = world.till().await;
    till.carry_out(book, (0..100).map(|number| create(&format!("many{number}@example.com"), 1))).await;
    let all = world.at_once(3, async |store, _| {
        let text = |source: &outpay::testing::store::SearchSource| source.fields[0].clone();
        while !store.add_to_search(book, SearchKind::People, 7, text).await.unwrap() {}
    });
    assert_eq!(all.len(), 3);
    let list = UserList {
        any: ListFilter { text: "many".to_owned(), ..ListFilter::default() },
        ..UserList::default()
    };
    let page =
        world.store.list_users(book, &list, &window(ListOrder::Newest, ListPlace::Start, 200)).await.unwrap();
    assert_eq!((page.rows.len(), page.count.found), (100, 100));
}

async fn a_long_list_is_counted_up_to_a_number(world: &BareStore) {
    let book = world.book("Acme").await;
    let salt =
        if world.engine() == Engine::Sqlite { "zeroblob(16)" } else { "decode(repeat('00', 16), 'hex')" };
    let insert = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
         INSERT INTO payout_user (book, number, email, status, generation, salt, created_at) \
         SELECT {}, i, 'user' || i || CASE WHEN i > 10000 THEN '@late.example' ELSE '@early.example' END, i % 2, 1, {salt}, {NOW} FROM n",
        book.0
    );
    world.tamper(&insert).await.unwrap();
    let accounts = format!(
        "INSERT INTO account (book, id, balance, head) SELECT book, number, 1, 1 FROM payout_user WHERE book = {}",
        book.0
    );
    world.tamper(&accounts).await.unwrap();
    fill(&world.store, book, SearchKind::People).await.unwrap();
    let page = async |text: &str, status| {
        let any = ListFilter { text: text.to_owned(), ..ListFilter::default() };
        let list = UserList { any, status, ..UserList::default() };
        let page = world
            .store
            .list_users(book, &list, &window(ListOrder::Newest, ListPlace::Start, 2))
            .await
            .unwrap();
        (page.rows.iter().map(|row| row.user.number).collect::<Vec<_>>(), page.count.found, page.count.is_all)
    };
    let inactive = Some(UserStatus::Inactive);
    assert_eq!(page("", None).await, (vec![12_000, 11_999], MOST_COUNTED + 1, false));
    assert_eq!(page("", inactive).await, (vec![12_000, 11_998], 6_000, true));
    assert_eq!(page(".example", None).await, (vec![12_000, 11_999], MOST_COUNTED + 1, false));
    assert_eq!(page("@early.example", None).await, (vec![10_000, 9_999], 10_000, true));
    assert_eq!(page("@late.example", None).await, (vec![12_000, 11_999], 2_000, true));
    assert_eq!(page("@early.example", inactive).await, (vec![10_000, 9_998], 5_000, true));
    assert_eq!(page("ser777", None).await, (vec![7_779, 7_778], 11, true));
    assert_eq!(page("77", inactive).await, (vec![11_778, 11_776], 105, true));
}
