//! The never-twice matrix with the fake PayPal's books as the oracle.

use super::World;
use super::fake::{Books, Mishap, Plan};
use crate::rails::never_twice::{Counterpart, Fault, Matrix, matrix};
use crate::wire::Call;
use crate::world::{Server, local};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use outpay::testing::platform::Platform;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

/// The fake, which posts each notice twice.
struct Paypal<'a> {
    books: &'a Books,
    server: SocketAddr,
}

impl Counterpart for Paypal<'_> {
    fn destination(&self, number: i64) -> Map<String, Value> {
        json!({ "email": format!("person{number}@example.com") }).as_object().unwrap().clone()
    }

    fn arm(&self, order_id: &str, fault: Fault) {
        match fault {
            Fault::Nothing | Fault::DuplicateCallback => {}
            Fault::LostBeforeExecution => self.books.arm(order_id, Mishap::Lost),
            Fault::TimeoutAfterExecution | Fault::KeyWindowOver => self.books.arm(order_id, Mishap::Silence),
            Fault::Status500AfterExecution => self.books.arm(order_id, Mishap::Status(500)),
            Fault::LateSuccess => self.books.plan(order_id, Plan::Late),
            Fault::NotFoundThenSettled => self.books.arm(order_id, Mishap::Hidden),
            Fault::ReturnedAfterSuccess => self.books.plan(order_id, Plan::ComesBack),
        }
    }

    fn lift(&self, order_id: &str) {
        self.books.lift(order_id);
    }

    fn executed(&self, order_id: &str) -> Vec<i64> {
        self.books.executed(order_id)
    }

    fn pass_time<'b>(&'b self, _: &'b Platform) -> BoxFuture<'b, ()> {
        async {
            self.books.settle();
            let notices = self.books.notices();
            for posted in notices.iter().chain(&notices) {
                let call = Call::new(self.server, "POST", "/rails/paypal/paypal/webhook");
                let call =
                    posted.headers.iter().fold(call, |call, (name, value)| call.header(name, value.clone()));
                call.body(posted.body.clone()).send().await.is(200, r#"{"received":true}"#);
            }
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_killed_and_failing_payments_are_paid_once_each() {
    let world = World::open().await;
    let server = Server::start(local(), world.platform.clone()).await;
    let counterpart = Paypal { books: world.books(), server: server.address };
    let of = Matrix {
        platform: &world.platform,
        clock: &world.clock,
        book: world.book,
        method: "paypal",
        gross: super::GROSS,
        counterpart: &counterpart,
    };
    // 9 faults x 6 moments x 6 = 324.
    let kills = matrix(&of, of.repeats(6)).await;
    assert!(kills >= 300, "{kills}");
    server.stop().await.unwrap();
}
