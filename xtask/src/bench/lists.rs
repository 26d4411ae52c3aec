//! The lists of `bench --pages`: people and withdrawals by every filter, by parts of texts, in every order and in both directions, with their
//! counts. Before that: as many withdrawals as people, and the index of texts, with the time that it takes and its rate.

use std::time::Duration;

use ::ledger::{BookId, Cents, Command, Order, Provider, Terms, UserStatus, WithdrawalState};
use ::outpay::testing::platform::Platform;
use ::outpay::testing::search;
use ::outpay::testing::store::{
    Failure, ListFilter, ListOrder, ListPage, ListPlace, ListWindow, SearchKind, UserList, WithdrawalList,
};
use anyhow::Result;
use futures_util::future::try_join_all;

use super::teller::ask;
use crate::clock;

/// Consecutive pages of a list.
const PAGES: usize = 20;
/// Withdrawals that are asked for at once.
const AT_ONCE: i64 = 1_000;

/// A withdrawal of each user, and the index.
pub async fn prepare(platform: &Platform, book: BookId, users: u64) -> Result<()> {
    let users = users.cast_signed();
    let mut first = 1;
    while first <= users {
        let last = users.min(first + AT_ONCE - 1);
        let all = (first..=last).map(|user| async move {
            // An inactive user is refused.
            let _refused = ask(platform, book, Command::Withdraw(Box::new(order(user)))).await;
            Ok::<_, Failure>(())
        });
        try_join_all(all).await?;
        first = last + 1;
    }
    for kind in [SearchKind::People, SearchKind::Withdrawals] {
        let started = clock::now();
        search::fill(&platform.store, book, kind).await?;
        let took = started.elapsed().as_secs_f64();
        println!("the index of {} was made in {took:.1} s: {:.0} rows/s", kind.word(), users as f64 / took);
    }
    Ok(())
}

/// Spread out, and the same in every run.
fn address(user: i64) -> String {
    let start = user.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
    format!("0x{start:016x}{start:016x}{user:08x}")
}

fn order(user: i64) -> Order {
    Order {
        user,
        method: "usdc".to_owned(),
        provider: Provider::Crypto,
        amount: Cents(1),
        destination: format!(r#"{{"address":"{}"}}"#, address(user)),
        terms: Terms { enabled: true, ..Terms::default() },
        is_held: false,
        day: 0,
    }
}

/// The slowest page.
pub async fn measure(platform: &Platform, book: BookId) -> Result<Duration> {
    println!("{:>52}  {:>9}  {:>10}  {:>12}", "list", "first ms", "slowest ms", "count");
    let mut slowest = Duration::ZERO;
    for (name, list) in people() {
        for order in [ListOrder::Newest, ListOrder::Oldest] {
            let read = async |window: ListWindow| platform.store.list_users(book, &list, &window).await;
            slowest = slowest.max(walk(&format!("people, {name}, {order:?}"), order, read).await?);
        }
    }
    for (name, list) in withdrawals() {
        for order in [ListOrder::Newest, ListOrder::Largest] {
            let read = async |window: ListWindow| platform.store.list_withdrawals(book, &list, &window).await;
            slowest = slowest.max(walk(&format!("withdrawals, {name}, {order:?}"), order, read).await?);
        }
    }
    Ok(slowest)
}

fn text(text: &str) -> ListFilter {
    ListFilter { text: text.to_owned(), ..ListFilter::default() }
}

fn people() -> Vec<(&'static str, UserList)> {
    let any = UserList::default;
    let list = |part: &str| UserList { any: text(part), ..any() };
    let (active, inactive) = (Some(UserStatus::Active), Some(UserStatus::Inactive));
    let (all, none) = (Some((Cents(0), Cents(10))), Some((Cents(1_000), Cents(i64::MAX))));
    vec![
        ("all", any()),
        ("active", UserList { status: active, ..any() }),
        ("inactive", UserList { status: inactive, ..any() }),
        ("a balance that all have", UserList { balance: all, ..any() }),
        ("a balance without matches", UserList { balance: none, ..any() }),
        ("inactive, a balance", UserList { balance: all, status: inactive, ..any() }),
        ("active, a balance without matches", UserList { balance: none, status: active, ..any() }),
        ("ser (in all)", list("ser")),
        ("@example.com (in all)", list("@example.com")),
        ("us (in all)", list("us")),
        ("99 (in many)", list("99")),
        ("9999@ (in 100)", list("9999@")),
        ("123@exam (in 1,000)", list("123@exam")),
        ("45@example (in 10,000)", list("45@example")),
        ("user99999", list("user99999")),
        ("zzz (in none)", list("zzz")),
        ("2example.c0m (in none)", list("2example.c0m")),
        ("example, inactive", UserList { status: inactive, ..list("example") }),
        ("7@example, a balance without matches", UserList { balance: none, ..list("7@example") }),
        (
            "one second of all",
            UserList { any: ListFilter { created: Some(0..1), ..ListFilter::default() }, ..any() },
        ),
    ]
}

fn withdrawals() -> Vec<(&'static str, WithdrawalList)> {
    let any = WithdrawalList::default;
    let list = |part: &str| WithdrawalList { any: text(part), ..any() };
    let at = |address: &str, user| {
        let value = Some(address.to_owned());
        WithdrawalList { value, not_user: Some(user), ..list(address) }
    };
    let (queued, failed) = (Some(WithdrawalState::Queued), Some(WithdrawalState::Failed));
    let usdc = Some("usdc".to_owned());
    let amount = |cents| ListFilter { amount: Some(Cents(cents)), ..ListFilter::default() };
    vec![
        ("all", any()),
        ("queued", WithdrawalList { state: queued, ..any() }),
        ("failed", WithdrawalList { state: failed, ..any() }),
        ("queued, by usdc", WithdrawalList { state: queued, method: usdc, ..any() }),
        ("queued, by bank", WithdrawalList { state: queued, method: Some("bank".to_owned()), ..any() }),
        ("unconfirmed", WithdrawalList { in_doubt: true, ..any() }),
        ("an amount that all have", WithdrawalList { any: amount(1), ..any() }),
        ("an amount that none has", WithdrawalList { any: amount(2), ..any() }),
        ("0x (in all)", list("0x")),
        ("example.com (in all)", list("example.com")),
        ("abc (in many)", list("abc")),
        ("abcde (in some)", list("abcde")),
        ("user777777@", list("user777777@")),
        ("zzz (in none)", list("zzz")),
        ("others at the address of one", at(&address(777_777), 777_777)),
        ("others at an address that none has", at("0x0000000000000000000000000000000000000001", 1)),
        ("abc, failed", WithdrawalList { state: failed, ..list("abc") }),
        ("example, queued", WithdrawalList { state: queued, ..list("example") }),
    ]
}

/// Some pages forward, one backward; the slowest.
async fn walk<T>(
    name: &str,
    order: ListOrder,
    read: impl AsyncFn(ListWindow) -> Result<ListPage<T>, Failure>,
) -> Result<Duration> {
    let (mut place, mut first, mut slowest) = (ListPlace::Start, None, Duration::ZERO);
    let mut count = String::new();
    for at in 0..=PAGES {
        let started = clock::now();
        let page = read(ListWindow { order, place, limit: 50, counts: true }).await?;
        let took = started.elapsed();
        (first, slowest) = (first.or(Some(took)), slowest.max(took));
        count = format!("{}{}", page.count.found, if page.count.is_all { "" } else { "+" });
        place = match (at + 1 == PAGES, page.next, page.previous) {
            (false, Some(next), _) => ListPlace::After(next),
            (true, _, Some(previous)) => ListPlace::Before(previous),
            _ => break,
        };
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:>52}  {:>9.2}  {:>10.2}  {count:>12}", ms(first.unwrap_or_default()), ms(slowest));
    Ok(slowest)
}
