//! The world of one test: a platform with a manual clock and seeded randomness, on its own database, served on a free
//! port. At the end of the scenario the books must balance.

use crate::database::Database;
use crate::wire::Call;
use ledger::{Actor, BookId, Cents, Command, Direction, Mode, Request};
use outpay::api_keys;
use outpay::api_keys::KeyOrder;
use outpay::auth::{Auth, Secrets};
use outpay::business;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::http::{self, ServeConfig};
use outpay::ids::IdKind;
use outpay::key_limits::KeyLimits;
use outpay::platform::Platform;
use outpay::store::{CredentialKind, Failure};
use outpay::webhooks::Guard;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The initial time, as responses write it.
pub const NOW: &str = "2026-01-02T03:04:05.678901Z";
/// A second of the manual clock.
pub const SECOND: i64 = 1_000_000;
/// The master key of every world, 64 hexadecimal digits.
pub const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
pub const DISABLED: &str = r#"{"error":"Payouts are currently disabled. Please enable them in Settings."}"#;
pub const INSUFFICIENT: &str = r#"{"error":"Insufficient payout balance"}"#;
pub const MALFORMED: &str = r#"{"error":"Malformed JSON body"}"#;
pub const NOT_JSON: &str = r#"{"error":"Send JSON with the header Content-Type: application/json.","code":"unsupported_media_type"}"#;
pub const TOO_LARGE: &str =
    r#"{"error":"The body may not be larger than 65536 bytes.","code":"payload_too_large"}"#;
pub const UNKNOWN_USER: &str = r#"{"error":"Payout user not found","code":"payout_user_not_found"}"#;
pub const NO_LIMIT: &str = "The limit must be an integer from 1 to 100.";
pub const NO_CURSOR: &str = "The cursor is not one that this list gave; start again without it.";

/// The response to one invalid field, of every endpoint but `POST /payout/create`.
pub fn invalid(field: &str, sentence: &str) -> String {
    let sentence = serde_json::to_string(sentence).unwrap();
    format!(r#"{{"error":{sentence},"code":"invalid_request","fields":{{"{field}":[{sentence}]}}}}"#)
}

/// A body padded with white space to this many bytes.
pub fn padded(body: &str, length: usize) -> String {
    body.to_owned() + &" ".repeat(length - body.len())
}

pub struct TestWorld {
    pub platform: Platform,
    pub database: Arc<Database>,
    server: Server,
    made: AtomicU64,
    breaks: AtomicBool,
}

/// A server in the test's own process.
pub struct Server {
    pub address: SocketAddr,
    pub metrics: Option<SocketAddr>,
    pub auth: Auth,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Failure>>,
}

/// A business with its keys.
pub struct Business {
    pub number: i64,
    pub live: BookId,
    pub test: BookId,
    pub key: String,
    pub public_key: String,
    pub test_key: String,
    pub test_public_key: String,
}

/// Runs a scenario in a new world, then closes the world.
pub fn run(database: Database, scenario: impl AsyncFnOnce(&TestWorld)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The database outlives the runtime, also if the scenario fails.
    let database = Arc::new(database);
    runtime.block_on(async {
        let world = TestWorld::open(Arc::clone(&database)).await;
        scenario(&world).await;
        world.close().await;
    });
    drop(runtime);
    drop(database);
}

pub fn local() -> ServeConfig {
    ServeConfig::on(([127, 0, 0, 1], 0).into())
}

async fn platform(database: &Database, clock: Clock, seed: u64) -> Platform {
    let secrets = Secrets::derive(&[7; 32]);
    let (url, entropy, config) = (database.url(), Entropy::seeded(seed), Config::default());
    let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &config);
    let mut platform = opened.await.unwrap();
    crate::http::recipient::with_a_bank(&mut platform);
    platform
}

impl TestWorld {
    async fn open(database: Arc<Database>) -> Self {
        let start: jiff::Timestamp = NOW.parse().unwrap();
        let platform = platform(&database, Clock::manual(start.as_microsecond()), 1).await;
        let server = Server::start(local(), platform.clone()).await;
        Self { platform, database, server, made: AtomicU64::new(0), breaks: AtomicBool::new(false) }
    }

    async fn close(self) {
        let Self { platform, server, breaks, .. } = self;
        let (store, secrets) = (platform.store.clone(), platform.secrets.clone());
        // The server waits for its teller, which ends with the last handle to it.
        drop(platform);
        let ended = server.stop().await;
        assert_eq!(ended.is_err(), breaks.into_inner(), "the server ended with {ended:?}");
        let report = outpay::audit::run(&store, &secrets, &mut |_, _| {}).await.unwrap();
        assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The test breaks the teller: the server must end by itself, with an error.
    pub fn expect_a_broken_end(&self) {
        self.breaks.store(true, Ordering::Relaxed);
    }

    /// Simulates another process: its own platform on the same database, served on its own port.
    pub async fn neighbour(&self) -> Server {
        self.neighbour_with(local()).await
    }

    pub async fn neighbour_with(&self, config: ServeConfig) -> Server {
        let seed = 1000 + self.made.fetch_add(1, Ordering::Relaxed);
        let platform = platform(&self.database, self.platform.clock.clone(), seed).await;
        Server::start(config, platform).await
    }

    /// The same, with webhooks allowed to this machine and without TLS.
    pub async fn neighbour_without_guard(&self) -> Server {
        let seed = 1000 + self.made.fetch_add(1, Ordering::Relaxed);
        let mut platform = platform(&self.database, self.platform.clock.clone(), seed).await;
        let guard = Guard { allow_http: true, allow_private: true };
        platform.webhooks = platform.webhooks.guarded_by(guard);
        Server::start(local(), platform).await
    }

    pub fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    pub fn post(&self, target: &str) -> Call {
        self.call("POST", target)
    }

    pub fn call(&self, method: &str, target: &str) -> Call {
        Call::new(self.address(), method, target)
    }

    /// A documented create.
    pub fn create(&self, key: &str, email: &str, amount: i64) -> Call {
        self.post("/payout/create").key(key).json(format!(r#"{{"email":"{email}","amount":{amount}}}"#))
    }

    /// Pays this address; returns the hash.
    pub async fn pay(&self, key: &str, email: &str, amount: i64) -> String {
        let paid = self.create(key, email, amount).send().await.value(201);
        paid["hash"].as_str().unwrap().to_owned()
    }

    /// A new business: no money, payouts disabled.
    pub async fn business(&self) -> Business {
        let name = format!("Business {}", self.made.fetch_add(1, Ordering::Relaxed));
        let created = business::create(&self.platform, &name).await.unwrap();
        let number = created.business.number;
        let text = |key: &secrecy::SecretString| key.expose_secret().to_owned();
        Business {
            number,
            live: BookId::new(number, Mode::Live),
            test: BookId::new(number, Mode::Test),
            key: text(&created.secret_key),
            public_key: text(&created.public_key),
            test_key: text(&created.test_secret_key),
            test_public_key: text(&created.test_public_key),
        }
    }

    /// A business with payouts enabled and this much live money to pay out.
    pub async fn paying_business(&self, cents: i64) -> Business {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.live, cents).await;
        business
    }

    pub async fn enable_payouts(&self, business: &Business, enabled: bool) {
        self.platform.store.set_payouts_enabled(business.number, enabled).await.unwrap();
    }

    /// Adds money to a book's main balance.
    pub async fn deposit(&self, book: BookId, cents: i64) {
        let reference = format!("deposit {}", self.made.fetch_add(1, Ordering::Relaxed));
        self.command(book, Command::Deposit { amount: Cents(cents), reference, used_elsewhere: true }).await;
    }

    /// Adds money to a book's payout balance.
    pub async fn fund(&self, book: BookId, cents: i64) {
        if cents > 0 {
            self.deposit(book, cents).await;
            let transfer = Command::Transfer { direction: Direction::ToPayout, amount: Cents(cents) };
            self.command(book, transfer).await;
        }
    }

    async fn command(&self, book: BookId, command: Command) {
        self.platform.teller.ask(book, Request::plain(command)).await.unwrap().unwrap();
    }

    /// Creates another key.
    pub async fn new_key(&self, book: BookId, kind: CredentialKind, lifetime: Option<i64>) -> (i64, String) {
        let limits = KeyLimits::default();
        let order = KeyOrder { book, kind, name: String::new(), expires_in: lifetime, limits };
        let made = api_keys::create(&self.platform, &order, Actor::NOBODY).await.unwrap();
        (made.number, made.text.expose_secret().to_owned())
    }

    /// Revokes the key with this number.
    pub async fn revoke(&self, number: i64) {
        let key = self.platform.store.key(number).await.unwrap().unwrap();
        api_keys::revoke(&self.platform, &key, Actor::NOBODY).await.unwrap();
    }

    /// The hash of a book's `number`th user after this many rotations.
    pub async fn hash(&self, book: BookId, number: i64, generation: usize) -> String {
        let entries = self.platform.store.entries(book, 0, 100_000).await.unwrap();
        let mut salts = entries
            .iter()
            .filter(|stored| stored.entry.user == number)
            .filter_map(|stored| stored.entry.salt);
        let salt = salts.nth(generation).expect("the user has such a hash");
        self.platform.secrets.payout_hash(book, number, &salt).expose_secret().to_owned()
    }

    /// The public id of the key with this text.
    pub async fn key_id(&self, book: BookId, text: &str) -> String {
        let digest = self.platform.secrets.credential_digest(text.as_bytes());
        let credential = self.platform.store.credential(&digest).await.unwrap().unwrap();
        self.platform.secrets.ids().seal(IdKind::ApiKey, book, credential.subject)
    }

    /// The public id of a book's `number`th user.
    pub fn user_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::PayoutUser, book, number)
    }

    /// The public id of a book's entry as an operation.
    pub fn operation_id(&self, book: BookId, sequence: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Operation, book, sequence)
    }

    /// The path of a book's `number`th user, followed by `rest`.
    pub fn user_path(&self, book: BookId, number: i64, rest: &str) -> String {
        format!("/payout/users/{}{rest}", self.user_id(book, number))
    }

    /// A user created at [`NOW`] with this status and balance, as responses show it.
    pub fn user(&self, book: BookId, number: i64, email: &str, status: &str, balance: i64) -> String {
        let id = self.user_id(book, number);
        format!(
            r#"{{"id":"{id}","email":"{email}","status":"{status}","balance":{balance},"pending":0,"created_at":"{NOW}","expires_at":null}}"#
        )
    }

    /// Asserts main and payout balance.
    pub async fn has_balances(&self, key: &str, main: i64, payout: i64) {
        let expected = format!(r#"{{"balance":{main},"payout_balance":{payout}}}"#);
        self.get("/balance").key(key).send().await.is(200, expected);
    }

    /// Everything that a business sees of its books, to check that a request changes nothing.
    pub async fn books(&self, key: &str) -> String {
        let mut seen = String::new();
        for path in ["/balance", "/payout/users?limit=100", "/payout/events?limit=100"] {
            let answer = self.get(path).key(key).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            seen += answer.text();
        }
        seen
    }
}

impl Server {
    async fn start(config: ServeConfig, platform: Platform) -> Self {
        let auth = platform.auth.clone();
        let faces = outpay::serving::faces(platform.clone());
        let server = http::bind(config, platform, faces).await.unwrap();
        let (address, metrics) = (server.address().unwrap(), server.metrics_address().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        Self { address, metrics, auth, stop, running: tokio::spawn(server.run(shutdown)) }
    }

    /// Stops the server and waits for its end.
    pub async fn stop(self) -> Result<(), Failure> {
        // If it has ended by itself there is no receiver any more; then this returns its result.
        let _listens = self.stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(40), self.running).await;
        ended.expect("the server ends when it is asked to").unwrap()
    }
}
