//! Test mode has every method of live mode, simulated: the amount decides, the details have the live rail's form, and nothing
//! reaches a counterpart.

use crate::database::Database;
use crate::rails::chain;
use crate::world::{Business, Hat, SECOND, Setup, World};
use ledger::{Actor, BookId, Cents, Mode, Provider, WithdrawalState};
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rails;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Map, Value, json};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

crate::world::on_both_engines! {
    every_method_of_live_mode_is_there_with_its_fields,
    the_amount_decides_what_every_method_does_and_no_network_is_used,
    a_detail_has_the_form_of_the_live_rail,
    a_simulated_rail_obeys_its_terms,
    live_books_see_no_simulated_rail,
    a_reward_of_test_mode_is_a_link_that_leads_nowhere,
}

/// A world with a crypto rail whose node is this test, which counts its callers.
struct TestMode {
    world: World,
    callers: Arc<AtomicUsize>,
}

impl Deref for TestMode {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for TestMode {
    async fn open(database: Arc<Database>) -> Self {
        let node = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", node.local_addr().unwrap());
        let callers = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&callers);
        tokio::spawn(async move {
            while node.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let mut setup = Setup::default();
        let token = chain::config(1, chain::person(0x70), 6);
        setup.config.rails.crypto.insert("usdc".to_owned(), token.clone());
        let rewards = "api_key_env = \"UNSET_VARIABLE\"\nfunding_source_id = \"FUND12345678\"";
        setup.config.rails.tremendous.insert("rewards".to_owned(), toml::from_str(rewards).unwrap());
        let config = setup.config.clone();
        let mut world = World::open(database, setup).await;
        let platform = &world.platform;
        let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &platform.clock);
        rails.mount(Mode::Live, Arc::new(chain::rail(&token, &url, &platform.clock)));
        world.platform.rails = Arc::new(rails);
        Self { world, callers }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl TestMode {
    /// A business with one user of test mode who has 10,000.00.
    async fn tester(&self) -> Business {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.test, 2_000_000).await;
        self.give(business.test, "user@example.com", 1_000_000).await;
        business
    }

    async fn withdraw(&self, book: BookId, method: &str, cents: i64) -> i64 {
        let wish = Wish { method: method.to_owned(), amount: Cents(cents), destination: destination(method) };
        self.platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value.number
    }

    async fn state(&self, book: BookId, number: i64) -> WithdrawalState {
        self.platform.store.withdrawal(book, number).await.unwrap().unwrap().state
    }

    /// Lets ten seconds pass, with a worker at work.
    async fn ten_seconds(&self) {
        for _ in 0..20 {
            self.work().await;
            self.wait(SECOND / 2);
        }
    }

    /// What was published of the payment.
    async fn detail(&self, book: BookId, number: i64) -> String {
        let entries = self.platform.store.entries_of_withdrawal(book, number).await.unwrap();
        let told = entries.into_iter().rev().find(|stored| !stored.entry.detail.is_empty());
        told.unwrap().entry.detail.clone()
    }
}

fn destination(method: &str) -> Map<String, Value> {
    let destination = match method {
        "usdc" => json!({ "address": chain::person(0x51).to_checksum(None) }),
        "gift_card" => json!({ "brand": "Books" }),
        "bank" => json!({ "name": "Ann", "account": "DE00" }),
        "rewards" => json!({ "product": "PayPal International", "name": "Ann", "email": "ann@example.com" }),
        _ => json!({ "account": "any" }),
    };
    destination.as_object().unwrap().clone()
}

async fn every_method_of_live_mode_is_there_with_its_fields(world: &TestMode) {
    let rails = &world.platform.rails;
    let names = |mode| -> Vec<String> { rails.of(mode).map(|rail| rail.facts().name.clone()).collect() };
    assert_eq!(names(Mode::Test), ["sandbox", "gift_card", "rewards", "bank", "usdc"]);
    for live in rails.of(Mode::Live) {
        let (live, test) = (live.facts(), rails.get(Mode::Test, &live.facts().name).unwrap().facts());
        let of = |facts: &outpay::testing::rails::Facts| {
            (facts.provider, facts.title.clone(), facts.expected_time.clone(), facts.fields.clone())
        };
        assert_eq!(of(live), of(test));
        assert_eq!(test.line, None, "a simulated payment takes no slot of a real line");
    }
    assert_eq!(names(Mode::Live).len() + 1, names(Mode::Test).len(), "and the sandbox");
}

async fn the_amount_decides_what_every_method_does_and_no_network_is_used(world: &TestMode) {
    use WithdrawalState::{Failed, Returned, Sending, Succeeded};
    let business = world.tester().await;
    let ends = [
        (0, Succeeded),
        (11, Failed),
        (12, Succeeded),
        (13, Succeeded),
        (14, Sending),
        (15, Returned),
        (16, Succeeded),
        (17, Failed),
        (18, Succeeded),
        (50, Succeeded),
    ];
    let mut asked = Vec::new();
    for method in ["sandbox", "gift_card", "usdc", "rewards"] {
        for (digits, end) in ends {
            let number = world.withdraw(business.test, method, 1_000 + digits).await;
            asked.push((method, digits, number, end));
        }
    }
    world.ten_seconds().await;
    for (method, digits, number, end) in asked {
        let found = world.platform.store.withdrawal(business.test, number).await.unwrap().unwrap();
        assert_eq!(found.state, end, "{method} {digits}");
        assert_eq!(found.outcome_unknown, end == Sending, "{method} {digits}");
    }
    assert_eq!(world.callers.load(Ordering::SeqCst), 0, "test money never reaches a node");
    // The node would have noticed.
    let live = world.platform.rails.get(Mode::Live, "usdc").unwrap();
    live.rail.balance(business.live).await.unwrap_err();
    while world.callers.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

async fn a_detail_has_the_form_of_the_live_rail(world: &TestMode) {
    let business = world.tester().await;
    let numbers = [
        world.withdraw(business.test, "usdc", 2_500).await,
        world.withdraw(business.test, "usdc", 2_500).await,
        world.withdraw(business.test, "gift_card", 2_500).await,
    ];
    world.ten_seconds().await;
    let order = |provider, number| world.platform.secrets.ids().order_id(provider, business.test, number);
    let [first, second] = [numbers[0], numbers[1]];
    let told: Value = serde_json::from_str(&world.detail(business.test, first).await).unwrap();
    let hash = told["tx_hash"].as_str().unwrap();
    let digits = hash.strip_prefix("0x").unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    let expected = format!(
        concat!(
            r#"{{"order_id":"{}","currency":"USDC","chain":"ERC20","crypto_amount":25,"usd_amount":25,"#,
            r#""to_address":"{}","tx_hash":"{}","confirmations":{},"network_fee":0.000065}}"#
        ),
        order(Provider::Crypto, first),
        chain::person(0x51).to_checksum(None),
        hash,
        chain::CONFIRMATIONS
    );
    assert_eq!(world.detail(business.test, first).await, expected);
    assert!(!world.detail(business.test, second).await.contains(hash), "two payments are two transactions");
    let card = world.detail(business.test, numbers[2]).await;
    let expected = format!(
        r#"{{"order_id":"{}","brand":"Books","currency":"USD","face_value":2500}}"#,
        order(Provider::GiftCard, numbers[2])
    );
    assert_eq!(card, expected);
}

async fn a_simulated_rail_obeys_its_terms(world: &TestMode) {
    let business = world.tester().await;
    let terms = json!({ "enabled": true, "fee": { "fixed": 100 }, "minimum": 500 });
    let terms: ledger::Terms = serde_json::from_value(terms).unwrap();
    world.platform.store.set_terms(business.test, "usdc", &terms).await.unwrap();
    let number = world.withdraw(business.test, "usdc", 2_500).await;
    world.ten_seconds().await;
    let told = world.detail(business.test, number).await;
    assert!(told.contains(r#""crypto_amount":24,"#), "the fee is taken out: {told}");
    let fields = destination("usdc");
    let wish = Wish { method: "usdc".to_owned(), amount: Cents(499), destination: fields };
    let refused = world.platform.counter(business.test, Actor::NONE).withdraw(1, &wish).await;
    assert!(format!("{:?}", refused.unwrap_err()).contains("AmountIsBelowTheMinimum"));
}

async fn live_books_see_no_simulated_rail(world: &TestMode) {
    let business = world.tester().await;
    let number = world.withdraw(business.test, "gift_card", 1_000).await;
    world.ten_seconds().await;
    assert_eq!(world.state(business.test, number).await, WithdrawalState::Succeeded);
    let paid = world.platform.store.withdrawal(business.test, number).await.unwrap().unwrap();
    let reveal = async |platform: &Platform, book| platform.rails.reveal(book, &paid).await.unwrap();
    assert!(reveal(&world.platform, business.test).await.is_some());
    assert!(reveal(&world.platform, business.live).await.is_none(), "a live book has no test code");
    assert!(world.platform.rails.get(Mode::Live, "sandbox").is_none());
}

async fn a_reward_of_test_mode_is_a_link_that_leads_nowhere(world: &TestMode) {
    let business = world.tester().await;
    let numbers = [
        world.withdraw(business.test, "rewards", 2_500).await,
        world.withdraw(business.test, "rewards", 2_500).await,
    ];
    world.ten_seconds().await;
    let mut links = Vec::new();
    for number in numbers {
        let order = world.platform.secrets.ids().order_id(Provider::Tremendous, business.test, number);
        let told = world.detail(business.test, number).await;
        let start = format!(
            r#"{{"order_id":"{order}","product":"PayPal International","currency":"USD","face_value":2500,"reward_id":""#
        );
        assert!(told.starts_with(&start) && !told.contains("rewards.example"), "{told}");
        let paid = world.platform.store.withdrawal(business.test, number).await.unwrap().unwrap();
        let shown = world.platform.rails.reveal(business.test, &paid).await.unwrap().unwrap();
        assert!(shown.is_link);
        let link = secrecy::ExposeSecret::expose_secret(&shown.code).to_owned();
        assert!(link.starts_with("https://rewards.example/test/"), "{link}");
        links.push(link);
    }
    assert_ne!(links[0], links[1]);
}
