//! The hat of the claim page's tests: people with money, and browsers in which they are signed in. The world is served.

use crate::claim::browser::{Answer, Browser};
use crate::database::Database;
use crate::world::{Hat, Setup, World, local};
use ledger::{Actor, BookId, Mode, Terms};
use outpay::testing::business::branding::{self, Branding};
use outpay::testing::ids::IdKind;
use outpay::testing::store::BrandingRow;
use std::ops::Deref;
use std::sync::Arc;

pub const SESSION: &str = "__Host-claim";

pub struct Claim {
    world: World,
}

/// A person with money in a book.
pub struct Recipient {
    pub book: BookId,
    pub user: i64,
    pub hash: String,
}

impl Deref for Claim {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Claim {
    async fn open(database: Arc<Database>) -> Self {
        Self::with(database, Setup::default()).await
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl Claim {
    pub async fn with(database: Arc<Database>, setup: Setup) -> Self {
        Self { world: World::open(database, setup).await.served(local()).await }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address())
    }

    /// A business and a person with this much in its book of this mode.
    pub async fn recipient(&self, mode: Mode, cents: i64) -> Recipient {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        let book = BookId::new(business.number, mode);
        self.fund(book, 10 * cents.max(1)).await;
        self.pays(book, "user@example.com", cents).await
    }

    /// Gives a person of this book money.
    pub async fn pays(&self, book: BookId, email: &str, cents: i64) -> Recipient {
        let paid = self.give(book, email, cents).await;
        Recipient { book, user: paid.user, hash: paid.hash }
    }

    /// A browser in which this person is signed in.
    pub async fn signed_in(&self, who: &Recipient) -> Browser {
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
        for (brand, value, code) in cards {
            self.world.stock(book, brand, *value, &[(code, Some("99"))]).await;
        }
    }

    pub fn operation(&self, book: BookId, number: i64) -> String {
        let id = self.platform.secrets.ids().seal(IdKind::Withdrawal, book, number);
        format!("/p/operations/{id}")
    }

    pub async fn balance(&self, who: &Recipient) -> (i64, i64) {
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
