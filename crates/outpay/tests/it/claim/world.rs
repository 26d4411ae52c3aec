//! The world of one test: a platform with a clock that stands still, served with its pages; a business that has given
//! somebody money. When the scenario is over, the books must balance.

use crate::claim::browser::{Answer, Browser};
use crate::database::Database;
use ledger::{Actor, BookId, Cents, Command, Direction, Email, Mode, Reply, Request, Terms};
use outpay::auth::Secrets;
use outpay::business;
use outpay::business::branding;
use outpay::business::branding::Branding;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::http::{self, ServeConfig};
use outpay::ids::IdKind;
use outpay::platform::Platform;
use outpay::rails::gift_card::pack;
use outpay::rails::manual::{Manual, ManualConfig};
use outpay::rails::{Rails, Worker};
use outpay::store::{BrandingRow, Failure};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const SESSION: &str = "__Host-claim";
pub const MINUTE: i64 = 60_000_000;

pub struct World {
    pub platform: Platform,
    pub address: SocketAddr,
    made: AtomicU64,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Failure>>,
}

/// Somebody with money in a book.
pub struct Somebody {
    pub book: BookId,
    pub user: i64,
    pub hash: String,
}

pub fn run(database: Database, scenario: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = Arc::new(database);
    runtime.block_on(async {
        let world = World::open(&database).await;
        scenario(&world).await;
        world.close().await;
    });
    drop(runtime);
    drop(database);
}

impl World {
    async fn open(database: &Database) -> Self {
        let start: jiff::Timestamp = "2026-01-02T03:04:05.678901Z".parse().unwrap();
        let clock = Clock::manual(start.as_microsecond());
        let (secrets, entropy) = (Secrets::derive(&[7; 32]), Entropy::seeded(1));
        let (url, config) = (database.url(), Config::default());
        let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &config);
        let mut platform = opened.await.unwrap();
        let mut rails =
            Rails::new(&Config::default().rails, &platform.store, &platform.secrets, &platform.clock);
        let bank: ManualConfig = serde_json::from_value(json!({ "title": "Bank transfer" })).unwrap();
        rails.mount(Mode::Live, Arc::new(Manual::new("bank".to_owned(), bank)));
        platform.rails = Arc::new(rails);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = ServeConfig::on(listen);
        let faces = outpay::serving::faces(platform.clone());
        let server = http::bind(config, platform.clone(), faces).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { platform, address, made: AtomicU64::new(0), stop, running }
    }

    async fn close(self) {
        let Self { platform, stop, running, .. } = self;
        let (store, secrets) = (platform.store.clone(), platform.secrets.clone());
        drop(platform);
        let _listens = stop.send(());
        running.await.unwrap().unwrap();
        let report = outpay::audit::run(&store, &secrets, &mut |_, _| {}).await.unwrap();
        assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A business called "Shop N" and somebody with this much in its book of this mode.
    pub async fn somebody(&self, mode: Mode, cents: i64) -> Somebody {
        let name = format!("Shop {}", self.made.fetch_add(1, Ordering::Relaxed));
        let created = business::create(&self.platform, &name).await.unwrap();
        let number = created.business.number;
        let book = BookId::new(number, mode);
        self.platform.store.set_payouts_enabled(number, true).await.unwrap();
        let (amount, reference) = (Cents(10 * cents.max(1)), "first".to_owned());
        self.command(book, Command::Deposit { amount, reference, used_elsewhere: true }).await;
        self.command(book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
        self.pays(book, "user@example.com", cents).await
    }

    /// Gives somebody of this book money.
    pub async fn pays(&self, book: BookId, email: &str, cents: i64) -> Somebody {
        let email = Email::parse(email).unwrap();
        let outcome =
            self.command(book, Command::Create { email, amount: Cents(cents), memo: String::new() }).await;
        let Reply::Paid { user, salt, .. } = outcome else { panic!("{outcome:?}") };
        let hash = self.platform.secrets.payout_hash(book, user, &salt).expose_secret().to_owned();
        Somebody { book, user, hash }
    }

    pub async fn command(&self, book: BookId, command: Command) -> Reply {
        self.platform.teller.ask(book, Request::plain(command)).await.unwrap().unwrap().reply
    }

    /// A browser in which this person is signed in.
    pub async fn signed_in(&self, who: &Somebody) -> Browser {
        let mut browser = self.browser();
        browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
        browser
    }

    pub async fn shows(&self, book: BookId, name: &str, frame_origins: &str) {
        let texts = BrandingRow {
            display_name: name.to_owned(),
            colour: "#ffd400".to_owned(),
            support: "Ask us.".to_owned(),
            support_url: "https://example.com/help".to_owned(),
            frame_origins: frame_origins.to_owned(),
        };
        let branding = Branding::new(&texts).unwrap();
        branding::set(&self.platform, book.business(), Actor::OPERATOR, &branding).await.unwrap();
    }

    pub async fn offers(&self, book: BookId, method: &str, terms: Terms) {
        let terms = Terms { enabled: true, ..terms };
        self.platform.store.set_terms(book, method, &terms).await.unwrap();
    }

    pub async fn stock(&self, book: BookId, cards: &[(&str, i64, &str)]) {
        let packed: Vec<_> = cards
            .iter()
            .map(|(brand, value, code)| {
                let kind = (*brand, Cents(*value), None);
                pack(&self.platform.secrets, &self.platform.entropy, book, kind, (*code, Some("99")))
            })
            .collect();
        self.platform.store.import_gift_cards(book, &packed, self.platform.clock.now()).await.unwrap();
    }

    /// Lets a worker do everything that is due now.
    pub async fn work(&self) {
        let worker = Worker::new(self.platform.clone());
        while worker.round().await.unwrap() > 0 {}
    }

    pub fn operation(&self, book: BookId, number: i64) -> String {
        let id = self.platform.secrets.ids().seal(IdKind::Withdrawal, book, number);
        format!("/p/operations/{id}")
    }

    pub async fn balance(&self, who: &Somebody) -> (i64, i64) {
        let row = self.platform.store.user(who.book, who.user).await.unwrap().unwrap();
        (row.user.balance.0, row.user.pending.0)
    }
}

/// From the form to the summary, on the sandbox.
pub async fn summary(browser: &mut Browser, amount: &str) -> Answer {
    let form = browser.get("/p/withdraw/sandbox").await;
    browser.submit(&form, "/p/withdraw/sandbox", &[("amount", amount), ("to.account", "mine")]).await
}

/// A withdrawal by the sandbox, asked for and confirmed; the path of its page.
pub async fn withdraw(browser: &mut Browser, amount: &str) -> String {
    let summary = summary(browser, amount).await;
    let confirmed = browser.submit(&summary, "/p/withdraw/sandbox/confirm", &[]).await;
    confirmed.is(303);
    confirmed.header("location").unwrap()
}
