//! The matrix of every route of the API and every kind of caller. A route without a row fails `xtask tidy`. One line
//! per method and route; each is called with an empty JSON object, so that an authorised caller gets as far as the
//! first missing thing. Not here: why a credential is refused, and that all refusals are the same response
//! (authentication.rs).

use crate::http::api::Api;
use crate::http::hooked::Hooked;
use crate::wire::Call;
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, BookId, Cents, Email, Order, Provider, Terms};
use outpay::testing::batches;
use outpay::testing::members::invitation::{self, Acceptance};
use outpay::testing::members::{SessionClient, session, sign_in};
use outpay::testing::proposals::{self, Proposed};
use outpay::testing::roles::Role;
use outpay::testing::store::CredentialKind;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// The status for each caller, in this order.
pub type Statuses = [u16; 8];
const WHO: [&str; 8] = [
    "no credential",
    "a revoked key",
    "the public key",
    "an owner's session of the dashboard",
    "the key",
    "another business's key",
    "the person's hash",
    "another person's hash",
];

/// A business's request about its whole book.
const fn businesses(status: u16) -> Statuses {
    [401, 401, 401, 401, status, status, 401, 401]
}

/// A business's request about something of its own, which another business does not have.
const fn own(status: u16) -> Statuses {
    [401, 401, 401, 401, status, 404, 401, 401]
}

/// A recipient's request.
const fn people(status: u16) -> Statuses {
    [401, 401, 401, 401, 401, 401, status, status]
}

/// A recipient's request about an operation, which another recipient does not have.
const fn persons_own(status: u16) -> Statuses {
    [401, 401, 401, 401, 401, 401, status, 404]
}

const OPEN: Statuses = [200; 8];

pub const ROUTES: &[(&str, &str, Statuses)] = &[
    ("POST", "/payout/create", businesses(400)),
    ("POST", "/payout/batch", businesses(400)),
    ("GET", "/payout/operations", people(200)),
    ("POST", "/payout/operations", people(200)),
    ("GET", "/payout/users", businesses(200)),
    ("GET", "/payout/users/{id}", own(200)),
    ("GET", "/payout/users/{id}/operations", own(200)),
    ("POST", "/payout/users/{id}/activate", own(200)),
    ("POST", "/payout/users/{id}/debit", own(400)),
    ("GET", "/payout/operations/{id}", persons_own(200)),
    ("POST", "/payout/operations/{id}/cancel", persons_own(409)),
    ("POST", "/payout/operations/{id}/reveal", persons_own(409)),
    ("GET", "/payout/methods", people(200)),
    ("POST", "/payout/quote", people(400)),
    ("POST", "/payout/withdraw", people(400)),
    ("GET", "/payout/withdrawals", businesses(200)),
    ("GET", "/payout/withdrawals/{id}", own(200)),
    ("PUT", "/payout/withdrawals/{id}/metadata", own(400)),
    // The key itself has given the money.
    ("POST", "/payout/withdrawals/{id}/approve", own(403)),
    ("POST", "/payout/withdrawals/{id}/reject", own(400)),
    ("POST", "/payout/withdrawals/{id}/settle", own(400)),
    ("GET", "/payout/payment-batches", businesses(200)),
    ("POST", "/payout/payment-batches", businesses(400)),
    ("GET", "/payout/payment-batches/{id}", own(200)),
    // It was dissolved before it was approved.
    ("POST", "/payout/payment-batches/{id}/approve", own(409)),
    ("POST", "/payout/payment-batches/{id}/file", own(409)),
    ("POST", "/payout/payment-batches/{id}/dissolve", own(400)),
    ("POST", "/payout/payment-batches/answers", businesses(400)),
    ("GET", "/payout/pauses", businesses(200)),
    ("POST", "/payout/pause", businesses(200)),
    ("POST", "/payout/resume", businesses(200)),
    ("GET", "/payout/settings", businesses(200)),
    ("PUT", "/payout/settings", businesses(200)),
    // The keys of this matrix are live.
    ("GET", "/test/clock", businesses(403)),
    ("POST", "/test/clock", businesses(403)),
    ("GET", "/payout/audit-log", businesses(200)),
    ("GET", "/payout/proposals", businesses(200)),
    ("POST", "/payout/proposals/{id}/confirm", own(409)),
    ("POST", "/payout/proposals/{id}/withdraw", own(409)),
    ("GET", "/payout/keys", businesses(200)),
    ("POST", "/payout/keys", businesses(201)),
    ("GET", "/payout/events", businesses(200)),
    ("GET", "/payout/webhook", businesses(200)),
    // The first change needs a URL.
    ("PUT", "/payout/webhook", [401, 401, 401, 401, 200, 400, 401, 401]),
    ("POST", "/payout/webhook/roll", own(200)),
    ("POST", "/payout/webhook/switch", own(200)),
    ("POST", "/payout/webhook/test", own(200)),
    ("GET", "/payout/webhooks", businesses(200)),
    ("POST", "/payout/webhooks", businesses(400)),
    ("GET", "/payout/webhooks/{id}", own(200)),
    ("PUT", "/payout/webhooks/{id}", own(200)),
    ("POST", "/payout/webhooks/{id}/roll", own(200)),
    ("POST", "/payout/webhooks/{id}/switch", own(200)),
    ("POST", "/payout/webhooks/{id}/test", own(200)),
    ("POST", "/payout/webhook/replay", businesses(400)),
    ("GET", "/payout/webhook/deliveries", businesses(200)),
    ("GET", "/payout/webhook/deliveries/{id}", own(200)),
    ("POST", "/payout/webhook/deliveries/{id}/retry", own(409)),
    // There is no such rail.
    ("POST", "/rails/{kind}/{name}/webhook", [404; 8]),
    ("GET", "/balance", businesses(200)),
    ("POST", "/balance/transfer", businesses(400)),
    ("GET", "/healthz", OPEN),
    ("GET", "/readyz", OPEN),
    ("GET", "/openapi.json", OPEN),
    ("GET", "/openapi-3.0.json", OPEN),
    ("GET", "/docs", OPEN),
    // These end what the lines above need, so they come last.
    ("POST", "/payout/users/{id}/deactivate", own(200)),
    ("POST", "/payout/users/{id}/rotate-hash", own(200)),
    ("DELETE", "/payout/webhooks/{id}", own(200)),
    // A roll by the key itself ends it; this key is another one of the business.
    ("POST", "/payout/keys/{id}/roll", own(200)),
    ("POST", "/payout/keys/{id}/revoke", own(200)),
];

crate::world::on_both_engines! {
    every_route_lets_in_whom_it_says,
}

/// The values of `{id}`.
pub struct Ids {
    user: String,
    withdrawal: String,
    delivery: String,
    webhook: String,
    key: String,
    proposal: String,
    batch: String,
}

/// A proposal that can be neither confirmed nor withdrawn any more.
async fn withdrawn_proposal(world: &Api, book: BookId) -> String {
    let (platform, what) = (&world.platform, Proposed::Debit { user: 1, amount: Cents(1) });
    let made = proposals::propose(platform, book, &what, "r", Actor::OPERATOR).await.unwrap();
    proposals::withdraw(platform, &made.row, Actor::OPERATOR).await.unwrap();
    proposals::id(platform, &made.row)
}

/// A batch that is dissolved, with a payment by bank.
async fn dissolved_batch(world: &Api, book: BookId) -> String {
    let (platform, by) = (&world.platform, Actor::OPERATOR);
    world.fund(book, 100).await;
    let order = Order {
        user: world.give(book, "by-hand@example.com", 1).await.user,
        method: "bank".to_owned(),
        provider: Provider::Manual,
        amount: Cents(1),
        destination: "{}".to_owned(),
        terms: Terms { enabled: true, ..Terms::default() },
        is_held: false,
        day: 0,
    };
    world.platform.store.set_terms(book, "bank", &order.terms).await.unwrap();
    world.order(book, order).await;
    let number = batches::make(platform, book, "bank", None, by).await.unwrap();
    batches::dissolve(platform, book, number, "p", by.into()).await.unwrap();
    batches::id(platform, book, number)
}

impl Ids {
    /// The path of a route.
    pub fn path(&self, route: &str) -> String {
        let id = match route.split('/').nth(2) {
            Some("users") => &self.user,
            Some("webhook") => &self.delivery,
            Some("webhooks") => &self.webhook,
            Some("keys") => &self.key,
            Some("proposals") => &self.proposal,
            Some("payment-batches") => &self.batch,
            _ => &self.withdrawal,
        };
        route.replace("{id}", id)
    }
}

/// A withdrawal that was paid and delivered to the webhook.
pub async fn things(world: &Api, hooked: &Hooked) -> Ids {
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    let (_, spare) = world.new_key(hooked.business.live, CredentialKind::SecretKey, None).await;
    let delivered = hooked.call(world, "GET", "/payout/webhook/deliveries").send().await.value(200);
    Ids {
        user: world.user_id(hooked.business.live, 1),
        withdrawal: world.withdrawal_id(hooked.business.live, 1),
        delivery: delivered["data"][0]["id"].as_str().unwrap().to_owned(),
        webhook: hooked.made["id"].as_str().unwrap().to_owned(),
        key: world.key_id(hooked.business.live, &spare).await,
        proposal: withdrawn_proposal(world, hooked.business.live).await,
        batch: dissolved_batch(world, hooked.business.live).await,
    }
}

/// The cookie of an owner who is signed in with a second factor.
async fn session_of_an_owner(world: &Api, business: i64) -> String {
    let platform = &world.platform;
    let email = Email::parse("owner@example.com").unwrap();
    let invited = invitation::invite(platform, business, &email, Role::Owner, Actor::OPERATOR).await;
    let token = invited.unwrap_or_else(|_| panic!("it is made")).token;
    let open = invitation::find(platform, token.expose_secret()).await.unwrap().unwrap();
    let client = SessionClient { agent: String::new(), address: String::new() };
    let password = SecretString::from("seven-quiet-otters-dancing");
    let acceptance = Acceptance { name: "Ada", password: &password, client: &client, device: None };
    let step = invitation::accept(platform, &open, &acceptance, None).await.unwrap();
    let half = async || session::find(platform, step.token.expose_secret()).await.unwrap().unwrap();
    let key = sign_in::key_to_enrol(platform, &half().await).await.unwrap();
    let secret = BASE32_NOPAD.decode(key.expose_secret().as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let code = totp.generate(u64::try_from(platform.clock.now() / 1_000_000).unwrap()).to_string();
    let (step, _) = sign_in::enrol(platform, &half().await, &code, &client).await.unwrap();
    format!("__Host-outpay_session={0}; outpay_session={0}", step.token.expose_secret())
}

async fn every_route_lets_in_whom_it_says(world: &Api) {
    let hooked = Hooked::new(world).await;
    let business = &hooked.business;
    let ids = things(world, &hooked).await;
    let elsewhere = world.paying_business(100_000).await;
    let (number, revoked) = world.new_key(business.live, CredentialKind::SecretKey, None).await;
    world.revoke(number).await;
    let cookie = session_of_an_owner(world, business.number).await;
    let other = world.pay(&business.key, "other@example.com", 1_000).await;
    let terms = Terms { enabled: true, ..Terms::default() };
    world.platform.store.set_terms(business.live, "gift_card", &terms).await.unwrap();
    let hash = world.hash(business.live, 1, 0).await;
    let mut wrong = Vec::new();
    for (method, route, expected) in ROUTES {
        for (who, (name, expected)) in WHO.iter().zip(expected).enumerate() {
            let call = Call::new(hooked.server.address, method, &ids.path(route));
            let call = if *method == "GET" { call } else { call.json(json!({}).to_string()) };
            let call = match who {
                0 => call,
                1 => call.key(&revoked),
                2 => call.key(&business.public_key),
                3 => call.header("cookie", cookie.clone()),
                4 => call.key(&business.key),
                5 => call.key(&elsewhere.key),
                6 => call.hash(&hash),
                _ => call.hash(&other),
            };
            let answer = call.send().await;
            if answer.status != *expected {
                wrong.push(format!(
                    "{method} {route} by {name}: {}, not {expected}: {}",
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
