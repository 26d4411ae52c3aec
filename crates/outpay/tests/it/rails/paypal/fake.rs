//! A PayPal with books of its own, for tests: payouts that are paid once within 30 days of their `sender_batch_id`, states, cancelling,
//! access tokens, balances. Its answers are compared with PayPal's own description of the API by Prism (prism.rs), and PayPal's own
//! client understands them (sdk.rs). Not here: HTTP (`fake_http.rs`), webhooks (`fake_notices.rs`).

use outpay::testing::clock::Clock;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub const CLIENT: &str = "AppOfTheTests-1";
pub const SECRET: &str = "secret-of-the-app";
pub const DAY: i64 = 86_400_000_000;
/// PayPal recognizes a `sender_batch_id` for so long.
const KEY_IS_KEPT: i64 = 30 * DAY;

/// What goes wrong with requests about one payment, until it is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// They do not arrive.
    Lost,
    /// They are carried out, and the connection ends without an answer.
    Silence,
    /// They are carried out and answered with this status.
    Status(u16),
    /// They are carried out and answered with what cannot be read.
    Garbage,
    /// The payment is taken without an answer, and carried out when this is lifted.
    Hidden,
}

/// What becomes of a payment by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It is this at once.
    Is(&'static str),
    /// It is pending until `settle`.
    Late,
    /// It succeeds, and is refunded once that was seen.
    ComesBack,
}

/// Where the answer to a repeated payout links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Links {
    Original,
    Nowhere,
    /// The original's path on this host.
    Elsewhere(String),
}

/// A payout of one item.
#[derive(Clone, Debug)]
pub struct Payout {
    pub batch: String,
    pub item: String,
    pub transaction: String,
    pub key: String,
    pub order: String,
    pub receiver: String,
    pub wallet: String,
    pub cents: i64,
    pub at: i64,
    pub state: &'static str,
    pub plan: Plan,
    pub was_seen: bool,
    pub was_told: &'static str,
    subject: String,
    note: String,
}

pub struct Books {
    pub clock: Clock,
    pub state: Mutex<State>,
}

pub struct State {
    pub payouts: Vec<Payout>,
    mishaps: HashMap<String, Mishap>,
    plans: HashMap<String, Plan>,
    /// Requests that were taken without an answer.
    hidden: Vec<Value>,
    /// Access tokens and their ends.
    pub tokens: HashMap<String, i64>,
    pub token_life: i64,
    pub token_requests: usize,
    /// Method and path of every request.
    pub calls: Vec<String>,
    pub links: Links,
    /// The address in links.
    pub base: String,
    /// Cents in the account; `None`: the app may not read reports.
    pub float: Option<i64>,
    /// Webhook deliveries, by transmission id: what was signed.
    pub transmissions: HashSet<String>,
    pub verifying: bool,
}

pub type Reply = Result<(u16, Value), Mishap>;

impl Books {
    pub fn new(clock: &Clock) -> Arc<Self> {
        let state = State {
            payouts: Vec::new(),
            mishaps: HashMap::new(),
            plans: HashMap::new(),
            hidden: Vec::new(),
            tokens: HashMap::new(),
            token_life: 32_400,
            token_requests: 0,
            calls: Vec::new(),
            links: Links::Original,
            base: String::new(),
            float: Some(100_000_000),
            transmissions: HashSet::new(),
            verifying: true,
        };
        Arc::new(Self { clock: clock.clone(), state: Mutex::new(state) })
    }

    /// Requests of this payment meet this from now on.
    pub fn arm(&self, order: &str, mishap: Mishap) {
        self.state.lock().mishaps.insert(order.to_owned(), mishap);
    }

    pub fn plan(&self, order: &str, plan: Plan) {
        self.state.lock().plans.insert(order.to_owned(), plan);
    }

    /// The connection works again; what was taken without an answer is carried out.
    pub fn lift(&self, order: &str) {
        let mut state = self.state.lock();
        state.mishaps.remove(order);
        let (ours, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.hidden).into_iter().partition(|request| order_of(request) == order);
        state.hidden = others;
        for request in ours {
            // A repeat of what was taken is a repeat here too.
            drop(state.carry_out(&request, self.clock.now()));
        }
    }

    /// Every payment of the order that the books have and that was paid, in cents, whether or not it came back.
    pub fn executed(&self, order: &str) -> Vec<i64> {
        let paid = |payout: &&Payout| payout.order == order && payout.plan != Plan::Is("FAILED");
        self.state.lock().payouts.iter().filter(paid).map(|payout| payout.cents).collect()
    }

    pub fn payout(&self, order: &str) -> Payout {
        let state = self.state.lock();
        let mut found = state.payouts.iter().filter(|payout| payout.order == order);
        let one = found.next().cloned().unwrap_or_else(|| panic!("no payout of {order}"));
        assert!(found.next().is_none(), "two payouts of {order}");
        one
    }

    pub fn set(&self, order: &str, to: &'static str) {
        let mut state = self.state.lock();
        let found = state.payouts.iter_mut().find(|payout| payout.order == order).unwrap();
        (found.state, found.plan) = (to, Plan::Is(to));
    }

    /// Time passes: late payments are paid, what was seen as paid and is to come back comes back, what was not claimed is returned.
    pub fn settle(&self) {
        let now = self.clock.now();
        for payout in &mut self.state.lock().payouts {
            match payout.plan {
                Plan::Late => payout.state = "SUCCESS",
                Plan::ComesBack if payout.was_seen => payout.state = "REFUNDED",
                _ if payout.state == "UNCLAIMED" && now - payout.at >= KEY_IS_KEPT => {
                    payout.state = "RETURNED"
                }
                _ => {}
            }
        }
    }

    pub fn count(&self, call: &str) -> usize {
        self.state.lock().calls.iter().filter(|made| *made == call).count()
    }

    /// `POST /v1/payments/payouts`
    pub fn create(&self, request: &Value) -> Reply {
        let (order, now) = (order_of(request), self.clock.now());
        let mut state = self.state.lock();
        match state.mishaps.get(&order).copied() {
            Some(Mishap::Lost) => Err(Mishap::Lost),
            Some(Mishap::Hidden) => {
                state.hidden.push(request.clone());
                Err(Mishap::Hidden)
            }
            Some(after) => {
                drop(state.carry_out(request, now));
                Err(after)
            }
            None => Ok(state.carry_out(request, now)),
        }
    }

    /// `GET /v1/payments/payouts/{id}`
    pub fn show(&self, batch: &str) -> Reply {
        let mut state = self.state.lock();
        let base = state.base.clone();
        let Some(found) = state.payouts.iter_mut().find(|payout| payout.batch == batch) else {
            return Ok(error(404, "RESOURCE_NOT_FOUND", &[]));
        };
        let answer = found.shown(&base);
        let (order, is_success) = (found.order.clone(), found.state == "SUCCESS");
        match state.mishaps.get(&order).copied() {
            Some(mishap) => Err(mishap),
            None => {
                state.payouts.iter_mut().filter(|payout| payout.batch == batch).for_each(|payout| {
                    payout.was_seen |= is_success;
                });
                Ok((200, answer))
            }
        }
    }

    /// `GET /v1/payments/payouts-item/{id}`
    pub fn show_item(&self, item: &str) -> Reply {
        let state = self.state.lock();
        Ok(match state.payouts.iter().find(|payout| payout.item == item) {
            Some(found) => (200, found.item_shown(&state.base)),
            None => error(404, "RESOURCE_NOT_FOUND", &[]),
        })
    }

    /// `POST /v1/payments/payouts-item/{id}/cancel`
    pub fn cancel(&self, item: &str) -> Reply {
        let mut state = self.state.lock();
        let base = state.base.clone();
        let Some(found) = state.payouts.iter_mut().find(|payout| payout.item == item) else {
            return Ok(error(404, "RESOURCE_NOT_FOUND", &[]));
        };
        if found.state != "UNCLAIMED" {
            return Ok(error(400, "ITEM_ALREADY_CLAIMED", &[]));
        }
        (found.state, found.plan) = ("RETURNED", Plan::Is("RETURNED"));
        let (answer, order) = (found.item_shown(&base), found.order.clone());
        match state.mishaps.get(&order).copied() {
            Some(after) => Err(after),
            None => Ok((200, answer)),
        }
    }
}

impl State {
    fn carry_out(&mut self, request: &Value, now: i64) -> (u16, Value) {
        let header = &request["sender_batch_header"];
        let item = &request["items"][0];
        let Some(cents) = cents(item["amount"]["value"].as_str().unwrap_or_default()) else {
            return error(400, "VALIDATION_ERROR", &[("items[0].amount.value", "Amount is invalid")]);
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (key, receiver) = (text(&header["sender_batch_id"]), text(&item["receiver"]));
        if !receiver.contains('@') {
            return error(400, "VALIDATION_ERROR", &[("items[0].receiver", "Receiver is invalid")]);
        }
        let is_kept = |payout: &&Payout| payout.key == key && now - payout.at < KEY_IS_KEPT;
        if let Some(original) = self.payouts.iter().find(is_kept) {
            return self.duplicate(&original.batch);
        }
        let (number, order) = (self.payouts.len() + 1, order_of(request));
        let plan = self.plans.get(&order).copied().unwrap_or(Plan::Is("SUCCESS"));
        self.payouts.push(Payout {
            batch: format!("BATCH{number:08}"),
            item: format!("ITEM{number:09}"),
            transaction: format!("TRANSACTION{number:06}"),
            key,
            order,
            receiver,
            wallet: item["recipient_wallet"].as_str().unwrap_or("PAYPAL").to_owned(),
            cents,
            at: now,
            state: match plan {
                Plan::Is(state) => state,
                Plan::Late => "PENDING",
                Plan::ComesBack => "SUCCESS",
            },
            plan,
            was_seen: false,
            was_told: "",
            subject: text(&header["email_subject"]),
            note: text(&item["note"]),
        });
        let made = self.payouts.last().unwrap();
        (201, json!({ "batch_header": made.header("PENDING"), "links": [made.link(&self.base)] }))
    }

    fn duplicate(&self, batch: &str) -> (u16, Value) {
        let (status, mut body) =
            error(400, "USER_BUSINESS_ERROR", &[("SENDER_BATCH_ID", "Duplicate batch request")]);
        let base = match &self.links {
            Links::Original => self.base.as_str(),
            Links::Nowhere => return (status, body),
            Links::Elsewhere(base) => base,
        };
        let href = format!("{base}/v1/payments/payouts/{batch}");
        body["links"] = json!([{ "href": href, "rel": "self", "method": "GET" }]);
        (status, body)
    }
}

impl Payout {
    fn link(&self, base: &str) -> Value {
        json!({ "href": format!("{base}/v1/payments/payouts/{}", self.batch), "rel": "self", "method": "GET" })
    }

    fn money(&self) -> Value {
        json!({ "currency": "USD", "value": decimal(self.cents) })
    }

    fn header(&self, status: &str) -> Value {
        json!({
            "payout_batch_id": self.batch,
            "batch_status": status,
            "time_created": time(self.at),
            "sender_batch_header": { "sender_batch_id": self.key, "email_subject": self.subject },
        })
    }

    fn shown(&self, base: &str) -> Value {
        let mut header = self.header(if self.state == "PENDING" { "PROCESSING" } else { "SUCCESS" });
        header["amount"] = self.money();
        header["fees"] = json!({ "currency": "USD", "value": "0.25" });
        json!({ "batch_header": header, "items": [self.item_without_key(base)], "links": [self.link(base)] })
    }

    /// An item that is asked for by itself names its payout's key.
    pub fn item_shown(&self, base: &str) -> Value {
        let mut item = self.item_without_key(base);
        item["sender_batch_id"] = json!(self.key);
        item
    }

    fn item_without_key(&self, base: &str) -> Value {
        let mut item = json!({
            "payout_item_id": self.item,
            "transaction_status": self.state,
            "payout_item_fee": { "currency": "USD", "value": "0.25" },
            "payout_batch_id": self.batch,
            "payout_item": {
                "recipient_type": "EMAIL",
                "amount": self.money(),
                "note": self.note,
                "receiver": self.receiver,
                "sender_item_id": self.order,
                "recipient_wallet": self.wallet,
            },
            "time_processed": time(self.at),
            "links": [{ "href": format!("{base}/v1/payments/payouts-item/{}", self.item), "rel": "item", "method": "GET" }],
        });
        if self.state != "PENDING" {
            item["transaction_id"] = json!(self.transaction);
        }
        if self.state == "FAILED" {
            item["errors"] = error(0, "RECEIVER_UNREGISTERED", &[]).1;
        }
        item
    }
}

/// An error in PayPal's form: status and body.
pub fn error(status: u16, name: &str, details: &[(&str, &str)]) -> (u16, Value) {
    let details: Vec<Value> =
        details.iter().map(|(field, issue)| json!({ "field": field, "issue": issue })).collect();
    (status, json!({ "name": name, "message": name, "debug_id": "d1", "details": details, "links": [] }))
}

fn order_of(request: &Value) -> String {
    request["items"][0]["sender_item_id"].as_str().unwrap_or_default().to_owned()
}

pub fn decimal(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(whole) && is_number(part) && part.len() == 2)
        .then(|| format!("{whole}{part}").parse().unwrap())
}

/// To the second, as PayPal writes times.
pub fn time(at: i64) -> String {
    jiff::Timestamp::from_second(at.div_euclid(1_000_000)).unwrap().to_string()
}
