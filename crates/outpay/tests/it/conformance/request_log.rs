//! The request log: searched as a page needs, deleted by age and by count.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::BookId;
use outpay::testing::store::{ListOrder, ListPlace, RequestFilter, RequestLine, RequestPlace};

on_both_engines! {
    a_line_comes_back_as_it_was_written,
    lines_are_filtered,
    pages_go_both_ways,
    what_is_old_or_too_much_is_forgotten,
}

const BOOK: BookId = BookId(2);

fn line(place: i64) -> RequestLine {
    RequestLine {
        book: BOOK,
        at: NOW + place,
        request_id: format!("req_{place}"),
        key: 1 + place % 2,
        payout_user: 0,
        method: "POST".to_owned(),
        route: if place % 3 == 0 { "/payout/create" } else { "/payout/users/{id}/debit" }.to_owned(),
        path_id: "usr_1".to_owned(),
        status: [200, 404, 500][usize::try_from(place % 3).unwrap()],
        micros: 7,
        skipped: place,
        request: "{\"näme\":\"'\\\" 🙂\"}".to_owned(),
        response: String::new(),
    }
}

fn all() -> RequestFilter {
    RequestFilter::of(BOOK)
}

async fn found(world: &BareStore, filter: RequestFilter) -> Vec<String> {
    page(world, &filter, ListOrder::Newest, &ListPlace::Start, 100).await.0
}

/// Ids, the places before and after, and the count.
async fn page(
    world: &BareStore,
    filter: &RequestFilter,
    order: ListOrder,
    place: &ListPlace<RequestPlace>,
    limit: i64,
) -> (Vec<String>, Option<RequestPlace>, Option<RequestPlace>, i64) {
    let page = world.store.list_requests(filter, order, place, limit).await.unwrap();
    assert!(page.count.is_all);
    let ids = page.rows.into_iter().map(|line| line.request_id).collect();
    (ids, page.previous, page.next, page.count.found)
}

async fn a_line_comes_back_as_it_was_written(world: &BareStore) {
    world.store.write_request_lines(&[]).await.unwrap();
    world.store.write_request_lines(&[line(1), line(2)]).await.unwrap();
    // The same request again, beside a new one: only the new one is written.
    let changed = RequestLine { status: 599, ..line(1) };
    world.store.write_request_lines(&[changed, line(3)]).await.unwrap();
    assert_eq!(world.store.request_line(BOOK, "req_1").await.unwrap(), Some(line(1)));
    assert_eq!(world.store.request_line(BookId(3), "req_1").await.unwrap(), None);
    assert_eq!(world.store.request_line(BOOK, "req_9").await.unwrap(), None);
    assert_eq!(found(world, all()).await, ["req_3", "req_2", "req_1"]);
}

async fn lines_are_filtered(world: &BareStore) {
    let lines: Vec<RequestLine> = (1..=6).map(line).collect();
    world.store.write_request_lines(&lines).await.unwrap();
    let other = RequestLine { book: BookId(4), ..line(9) };
    world.store.write_request_lines(&[other]).await.unwrap();
    assert_eq!(found(world, RequestFilter { key: Some(1), ..all() }).await, ["req_6", "req_4", "req_2"]);
    assert_eq!(
        found(world, RequestFilter { statuses: (400, 999), ..all() }).await,
        ["req_5", "req_4", "req_2", "req_1"]
    );
    assert_eq!(found(world, RequestFilter { path: "create".to_owned(), ..all() }).await, ["req_6", "req_3"]);
    for nothing in ["%", "_ayout", "CREATE x"] {
        assert!(
            found(world, RequestFilter { path: nothing.to_owned(), ..all() }).await.is_empty(),
            "{nothing}"
        );
    }
    let text = |text: &str| RequestFilter { text: text.to_owned(), ..all() };
    assert_eq!(found(world, text("PAYOUT/create")).await, ["req_6", "req_3"], "in any case");
    assert_eq!(found(world, text("req_4")).await, ["req_4"]);
    assert_eq!(found(world, text("🙂")).await.len(), 6, "of the body");
    assert!(found(world, text("%")).await.is_empty());
    let at = Some(NOW + 2..NOW + 4);
    assert_eq!(found(world, RequestFilter { at, ..all() }).await, ["req_3", "req_2"]);
}

async fn pages_go_both_ways(world: &BareStore) {
    let lines: Vec<RequestLine> = (1..=5).map(line).collect();
    world.store.write_request_lines(&lines).await.unwrap();
    for (order, expected) in [
        (ListOrder::Newest, [vec!["req_5", "req_4"], vec!["req_3", "req_2"], vec!["req_1"]]),
        (ListOrder::Oldest, [vec!["req_1", "req_2"], vec!["req_3", "req_4"], vec!["req_5"]]),
    ] {
        let (filter, mut place) = (all(), ListPlace::Start);
        for (at, ids) in expected.iter().enumerate() {
            let (found, _, next, count) = page(world, &filter, order, &place, 2).await;
            assert_eq!(
                (&found, next.is_some(), count),
                (&ids.iter().map(ToString::to_string).collect(), at < 2, 5)
            );
            place = next.map_or(place, ListPlace::After);
        }
        for ids in expected.iter().rev().skip(1) {
            let (_, previous, ..) = page(world, &filter, order, &place, 2).await;
            place = ListPlace::Before(previous.unwrap());
            let (found, _, next, _) = page(world, &filter, order, &place, 2).await;
            assert_eq!(&found, ids);
            assert!(next.is_some());
        }
        let (_, previous, ..) = page(world, &filter, order, &place, 2).await;
        assert_eq!(previous, None, "the first page");
    }
}

async fn what_is_old_or_too_much_is_forgotten(world: &BareStore) {
    let store = &world.store;
    let lines: Vec<RequestLine> = (1..=6).map(line).collect();
    store.write_request_lines(&lines).await.unwrap();
    let other = RequestLine { book: BookId(4), ..line(2) };
    store.write_request_lines(&[other]).await.unwrap();
    store.forget_request_lines(&[], 1, NOW).await.unwrap();
    assert_eq!(found(world, all()).await.len(), 6);
    store.forget_request_lines(&[], 1, NOW + 3).await.unwrap();
    assert_eq!(found(world, all()).await, ["req_6", "req_5", "req_4", "req_3"]);
    assert!(found(world, RequestFilter { book: BookId(4), ..all() }).await.is_empty(), "of every book");
    store.forget_request_lines(&[BOOK, BookId(4)], 4, NOW).await.unwrap();
    assert_eq!(found(world, all()).await.len(), 4);
    store.forget_request_lines(&[BOOK], 1, NOW).await.unwrap();
    assert_eq!(found(world, all()).await, ["req_6"]);
}
