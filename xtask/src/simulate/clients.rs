//! The clients: they send orders, some of them twice, and judge every reply by what they were told before. All they
//! see of a crash is a missing reply. Not here: which orders there are (shop.rs), the journal (witness.rs).

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context, Result, bail, ensure};
use ledger::{Applied, Cents, Command, Refusal, Reply, RowRefusal, RowReply};
use outpay::testing::commit::{Asked, Verdict};

use super::auditor::Requests;
use super::dice::Dice;
use super::house::House;
use super::order::{Order, Retry};
use super::post::Post;
use super::shop::{Shop, keyed};
use super::tally::Tally;
use super::witness::{Turn, Witness};

/// Answered orders under a key that may still be repeated much later.
const LONG_MEMORY: usize = 200;
const MOST_TRIES: u32 = 5;

pub struct Clients {
    shops: Vec<Shop>,
    orders: BTreeMap<u64, Order>,
    written: u64,
    remembered: VecDeque<u64>,
    pub witness: Witness,
    pub requests: Requests,
}

impl Clients {
    pub fn new() -> Self {
        Self {
            shops: House::books().into_iter().map(Shop::new).collect(),
            orders: BTreeMap::new(),
            written: 0,
            remembered: VecDeque::new(),
            witness: Witness::default(),
            requests: Requests::new(),
        }
    }

    /// Writes an order, or picks an old one, and sends it.
    pub fn send_something(&mut self, post: &mut Post, dice: &mut Dice) {
        let old = dice.index(self.remembered.len()).map(|at| self.remembered[at]);
        match old {
            Some(old) if dice.one_in(40) => self.send_copies(old, post, dice),
            Some(old) if dice.one_in(100) => {
                let order = self.same_key_other_request(old, dice);
                self.send_new(order, post, dice);
            }
            _ => {
                let key = format!("key {}", self.written);
                let at = dice.index(self.shops.len()).expect("there are shops");
                let order = self.shops[at].write(key, &mut self.witness, dice);
                self.send_new(order, post, dice);
            }
        }
    }

    fn send_new(&mut self, order: Order, post: &mut Post, dice: &mut Dice) {
        let id = self.written;
        self.written += 1;
        if let Some(key) = order.key.as_ref().filter(|_| order.must_be_refused.is_none()) {
            self.requests.insert((order.book.0, key.clone()), false);
        }
        self.orders.insert(id, order);
        self.send_copies(id, post, dice);
    }

    /// A repeatable order is sometimes sent twice, or very often at once.
    fn send_copies(&mut self, id: u64, post: &mut Post, dice: &mut Dice) {
        let order = self.orders.get_mut(&id).expect("it is kept");
        let repeatable = order.retry != Retry::Never;
        let copies = if repeatable { dice.weighted(&[(880, 1), (90, 2), (25, 3), (5, 24)]) } else { 1 };
        order.copies += copies;
        order.tries += 1;
        if copies > 3 {
            return post.send_at_once(id, copies, dice);
        }
        (0..copies).for_each(|_| post.send(id, dice));
    }

    fn same_key_other_request(&mut self, old: u64, dice: &mut Dice) -> Order {
        let old = &self.orders[&old];
        let command = match &old.request.command {
            Command::Create { email, amount, .. } => Command::Create {
                email: email.clone(),
                amount: Cents(amount.0 % 500 + 501),
                memo: String::new(),
                metadata: ledger::Metadata::default(),
            },
            _ => Command::Create {
                email: ledger::Email::parse("somebody.else@example.com").expect("an address"),
                amount: Cents(dice.between(1, 500)),
                memo: String::new(),
                metadata: ledger::Metadata::default(),
            },
        };
        let key = old.key.clone().expect("remembered orders have keys");
        let mut order = keyed(Order::new(old.book, command), key).refused_as("idempotency_key_reused");
        order.retry = Retry::Never;
        order
    }

    pub fn asked(&self, id: u64) -> Asked {
        let order = &self.orders[&id];
        let mut request = order.request.clone();
        request.origin.budget = order.budget();
        Asked { book: order.book, request }
    }

    pub fn name(&self, id: u64) -> &'static str {
        self.orders[&id].name()
    }

    /// A reply arrived. `enabled`: were payouts enabled when it was given?
    pub fn hear(
        &mut self,
        id: u64,
        verdict: &Verdict,
        enabled: bool,
        tally: &mut Tally,
        post: &mut Post,
        dice: &mut Dice,
    ) -> Result<()> {
        let mut order = self.orders.remove(&id).expect("only what was sent arrives");
        order.copies -= 1;
        let judged = match verdict {
            Ok(Applied { reply: outcome, replayed: false }) => {
                tally.count("verdicts", "done");
                self.done(&mut order, outcome, enabled)
            }
            Ok(Applied { reply: outcome, replayed: true }) => {
                tally.count("verdicts", "replayed");
                self.replayed(&mut order, outcome)
            }
            Err(refusal) => {
                tally.count("refusals", refusal.code());
                self.refused(&mut order, refusal, enabled)
            }
        };
        judged.with_context(|| format!("order {id}: {order:?} was answered {verdict:?}"))?;
        let wants_more = order.answer.is_none() && order.must_be_refused.is_none() && dice.one_in(3);
        let again =
            wants_more && order.copies == 0 && order.retry != Retry::Never && order.tries < MOST_TRIES;
        self.put_back(id, order, again, post, dice);
        Ok(())
    }

    /// No reply arrived, and none will.
    pub fn lose(&mut self, id: u64, post: &mut Post, dice: &mut Dice) {
        let mut order = self.orders.remove(&id).expect("only what was sent arrives");
        order.copies -= 1;
        if order.must_be_refused.is_none() && order.answer.is_none() {
            order.wishes.iter().flatten().for_each(|wish| self.witness.lost(*wish));
            if let (Some((turn, user)), false) = (turn_of(&order.request.command), order.lost) {
                self.witness.turn_lost(turn, order.book.0, user);
            }
            order.lost = true;
        } else if order.retry == Retry::References {
            // Rows that were not paid the first time may have been paid this time.
            order.wishes.iter().flatten().for_each(|wish| self.witness.lost(*wish));
        }
        let again = order.retry != Retry::Never;
        self.put_back(id, order, again, post, dice);
    }

    fn put_back(&mut self, id: u64, order: Order, again: bool, post: &mut Post, dice: &mut Dice) {
        let worth_keeping = order.copies == 0 && order.key.is_some() && order.answer.is_some();
        let known = self.remembered.contains(&id);
        if order.copies == 0 && !again && !worth_keeping && !known {
            return;
        }
        self.orders.insert(id, order);
        if again {
            self.send_copies(id, post, dice);
        }
        if worth_keeping && !known && dice.one_in(4) {
            self.remembered.push_back(id);
        } else if worth_keeping && !known && !again {
            self.orders.remove(&id);
        }
        if self.remembered.len() > LONG_MEMORY
            && let Some(oldest) = self.remembered.pop_front()
            && self.orders.get(&oldest).is_some_and(|order| order.copies == 0)
        {
            self.orders.remove(&oldest);
        }
    }

    fn done(&mut self, order: &mut Order, outcome: &Reply, enabled: bool) -> Result<()> {
        let first = order.answer.is_none();
        ensure!(first || order.retry == Retry::References, "it was carried out twice");
        ensure!(enabled || !order.pays(), "payouts were disabled");
        self.accept(order, outcome)
    }

    fn replayed(&mut self, order: &mut Order, outcome: &Reply) -> Result<()> {
        match &order.answer {
            Some(first) => {
                ensure!(first == outcome, "it is not the first answer again");
                Ok(())
            }
            None => {
                ensure!(order.lost, "this is the first answer");
                self.accept(order, outcome)
            }
        }
    }

    fn refused(&mut self, order: &mut Order, refusal: &Refusal, enabled: bool) -> Result<()> {
        let code = refusal.code();
        if let Refusal::ReferencesWereUsedForOtherPayouts(rows) = refusal {
            ensure!(*rows == [1], "the second row contradicts");
        }
        // A reused key is checked before the payout switch, and the switch before everything else.
        if code == "payouts_disabled" {
            ensure!(!enabled && order.pays(), "payouts were enabled");
            ensure!(order.must_be_refused != Some("idempotency_key_reused"), "its key was used before");
        } else if let Some(expected) = order.must_be_refused {
            ensure!(code == expected, "it must be refused as {expected}");
            ensure!(
                enabled || !order.pays() || expected == "idempotency_key_reused",
                "payouts were disabled"
            );
        } else {
            ensure!(order.may_be_refused_as().contains(&code), "nothing is wrong with it");
            ensure!(enabled || !order.pays(), "payouts were disabled");
        }
        if order.retry == Retry::References {
            let is_late = order.is_partial() && code.ends_with("_ceiling");
            ensure!(
                order.answer.is_none() || code == "payouts_disabled" || is_late,
                "its references were paid before"
            );
            return Ok(());
        }
        ensure!(order.answer.is_none(), "it was carried out before");
        if order.must_be_refused.is_none() {
            // Under its key this would have been a replay: so the lost attempt had not happened.
            for wish in order.wishes.iter().flatten().filter(|_| order.key.is_some()) {
                if !self.shops.iter().any(|shop| shop.paid.contains(wish)) {
                    self.witness.refused(*wish)?;
                }
            }
        }
        Ok(())
    }

    /// It was carried out: does the reply fit?
    fn accept(&mut self, order: &mut Order, outcome: &Reply) -> Result<()> {
        ensure!(order.must_be_refused.is_none(), "it had to be refused");
        let book = order.book.0;
        let wish = order.wishes.first().copied().flatten();
        match (&order.request.command, outcome) {
            (Command::Create { .. }, Reply::Paid { user, .. }) => self.paid(book, wish, *user)?,
            (Command::CreateMany { partial, .. }, Reply::PaidMany { rows, total }) => {
                self.paid_many(order, *partial, rows, *total)?;
            }
            (Command::Transfer { .. } | Command::Deposit { .. }, Reply::Balances { main, payout }) => {
                let wish = wish.context("a movement has a wish")?;
                self.witness.told(wish);
                self.witness.balances(wish, (main.0, payout.0))?;
                if matches!(order.request.command, Command::Deposit { .. }) && order.answer.is_none() {
                    self.shop(book).deposited.push(wish);
                }
            }
            (Command::Debit { user, .. }, Reply::User(snapshot)) => {
                ensure!(snapshot.number == *user, "another user");
                let wish = wish.context("a movement has a wish")?;
                self.witness.told(wish);
                self.witness.balances(wish, (snapshot.balance.0, 0))?;
            }
            (Command::SetStatus { user, status }, Reply::User(snapshot)) => {
                ensure!((snapshot.number, snapshot.status) == (*user, *status), "another user or status");
                self.witness.turn_told(Turn::Status, book, *user, order.lost);
            }
            (Command::RotateHash { user }, Reply::HashRotated { user: rotated, generation, .. }) => {
                ensure!(rotated == user, "another user");
                self.witness.generation(book, *user, *generation)?;
                self.witness.turn_told(Turn::Rotation, book, *user, order.lost);
            }
            _ => bail!("an answer to another question"),
        }
        if let Some(key) = &order.key {
            self.requests.insert((book, key.clone()), true);
        }
        order.lost = false;
        order.answer = Some(outcome.clone());
        Ok(())
    }

    fn paid(&mut self, book: i64, wish: Option<u32>, user: i64) -> Result<()> {
        let wish = wish.context("a row was paid that had to be refused")?;
        self.witness.told(wish);
        let super::witness::What::Pay(address) = self.witness.get(wish).what else {
            bail!("a payment answers another wish");
        };
        ensure!(self.shop(book).learn(address, user), "user {user} is not who has this address");
        Ok(())
    }

    fn paid_many(&mut self, order: &Order, partial: bool, rows: &[RowReply], total: Cents) -> Result<()> {
        ensure!(rows.len() == order.wishes.len(), "{} rows for {}", rows.len(), order.wishes.len());
        let (mut sum, mut money_ended) = (0, false);
        for (wish, row) in order.wishes.iter().zip(rows) {
            match row {
                RowReply::Paid(user, ..) => {
                    self.paid(order.book.0, *wish, *user)?;
                    let wish = wish.expect("it was paid");
                    let (amount, noted) = (self.witness.get(wish).amount, self.witness.get(wish).noted);
                    ensure!(noted || !money_ended, "a row was paid after the money had ended");
                    sum += amount;
                    let paid = &mut self.shop(order.book.0).paid;
                    if noted && paid.len() < 300 && !paid.contains(&wish) {
                        paid.push(wish);
                    }
                }
                RowReply::Unpaid(RowRefusal::PayoutBalanceIsTooLow) if partial && wish.is_some() => {
                    money_ended = true
                }
                RowReply::Unpaid(RowRefusal::ReferenceWasUsedForAnotherPayout) if wish.is_none() => {}
                RowReply::Unpaid(refusal) => bail!("a row was refused: {refusal:?}"),
            }
        }
        ensure!(total.0 == sum, "the total is {}, the rows add up to {sum}", total.0);
        Ok(())
    }

    fn shop(&mut self, book: i64) -> &mut Shop {
        self.shops.iter_mut().find(|shop| shop.book.0 == book).expect("answers go to the shop that asked")
    }
}

/// An order whose entry moves no money.
fn turn_of(command: &Command) -> Option<(Turn, i64)> {
    match command {
        Command::SetStatus { user, .. } => Some((Turn::Status, *user)),
        Command::RotateHash { user } => Some((Turn::Rotation, *user)),
        _ => None,
    }
}
