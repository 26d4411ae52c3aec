//! The dashboard's lists: each filter, each order, both directions, counts. A walk through each list in pages of
//! several sizes must show the expected rows, forwards and back.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, deactivate, order, step, withdraw};
use crate::conformance::webhooks::with_deliveries;
use ledger::{Actor, BookId, Cents, EntryKind, Step, UserStatus, WithdrawalState};
use outpay::testing::search::fill;
use outpay::testing::store::{
    AuditList, BatchList, DeliveryList, DeliveryState, Failure, Import, ImportList, ImportState, ListFilter,
    ListOrder, ListPage, ListPlace, ListWindow, SearchKind, UserList, WithdrawalList,
};

on_both_engines! {
    people_are_found_by_every_filter,
    withdrawals_are_found_by_every_filter,
    other_lists_are_found_by_theirs,
    a_text_is_found_to_the_letter_and_in_any_case,
}

const DAY: i64 = 86_400_000_000;
const PEOPLE: [&str; 7] = [
    "anna@example.com",
    "Anton@example.com",
    "an_b@example.com",
    "bob@example.org",
    "bo.b@example.com",
    "100%sure@example.org",
    "zoe@example.com",
];

/// People 1 to 7, one a day, with 100, 200, … cents; 2 and 4 are inactive.
pub async fn people(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let mut till = world.till().await;
    till.fund(book, 100_000).await;
    for (number, email) in (1..).zip(PEOPLE) {
        till.carry_out(book, [create(email, number * 100)]).await;
        till.now += DAY;
    }
    till.carry_out(book, [2, 4].map(deactivate)).await;
    fill(&world.store, book, SearchKind::People).await.unwrap();
    book
}

pub fn window(order: ListOrder, place: ListPlace, limit: i64) -> ListWindow {
    ListWindow { order, place, limit, counts: true }
}

/// Walks a list forwards and back again in pages of each size; each page and each count must be as expected.
async fn walk<T, Read>(expected: &[i64], order: ListOrder, number: impl Fn(&T) -> i64, read: Read)
where
    Read: AsyncFn(ListWindow) -> Result<ListPage<T>, Failure>,
{
    for limit in [1, 2, 3, 50] {
        let pages: Vec<&[i64]> = expected.chunks(limit).collect();
        let (mut place, mut at, mut is_forward) = (ListPlace::Start, 0, true);
        loop {
            let page = read(window(order, place, limit as i64)).await.unwrap();
            let found: Vec<i64> = page.rows.iter().map(&number).collect();
            let wanted = pages.get(at).copied().unwrap_or_default();
            assert_eq!(found, wanted, "page {at} of {limit}, {order:?} {place:?}");
            assert_eq!((page.count.found, page.count.is_all), (expected.len() as i64, true));
            assert_eq!(page.previous.is_some(), at > 0, "{place:?} of {limit}");
            assert_eq!(page.next.is_some(), at + 1 < pages.len(), "{place:?} of {limit}");
            is_forward &= page.next.is_some();
            (place, at) = match (is_forward, page.next, page.previous) {
                (true, Some(next), _) => (ListPlace::After(next), at + 1),
                (_, _, Some(previous)) => (ListPlace::Before(previous), at - 1),
                _ => break,
            };
        }
    }
}

async fn people_are_found_by_every_filter(world: &BareStore) {
    let book = people(world).await;
    let text = |text: &str| ListFilter { text: text.to_owned(), ..ListFilter::default() };
    let created = |from: i64, until: i64| ListFilter {
        created: Some(NOW + from * DAY..NOW + until * DAY),
        ..ListFilter::default()
    };
    let (active, inactive) = (Some(UserStatus::Active), Some(UserStatus::Inactive));
    let balance = |least, most| Some((Cents(least), Cents(most)));
    let list = |any: ListFilter| UserList { any, ..UserList::default() };
    for (list, expected) in [
        (UserList::default(), vec![1, 2, 3, 4, 5, 6, 7]),
        (UserList { number: Some(3), ..UserList::default() }, vec![3]),
        (UserList { number: Some(9), ..UserList::default() }, vec![]),
        (UserList { status: active, ..UserList::default() }, vec![1, 3, 5, 6, 7]),
        (UserList { status: inactive, ..UserList::default() }, vec![2, 4]),
        (UserList { balance: balance(200, 400), ..UserList::default() }, vec![2, 3, 4]),
        (UserList { balance: balance(200, 400), status: active, ..UserList::default() }, vec![3]),
        (UserList { balance: balance(200, 300), status: inactive, ..UserList::default() }, vec![2]),
        (list(text("an")), vec![1, 2, 3]),
        (list(text("ANNA")), vec![1]),
        (list(text("example.org")), vec![4, 6]),
        (list(text("b@example")), vec![3, 4, 5]),
        (list(text("@example.com")), vec![1, 2, 3, 5, 7]),
        (list(text("om")), vec![1, 2, 3, 5, 7]),
        (list(text("bobby")), vec![]),
        (UserList { status: active, ..list(text("example.org")) }, vec![6]),
        (UserList { status: inactive, balance: balance(0, 300), ..list(text("example")) }, vec![2]),
        (UserList { balance: balance(500, 700), ..list(text(".com")) }, vec![5, 7]),
        (list(created(0, 2)), vec![1, 2]),
        (list(created(3, 4)), vec![4]),
        (list(created(-9, 0)), vec![]),
        (list(created(9, 99)), vec![]),
        (list(ListFilter { text: "example.com".to_owned(), ..created(1, 5) }), vec![2, 3, 5]),
        (UserList { balance: balance(0, 200), ..list(created(1, 9)) }, vec![2]),
    ] {
        for (order, expected) in orders(expected) {
            let read = async |window: ListWindow| world.store.list_users(book, &list, &window).await;
            walk(&expected, order, |row: &outpay::testing::store::UserRow| row.user.number, read).await;
        }
    }
    let elsewhere = BookId(book.0 + 1);
    let page = world
        .store
        .list_users(elsewhere, &list(text("an")), &window(ListOrder::Newest, ListPlace::Start, 9))
        .await;
    assert_eq!(page.unwrap().rows, []);
}

/// Numbers in the order of time, both ways.
fn orders(numbers: Vec<i64>) -> [(ListOrder, Vec<i64>); 2] {
    let newest = numbers.iter().rev().copied().collect();
    [(ListOrder::Oldest, numbers), (ListOrder::Newest, newest)]
}

async fn withdrawals_are_found_by_every_filter(world: &BareStore) {
    let book = people(world).await;
    let mut till = world.till().await;
    till.now = NOW + 10 * DAY;
    // Amounts 10, 30, 20, 30, 5 of people 1, 3, 1, 5, 7.
    for (user, amount, name) in
        [(1, 10, "Ünal"), (3, 30, "ünal 2"), (1, 20, "x%y"), (5, 30, "x_y"), (7, 5, "other")]
    {
        let destination = serde_json::json!({ "name": name }).to_string();
        till.carry_out(book, [withdraw(ledger::Order { destination, ..order(user, amount) })]).await;
        till.now += DAY;
    }
    till.carry_out(book, [step(2, Step::Cancel)]).await;
    till.carry_out(book, [step(4, Step::Send), step(5, Step::Send)]).await;
    till.carry_out(book, [step(4, Step::LoseOutcome)]).await;
    fill(&world.store, book, SearchKind::Withdrawals).await.unwrap();
    let text = |text: &str| ListFilter { text: text.to_owned(), ..ListFilter::default() };
    let list = |any: ListFilter| WithdrawalList { any, ..WithdrawalList::default() };
    let any = WithdrawalList::default;
    let amount = |amount| ListFilter { amount: Some(Cents(amount)), ..ListFilter::default() };
    let created = Some(NOW + 11 * DAY..NOW + 14 * DAY);
    let amounts = [10, 30, 20, 30, 5];
    for (list, expected) in [
        (any(), vec![1, 2, 3, 4, 5]),
        (WithdrawalList { number: Some(2), ..any() }, vec![2]),
        (WithdrawalList { user: Some(1), ..any() }, vec![1, 3]),
        (WithdrawalList { state: Some(WithdrawalState::Queued), ..any() }, vec![1, 3]),
        (WithdrawalList { state: Some(WithdrawalState::Sending), user: Some(5), ..any() }, vec![4]),
        (WithdrawalList { method: Some("usdc".to_owned()), ..any() }, vec![1, 2, 3, 4, 5]),
        (WithdrawalList { method: Some("bank".to_owned()), ..any() }, vec![]),
        (WithdrawalList { in_doubt: true, ..any() }, vec![4]),
        (WithdrawalList { not_user: Some(1), ..any() }, vec![2, 4, 5]),
        (WithdrawalList { value: Some("other".to_owned()), ..any() }, vec![5]),
        (WithdrawalList { value: Some("unal".to_owned()), ..any() }, vec![]),
        (WithdrawalList { value: Some("Ünal".to_owned()), ..list(text("Ünal")) }, vec![1]),
        (WithdrawalList { value: Some("Ünal".to_owned()), not_user: Some(1), ..list(text("Ünal")) }, vec![]),
        (WithdrawalList { among: Some(vec![4, 2, 9]), ..any() }, vec![2, 4]),
        (WithdrawalList { among: Some(vec![4, 3]), state: Some(WithdrawalState::Queued), ..any() }, vec![3]),
        (list(amount(30)), vec![2, 4]),
        (list(amount(31)), vec![]),
        (WithdrawalList { in_doubt: true, ..list(amount(30)) }, vec![4]),
        (list(text("ÜNAL")), vec![1, 2]),
        (list(text("anna@")), vec![1, 3]),
        (list(text("x%y")), vec![3]),
        (list(text("x_y")), vec![4]),
        (list(text("x\ny")), vec![]),
        (WithdrawalList { state: Some(WithdrawalState::Queued), ..list(text("example.com")) }, vec![1, 3]),
        (list(ListFilter { created: created.clone(), ..ListFilter::default() }), vec![2, 3, 4]),
        (list(ListFilter { created: created.clone(), ..text("example.com") }), vec![2, 3, 4]),
        (list(ListFilter { created, ..amount(30) }), vec![2, 4]),
    ] {
        let mut by_amount = expected.clone();
        by_amount.sort_by_key(|number| (-amounts[*number as usize - 1], -number));
        for (order, expected) in orders(expected).into_iter().chain([(ListOrder::Largest, by_amount)]) {
            let read = async |window: ListWindow| world.store.list_withdrawals(book, &list, &window).await;
            walk(&expected, order, |row: &ledger::Withdrawal| row.number, read).await;
        }
    }
}

async fn other_lists_are_found_by_theirs(world: &BareStore) {
    let book = with_deliveries(world, "Acme", &[1, 2, 3]).await;
    let store = &world.store;
    let import = |number: i64, name: &str, state| Import {
        number,
        name: name.to_owned(),
        digest: [0; 32],
        lines: 1,
        total: Cents(number * 10),
        actor: Actor::OPERATOR,
        confirmed_by: Actor::NONE,
        state,
        created_at: NOW + number,
        changed_at: NOW,
    };
    for import in [import(1, "März.csv", ImportState::Draft), import(2, "april.csv", ImportState::Done)] {
        store.add_import(book, &import, &[]).await.unwrap();
    }
    let entries = [("member.invited", Actor(5)), ("settings.logo_changed", Actor::member(4))];
    let entries = entries.map(|(action, actor)| entry(book.business(), action, actor));
    store.write_audit(&entries).await.unwrap();
    for kind in SearchKind::ALL {
        assert!(
            store.books_to_index(kind).await.unwrap().contains(&book)
                == (kind != SearchKind::People
                    && kind != SearchKind::Withdrawals
                    && kind != SearchKind::Batches)
        );
        fill(store, book, kind).await.unwrap();
    }
    deliveries_are_found(world, book).await;
    imports_are_found(world, book).await;
    entries_are_found(world, book).await;
    let batches = store.list_batches(book, &BatchList::default(), &newest()).await.unwrap();
    assert_eq!((batches.rows.len(), batches.count.found), (0, 0));
}

fn newest() -> ListWindow {
    window(ListOrder::Newest, ListPlace::Start, 9)
}

fn text_filter(text: &str) -> ListFilter {
    ListFilter { text: text.to_owned(), ..ListFilter::default() }
}

async fn deliveries_are_found(world: &BareStore, book: BookId) {
    let store = &world.store;
    let deliveries = async |list: DeliveryList| {
        let page = store.list_deliveries(book, &list, &newest()).await.unwrap();
        page.rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    let any = DeliveryList::default;
    assert_eq!(deliveries(any()).await, [3, 2, 1]);
    assert_eq!(deliveries(DeliveryList { state: Some(DeliveryState::Pending), ..any() }).await, [3, 2, 1]);
    assert_eq!(deliveries(DeliveryList { state: Some(DeliveryState::Failed), ..any() }).await, [0; 0]);
    assert_eq!(deliveries(DeliveryList { withdrawal: Some(2), ..any() }).await, [2]);
    assert_eq!(deliveries(DeliveryList { endpoint: Some(1), number: Some(3), ..any() }).await, [3]);
    assert_eq!(deliveries(DeliveryList { endpoint: Some(2), ..any() }).await, [0; 0]);
    assert_eq!(
        deliveries(DeliveryList { event: Some(EntryKind::WithdrawalCreated), ..any() }).await,
        [3, 2, 1]
    );
    assert_eq!(deliveries(DeliveryList { any: text_filter("payout.created"), ..any() }).await, [3, 2, 1]);
}

async fn imports_are_found(world: &BareStore, book: BookId) {
    let store = &world.store;
    let imports = async |list: ImportList| {
        let page = store.list_imports(book, &list, &newest()).await.unwrap();
        page.rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(imports(ImportList::default()).await, [2, 1]);
    assert_eq!(imports(ImportList { any: text_filter("MÄRZ"), ..ImportList::default() }).await, [1]);
    assert_eq!(imports(ImportList { state: Some(ImportState::Done), ..ImportList::default() }).await, [2]);
    assert_eq!(imports(ImportList { number: Some(1), ..ImportList::default() }).await, [1]);
    let amount = ListFilter { amount: Some(Cents(20)), ..ListFilter::default() };
    assert_eq!(imports(ImportList { any: amount, ..ImportList::default() }).await, [2]);
}

async fn entries_are_found(world: &BareStore, book: BookId) {
    let store = &world.store;
    let log = async |list: AuditList| {
        let page = store.list_audit_log(book.business(), &list, &newest()).await.unwrap();
        page.rows.into_iter().map(|row| row.action).collect::<Vec<_>>()
    };
    let any = AuditList::default;
    assert_eq!(log(any()).await[..2], ["settings.logo_changed", "member.invited"]);
    assert_eq!(log(AuditList { actors: (1, i64::MAX), ..any() }).await[0], "member.invited");
    let member = Actor::member(4).0;
    assert_eq!(log(AuditList { actors: (member, member), ..any() }).await, ["settings.logo_changed"]);
    assert_eq!(log(AuditList { action: "member.invited".to_owned(), ..any() }).await, ["member.invited"]);
    assert_eq!(
        log(AuditList { any: text_filter("changed the logo"), ..any() }).await,
        ["settings.logo_changed"],
        "the sentence"
    );
}

async fn a_text_is_found_to_the_letter_and_in_any_case(world: &BareStore) {
    let book = people(world).await;
    let found = async |text: &str| {
        let list = UserList {
            any: ListFilter { text: text.to_owned(), ..ListFilter::default() },
            ..UserList::default()
        };
        let page = world
            .store
            .list_users(book, &list, &window(ListOrder::Oldest, ListPlace::Start, 9))
            .await
            .unwrap();
        page.rows.iter().map(|row| row.user.number).collect::<Vec<_>>()
    };
    assert_eq!(found("an_b").await, [3], "no wildcard for one letter");
    assert_eq!(found("an.b").await, [0; 0]);
    assert_eq!(found("0%s").await, [6], "nor for many");
    assert_eq!(found("1%s").await, [0; 0]);
    assert_eq!(found("%%").await, [0; 0]);
    assert_eq!(found("aNTO").await, [2]);
    assert_eq!(found("bob@example.org").await, [4], "the whole");
    assert_eq!(found("bob@example.orgs").await, [0; 0]);
    assert_eq!(found("ann").await, [1], "three bytes");
    assert_eq!(found("rg").await, [4, 6], "the last two bytes");
    // Each piece is somewhere, but not one after the other.
    assert_eq!(found("example.comexample").await, [0; 0]);
}
