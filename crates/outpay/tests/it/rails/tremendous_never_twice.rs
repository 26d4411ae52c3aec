//! The never-twice matrix over the stand-in for Tremendous, whose books are the oracle.

use crate::rails::never_twice::{Counterpart, Fault, Matrix, matrix};
use crate::rails::platform::{assert_books_are_clean, withdrawal};
use crate::rails::tremendous::{METHOD, PRODUCT, Rewards, destination};
use crate::rails::tremendous_fake::TremendousFake;
use crate::rails::tremendous_notices::signed;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ledger::{Mode, WithdrawalState};
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

struct Provider<'a> {
    fake: &'a TremendousFake,
    /// Payments whose notices are posted twice.
    noticed_twice: Mutex<BTreeSet<String>>,
    notices: Mutex<u32>,
}

impl Counterpart for Provider<'_> {
    /// An `external_id` is recognized for ever, so there is no window that could be over.
    fn faults(&self) -> Vec<Fault> {
        Fault::ALL.into_iter().filter(|fault| *fault != Fault::KeyWindowOver).collect()
    }

    fn destination(&self, _: i64) -> Map<String, Value> {
        destination(PRODUCT)
    }

    fn arm(&self, order_id: &str, fault: Fault) {
        self.fake.arm(order_id, fault);
        if fault == Fault::DuplicateCallback {
            self.noticed_twice.lock().insert(order_id.to_owned());
        }
    }

    fn lift(&self, order_id: &str) {
        self.fake.lift(order_id);
    }

    fn executed(&self, order_id: &str) -> Vec<i64> {
        self.fake.executed(order_id)
    }

    fn pass_time<'a>(&'a self, platform: &'a Platform) -> BoxFuture<'a, ()> {
        async move {
            self.fake.tick();
            let orders = self.fake.books.lock().orders.clone();
            for order in orders {
                let (payment, _) = order.external_id.rsplit_once('-').unwrap();
                if !self.noticed_twice.lock().remove(payment) {
                    continue;
                }
                let rail = &platform.rails.get(Mode::Live, METHOD).unwrap().rail;
                let resource = json!({ "id": order.reward, "type": "rewards" });
                let body = json!({ "event": "REWARDS.DELIVERY.SUCCEEDED", "uuid": order.id, "payload": { "resource": resource } });
                let (headers, body) = signed(&body);
                for _ in 0..2 {
                    let notice = rail.notice(&headers, &body).await.unwrap();
                    assert_eq!((notice.id, notice.orders), (order.id.clone(), vec![payment.to_owned()]));
                    *self.notices.lock() += 1;
                }
            }
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_that_are_killed_and_fail_are_made_once_each() {
    let world = Rewards::with(100_000_000).await;
    let provider = Provider { fake: &world.fake, noticed_twice: Mutex::default(), notices: Mutex::default() };
    let of = Matrix {
        platform: &world.platform,
        clock: &world.clock,
        book: world.book,
        method: METHOD,
        gross: 1_050,
        counterpart: &provider,
    };
    let kills = matrix(&of, of.repeats(8)).await;
    assert!(kills >= 300, "{kills}");
    assert!(*provider.notices.lock() >= 80, "{}", provider.notices.lock());
    let books = world.fake.books.lock();
    let keys: BTreeSet<&str> = books.orders.iter().map(|order| order.external_id.as_str()).collect();
    assert_eq!(keys.len(), books.orders.len(), "one order for each payment");
}

/// Two processes, one database, one provider.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_order_each_payment_once() {
    const PAYMENTS: usize = 40;
    let world = Rewards::with(1_000_000).await;
    let mut asked = Vec::new();
    for _ in 0..PAYMENTS {
        asked.push(world.ask(1_050).await);
    }
    let workers = [PaymentWorker::new(world.platform.clone()), PaymentWorker::new(world.platform.clone())];
    for _ in 0..5 {
        let (first, second) = tokio::join!(workers[0].round(), workers[1].round());
        first.unwrap();
        second.unwrap();
        world.clock.advance(20_000_000);
    }
    for of in asked {
        let found = withdrawal(&world.platform, world.book, of.number).await;
        assert_eq!(found.state, WithdrawalState::Succeeded);
        assert_eq!(world.fake.executed(&world.order_id(&of)), [1_000]);
    }
    assert_eq!(world.fake.books.lock().orders.len(), PAYMENTS);
    assert_books_are_clean(&world.platform).await;
}
