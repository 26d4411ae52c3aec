//! `xtask simulate --withdrawals N`: the worker against a rail that lies, loses, delays and repeats, and a worker
//! that is killed at every moment of its work. The rail keeps its own books; at the end they are compared with the
//! platform's: each payment was made once, a paid withdrawal was not refunded, an unpaid one was. Every event has
//! exactly one webhook delivery. All chance comes from the seed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use ledger::{
    Actor, BookId, Cents, Command, Direction, Email, Mode, Order, Provider, Request, Terms, WithdrawalState,
};
use outpay::testing::auth::Secrets;
use outpay::testing::business;
use outpay::testing::clock::{Clock, Entropy, start_of_day};
use outpay::testing::config::Config;
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rails;
use outpay::testing::store::DatabaseUrl;
use outpay::testing::webhook_event::{EventSet, names};
use outpay::testing::webhooks::{EndpointChange, Guard, Webhooks};
use parking_lot::Mutex;

use super::BEGINNING;
use super::dice::Dice;
use super::fickle_rail::{FickleRail, Paid};
use crate::{clock, scratch};

const SAY_EVERY: u64 = 10_000;
/// At each moment the worker dies once in this many times.
const KILL_ONE_IN: u64 = 12;
const USERS: i64 = 50;
const EACH: i64 = 100_000_000;
/// Longer than a lease.
const AFTER_A_KILL: i64 = 301_000_000;
const SECOND: i64 = 1_000_000;

struct House {
    platform: Platform,
    book: BookId,
    rail: Arc<FickleRail>,
    /// Shared with the worker's killer.
    kills: Arc<Mutex<(Dice, BTreeMap<&'static str, u64>)>>,
    _folder: tempfile::TempDir,
}

pub async fn run(seed: u64, withdrawals: u64) -> Result<ExitCode> {
    println!("simulate: seed {seed}, {withdrawals} withdrawals");
    let started = clock::now();
    let house = House::open(seed).await?;
    let mut dice = Dice::new(seed);
    for asked in 1..=withdrawals {
        house.ask(&mut dice).await?;
        house.work().await?;
        house.platform.clock.advance(dice.between(0, 3) * SECOND);
        if asked % SAY_EVERY == 0 {
            println!("  {asked} withdrawals, {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    house.finish().await?;
    let tally = house.compare(withdrawals).await?;
    house.compare_deliveries().await?;
    let report =
        outpay::testing::audit::run(&house.platform.store, &house.platform.secrets, &mut |_, _| {}).await?;
    ensure!(report.is_clean(), "the audit found: {:#?}", report.differences);
    let kills = house.kills.lock().1.clone();
    let seconds = started.elapsed().as_secs_f64();
    println!("  ends: {tally:?}\n  killed: {kills:?}");
    println!(
        "simulate: {withdrawals} withdrawals, {} payments by the rail, none twice, {seconds:.1} s, {:.0}/s",
        house.rail.payments(),
        withdrawals as f64 / seconds
    );
    Ok(ExitCode::SUCCESS)
}

impl House {
    async fn open(seed: u64) -> Result<Self> {
        let folder = scratch::in_memory("simulate")?;
        let database = DatabaseUrl::Sqlite(folder.path().join("outpay.db"));
        let (clock, entropy) = (Clock::manual(BEGINNING), Entropy::seeded(seed));
        let secrets = Secrets::derive(&[42; 32]);
        let config = Config::default();
        let opened =
            Platform::open(folder.path(), &database, secrets, clock.clone(), entropy.clone(), &config);
        let mut platform = opened.await?;
        let rail = Arc::new(FickleRail::new(seed));
        let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &clock);
        rails.mount(Mode::Test, rail.clone());
        platform.rails = Arc::new(rails);
        let guard = Guard { allow_http: true, allow_private: true };
        let (store, secrets) = (platform.store.clone(), platform.secrets.clone());
        platform.webhooks = Webhooks::new(store, secrets, clock, entropy).guarded_by(guard);

        let business = business::create(&platform, "Simulated").await.context("a business")?;
        let number = business.business.number;
        platform.store.set_payouts_enabled(number, true).await?;
        let book = BookId::new(number, Mode::Test);
        let all = Cents(USERS * EACH);
        let ask = async |command| platform.teller.ask(book, Request::plain(command)).await;
        ask(Command::Deposit {
            amount: all,
            reference: "all".to_owned(),
            used_elsewhere: true,
            received_on: String::new(),
        })
        .await?
        .ok()
        .context("a deposit")?;
        let transfer = Command::Transfer { direction: Direction::ToPayout, amount: all };
        ask(transfer).await?.ok().context("a transfer")?;
        for number in 0..USERS {
            let email = Email::parse(&format!("u{number}@example.com")).ok().context("an address")?;
            ask(Command::Create {
                email,
                amount: Cents(EACH),
                memo: String::new(),
                metadata: ledger::Metadata::default(),
            })
            .await?
            .ok()
            .context("a user")?;
        }
        let change = EndpointChange {
            url: Some("http://127.0.0.1:9/hook".to_owned()),
            enabled: Some(true),
            events: EventSet::of_names(names()),
            ..EndpointChange::default()
        };
        platform.webhooks.set_endpoint(book, Actor::OPERATOR, &change).await?;
        let kills = Arc::new(Mutex::new((Dice::new(seed ^ 0x5eed), BTreeMap::new())));
        Ok(Self { platform, book, rail, kills, _folder: folder })
    }

    /// A user requests a withdrawal, sometimes with a fee.
    async fn ask(&self, dice: &mut Dice) -> Result<()> {
        let mut terms = Terms { enabled: true, ..Terms::default() };
        terms.fee.fixed = Cents(dice.between(0, 2) * 10);
        let order = Order {
            user: dice.between(1, USERS),
            method: "sandbox".to_owned(),
            provider: Provider::Sandbox,
            amount: Cents(dice.between(100, 900)),
            destination: r#"{"account":"a"}"#.to_owned(),
            terms,
            is_held: false,
            day: start_of_day(self.platform.clock.now()),
        };
        let request = Request::plain(Command::Withdraw(Box::new(order)));
        // The only refusal expected: one of the few users without money.
        self.platform.teller.ask(self.book, request).await?.map(drop).or_else(|refusal| {
            ensure!(refusal == ledger::Refusal::UserBalanceIsTooLow, "refused: {}", refusal.sentence());
            Ok(())
        })
    }

    /// A worker does what is due, and may be killed.
    async fn work(&self) -> Result<()> {
        let kills = Arc::clone(&self.kills);
        let died = Arc::new(Mutex::new(false));
        let dies = Arc::clone(&died);
        let killer = move |moment: Moment| {
            let mut kills = kills.lock();
            let killed = kills.0.one_in(KILL_ONE_IN);
            if killed {
                let name = match moment {
                    Moment::BeforeIntent => "before intent",
                    Moment::AfterIntent => "after intent",
                    Moment::BeforeSend => "before send",
                    Moment::AfterSend => "after send",
                    Moment::AfterRecord => "after record",
                    Moment::AfterStep => "after step",
                };
                *kills.1.entry(name).or_default() += 1;
                *dies.lock() = true;
            }
            killed
        };
        let worker = PaymentWorker::new(self.platform.clone()).one_at_a_time().with_killer(Arc::new(killer));
        worker.round().await?;
        if *died.lock() {
            // No other worker may touch the dead one's leases until they expire.
            self.platform.clock.advance(AFTER_A_KILL);
        }
        Ok(())
    }

    /// Runs until no payment is in flight.
    async fn finish(&self) -> Result<()> {
        for _ in 0..10_000 {
            let (sending, _) = self.platform.store.withdrawals_under_way().await?;
            self.platform.clock.advance(AFTER_A_KILL);
            let worker = PaymentWorker::new(self.platform.clone()).one_at_a_time();
            if worker.round().await? == 0 && sending == 0 {
                return Ok(());
            }
            self.decide_the_silent().await?;
        }
        anyhow::bail!("some withdrawals never end")
    }

    /// A person reads the rail's books and ends what the rail never says.
    async fn decide_the_silent(&self) -> Result<()> {
        let counter = self.platform.counter(self.book, Actor::OPERATOR);
        for (number, paid) in self.rail.silent() {
            let found = self.platform.store.withdrawal(self.book, number).await?.context("a withdrawal")?;
            if found.state == WithdrawalState::Sending && found.outcome_unknown {
                // Refused while a killed worker's lease runs: the next round tries again.
                counter.resolve(number, paid, "the rail's statement").await.ok();
            }
        }
        Ok(())
    }

    /// Compares the rail's books with the platform's.
    async fn compare(&self, withdrawals: u64) -> Result<BTreeMap<&'static str, u64>> {
        let mut tally = BTreeMap::new();
        let last = i64::try_from(withdrawals).context("a number")?;
        for number in 1..=last {
            let Some(withdrawal) = self.platform.store.withdrawal(self.book, number).await? else { break };
            let order_id = self.platform.secrets.ids().order_id(Provider::Sandbox, self.book, number);
            let Paid { payments, amount, returned } = self.rail.books(&order_id);
            let state = withdrawal.state;
            *tally.entry(state.word()).or_default() += 1;
            let place = || format!("withdrawal {number} is {}, the rail paid {payments} times", state.word());
            let fits = match state {
                WithdrawalState::Succeeded => payments == 1 && !returned,
                WithdrawalState::Returned => payments == 1 && returned,
                WithdrawalState::Failed => payments == 0,
                _ => false,
            };
            ensure!(fits, "{}", place());
            ensure!(payments == 0 || amount == withdrawal.net().0, "{}: another amount", place());
        }
        Ok(tally)
    }

    /// One delivery for each of the five events, and none for anything else.
    async fn compare_deliveries(&self) -> Result<()> {
        while self.platform.webhooks.fan_out().await? > 0 {}
        let path = self.platform.data.join("outpay.db");
        let connection = rusqlite::Connection::open(path)?;
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let told =
            count("SELECT count(*) FROM journal WHERE withdrawal > 0 AND kind IN (10, 14, 16, 19, 21)")?;
        let made = count("SELECT count(*) FROM webhook_delivery")?;
        let matched = count(
            "SELECT count(*) FROM webhook_delivery d JOIN journal j ON j.book = d.book AND j.sequence = d.sequence \
             AND j.kind = d.kind AND j.withdrawal = d.withdrawal",
        )?;
        let distinct = count("SELECT count(DISTINCT sequence) FROM webhook_delivery")?;
        ensure!(
            (made, matched, distinct) == (told, told, told),
            "{told} events, {made} deliveries, {matched} of them right, {distinct} different"
        );
        println!("  {told} events, each with one delivery");
        Ok(())
    }
}
