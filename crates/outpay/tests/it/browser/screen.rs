//! The hat of the browser's tests: a business, and a browser in front of a server with everything that serves, on the machine's
//! own clock. On SQLite alone.

use crate::browser::chromium::Browser;
use crate::database::Database;
use crate::world::{Hat, Setup, World, local};
use ledger::{BookId, Mode};
use outpay::testing::business;
use outpay::testing::clock::{Clock, Entropy};
use std::ops::Deref;
use std::sync::Arc;

pub struct Screen {
    world: World,
    pub browser: Browser,
    /// `http://localhost:PORT`
    pub url: String,
    pub business: i64,
}

/// Runs a scenario on a database of its own.
pub fn run(scenario: impl AsyncFnOnce(&Screen)) {
    crate::world::run(Database::on_sqlite(), scenario);
}

impl Deref for Screen {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Screen {
    async fn open(database: Arc<Database>) -> Self {
        let setup = Setup { clock: Clock::System, entropy: |_| Entropy::System, ..Setup::default() };
        // The receivers of webhooks are on this machine.
        let world = World::open(database, setup.without_guard()).await.served_with_workers(local()).await;
        let url = format!("http://localhost:{}", world.address().port());
        let business = business::create(&world.platform, "Bookshop").await.unwrap().business.number;
        Self { world, browser: Browser::start().await, url, business }
    }

    async fn into_world(self) -> World {
        self.browser.client.close().await.unwrap();
        self.world
    }
}

impl Screen {
    pub async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.url)).await;
    }

    /// Lets the business pay, and puts money into its test book; the book.
    pub async fn fund(&self) -> BookId {
        self.platform.store.set_payouts_enabled(self.business, true).await.unwrap();
        let book = BookId::new(self.business, Mode::Test);
        self.world.fund(book, 1_000_000).await;
        book
    }

    /// Gives a person money; the hash.
    pub async fn pay(&self, book: BookId, email: &str, cents: i64) -> String {
        self.give(book, email, cents).await.hash
    }
}
