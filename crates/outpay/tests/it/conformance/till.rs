//! A teller for tests: the steps of `outpay::testing::commit` one by one, and short constructors of commands.

use ledger::{
    Applied, Book, BookId, Cents, Command, Direction, Email, HashBasis, HashSalt, Inputs, OnceKey, Order,
    Progress, Provider, Reply, Request, Step, Terms, UserStatus, Withdrawal,
};
use outpay::testing::auth::Secrets;
use outpay::testing::commit::{Asked, Verdict, decide_all, needs_of, savings};
use outpay::testing::store::TellerStore;

use crate::conformance::bare_store::NOW;

pub struct Till {
    pub teller: TellerStore,
    pub secrets: Secrets,
    /// The time of decisions.
    pub now: i64,
}

impl Till {
    pub fn new(teller: TellerStore, secrets: Secrets) -> Self {
        Self { teller, secrets, now: NOW }
    }

    /// Loads, decides and saves; the transaction is still open.
    pub async fn save(&mut self, batch: &[Asked]) -> (Vec<Book>, Vec<Verdict>) {
        let mut books = self.teller.load(&needs_of(batch.iter())).await.unwrap();
        let verdicts =
            decide_all(&mut books, batch.iter(), Inputs { now: self.now, seed: SEED, key_version: 0 });
        self.teller.save(&savings(&books, &self.secrets).unwrap()).await.unwrap();
        (books, verdicts)
    }

    /// A whole batch, committed.
    pub async fn apply(&mut self, batch: &[Asked]) -> Vec<Verdict> {
        let (_, verdicts) = self.save(batch).await;
        self.teller.commit().await.unwrap();
        self.teller.tidy_up(false).unwrap();
        verdicts
    }

    /// A whole batch of commands, none of which may be refused.
    pub async fn carry_out(
        &mut self,
        book: BookId,
        commands: impl IntoIterator<Item = Command>,
    ) -> Vec<Reply> {
        let batch: Vec<Asked> = commands.into_iter().map(|command| ask(book, command)).collect();
        let done = |verdict: Verdict| match verdict.unwrap() {
            Applied { reply: outcome, replayed: false } => outcome,
            Applied { reply: outcome, replayed: true } => panic!("carried out before: {outcome:?}"),
        };
        self.apply(&batch).await.into_iter().map(done).collect()
    }

    /// A command about one withdrawal; returns the withdrawal afterwards.
    pub async fn withdrawal(&mut self, book: BookId, command: Command) -> Withdrawal {
        match self.carry_out(book, [command]).await.remove(0) {
            Reply::Withdrawal(withdrawal) => *withdrawal,
            other => panic!("not about a withdrawal: {other:?}"),
        }
    }

    /// Adds this much to the payout balance.
    pub async fn fund(&mut self, book: BookId, amount: i64) {
        self.carry_out(book, [deposit(amount, "funds"), to_payout(amount)]).await;
    }
}

/// All salts here are drawn from it.
pub const SEED: [u8; 32] = [5; 32];

/// The salt of a user's hash.
pub fn salt(book: BookId, user: i64, generation: i64) -> HashSalt {
    HashSalt::draw(&SEED, book, user, generation)
}

/// What that user's hash is computed from.
pub fn basis(book: BookId, user: i64, generation: i64) -> HashBasis {
    HashBasis { generation, salt: salt(book, user, generation) }
}

pub fn ask(book: BookId, command: Command) -> Asked {
    Asked { book, request: Request::plain(command) }
}

pub fn ask_once(book: BookId, command: Command, key: &str) -> Asked {
    Asked { book, request: Request::maybe_once(command, Some(OnceKey::of_request(key))) }
}

pub fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub fn create(to: &str, amount: i64) -> Command {
    Command::Create {
        email: email(to),
        amount: Cents(amount),
        memo: String::new(),
        metadata: ledger::Metadata::default(),
    }
}

pub fn deposit(amount: i64, reference: &str) -> Command {
    Command::Deposit {
        amount: Cents(amount),
        reference: reference.to_owned(),
        used_elsewhere: true,
        received_on: String::new(),
    }
}

pub fn to_payout(amount: i64) -> Command {
    Command::Transfer { direction: Direction::ToPayout, amount: Cents(amount) }
}

pub fn debit(user: i64, amount: i64) -> Command {
    Command::Debit { user, amount: Cents(amount), reason: "taken back".to_owned() }
}

pub fn deactivate(user: i64) -> Command {
    Command::SetStatus { user, status: UserStatus::Inactive }
}

pub fn rotate(user: i64) -> Command {
    Command::RotateHash { user }
}

/// By the method `usdc`, which a worker pays, on permissive terms.
pub fn order(user: i64, amount: i64) -> Order {
    Order {
        user,
        method: "usdc".to_owned(),
        provider: Provider::Crypto,
        amount: Cents(amount),
        destination: r#"{"address":"home"}"#.to_owned(),
        terms: Terms { enabled: true, ..Terms::default() },
        is_held: false,
        day: NOW,
    }
}

/// By the method `bank`, which a person pays.
pub fn by_hand(user: i64, amount: i64) -> Order {
    Order { method: "bank".to_owned(), provider: Provider::Manual, ..order(user, amount) }
}

pub fn withdraw(order: Order) -> Command {
    Command::Withdraw(Box::new(order))
}

pub fn step(withdrawal: i64, step: Step) -> Command {
    Command::Advance(Box::new(Progress::new(withdrawal, step)))
}
