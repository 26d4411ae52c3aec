//! The hat of mail's tests: a mail server, and a platform that sends to it.

use crate::database::Database;
use crate::mail_server::MailServer;
use crate::world::{Hat, Setup, World};
use ledger::{BookId, Cents, FeeRule, Order, Provider, ReviewRule, Terms};
use outpay::testing::clock::Clock;
use outpay::testing::config::Config;
use outpay::testing::mail::{Encryption, Mail, MailConfig, MailWorker, Times};
use outpay::testing::mail_kind::MailKinds;
use outpay::testing::platform::Platform;
use outpay::testing::store::MailRow;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// What the clock shows at first.
pub const NOW: i64 = 1_800_000_000_000_000;
pub const PUBLIC_URL: &str = "https://pay.example.com";

/// Patience for a server that does not answer.
const TIMES: Times = Times { step: Duration::from_secs(3), content: Duration::from_secs(3) };

pub struct Post {
    world: World,
    pub server: MailServer,
}

impl Deref for Post {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Post {
    async fn open(database: Arc<Database>) -> Self {
        let server = MailServer::start();
        Self { world: World::open(database, setup(Some(config(server.port)))).await, server }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

/// A platform with this mail server, or with none.
pub fn setup(mail: Option<MailConfig>) -> Setup {
    let config = Config { mail, public_url: Some(PUBLIC_URL.to_owned()), ..Config::default() };
    let mend = |platform: &mut Platform| platform.mail = platform.mail.clone().with_times(TIMES);
    Setup { clock: Clock::manual(NOW), config, mend, ..Setup::default() }
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

impl Post {
    /// A second process, or nearly, with this configuration.
    pub async fn second_process(&self, mail: Option<MailConfig>) -> Platform {
        self.neighbour_with(&setup(mail)).await
    }

    pub fn mail(&self) -> &Mail {
        &self.platform.mail
    }

    /// Lets a new worker do all there is to do; says how many tries it made.
    pub async fn settle(&self) -> usize {
        MailWorker::new(self.mail().clone()).settle().await.unwrap()
    }

    /// The live book of a new business that may pay people, with these mails chosen.
    pub async fn book(&self, mails: &[&str]) -> BookId {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.live, 100_000_000).await;
        self.choose(business.live, mails).await;
        business.live
    }

    pub async fn choose(&self, book: BookId, mails: &[&str]) {
        self.mail().choose(book, MailKinds::of_words(mails.iter().copied()).unwrap()).await.unwrap();
    }

    /// Gives 1,000.00 to a person; the user's number.
    pub async fn pay(&self, book: BookId, email: &str) -> i64 {
        self.give(book, email, 100_000).await.user
    }

    /// A user asks for 25.00, of which 0.50 are fees.
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
            is_held: false,
            day: 0,
        };
        self.order(book, order).await
    }

    /// All mails, oldest first.
    pub async fn mails(&self) -> Vec<MailRow> {
        let mut found = self.platform.store.mails(None, None, None, 10_000).await.unwrap();
        found.reverse();
        found
    }
}
