//! The world of one test: a platform with a manual clock, a mail server, and a funded book.

use crate::database::Database;
use crate::mail_server::MailServer;
use ledger::{
    Applied, BookId, Cents, Command, Direction, Email, FeeRule, Mode, Order, Progress, Provider, Reply,
    Request, ReviewRule, Step, Terms,
};
use outpay::auth::Secrets;
use outpay::business;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::mail::{Encryption, Mail, MailConfig, Times, Worker};
use outpay::mail_kind::Choice;
use outpay::platform::Platform;
use outpay::store::MailRow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The initial time.
pub const NOW: i64 = 1_800_000_000_000_000;
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const PUBLIC_URL: &str = "https://pay.example.com";

/// Timeouts for a server that does not reply.
const TIMES: Times = Times { step: Duration::from_secs(3), content: Duration::from_secs(3) };

pub struct World {
    pub platform: Platform,
    pub database: Database,
    pub server: MailServer,
    made: AtomicU64,
}

pub fn run(database: Database, scenario: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(async {
        let server = MailServer::start();
        let platform = open(&database, Clock::manual(NOW), 1, Some(config(server.port))).await;
        World { platform, database, server, made: AtomicU64::new(0) }
    });
    runtime.block_on(scenario(&world));
    let World { database, platform, .. } = world;
    runtime.block_on(async { drop(platform) });
    drop(runtime);
    drop(database);
}

pub fn config(port: u16) -> MailConfig {
    MailConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: Encryption::None,
        ca_file: None,
        username: None,
        password_env: None,
        from: "Outpay <payouts@example.com>".to_owned(),
        reply_to: None,
    }
}

pub async fn open(database: &Database, clock: Clock, seed: u64, mail: Option<MailConfig>) -> Platform {
    let (secrets, entropy) = (Secrets::derive(&[7; 32]), Entropy::seeded(seed));
    let config = Config { mail, public_url: Some(PUBLIC_URL.to_owned()), ..Config::default() };
    let url = database.url();
    let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &config);
    let mut platform = opened.await.unwrap();
    platform.mail = platform.mail.with_times(TIMES);
    platform
}

impl World {
    /// Simulates another process, with this configuration.
    pub async fn neighbour(&self, mail: Option<MailConfig>) -> Platform {
        let seed = 1000 + self.made.fetch_add(1, Ordering::Relaxed);
        open(&self.database, self.platform.clock.clone(), seed, mail).await
    }

    pub fn mail(&self) -> &Mail {
        &self.platform.mail
    }

    /// Lets a new worker do all due work; returns the number of tries.
    pub async fn settle(&self) -> usize {
        Worker::new(self.mail().clone()).settle().await.unwrap()
    }

    pub fn now(&self) -> i64 {
        self.platform.clock.now()
    }

    /// The live book of a new business with payouts enabled and these kinds of mail chosen.
    pub async fn book(&self, mails: &[&str]) -> BookId {
        let name = format!("Shop {}", self.made.fetch_add(1, Ordering::Relaxed));
        let number = business::create(&self.platform, &name).await.unwrap().business.number;
        self.platform.store.set_payouts_enabled(number, true).await.unwrap();
        let book = BookId::new(number, Mode::Live);
        let amount = Cents(100_000_000);
        self.command(book, Command::Deposit { amount, reference: "all".to_owned(), used_elsewhere: true })
            .await;
        self.command(book, Command::Transfer { direction: Direction::ToPayout, amount }).await;
        self.choose(book, mails).await;
        book
    }

    pub async fn choose(&self, book: BookId, mails: &[&str]) {
        self.mail().choose(book, Choice::of_words(mails.iter().copied()).unwrap()).await.unwrap();
    }

    /// Pays 1,000.00 to this address; returns the user's number.
    pub async fn pay(&self, book: BookId, email: &str) -> i64 {
        let email = Email::parse(email).unwrap();
        match self.command(book, Command::Create { email, amount: Cents(100_000), memo: String::new() }).await
        {
            Reply::Paid { user, .. } => user,
            other => panic!("{other:?}"),
        }
    }

    /// A user requests 25.00, with a fee of 0.50.
    pub async fn withdraw(&self, book: BookId, user: i64, for_review: bool) -> i64 {
        let fee = FeeRule { fixed: Cents(50), ..FeeRule::default() };
        let review = ReviewRule { always: for_review, ..ReviewRule::default() };
        let order = Order {
            user,
            method: "gift_card".to_owned(),
            provider: Provider::GiftCard,
            amount: Cents(2500),
            destination: r#"{"brand":"Books"}"#.to_owned(),
            terms: Terms { enabled: true, fee, review, ..Terms::default() },
            day: 0,
        };
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

    pub async fn command(&self, book: BookId, command: Command) -> Reply {
        let verdict = self.platform.teller.ask(book, Request::plain(command)).await.unwrap();
        let Applied { reply: outcome, .. } = verdict.unwrap();
        outcome
    }

    /// All mails, oldest first.
    pub async fn mails(&self) -> Vec<MailRow> {
        let mut found = self.platform.store.mails(None, None, None, 10_000).await.unwrap();
        found.reverse();
        found
    }
}
