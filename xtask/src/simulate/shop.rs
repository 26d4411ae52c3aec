//! One business in one mode, as its own programs see it: whom it pays, what it orders, which mistakes it makes. Not
//! here: what becomes of its orders (clients.rs).

use ledger::{
    BatchPayout, BookId, Cents, Command, Direction, Email, MAX_PAYOUT, MAX_TRANSFER, OnceKey, Request,
    UserStatus,
};

use super::dice::Dice;
use super::order::{Order, Retry};
use super::witness::{What, Witness, normal_address};
use std::collections::HashMap;

/// The number of people grows to this limit; then they are paid again and again.
const MOST_PEOPLE: u64 = 5_000;
const UNKNOWN_USER: i64 = 1_000_000_000;
const LONGEST_BATCH: i64 = 16;

pub struct Shop {
    pub book: BookId,
    people: u64,
    /// User number by address, as learned from replies.
    numbers: HashMap<u32, i64>,
    /// Users that it knows.
    pub users: Vec<i64>,
    /// Wishes under references that were paid, and that were deposited.
    pub paid: Vec<u32>,
    pub deposited: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Intent {
    Create,
    Batch,
    Deposit,
    ToPayout,
    ToMain,
    Debit,
    Status,
    Rotate,
    Mistake,
}

const INTENTS: [(u64, Intent); 9] = [
    (560, Intent::Create),
    (90, Intent::Batch),
    (35, Intent::Deposit),
    (75, Intent::ToPayout),
    (20, Intent::ToMain),
    (90, Intent::Debit),
    (60, Intent::Status),
    (40, Intent::Rotate),
    (30, Intent::Mistake),
];

impl Shop {
    pub fn new(book: BookId) -> Self {
        let (users, paid, deposited) = (Vec::new(), Vec::new(), Vec::new());
        Self { book, people: 3, numbers: HashMap::new(), users, paid, deposited }
    }

    /// Writes the next order. `key` is the text of a fresh idempotency key, used if the order wants one.
    pub fn write(&mut self, key: String, witness: &mut Witness, dice: &mut Dice) -> Order {
        let order = match dice.weighted(&INTENTS) {
            Intent::Create => self.create(witness, dice),
            Intent::Batch => self.batch(witness, dice),
            Intent::Deposit => return self.deposit(witness, dice),
            Intent::ToPayout => self.transfer(Direction::ToPayout, witness, dice),
            Intent::ToMain => self.transfer(Direction::ToMain, witness, dice),
            Intent::Debit => self.with_user(dice, |shop, user, dice| shop.debit(user, witness, dice)),
            Intent::Status => self.with_user(dice, |shop, user, dice| shop.status(user, dice)),
            Intent::Rotate => self.with_user(dice, |shop, user, _| shop.order(Command::RotateHash { user })),
            Intent::Mistake => return self.mistake(witness, dice),
        };
        if order.retry == Retry::Never && dice.per_mille(600) { keyed(order, key) } else { order }
    }

    /// Records the user number of this address; `false` if it had another.
    pub fn learn(&mut self, address: u32, user: i64) -> bool {
        let known = *self.numbers.entry(address).or_insert_with(|| {
            self.users.push(user);
            user
        });
        known == user
    }

    fn order(&self, command: Command) -> Order {
        Order::new(self.book, command)
    }

    fn with_user(&mut self, dice: &mut Dice, then: impl FnOnce(&Self, i64, &mut Dice) -> Order) -> Order {
        match dice.index(self.users.len()) {
            Some(at) => then(self, self.users[at], dice),
            None => {
                self.order(Command::RotateHash { user: UNKNOWN_USER }).refused_as("payout_user_not_found")
            }
        }
    }

    /// A person to pay: sometimes a new one; some are paid far more often than others.
    fn person(&mut self, dice: &mut Dice) -> u32 {
        if self.people < MOST_PEOPLE && dice.one_in(8) {
            self.people += 1;
        }
        let among = if dice.one_in(3) { 20.min(self.people) } else { self.people };
        u32::try_from(dice.below(among)).expect("few people")
    }

    fn create(&mut self, witness: &mut Witness, dice: &mut Dice) -> Order {
        let address = self.person(dice);
        let wish = witness.wish(self.book.0, What::Pay(address), false, 0);
        let amount = Cents(witness.get(wish).amount);
        self.order(Command::Create {
            email: written(address, dice),
            amount,
            memo: String::new(),
            metadata: ledger::Metadata::default(),
        })
        .with_wish(wish)
    }

    fn batch(&mut self, witness: &mut Witness, dice: &mut Dice) -> Order {
        let all_referenced = dice.one_in(2);
        let partial = dice.one_in(2);
        let mut payouts = Vec::new();
        let mut wishes = Vec::new();
        for _ in 0..dice.between(1, LONGEST_BATCH) {
            let noted = all_referenced || dice.one_in(3);
            let address = self.person(dice);
            let wish = witness.wish(self.book.0, What::Pay(address), noted, 0);
            payouts.push(row(witness, wish, dice));
            wishes.push(Some(wish));
            if noted && dice.one_in(10) {
                // The same reference twice in one batch pays once.
                payouts.push(row(witness, wish, dice));
                wishes.push(Some(wish));
            }
        }
        if let Some(at) = dice.index(self.paid.len()).filter(|_| dice.one_in(5)) {
            // So does one that was paid by an earlier order.
            payouts.push(row(witness, self.paid[at], dice));
            wishes.push(Some(self.paid[at]));
        }
        if let Some(at) = dice.index(self.paid.len()).filter(|_| partial && dice.one_in(5)) {
            let mut wrong = row(witness, self.paid[at], dice);
            wrong.amount = Cents(wrong.amount.0 % 1_000 + 1_001);
            wrong.amount.0 += i64::from(wrong.amount.0 == witness.get(self.paid[at]).amount);
            payouts.push(wrong);
            wishes.push(None);
        }
        let mut order = self.order(Command::CreateMany { payouts, partial });
        order.wishes = wishes;
        if all_referenced && dice.one_in(2) {
            order.retry = Retry::References;
        }
        order
    }

    fn deposit(&self, witness: &mut Witness, dice: &mut Dice) -> Order {
        let amount = dice.between(1, 5_000_000_000);
        let wish = witness.wish(self.book.0, What::Deposit, true, amount);
        let reference = Witness::note(wish);
        let mut order = self
            .order(Command::Deposit {
                amount: Cents(amount),
                reference,
                used_elsewhere: true,
                received_on: String::new(),
            })
            .with_wish(wish);
        order.retry = Retry::Key;
        order
    }

    fn transfer(&self, direction: Direction, witness: &mut Witness, dice: &mut Dice) -> Order {
        let (what, size) = match direction {
            Direction::ToPayout => (What::ToPayout, dice.between(0, 2)),
            Direction::ToMain => (What::ToMain, dice.between(0, 1)),
        };
        let wish = witness.wish(self.book.0, what, false, size);
        let amount = Cents(witness.get(wish).amount);
        self.order(Command::Transfer { direction, amount }).with_wish(wish)
    }

    fn debit(&self, user: i64, witness: &mut Witness, dice: &mut Dice) -> Order {
        let most = dice.weighted(&[(1, 10), (3, 50_000_000), (1, 2_000_000_000)]);
        let amount = dice.between(1, most);
        let wish = witness.wish(self.book.0, What::Debit(user), true, amount);
        let reason = Witness::note(wish);
        self.order(Command::Debit { user, amount: Cents(amount), reason }).with_wish(wish)
    }

    fn status(&self, user: i64, dice: &mut Dice) -> Order {
        let status = if dice.one_in(2) { UserStatus::Active } else { UserStatus::Inactive };
        self.order(Command::SetStatus { user, status })
    }

    /// What a correct program never sends.
    fn mistake(&mut self, witness: &mut Witness, dice: &mut Dice) -> Order {
        let email = written(0, dice);
        let past = |most: Cents, dice: &mut Dice| {
            Cents(dice.weighted(&[(1, 0), (1, -1), (1, most.0 + 1), (1, i64::MIN)]))
        };
        match dice.below(7) {
            0 => {
                let amount = past(MAX_PAYOUT, dice);
                self.order(Command::Create {
                    email,
                    amount,
                    memo: String::new(),
                    metadata: ledger::Metadata::default(),
                })
                .refused_as("amount_out_of_range")
            }
            1 => {
                let (direction, amount) = (Direction::ToPayout, past(MAX_TRANSFER, dice));
                self.order(Command::Transfer { direction, amount }).refused_as("amount_out_of_range")
            }
            2 => {
                let (amount, reference) = (past(MAX_TRANSFER, dice), format!("wrong {}", dice.any()));
                self.order(Command::Deposit {
                    amount,
                    reference,
                    used_elsewhere: true,
                    received_on: String::new(),
                })
                .refused_as("amount_out_of_range")
            }
            3 => {
                let (user, amount, reason) = (UNKNOWN_USER, Cents(1), "wrong".to_owned());
                self.order(Command::Debit { user, amount, reason }).refused_as("payout_user_not_found")
            }
            4 => {
                let payouts = vec![BatchPayout {
                    email,
                    amount: past(MAX_PAYOUT, dice),
                    reference: None,
                    memo: String::new(),
                    metadata: ledger::Metadata::default(),
                }];
                self.order(Command::CreateMany { payouts, partial: true }).refused_as("amount_out_of_range")
            }
            5 => match dice.index(self.deposited.len()) {
                Some(at) => {
                    let first = self.deposited[at];
                    let amount = Cents(witness.get(first).amount + 1);
                    let reference = Witness::note(first);
                    self.order(Command::Deposit {
                        amount,
                        reference,
                        used_elsewhere: true,
                        received_on: String::new(),
                    })
                    .refused_as("deposit_reference_reused")
                }
                None => self.deposit(witness, dice),
            },
            _ => match dice.index(self.paid.len()) {
                Some(at) => self.contradiction(self.paid[at], witness, dice),
                None => self.create(witness, dice),
            },
        }
    }

    /// All or nothing, with a reference that paid another person: no row is paid.
    fn contradiction(&mut self, paid: u32, witness: &mut Witness, dice: &mut Dice) -> Order {
        let address = self.person(dice);
        let fresh = witness.wish(self.book.0, What::Pay(address), false, 0);
        let mut wrong = row(witness, paid, dice);
        wrong.email = Email::parse("somebody.else@example.com").expect("an address");
        let payouts = vec![row(witness, fresh, dice), wrong];
        self.order(Command::CreateMany { payouts, partial: false }).refused_as("reference_reused")
    }
}

/// The order under an idempotency key.
pub fn keyed(mut order: Order, key: String) -> Order {
    order.request = Request::maybe_once(order.request.command, Some(OnceKey::of_request(&key)));
    order.retry = Retry::Key;
    order.key = Some(key);
    order
}

fn row(witness: &Witness, wish: u32, dice: &mut Dice) -> BatchPayout {
    let wanted = witness.get(wish);
    let What::Pay(address) = wanted.what else { unreachable!("rows of a batch pay") };
    let reference = wanted.noted.then(|| Witness::note(wish));
    BatchPayout {
        email: written(address, dice),
        amount: Cents(wanted.amount),
        reference,
        memo: String::new(),
        metadata: ledger::Metadata::default(),
    }
}

/// One of the spellings of an address.
fn written(address: u32, dice: &mut Dice) -> Email {
    let mut text = normal_address(address);
    if dice.one_in(4) {
        text = text.to_uppercase();
    }
    if dice.one_in(2) {
        text = text.replace("xn--bcher-kva", "bücher");
    }
    Email::parse(&text).expect("an address")
}
