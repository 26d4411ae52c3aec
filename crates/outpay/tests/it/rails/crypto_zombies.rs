//! Two workers on one database over a real chain. One is frozen past its lease, at each moment of a payment, or its
//! machine's clock is ten minutes wrong; the other continues, and the first resumes with stale knowledge. By the
//! chain's own balances each withdrawal was paid once, and no paid one was refunded.

use crate::rails::chain::{Chain, SECOND, TREASURY, WEALTH, rail, units};
use crate::rails::platform::{Installation, ask, assert_books_are_clean, balance, book_with, withdrawal};
use crate::rails::proxy::{Act, Proxy};
use alloy_primitives::{Address, U256, keccak256};
use ledger::{BookId, Cents, WithdrawalState};
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::commit::Teller;
use outpay::testing::payment_worker::{Moment, PaymentWorker};
use outpay::testing::platform::Platform;
use outpay::testing::rails::Rail;
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cycles on each engine; `OUTPAY_TEST_ZOMBIES` sets another number.
const CYCLES: usize = 16;
/// Longer than a lease, and longer than a payment waits before its fee is raised.
const LATER: i64 = 700_000_000;
const TEN_MINUTES: i64 = 600_000_000;
/// 10.00 and the fee of 0.50.
const GROSS: i64 = 1_050;
const NET: u64 = 1_000;

/// The first worker's trouble.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// It freezes here, and resumes after the other one has worked.
    FrozenAt(Moment),
    /// It freezes while its request is in transit to the node.
    FrozenWhileSending,
    /// Its machine's clock is wrong by this much.
    Clock(i64),
}

/// What the chain does while the worker is frozen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meanwhile {
    Blocks,
    NoBlocks,
    Forgets,
    Reorganisation,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::FrozenAt(Moment::BeforeIntent),
    Trouble::FrozenAt(Moment::AfterIntent),
    Trouble::FrozenAt(Moment::BeforeSend),
    Trouble::FrozenWhileSending,
    Trouble::FrozenAt(Moment::AfterSend),
    Trouble::FrozenAt(Moment::AfterRecord),
    Trouble::Clock(TEN_MINUTES),
    Trouble::Clock(-TEN_MINUTES),
];
const MEANWHILES: [Meanwhile; 4] =
    [Meanwhile::NoBlocks, Meanwhile::Blocks, Meanwhile::Forgets, Meanwhile::Reorganisation];

/// Another address for every payment.
fn person(number: i64) -> Address {
    Address::from_slice(&keccak256(number.to_be_bytes())[12..])
}

/// Everything that a cycle needs, also while the first worker is frozen.
struct Scene {
    world: Chain,
    proxy: Proxy,
    /// Reaches the node through the proxy.
    first: Platform,
    other: Platform,
    /// Like `first`, on a machine whose clock is wrong.
    wrong: Platform,
    wrong_clock: Clock,
    book: BookId,
}

impl Scene {
    async fn open(installation: &Installation, world: Chain) -> Self {
        let proxy = Proxy::start(&world.node.url).await;
        let wrong_clock = Clock::manual(world.clock.now());
        let by = |url: &str, clock: &Clock| -> Arc<dyn Rail> { Arc::new(rail(&world.config, url, clock)) };
        let first = installation.open(by(&proxy.url, &world.clock), 1).await;
        let other = installation.open(by(&world.node.url, &world.clock), 2).await;
        let mut wrong = installation.open(by(&world.node.url, &wrong_clock), 3).await;
        // Leases use the database's clock; everything else on that machine uses its own.
        let (entropy, witness) = (Entropy::seeded(4), wrong.witness.clone());
        let teller =
            Teller::start(&wrong.store, Arc::clone(&wrong.secrets), wrong_clock.clone(), entropy, witness);
        wrong.teller = teller.await.unwrap();
        wrong.clock = wrong_clock.clone();
        let book = book_with(&first, "usdc", 100_000_000).await;
        Self { world, proxy, first, other, wrong, wrong_clock, book }
    }

    fn time_passes(&self, micros: i64) {
        self.world.clock.advance(micros);
        self.wrong_clock.advance(micros);
    }

    /// Everything that workers write about a withdrawal.
    async fn written(&self, number: i64) -> String {
        let store = &self.other.store;
        let entries = store.entries_of_withdrawal(self.book, number).await.unwrap();
        format!("{entries:?} {:?}", store.attempts(self.book, number).await.unwrap())
    }

    /// The other worker continues for this many rounds, and the chain with it.
    async fn goes_on(&self, looks: usize, meanwhile: Meanwhile) {
        for look in 0..looks {
            self.time_passes(LATER);
            if look == 0 && meanwhile == Meanwhile::Forgets {
                self.world.node.call("anvil_dropAllTransactions", json!([])).await;
            }
            PaymentWorker::new(self.other.clone()).round().await.unwrap();
            if meanwhile != Meanwhile::NoBlocks {
                self.world.node.mine(1).await;
            }
            if look == 0 && meanwhile == Meanwhile::Reorganisation {
                self.world.node.call("anvil_reorg", json!([1, []])).await;
            }
        }
        // So that later writes of the first worker would differ from the other's.
        self.time_passes(SECOND);
    }
}

/// The first worker's round, frozen as the trouble says. Its lease has expired then, so it must not write anything
/// when it resumes.
async fn stand_still(
    scene: &Arc<Scene>,
    number: i64,
    trouble: Trouble,
    (looks, meanwhile): (usize, Meanwhile),
) {
    let written = Arc::new(Mutex::new(None));
    let armed = Arc::new(AtomicBool::new(true));
    let freeze = {
        let (scene, armed, written) = (Arc::clone(scene), Arc::clone(&armed), Arc::clone(&written));
        move || {
            if armed.swap(false, Ordering::SeqCst) {
                let runtime = tokio::runtime::Handle::current();
                let other = async {
                    scene.goes_on(looks, meanwhile).await;
                    scene.written(number).await
                };
                *written.lock() = Some(tokio::task::block_in_place(|| runtime.block_on(other)));
            }
        }
    };
    let (at_moment, on_the_way) = (freeze.clone(), freeze);
    scene.proxy.act(move |method, _| {
        if trouble == Trouble::FrozenWhileSending && method == "eth_sendRawTransaction" {
            on_the_way();
        }
        Act::Pass
    });
    let killer = move |moment| {
        if trouble == Trouble::FrozenAt(moment) {
            at_moment();
        }
        false
    };
    PaymentWorker::new(scene.first.clone()).with_killer(Arc::new(killer)).round().await.unwrap();
    scene.proxy.act(|_, _| Act::Pass);
    let written = written.lock().take();
    let written = written.unwrap_or_else(|| panic!("{trouble:?} was never reached"));
    assert_eq!(scene.written(number).await, written, "{trouble:?}, {meanwhile:?}, {looks}: it wrote");
}

/// Both work in turns until the withdrawal has ended.
async fn until_it_ends(scene: &Scene, first: &Platform, number: i64) -> WithdrawalState {
    for _ in 0..40 {
        let found = withdrawal(&scene.other, scene.book, number).await;
        if !found.state.holds_money() {
            return found.state;
        }
        for platform in [first, &scene.other] {
            PaymentWorker::new(platform.clone()).round().await.unwrap();
        }
        scene.world.node.mine(1).await;
        scene.time_passes(LATER);
    }
    panic!("{:?}", withdrawal(&scene.other, scene.book, number).await);
}

async fn cycles(installation: &mut Installation) {
    let wanted = std::env::var("OUTPAY_TEST_ZOMBIES").map_or(CYCLES, |text| text.parse().unwrap());
    let world = Chain::anvil().await;
    installation.clock = world.clock.clone();
    let scene = Arc::new(Scene::open(installation, world).await);
    let (world, book) = (&scene.world, scene.book);
    let (mut made, mut frozen, mut replaced) = (0, 0, 0);
    while usize::try_from(made).unwrap() < wanted {
        let at = usize::try_from(made).unwrap();
        let trouble = TROUBLES[at % TROUBLES.len()];
        let meanwhile = MEANWHILES[at / TROUBLES.len() % MEANWHILES.len()];
        // One more round each time, so that it resumes with the payment sent, replaced, in a block, or ended.
        let looks = 1 + at / (TROUBLES.len() * MEANWHILES.len()) % 6;
        made += 1;
        let to = person(made);
        let asked = ask(&scene.first, book, "usdc", GROSS, &to.to_checksum(None)).await;
        let first = if let Trouble::Clock(wrong) = trouble {
            scene.wrong_clock.advance(wrong);
            for platform in [&scene.wrong, &scene.other] {
                PaymentWorker::new(platform.clone()).round().await.unwrap();
                scene.goes_on(1, meanwhile).await;
            }
            &scene.wrong
        } else {
            stand_still(&scene, asked.number, trouble, (looks, meanwhile)).await;
            frozen += 1;
            &scene.first
        };
        let ended = until_it_ends(&scene, first, asked.number).await;
        if let Trouble::Clock(wrong) = trouble {
            scene.wrong_clock.advance(-wrong);
        }
        assert_eq!(ended, WithdrawalState::Succeeded, "{trouble:?}, {meanwhile:?}, {looks}");
        assert_eq!(world.paid(to).await, units(NET, 6), "{trouble:?}, {meanwhile:?}, {looks}");
        replaced += scene.first.store.attempts(book, asked.number).await.unwrap().len() - 1;
    }
    // Nothing still pending pays again, and no recipient was paid twice.
    world.node.mine(20).await;
    for number in 1..=made {
        assert_eq!(world.paid(person(number)).await, units(NET, 6), "payment {number}");
    }
    let treasury: Address = TREASURY.parse().unwrap();
    assert_eq!(units(WEALTH, 6) - world.paid(treasury).await, units(NET, 6) * U256::from(made));
    assert_eq!(world.node.nonce_of(treasury).await, u64::try_from(made).unwrap());
    assert_eq!(balance(&scene.first, book).await, Cents(100_000_000 - GROSS * made));
    assert_books_are_clean(&scene.first).await;
    println!(
        "{made} cycles, {frozen} workers frozen, {} with a wrong clock, {replaced} attempts were replacements: each paid once",
        made - frozen
    );
}

/// The installation outlives the runtime: dropping a database blocks, which a runtime must not.
fn run(mut installation: Installation) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(cycles(&mut installation));
    drop(runtime);
}

#[test]
fn zombies_and_wrong_clocks_pay_each_withdrawal_once_on_sqlite() {
    run(Installation::new(&Clock::manual(0)));
}

#[test]
fn zombies_and_wrong_clocks_pay_each_withdrawal_once_on_postgres() {
    run(Installation::on_postgres(&Clock::manual(0)));
}
