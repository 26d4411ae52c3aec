//! The request log: searched as a page needs, deleted by age and by count.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::on_both_engines;
use ledger::BookId;
use outpay::testing::store::{RequestFilter, RequestLine};

on_both_engines! {
    a_line_comes_back_as_it_was_written,
    lines_are_filtered_and_paged,
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
    RequestFilter { book: BOOK, key: None, path: String::new(), statuses: (0, 999), before: None, limit: 100 }
}

async fn found(world: &BareStore, filter: RequestFilter) -> Vec<String> {
    let lines = world.store.request_lines(&filter).await.unwrap();
    lines.into_iter().map(|line| line.request_id).collect()
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

async fn lines_are_filtered_and_paged(world: &BareStore) {
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
    assert_eq!(found(world, RequestFilter { limit: 2, ..all() }).await, ["req_6", "req_5"]);
    let before = Some((NOW + 3, "req_3".to_owned()));
    assert_eq!(found(world, RequestFilter { before, ..all() }).await, ["req_2", "req_1"]);
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
