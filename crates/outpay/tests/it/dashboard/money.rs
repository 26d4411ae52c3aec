//! People with money and what they asked for, in a few words.

use crate::dashboard::hat::Team;
use crate::world::Business;
use ledger::{Actor, BookId, Cents, Command, Email, Progress, Reply, Request, ReviewRule, Step, Terms};
use outpay::testing::ids::IdKind;
use outpay::testing::store::UserFilter;
use outpay::testing::withdrawals::price::Wish;
use serde_json::json;

pub const BANK: &str = "bank";
pub const SANDBOX: &str = "sandbox";

impl Team {
    /// A business with money where every withdrawal by `bank` and `sandbox` is reviewed.
    pub async fn reviewing_business(&self) -> Business {
        let business = self.paying_business(1_000_000).await;
        let review = ReviewRule { always: true, ..ReviewRule::default() };
        let terms = Terms { enabled: true, review, ..Terms::default() };
        self.platform.store.set_terms(business.live, BANK, &terms).await.unwrap();
        self.platform.store.set_terms(business.test, SANDBOX, &terms).await.unwrap();
        business
    }

    /// Gives a person money; the user's number.
    pub async fn give(&self, book: BookId, email: &str, cents: i64, actor: Actor) -> i64 {
        let command = Command::Create {
            email: Email::parse(email).unwrap(),
            amount: Cents(cents),
            memo: String::new(),
            metadata: ledger::Metadata::default(),
        };
        let answer =
            self.platform.teller.ask(book, Request::plain(command).by(actor)).await.unwrap().unwrap();
        match answer {
            ledger::Applied { reply: Reply::Paid { user, .. }, replayed: false } => user,
            other => panic!("not paid: {other:?}"),
        }
    }

    /// A person asks for money; the withdrawal's number.
    pub async fn withdraw(&self, book: BookId, user: i64, cents: i64) -> i64 {
        let (method, destination) = match book.mode() {
            ledger::Mode::Live => (BANK, json!({ "name": "Ada", "account": "DE02" })),
            ledger::Mode::Test => (SANDBOX, json!({ "account": "ada" })),
        };
        let destination = destination.as_object().unwrap().clone();
        let wish = Wish { method: method.to_owned(), amount: Cents(cents), destination };
        self.platform.counter(book, Actor::NONE).withdraw(user, &wish).await.unwrap().value.number
    }

    /// Steps of a withdrawal, without an actor.
    pub async fn steps(&self, book: BookId, withdrawal: i64, steps: &[Step]) {
        for step in steps {
            self.platform.counter(book, Actor::NONE).advance(Progress::new(withdrawal, *step)).await.unwrap();
        }
    }

    pub fn withdrawal_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Withdrawal, book, number)
    }

    pub fn user_id(&self, book: BookId, number: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::PayoutUser, book, number)
    }

    /// A withdrawal's state, as a word.
    pub async fn state(&self, book: BookId, number: i64) -> &'static str {
        self.platform.store.withdrawal(book, number).await.unwrap().unwrap().state.word()
    }

    /// The balance of a user.
    pub async fn balance(&self, book: BookId, email: &str) -> i64 {
        let filter = UserFilter { email: Some(Email::parse(email).unwrap()), ..UserFilter::default() };
        let found = self.platform.store.users(book, &filter, 1).await.unwrap();
        found.first().map_or(0, |row| row.user.balance.0)
    }
}
