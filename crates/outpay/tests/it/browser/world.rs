//! The world of one test: a complete server on the machine's own clock, and a browser.

use crate::browser::chromium::Browser;
use ledger::{Applied, BookId, Cents, Command, Direction, Email, Mode, Reply, Request};
use outpay::auth::Secrets;
use outpay::business;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::platform::{self, Platform};
use outpay::serving::{self, ServeConfig};
use outpay::webhooks::Guard;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub struct World {
    pub platform: Platform,
    pub browser: Browser,
    /// `http://localhost:PORT`
    pub url: String,
    pub address: SocketAddr,
    pub business: i64,
    _folder: TempDir,
}

pub fn run(scenario: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (secrets, database) = (Secrets::derive(&[7; 32]), platform::default_database(folder.path()));
        let (clock, entropy, config) = (Clock::System, Entropy::System, Config::default());
        let mut platform =
            Platform::open(folder.path(), &database, secrets, clock, entropy, &config).await.unwrap();
        // The receivers of webhooks are on this machine.
        platform.webhooks = platform.webhooks.guarded_by(Guard { allow_http: true, allow_private: true });
        let config = ServeConfig::on("127.0.0.1:0".parse().unwrap());
        let serving = serving::open(config, platform.clone()).await.unwrap();
        let address = serving.address().unwrap();
        let url = format!("http://localhost:{}", address.port());
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serving.run(async move { drop(stopped.await) }));
        let business = business::create(&platform, "Bookshop").await.unwrap().business.number;
        let browser = Browser::start().await;
        let world = World { platform, browser, url, address, business, _folder: folder };
        scenario(&world).await;
        let World { browser, platform, .. } = world;
        browser.client.clone().close().await.unwrap();
        drop((browser, platform, stop));
        served.await.unwrap().unwrap();
    });
}

impl World {
    pub async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.url)).await;
    }

    /// Enables payouts, and funds the test book.
    pub async fn fund(&self) -> BookId {
        self.platform.store.set_payouts_enabled(self.business, true).await.unwrap();
        let (book, amount) = (BookId::new(self.business, Mode::Test), Cents(1_000_000));
        self.command(book, Command::Deposit { amount, reference: "all".to_owned(), used_elsewhere: true })
            .await;
        self.command(book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
        book
    }

    /// Pays this address; returns the hash.
    pub async fn pay(&self, book: BookId, email: &str, cents: i64) -> String {
        let (email, amount) = (Email::parse(email).unwrap(), Cents(cents));
        match self.command(book, Command::Create { email, amount, memo: String::new() }).await {
            Reply::Paid { user, salt, .. } => {
                self.platform.secrets.payout_hash(book, user, &salt).expose_secret().to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    async fn command(&self, book: BookId, command: Command) -> Reply {
        let verdict = self.platform.teller.ask(book, Request::plain(command)).await.unwrap();
        let Applied { reply: outcome, .. } = verdict.unwrap();
        outcome
    }
}
