//! A whole platform on its own database, with one business, one funded user, and a rail under test.

use crate::database::Database;
use ledger::{
    Actor, Applied, BookId, Cents, Command, Direction, Email, FeeRule, MAX_PAYOUT, Mode, Reply, Request,
    Terms, Withdrawal,
};
use outpay::testing::auth::Secrets;
use outpay::testing::business;
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{Rail, Rails};
use outpay::testing::withdrawals::price::Wish;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Installation {
    database: Database,
    pub clock: Clock,
}

impl Installation {
    pub fn new(clock: &Clock) -> Self {
        Self { database: Database::on_sqlite(), clock: clock.clone() }
    }

    /// The same on PostgreSQL.
    pub fn on_postgres(clock: &Clock) -> Self {
        Self { database: Database::on_postgres(), clock: clock.clone() }
    }

    /// The same, seen from a machine with this clock.
    pub fn with_clock(self, clock: &Clock) -> Self {
        Self { clock: clock.clone(), ..self }
    }

    /// Simulates a process: each has its own workers and teller on the one database.
    pub async fn open(&self, rail: Arc<dyn Rail>, seed: u64) -> Platform {
        self.open_with(vec![rail], seed).await
    }

    /// The same with several rails.
    pub async fn open_with(&self, mounted: Vec<Arc<dyn Rail>>, seed: u64) -> Platform {
        let (secrets, entropy) = (Secrets::derive(&[7; 32]), Entropy::seeded(seed));
        let url = self.database.url();
        let config = Config::default();
        let opened = Platform::open(self.path(), &url, secrets, self.clock.clone(), entropy, &config).await;
        let mut platform = opened.unwrap();
        let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &self.clock);
        mounted.into_iter().for_each(|rail| rails.mount(Mode::Live, rail));
        platform.rails = Arc::new(rails);
        platform
    }

    fn path(&self) -> &Path {
        self.database.folder()
    }
}

/// A business with one user who has this much.
pub async fn book_with(platform: &Platform, method: &str, cents: i64) -> BookId {
    let number = business::create(platform, "Shop").await.unwrap().business.number;
    platform.store.set_payouts_enabled(number, true).await.unwrap();
    let book = BookId::new(number, Mode::Live);
    let amount = Cents(cents);
    command(
        platform,
        book,
        Command::Deposit {
            amount,
            reference: "all".to_owned(),
            used_elsewhere: true,
            received_on: String::new(),
        },
    )
    .await;
    command(platform, book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
    let email = Email::parse("user@example.com").unwrap();
    command(
        platform,
        book,
        Command::Create { email, amount, memo: String::new(), metadata: ledger::Metadata::default() },
    )
    .await;
    let fee = FeeRule { fixed: Cents(50), ..FeeRule::default() };
    let terms = Terms { enabled: true, fee, ..Terms::default() };
    platform.store.set_terms(book, method, &terms).await.unwrap();
    book
}

/// The user gets this much more.
pub async fn top_up(platform: &Platform, book: BookId, cents: i64) {
    // A deposit with a known reference is the same deposit.
    static DEPOSITS: AtomicU64 = AtomicU64::new(0);
    let mut left = cents;
    while left > 0 {
        let amount = Cents(left.min(MAX_PAYOUT.0));
        left -= amount.0;
        let reference = format!("more {}", DEPOSITS.fetch_add(1, Ordering::Relaxed));
        command(
            platform,
            book,
            Command::Deposit { amount, reference, used_elsewhere: true, received_on: String::new() },
        )
        .await;
        command(platform, book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
        let email = Email::parse("user@example.com").unwrap();
        let (memo, metadata) = (String::new(), ledger::Metadata::default());
        command(platform, book, Command::Create { email, amount, memo, metadata }).await;
    }
}

/// The user requests a withdrawal.
pub async fn ask(platform: &Platform, book: BookId, method: &str, cents: i64, address: &str) -> Withdrawal {
    let destination = json!({"address": address}).as_object().unwrap().clone();
    let wish = Wish { method: method.to_owned(), amount: Cents(cents), destination };
    platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value
}

pub async fn command(platform: &Platform, book: BookId, command: Command) -> Reply {
    let verdict = platform.teller.ask(book, Request::plain(command)).await.unwrap();
    let Applied { reply: outcome, .. } = verdict.unwrap();
    outcome
}

pub async fn withdrawal(platform: &Platform, book: BookId, number: i64) -> Withdrawal {
    platform.store.withdrawal(book, number).await.unwrap().unwrap()
}

pub async fn balance(platform: &Platform, book: BookId) -> Cents {
    platform.store.user(book, 1).await.unwrap().unwrap().user.balance
}

/// Recomputes every balance and the chain of the journal.
pub async fn assert_books_are_clean(platform: &Platform) {
    let report =
        outpay::testing::audit::run(&platform.store, &platform.secrets, &mut |_, _| {}).await.unwrap();
    assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
}
