//! A business with a webhook to a receiver of the test, on a server that allows it: shared by the tests of the
//! webhook endpoints.

use crate::http::api::Api;
use crate::receiver::Receiver;
use crate::wire::Call;
use crate::world::{Business, Server};
use ledger::{Applied, Cents, Command, Order, Progress, Provider, Reply, Request, Step, Terms};
use outpay::testing::webhooks::{Guard, WebhookOptions, WebhookWorker};
use serde_json::Value;

pub struct Hooked {
    pub receiver: Receiver,
    pub server: Server,
    pub business: Business,
    /// The response that created the webhook.
    pub made: Value,
}

impl Hooked {
    pub async fn new(world: &Api) -> Self {
        let (receiver, server) = (Receiver::open().await, world.second_server_without_guard().await);
        let business = world.paying_business(100_000).await;
        world.pay(&business.key, "user@example.com", 50_000).await;
        let body = format!(r#"{{"url":"{}"}}"#, receiver.url("/hook"));
        let put = world.call("PUT", "/payout/webhook").at(server.address).key(&business.key).json(body);
        let made = put.send().await.value(200);
        Self { receiver, server, business, made }
    }

    /// A request of the business to the server that allows webhooks to this machine.
    pub fn call(&self, world: &Api, method: &str, target: &str) -> Call {
        world.call(method, target).at(self.server.address).key(&self.business.key)
    }

    /// A withdrawal that succeeds, the default event of receivers.
    pub async fn pay_out(&self, world: &Api) {
        let order = Order {
            user: 1,
            method: "bank".to_owned(),
            provider: Provider::Manual,
            amount: Cents(100),
            destination: "{}".to_owned(),
            terms: Terms { enabled: true, ..Terms::default() },
            is_held: false,
            day: 0,
        };
        let Reply::Withdrawal(withdrawal) = self.command(world, Command::Withdraw(Box::new(order))).await
        else {
            panic!("a withdrawal");
        };
        for step in [Step::Send, Step::Succeed] {
            let progress = Progress::new(withdrawal.number, step);
            self.command(world, Command::Advance(Box::new(progress))).await;
        }
    }

    async fn command(&self, world: &Api, command: Command) -> Reply {
        let request = Request::plain(command);
        let verdict = world.platform.teller.ask(self.business.live, request).await.unwrap();
        let Applied { reply: outcome, .. } = verdict.unwrap();
        outcome
    }

    /// Lets a worker deliver everything due.
    pub async fn settle(&self, world: &Api) -> usize {
        let guard = Guard { allow_http: true, allow_private: true };
        let webhooks = world.platform.webhooks.clone().guarded_by(guard);
        WebhookWorker::new(webhooks, WebhookOptions::default()).settle().await.unwrap()
    }

    /// A delivery that has failed for good; returns its id.
    pub async fn failed(&self, world: &Api) -> String {
        self.receiver.always("/hook", crate::receiver::status(500));
        self.pay_out(world).await;
        for seconds in [0, 30, 300, 1800] {
            world.platform.clock.advance(seconds * crate::world::SECOND);
            self.settle(world).await;
        }
        let newest = self.call(world, "GET", "/payout/webhook/deliveries?limit=1").send().await.value(200);
        assert_eq!(newest["data"][0]["status"], "failed");
        newest["data"][0]["id"].as_str().unwrap().to_owned()
    }
}
