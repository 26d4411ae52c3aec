//! The world of one test: a platform with a manual clock and seeded randomness, on a database of its own. When the scenario is
//! over, the books must balance. What a room's tests need beyond that is a hat: the world and, for example, a browser or a
//! receiver of webhooks, with verbs of its own.
//!
//! Not here: the chain of the rails' tests (`rails/chain.rs`), a bare store (`conformance/bare_store.rs`), the program as a process of
//! its own (`cli/installation.rs`).

use crate::database::Database;
use ledger::{
    BookId, Cents, Command, Direction, Email, HashBasis, Mode, Order, Progress, Reply, Request, Step,
};
use outpay::testing::auth::{Auth, KeyRing, Secrets};
use outpay::testing::business;
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::http::{self, ServeConfig};
use outpay::testing::ids::IdKind;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::gift_card::pack;
use outpay::testing::rails::manual::ManualConfig;
use outpay::testing::store::Failure;
use outpay::testing::webhooks::Guard;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the clock shows at first, as answers write it.
pub const NOW: &str = "2026-01-02T03:04:05.678901Z";
/// A second of the manual clock, in microseconds.
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;

/// Lets a test's receiver of webhooks be reached.
pub const OPEN: Guard = Guard { allow_http: true, allow_private: true };

pub struct World {
    pub platform: Platform,
    pub database: Arc<Database>,
    setup: Setup,
    server: Option<Server>,
    made: AtomicU64,
    breaks: AtomicBool,
}

/// What differs between worlds.
#[derive(Clone)]
pub struct Setup {
    pub clock: Clock,
    /// Randomness of the platform with this number.
    pub entropy: fn(u64) -> Entropy,
    pub config: Config,
    pub guard: Guard,
    /// Runs over the opened platform.
    pub mend: fn(&mut Platform),
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
    pub id: String,
    pub name: String,
    pub live: BookId,
    pub test: BookId,
    pub key: String,
    pub public_key: String,
    pub test_key: String,
    pub test_public_key: String,
}

/// A person who was given money.
pub struct Paid {
    pub user: i64,
    pub hash: String,
}

/// A world and what the tests of one room need beside it.
pub trait Hat: Deref<Target = World> + Sized {
    async fn open(database: Arc<Database>) -> Self;
    /// Ends what the hat had beside the world.
    async fn into_world(self) -> World;
}

/// Runs a scenario in a new world, then closes the world.
pub fn run<H: Hat>(database: Database, scenario: impl AsyncFnOnce(&H)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The database outlives the runtime, also when the scenario fails.
    let database = Arc::new(database);
    runtime.block_on(async {
        let hat = H::open(Arc::clone(&database)).await;
        scenario(&hat).await;
        hat.into_world().await.close().await;
    });
    drop(runtime);
    drop(database);
}

/// Makes a test on each engine of every scenario, which is an `async fn` that takes a hat; `@postgres` marks one that
/// only PostgreSQL can play.
macro_rules! on_both_engines {
    ($($scenario:ident,)* $(@postgres $of_postgres:ident,)*) => {
        mod sqlite {
            $(#[test]
            fn $scenario() {
                crate::world::run(crate::database::Database::on_sqlite(), super::$scenario);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scenario() {
                crate::world::run(crate::database::Database::on_postgres(), super::$scenario);
            })*
            $(#[test]
            fn $of_postgres() {
                crate::world::run(crate::database::Database::on_postgres(), super::$of_postgres);
            })*
        }
    };
}
pub(crate) use on_both_engines;

impl Default for Setup {
    /// Rails as they come, and a bank transfer that a person makes by hand.
    fn default() -> Self {
        let mut config = Config::default();
        let bank: ManualConfig = serde_json::from_str(r#"{"title":"Bank transfer"}"#).unwrap();
        config.rails.manual.insert("bank".to_owned(), bank);
        let start: jiff::Timestamp = NOW.parse().unwrap();
        let (clock, entropy) = (Clock::manual(start.as_microsecond()), Entropy::seeded);
        Self { clock, entropy, config, guard: Guard::default(), mend: |_| {} }
    }
}

impl Setup {
    /// With webhooks that may go to this machine, and without TLS.
    pub fn without_guard(self) -> Self {
        Self { guard: OPEN, ..self }
    }

    async fn platform(&self, database: &Database, clock: Clock, seed: u64) -> Platform {
        let (url, secrets, entropy) = (database.url(), Secrets::of(&ring()), (self.entropy)(seed));
        let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &self.config);
        let mut platform = opened.await.unwrap();
        platform.webhooks = platform.webhooks.guarded_by(self.guard);
        (self.mend)(&mut platform);
        platform
    }
}

/// The master key of every world. Its first version is in use.
pub fn ring() -> KeyRing {
    let entropy = Entropy::seeded(7);
    KeyRing::of([7; 32]).with_new(1, &entropy).with_new(2, &entropy)
}

impl World {
    pub async fn open(database: Arc<Database>, setup: Setup) -> Self {
        let platform = setup.platform(&database, setup.clock.clone(), 1).await;
        let (made, breaks) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { platform, database, setup, server: None, made, breaks }
    }

    /// Served on a free port.
    pub async fn served(self, config: ServeConfig) -> Self {
        let server = Server::start(config, self.platform.clone()).await;
        Self { server: Some(server), ..self }
    }

    /// Served on a free port, with everything that a server does beside: rails, webhooks, mail, imports.
    pub async fn served_with_workers(self, config: ServeConfig) -> Self {
        let server = Server::start_with_workers(config, self.platform.clone()).await;
        Self { server: Some(server), ..self }
    }

    async fn close(self) {
        let Self { platform, server, breaks, .. } = self;
        let (store, secrets) = (platform.store.clone(), platform.secrets.clone());
        // The server waits for its teller, which ends with the last handle to it.
        drop(platform);
        if let Some(server) = server {
            let ended = server.stop().await;
            assert_eq!(ended.is_err(), breaks.into_inner(), "the server ended with {ended:?}");
        }
        let report = outpay::testing::audit::run(&store, &secrets, &mut |_, _| {}).await.unwrap();
        assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
    }

    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("this world is served").address
    }

    /// The test breaks the teller: the server must end with an error, and by itself.
    pub fn expect_a_broken_end(&self) {
        self.breaks.store(true, Ordering::Relaxed);
    }

    /// A number that no other call gave.
    pub fn next(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// A second process, or nearly: a platform of its own on the same database.
    pub async fn neighbour(&self) -> Platform {
        self.neighbour_with(&self.setup).await
    }

    pub async fn neighbour_with(&self, setup: &Setup) -> Platform {
        setup.platform(&self.database, self.platform.clock.clone(), 1000 + self.next()).await
    }

    pub fn now(&self) -> i64 {
        self.platform.clock.now()
    }

    /// Moves the clock.
    pub fn wait(&self, micros: i64) {
        self.platform.clock.advance(micros);
    }

    /// Gives the teller a command of no actor.
    pub async fn command(&self, book: BookId, command: Command) -> Reply {
        self.platform.teller.ask(book, Request::plain(command)).await.unwrap().unwrap().reply
    }

    /// A new business as it comes: no money, payouts disabled.
    pub async fn business(&self) -> Business {
        let name = format!("Business {}", self.next());
        let created = business::create(&self.platform, &name).await.unwrap();
        let number = created.business.number;
        let text = |key: &secrecy::SecretString| key.expose_secret().to_owned();
        Business {
            number,
            id: business::id(&self.platform, number),
            name,
            live: BookId::new(number, Mode::Live),
            test: BookId::new(number, Mode::Test),
            key: text(&created.secret_key),
            public_key: text(&created.public_key),
            test_key: text(&created.test_secret_key),
            test_public_key: text(&created.test_public_key),
        }
    }

    pub async fn enable_payouts(&self, business: &Business, enabled: bool) {
        self.platform.store.set_payouts_enabled(business.number, enabled).await.unwrap();
    }

    /// Adds money to a book's main balance.
    pub async fn deposit(&self, book: BookId, cents: i64) {
        let reference = format!("deposit {}", self.next());
        self.command(
            book,
            Command::Deposit {
                amount: Cents(cents),
                reference,
                used_elsewhere: true,
                received_on: String::new(),
            },
        )
        .await;
    }

    /// Adds money to a book's payout balance.
    pub async fn fund(&self, book: BookId, cents: i64) {
        if cents > 0 {
            self.deposit(book, cents).await;
            let transfer = Command::Transfer { direction: Direction::ToPayout, amount: Cents(cents) };
            self.command(book, transfer).await;
        }
    }

    /// Gives a person money.
    pub async fn give(&self, book: BookId, email: &str, cents: i64) -> Paid {
        let (email, amount) = (Email::parse(email).unwrap(), Cents(cents));
        match self
            .command(
                book,
                Command::Create { email, amount, memo: String::new(), metadata: ledger::Metadata::default() },
            )
            .await
        {
            Reply::Paid { user, generation, salt } => {
                let basis = HashBasis { generation, salt };
                let hash = self.platform.secrets.payout_hash(book, user, &basis).unwrap();
                Paid { user, hash: hash.expose_secret().to_owned() }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Asks for a withdrawal without asking its rail; its number.
    pub async fn order(&self, book: BookId, order: Order) -> i64 {
        match self.command(book, Command::Withdraw(Box::new(order))).await {
            Reply::Withdrawal(withdrawal) => withdrawal.number,
            other => panic!("{other:?}"),
        }
    }

    pub async fn step(&self, book: BookId, withdrawal: i64, step: Step) {
        self.progress(book, Progress::new(withdrawal, step)).await;
    }

    pub async fn progress(&self, book: BookId, progress: Progress) {
        self.command(book, Command::Advance(Box::new(progress))).await;
    }

    /// Takes cards of this brand and value into a book's stock.
    pub async fn stock(&self, book: BookId, brand: &str, face_value: i64, codes: &[(&str, Option<&str>)]) {
        let cards: Vec<_> = codes
            .iter()
            .map(|secret| {
                let kind = (brand, Cents(face_value), None);
                pack(&self.platform.secrets, &self.platform.entropy, book, kind, *secret)
            })
            .collect();
        self.platform.store.import_gift_cards(book, &cards, self.now()).await.unwrap();
    }

    /// Lets a worker of the rails do everything that is due now.
    pub async fn work(&self) {
        let worker = PaymentWorker::new(self.platform.clone());
        while worker.round().await.unwrap() > 0 {}
    }

    pub fn withdrawal_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Withdrawal, book, number)
    }

    /// The public id of a book's `number`th user.
    pub fn user_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::PayoutUser, book, number)
    }
}

impl Server {
    pub async fn start(config: ServeConfig, platform: Platform) -> Self {
        let auth = platform.auth.clone();
        let faces = outpay::testing::serving::faces(platform.clone());
        let server = http::bind(config, platform, faces).await.unwrap();
        let (address, metrics) = (server.address().unwrap(), server.metrics_address().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        Self { address, metrics, auth, stop, running: tokio::spawn(server.run(shutdown)) }
    }

    async fn start_with_workers(config: ServeConfig, platform: Platform) -> Self {
        let auth = platform.auth.clone();
        let serving = outpay::testing::serving::open(config, platform).await.unwrap();
        let address = serving.address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        Self { address, metrics: None, auth, stop, running: tokio::spawn(serving.run(shutdown)) }
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(self) -> Result<(), Failure> {
        // The receiver is gone where the server has ended by itself; then this gives what it ended with.
        let _listens = self.stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(40), self.running).await;
        ended.expect("the server ends when it is asked to").unwrap()
    }
}

/// A server's configuration on a free port of this machine.
pub fn local() -> ServeConfig {
    ServeConfig::on(([127, 0, 0, 1], 0).into())
}
