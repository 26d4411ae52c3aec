//! A stateful stand-in for Tremendous, after its official clients (tremendous_peers.rs runs them against it; the endpoints are in tremendous_routes.rs): orders that are made once
//! per `external_id`, rewards, links, products and a funding source, in books of its own. It goes wrong as it is told, order by order.

use crate::rails::never_twice::Fault;
use axum::body::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const KEY: &str = "TEST_a-key-for-tests-only";
pub const SOURCE: &str = "FUND12345678";
/// Calls of [`TremendousFake::tick`] until an order that was executed is cancelled, and one that waits is executed.
const TICKS_TO_RETURN: u32 = 12;
const TICKS_TO_SETTLE: u32 = 5;

/// An order in the books.
#[derive(Clone, Debug)]
pub struct FakeOrder {
    pub id: String,
    pub reward: String,
    pub external_id: String,
    /// The request, as it came.
    pub request: Value,
    pub cents: i64,
    pub status: &'static str,
    pub delivery: &'static str,
    pub charged: bool,
    pub refunded: bool,
    pub created_at: String,
    /// All links that were given out, oldest first.
    pub links: Vec<String>,
    age: u32,
}

#[derive(Default)]
pub struct Books {
    pub orders: Vec<FakeOrder>,
    /// Cents of the funding source.
    pub funds: i64,
    /// Bodies of `POST /orders`, byte for byte.
    pub posted: Vec<Bytes>,
    /// What new orders begin with in place of `EXECUTED`.
    pub begins: Option<&'static str>,
    /// Every call gets this status and no more.
    pub answers: Option<u16>,
    /// Orders without funds stay in the books as failed.
    pub keeps_failed: bool,
    /// How often each path was called.
    pub calls: HashMap<String, u32>,
    pub time: String,
    faults: BTreeMap<String, Fault>,
    lifted: BTreeMap<String, bool>,
}

pub struct TremendousFake {
    pub url: String,
    pub books: Arc<Mutex<Books>>,
    serving: JoinHandle<()>,
}

impl TremendousFake {
    pub async fn start() -> Self {
        let time = "2027-01-15T08:00:00.000Z".to_owned();
        let books = Arc::new(Mutex::new(Books { funds: 100_000_000, time, ..Books::default() }));
        let app = crate::rails::tremendous_routes::routes(Arc::clone(&books));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, books, serving }
    }

    pub fn arm(&self, payment: &str, fault: Fault) {
        self.books.lock().faults.insert(payment.to_owned(), fault);
    }

    /// The connection works again; an order that was hidden is executed.
    pub fn lift(&self, payment: &str) {
        let mut books = self.books.lock();
        books.lifted.insert(payment.to_owned(), true);
        let hidden = |order: &FakeOrder| order.is_of(payment) && order.status == "HIDDEN";
        if let Some(number) = books.orders.iter().position(hidden) {
            books.execute(number);
        }
    }

    /// Time passes: orders that wait are executed, and rewards that are to come back are cancelled.
    pub fn tick(&self) {
        let mut books = self.books.lock();
        for number in 0..books.orders.len() {
            books.orders[number].age += 1;
            let order = &books.orders[number];
            let fault = books.fault_of(&order.external_id);
            match (fault, order.status, order.age) {
                (Some(Fault::LateSuccess), "PENDING APPROVAL", TICKS_TO_SETTLE..) => books.execute(number),
                (Some(Fault::ReturnedAfterSuccess), "EXECUTED", TICKS_TO_RETURN..) => books.cancel(number),
                _ => {}
            }
        }
    }

    /// The cents that each order of this payment was charged.
    pub fn executed(&self, payment: &str) -> Vec<i64> {
        let books = self.books.lock();
        let of = books.orders.iter().filter(|order| order.is_of(payment) && order.charged);
        of.map(|order| order.cents).collect()
    }

    pub fn order_of(&self, payment: &str) -> FakeOrder {
        let books = self.books.lock();
        let of = books.orders.iter().find(|order| order.is_of(payment));
        of.unwrap_or_else(|| panic!("no order of {payment}")).clone()
    }

    pub fn change(&self, payment: &str, change: impl FnOnce(&mut FakeOrder)) {
        let mut books = self.books.lock();
        change(books.orders.iter_mut().find(|order| order.is_of(payment)).unwrap());
    }

    /// The provider takes a reward back and refunds it.
    pub fn cancel(&self, payment: &str) {
        let mut books = self.books.lock();
        let number = books.orders.iter().position(|order| order.is_of(payment)).unwrap();
        books.cancel(number);
    }

    pub fn calls(&self, path: &str) -> u32 {
        self.books.lock().calls.get(path).copied().unwrap_or_default()
    }
}

impl Drop for TremendousFake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FakeOrder {
    /// Was it made for this payment, by any attempt?
    fn is_of(&self, payment: &str) -> bool {
        self.external_id.rsplit_once('-').is_some_and(|(of, _)| of == payment)
    }
}

impl Books {
    pub fn fault_of(&self, external_id: &str) -> Option<Fault> {
        let payment = external_id.rsplit_once('-').map_or(external_id, |(payment, _)| payment);
        self.faults.get(payment).copied()
    }

    /// The fault that the connection has for this payment now.
    pub fn connection(&self, external_id: &str) -> Option<Fault> {
        let payment = external_id.rsplit_once('-').map_or(external_id, |(payment, _)| payment);
        let is_lifted = self.lifted.get(payment).copied().unwrap_or_default();
        self.fault_of(external_id).filter(|_| !is_lifted)
    }

    pub fn execute(&mut self, number: usize) {
        let order = &mut self.orders[number];
        (order.status, order.delivery, order.charged) = ("EXECUTED", "SUCCEEDED", true);
        order.age = 0;
        self.funds -= order.cents;
    }

    fn cancel(&mut self, number: usize) {
        let order = &mut self.orders[number];
        (order.status, order.refunded) = ("CANCELED", true);
        self.funds += order.cents;
    }

    pub fn make(&mut self, request: Value, status: &'static str) -> usize {
        let count = self.orders.len() + 1;
        let denomination = &request["reward"]["value"]["denomination"];
        self.orders.push(FakeOrder {
            id: format!("ORDER{count:07}"),
            reward: format!("REWARD{count:06}"),
            external_id: request["external_id"].as_str().unwrap_or_default().to_owned(),
            cents: (denomination.as_f64().unwrap() * 100.0).round() as i64,
            request,
            status,
            delivery: "PENDING",
            charged: false,
            refunded: false,
            created_at: self.time.clone(),
            links: Vec::new(),
            age: 0,
        });
        count - 1
    }

    pub fn link(&mut self, number: usize) -> String {
        let order = &mut self.orders[number];
        let link = format!("https://rewards.example/payout/{}--{}", order.reward, order.links.len() + 1);
        order.links.push(link.clone());
        link
    }

    pub fn shown(&self, order: &FakeOrder, link: Option<String>) -> Value {
        let dollars = |cents: i64| {
            serde_json::from_str::<Value>(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap()
        };
        let request = &order.request["reward"];
        let mut shown = json!({
            "id": order.id, "external_id": order.external_id, "created_at": order.created_at,
            "status": order.status, "channel": "API", "campaign_id": request["campaign_id"],
            "rewards": [{
                "id": order.reward, "order_id": order.id, "created_at": order.created_at,
                "value": { "denomination": dollars(order.cents), "currency_code": "USD" },
                "recipient": request["recipient"],
                "delivery": { "method": "LINK", "status": order.delivery },
            }],
        });
        if let Some(link) = link {
            shown["rewards"][0]["delivery"]["link"] = link.into();
        }
        if order.charged {
            let all = dollars(order.cents);
            shown["payment"] = json!({
                "subtotal": all, "total": all, "fees": 0, "discount": 0, "currency_code": "USD",
            });
            if order.refunded {
                shown["payment"]["refund"] = json!({ "total": all, "currency_code": "USD" });
            }
        }
        shown
    }
}
