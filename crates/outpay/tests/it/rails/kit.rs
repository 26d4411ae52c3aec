//! The conformance kit: what every rail must satisfy, whatever it pays with. A new rail adds its case here.
//!
//! A case says how to count payments in the counterpart's own books; the kit prints what it has seen.

use crate::rails::chain::{Chain, person};
use crate::rails::platform::{Installation, book_with, command};
use ledger::{BookId, Cents, Command, Mode, Order, Provider, Reply, Terms, Withdrawal};
use outpay::testing::clock::{Clock, start_of_day};
use outpay::testing::config::Config;
use outpay::testing::platform::Platform;
use outpay::testing::rails::gift_card::pack;
use outpay::testing::rails::manual::{Manual, ManualConfig};
use outpay::testing::rails::sandbox;
use outpay::testing::rails::{Finding, Mounted, Outcome, Payment, Rail, Rails};
use outpay::testing::store::Attempt;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const NOW: i64 = 1_700_000_000_000_000;

struct Case<'a> {
    rail: &'a dyn Rail,
    payment: Payment,
    good: Value,
    bad: Vec<Value>,
    /// Does the rail know a payment that was never sent? A simulated one stores nothing, so it always does.
    remembers: bool,
    /// The rail's time.
    now: i64,
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Everything that can be tested without the counterpart's help. Returns the sent attempt and the last answer.
async fn conforms(case: &Case<'_>) -> (Vec<Attempt>, Finding) {
    let (rail, payment) = (case.rail, &case.payment);
    let facts = rail.facts();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    assert!(!facts.name.is_empty() && facts.name.bytes().all(plain), "{}", facts.name);
    assert!(!facts.title.english().is_empty() && !facts.expected_time.english().is_empty());
    assert_eq!(facts.provider, payment.withdrawal.provider);

    let written = rail.destination(&object(&case.good)).unwrap();
    let again = rail.destination(&object(&serde_json::from_str(&written).unwrap())).unwrap();
    assert_eq!(written, again, "the canonical form is its own canonical form");
    let empty = Value::Object(Map::new());
    for destination in case.bad.iter().chain([&empty]) {
        let problems = rail.destination(&object(destination)).unwrap_err();
        let names: Vec<&String> = facts.fields.iter().map(|field| &field.name).collect();
        assert!(!problems.is_empty(), "{destination}");
        for problem in problems {
            assert!(
                names.contains(&&problem.name) && problem.sentence.english().ends_with('.'),
                "{problem:?}"
            );
        }
    }

    let quote = rail.quote(payment.book, payment.withdrawal.net(), &written).await.unwrap();
    assert!(quote.detail.is_empty() || serde_json::from_str::<Map<String, Value>>(&quote.detail).is_ok());
    rail.balance(payment.book).await.unwrap();
    if facts.provider.is_paid_by_hand() {
        assert!(rail.prepare(payment, &[], 0).await.is_err(), "a person pays, no request does");
        let nothing = rail.query(payment, &[]).await;
        assert!(matches!(nothing, Finding::Outcome(Outcome::Unknown { .. })));
        println!("{}: by hand; destination checked", facts.name);
        return (Vec::new(), nothing);
    }

    let prepared = rail.prepare(payment, &[], 0).await.unwrap();
    assert!(!prepared.key.is_empty() && !prepared.request.is_empty());
    let attempt = Attempt {
        number: 1,
        rail: facts.name.clone(),
        key: prepared.key,
        request: prepared.request,
        slot: prepared.slot,
        created_at: case.now,
        answered_at: None,
        answer: String::new(),
        answer_text: String::new(),
    };
    let attempts = vec![attempt];
    if case.remembers {
        assert_eq!(rail.query(payment, &attempts).await, Finding::NotFound, "nothing was sent");
    }
    for _ in 0..2 {
        let answer = rail.submit(payment, &attempts[0]).await;
        assert!(matches!(answer, Outcome::Accepted { .. } | Outcome::Succeeded { .. }), "{answer:?}");
        let (Outcome::Accepted { detail } | Outcome::Succeeded { detail }) = answer else { unreachable!() };
        let start = format!(r#"{{"order_id":"{}""#, payment.order_id);
        assert!(detail.starts_with(&start), "{detail}");
    }
    let finding = rail.query(payment, &attempts).await;
    assert!(matches!(&finding, Finding::Outcome(Outcome::Accepted { .. } | Outcome::Succeeded { .. })));
    let after = rail.query(payment, &attempts).await;
    assert_eq!(after, finding, "asking again changes nothing");
    println!("{}: sent twice under one key, {finding:?}", facts.name);
    (attempts, finding)
}

fn payment(book: BookId, provider: Provider, net: i64, destination: &str) -> Payment {
    let withdrawal = Withdrawal {
        number: 1,
        user: 1,
        method: "method".to_owned(),
        provider,
        amount: Cents(net),
        fees: Cents::ZERO,
        destination: destination.to_owned(),
        state: ledger::WithdrawalState::Sending,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: NOW,
        changed_at: NOW,
    };
    Payment { book, withdrawal, order_id: format!("{}1", provider.order_prefix()), now: NOW }
}

#[tokio::test]
async fn sandbox_conforms() {
    let rail = sandbox::rail();
    let payment = payment(BookId(3), Provider::Sandbox, 1_000, r#"{"account":"a"}"#);
    let bad = vec![json!({ "account": 7 }), json!({ "account": "" }), json!({ "account": "x".repeat(101) })];
    let case =
        Case { rail: &rail, payment, good: json!({ "account": " a " }), bad, remembers: false, now: NOW };
    conforms(&case).await;
}

/// The simulated rail of test mode with this name.
async fn simulated(method: &str) -> (Installation, Platform, Arc<Mounted>) {
    let clock = Clock::manual(NOW);
    let installation = Installation::new(&clock);
    let mut platform = installation.open_with(Vec::new(), 1).await;
    let mut config = Config::default();
    config.rails.crypto.insert("usdc".to_owned(), crate::rails::chain::config(1, person(0x70), 6));
    let paypal = crate::rails::paypal::config("https://paypal.example", json!({}));
    config.rails.paypal.insert("paypal".to_owned(), paypal);
    let rewards = "api_key_env = \"UNSET_VARIABLE\"\nfunding_source_id = \"FUND12345678\"";
    config.rails.tremendous.insert("rewards".to_owned(), toml::from_str(rewards).unwrap());
    config.rails.tron.insert("usdt".to_owned(), crate::rails::tron::config("0x17"));
    platform.rails = Arc::new(Rails::new(&config.rails, &platform.store, &platform.secrets, &clock));
    let mounted = Arc::clone(platform.rails.get(Mode::Test, method).unwrap());
    (installation, platform, mounted)
}

#[tokio::test]
async fn simulated_gift_card_conforms() {
    let (_installation, _platform, cards) = simulated("gift_card").await;
    let payment = payment(BookId(3), Provider::GiftCard, 1_000, r#"{"brand":"Books"}"#);
    let bad = vec![json!({ "brand": "" }), json!({ "brand": 1 }), json!({ "brand": "x".repeat(61) })];
    let good = json!({ "brand": " Books " });
    conforms(&Case { rail: &*cards.rail, payment, good, bad, remembers: false, now: NOW }).await;
}

#[tokio::test]
async fn simulated_crypto_conforms() {
    let (_installation, _platform, token) = simulated("usdc").await;
    let address = person(0x51).to_checksum(None);
    let stored = json!({ "address": address, "network": "Testnet" }).to_string();
    let payment = payment(BookId(3), Provider::Crypto, 2_500, &stored);
    let bad = vec![
        json!({ "address": "0x0000000000000000000000000000000000000000" }),
        json!({ "address": person(0x70).to_checksum(None) }),
        json!({ "address": "nothing" }),
        json!({ "address": 7 }),
        json!({ "address": address, "network": "another" }),
    ];
    let good = json!({ "address": address.to_lowercase() });
    conforms(&Case { rail: &*token.rail, payment, good, bad, remembers: false, now: NOW }).await;
}

fn paypal_destinations() -> (Value, Vec<Value>) {
    let bad = vec![
        json!({ "email": "" }),
        json!({ "email": 7 }),
        json!({ "email": "nobody" }),
        json!({ "email": format!("{}@example.com", "x".repeat(64)) + &".example".repeat(8) }),
    ];
    (json!({ "email": " Ann@Example.com " }), bad)
}

#[tokio::test]
async fn simulated_paypal_conforms() {
    let (_installation, _platform, paypal) = simulated("paypal").await;
    let payment = payment(BookId(3), Provider::Paypal, 2_500, r#"{"email":"ann@example.com"}"#);
    let (good, bad) = paypal_destinations();
    conforms(&Case { rail: &*paypal.rail, payment, good, bad, remembers: false, now: NOW }).await;
}

#[tokio::test]
async fn paypal_conforms() {
    let world = crate::rails::paypal::World::open().await;
    let (_, order) = world.ask("ann@example.com").await;
    let payment = Payment {
        order_id: order.clone(),
        now: world.clock.now(),
        ..payment(world.book, Provider::Paypal, 2_500, r#"{"email":"ann@example.com"}"#)
    };
    let (good, bad) = paypal_destinations();
    let rail = &world.platform.rails.get(Mode::Live, "paypal").unwrap().rail;
    let now = world.clock.now();
    conforms(&Case { rail: &**rail, payment, good, bad, remembers: true, now }).await;
    assert_eq!(world.books().executed(&order), [2_500], "paid once");
}

#[tokio::test]
async fn simulated_rewards_conform() {
    let (_installation, _platform, rewards) = simulated("rewards").await;
    let good = json!({ "product": " PayPal  International", "name": "Ann Doe", "email": "Ann@Example.com" });
    let stored = rewards.rail.destination(&object(&good)).unwrap();
    let payment = payment(BookId(3), Provider::Tremendous, 1_000, &stored);
    conforms(&Case { rail: &*rewards.rail, payment, good, bad: bad_rewards(), remembers: false, now: NOW })
        .await;
}

fn bad_rewards() -> Vec<Value> {
    vec![
        json!({ "product": "Shop", "name": "Ann", "email": "nobody" }),
        json!({ "product": "", "name": "Ann", "email": "ann@example.com" }),
        json!({ "product": "Shop", "name": "x".repeat(101), "email": "ann@example.com" }),
        json!({ "product": 1, "name": "Ann", "email": "ann@example.com" }),
        json!({ "product": "Shop", "name": "Ann" }),
    ]
}

#[tokio::test]
async fn tremendous_conforms() {
    let world = crate::rails::tremendous::Rewards::with(10_000).await;
    let to = crate::rails::tremendous::destination(crate::rails::tremendous::PRODUCT);
    let payment = payment(world.book, Provider::Tremendous, 1_000, &Value::Object(to.clone()).to_string());
    let now = world.clock.now();
    let good = Value::Object(to);
    let order_id = payment.order_id.clone();
    let case = Case { rail: world.rail(), payment, good, bad: bad_rewards(), remembers: true, now };
    conforms(&case).await;
    assert_eq!(world.fake.executed(&order_id), [1_000], "paid once");
    assert_eq!(world.fake.books.lock().orders.len(), 1);
}

#[tokio::test]
async fn manual_conforms() {
    let config: ManualConfig = serde_json::from_value(json!({ "title": "Bank transfer" })).unwrap();
    let rail = Manual::new("bank".to_owned(), config);
    let payment = payment(BookId(2), Provider::Manual, 1_000, "{}");
    let bad = vec![json!({ "name": "Ann" }), json!({ "name": "a\nb", "account": "1" }), json!({ "name": 1 })];
    let good = json!({ "name": " Ann ", "account": "DE00", "else": "left out" });
    conforms(&Case { rail: &rail, payment, good, bad, remembers: true, now: NOW }).await;
}

#[tokio::test]
async fn sepa_conforms() {
    let rail = crate::rails::bank::sepa();
    let good =
        json!({ "name": " Ann  Müller ", "iban": "nl91 abna 0417 1643 00", "bic": "", "else": "left out" });
    let bad = vec![
        json!({ "name": "Ann" }),
        json!({ "name": "Ann", "iban": "NL92ABNA0417164300" }),
        json!({ "name": 1, "iban": ["NL91ABNA0417164300"], "bic": 7 }),
        json!({ "name": "x".repeat(71), "iban": "NL91ABNA0417164300" }),
    ];
    let payment = payment(BookId(2), Provider::Sepa, 1_000, "{}");
    conforms(&Case { rail: &rail, payment, good, bad, remembers: true, now: NOW }).await;
    assert!(!rail.diagnose().await.facts.is_empty());
}

#[tokio::test]
async fn ach_conforms() {
    let rail = crate::rails::bank::ach();
    let good = json!({
        "name": "Ann Müller", "routing_number": "0210 0002 1", "account_number": "12-345678", "account_type": "SAVINGS",
    });
    let wrong = |field: &str, value: Value| {
        let mut fields = good.as_object().unwrap().clone();
        fields.insert(field.to_owned(), value);
        Value::Object(fields)
    };
    let bad = vec![
        wrong("routing_number", json!("021000022")),
        wrong("account_number", json!("1")),
        wrong("account_type", json!("both")),
        wrong("name", json!(null)),
    ];
    let payment = payment(BookId(2), Provider::Ach, 1_000, "{}");
    conforms(&Case { rail: &rail, payment, good: good.clone(), bad, remembers: true, now: NOW }).await;
    assert!(!rail.diagnose().await.facts.is_empty());
}

#[tokio::test]
async fn gift_card_conforms() {
    let clock = Clock::manual(NOW);
    let installation = Installation::new(&clock);
    let platform = installation.open(Arc::new(sandbox::rail()), 1).await;
    let book = book_with(&platform, "gift_card", 10_000).await;
    let cards: Vec<_> = ["A-1", "A-2"]
        .map(|code| {
            let kind = ("Books", Cents(1_000), None);
            pack(&platform.secrets, &platform.entropy, book, kind, (code, None))
        })
        .into();
    platform.store.import_gift_cards(book, &cards, NOW).await.unwrap();
    let cards = platform.rails.get(Mode::Live, "gift_card").unwrap();
    let payment = payment(book, Provider::GiftCard, 1_000, r#"{"brand":"Books"}"#);
    let bad = vec![json!({ "brand": "" }), json!({ "brand": 1 }), json!({ "brand": "x".repeat(61) })];
    let case = Case {
        rail: &*cards.rail,
        payment,
        good: json!({ "brand": " Books " }),
        bad,
        remembers: true,
        now: NOW,
    };
    conforms(&case).await;
    let left = platform.store.gift_card_stock(book, NOW).await.unwrap();
    assert_eq!(left, [("Books".to_owned(), Cents(1_000), 1)], "one card was given, once");
}

#[tokio::test]
async fn crypto_conforms() {
    let world = Chain::anvil().await;
    let to = person(0x51);
    let payment = crate::rails::chain::payment(to, 2_500);
    let address = to.to_checksum(None);
    let bad = vec![
        json!({ "address": "0x0000000000000000000000000000000000000000" }),
        json!({ "address": "nothing" }),
        json!({ "address": 7 }),
        json!({ "address": address, "network": "another" }),
    ];
    let good = json!({ "address": address.to_lowercase() });
    let now = world.clock.now();
    let case = Case { rail: &world.rail, payment, good, bad, remembers: true, now };
    conforms(&case).await;
    world.node.mine(8).await;
    assert_eq!(world.paid(to).await, crate::rails::chain::units(2_450, 6), "paid once");
}

fn bad_on_tron() -> Vec<Value> {
    vec![
        json!({ "address": crate::rails::peers::tron_address(alloy_primitives::Address::ZERO) }),
        json!({ "address": crate::rails::tron::TOKEN }),
        json!({ "address": person(0x51).to_checksum(None) }),
        json!({ "address": 7 }),
        json!({ "address": crate::rails::tron::PERSON, "network": "another" }),
    ]
}

#[tokio::test]
async fn simulated_tron_conforms() {
    let (_installation, _platform, token) = simulated("usdt").await;
    let payment = crate::rails::tron::payment(crate::rails::tron::PERSON, 2_500);
    let good = json!({ "address": crate::rails::tron::PERSON, "network": "tron" });
    let bad = bad_on_tron();
    conforms(&Case { rail: &*token.rail, payment, good, bad, remembers: false, now: NOW }).await;
}

#[tokio::test]
async fn tron_conforms() {
    let world = crate::rails::tron::World::new().await;
    let payment = crate::rails::tron::payment(crate::rails::tron::PERSON, 2_500);
    let good = json!({ "address": crate::rails::tron::PERSON });
    let (bad, now) = (bad_on_tron(), world.clock.now());
    conforms(&Case { rail: &world.rail, payment, good, bad, remembers: true, now }).await;
    world.node.settle();
    let paid = world.node.paid(crate::rails::tron::wire(crate::rails::tron::PERSON));
    assert_eq!(paid, crate::rails::chain::units(2_450, 6), "paid once");
}

/// A rail that counts in memory how often it was asked to pay each order.
mod counting {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::{BoxFuture, ready};
    use outpay::testing::rails::{Closed, Facts, FieldProblem, Funds, Prepared, Quote};
    use parking_lot::Mutex;
    use std::collections::HashMap;

    pub struct Counting {
        inner: Arc<dyn Rail>,
        pub sent: Mutex<HashMap<String, u32>>,
    }

    impl Counting {
        pub fn new() -> Self {
            Self { inner: Arc::new(sandbox::rail()), sent: Mutex::default() }
        }
    }

    impl Rail for Counting {
        fn facts(&self) -> &Facts {
            self.inner.facts()
        }
        fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
            self.inner.destination(fields)
        }
        fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
            ready(Ok(Quote::default())).boxed()
        }
        fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
            ready(Ok(Funds::default())).boxed()
        }
        fn prepare<'a>(
            &'a self,
            payment: &'a Payment,
            earlier: &'a [Attempt],
            slot: i64,
        ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
            self.inner.prepare(payment, earlier, slot)
        }
        fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
            *self.sent.lock().entry(payment.order_id.clone()).or_default() += 1;
            async move {
                // Long enough for another worker to interfere.
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                self.inner.submit(payment, attempt).await
            }
            .boxed()
        }
        fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
            self.inner.query(payment, attempts)
        }
    }
}

async fn each_is_sent_once(installation: &Installation, count: i64) {
    let rail = Arc::new(counting::Counting::new());
    let open = async |seed| {
        let mut platform: Platform = installation.open(rail.clone(), seed).await;
        let config = Config::default();
        let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &platform.clock);
        rails.mount(Mode::Live, rail.clone());
        platform.rails = Arc::new(rails);
        platform
    };
    let (one, other) = (open(1).await, open(2).await);
    let book = book_with(&one, "sandbox", 100 * count).await;
    let asks = (0..count).map(|_| {
        let order = Order {
            user: 1,
            method: "sandbox".to_owned(),
            provider: Provider::Sandbox,
            amount: Cents(100),
            destination: r#"{"account":"a"}"#.to_owned(),
            terms: Terms { enabled: true, ..Terms::default() },
            is_held: false,
            day: start_of_day(NOW),
        };
        command(&one, book, Command::Withdraw(Box::new(order)))
    });
    let asked = futures_util::future::join_all(asks).await;
    assert!(asked.iter().all(|outcome| matches!(outcome, Reply::Withdrawal(_))));
    let work = async |platform: &Platform| {
        let worker = outpay::testing::payment_worker::PaymentWorker::new(platform.clone());
        let mut driven = 0;
        // A round without work is not the end: the other worker may have leased everything it saw.
        while (rail.sent.lock().len() as i64) < count {
            driven += worker.round().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        driven
    };
    let (by_one, by_other) = tokio::join!(work(&one), work(&other));
    assert!(by_one > 0 && by_other > 0, "both had work: {by_one} and {by_other}");
    let sent = rail.sent.lock().clone();
    assert_eq!(sent.len() as i64, count);
    assert!(sent.values().all(|times| *times == 1), "something was sent twice");
    for number in 1..=count {
        let withdrawal = one.store.withdrawal(book, number).await.unwrap().unwrap();
        assert_eq!(withdrawal.state, ledger::WithdrawalState::Succeeded);
    }
    println!("{count} withdrawals, {by_one} by one worker, {by_other} by the other, each sent once");
    crate::rails::platform::assert_books_are_clean(&one).await;
}

/// The installation outlives the runtime: dropping a database blocks, which a runtime must not.
fn run(installation: &Installation, count: i64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(each_is_sent_once(installation, count));
}

#[test]
fn two_workers_on_one_sqlite_file_send_each_once() {
    run(&Installation::new(&Clock::manual(NOW)), 300);
}

#[test]
fn two_workers_on_one_postgresql_send_each_of_1000_once() {
    run(&Installation::on_postgres(&Clock::manual(NOW)), 1_000);
}
