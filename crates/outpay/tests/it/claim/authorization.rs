//! The matrix of routes and callers of the claim page: no session, a dead link, keys without a session, another recipient of the
//! same business, the recipient. A route without a row fails `xtask tidy`. Posts carry the token of the caller's own pages and no
//! other field, so a permitted caller fails at the first missing field.

use crate::claim::browser::Browser;
use crate::claim::hat::{Claim, withdraw};
use ledger::{Command, Mode};
use outpay::testing::business;

/// In this order; what each gets.
type Statuses = [u16; 5];
const WHO: [&str; 5] =
    ["no credential", "a dead link", "a hash and a key without a session", "another person", "the person"];

/// What every person sees or does of their own.
const fn people(status: u16) -> Statuses {
    [303, 303, 303, status, status]
}

/// Something of one person.
const fn own(status: u16) -> Statuses {
    [303, 303, 303, 404, status]
}

const ROUTES: &[(&str, &str, Statuses)] = &[
    ("GET", "/p", [200; 5]),
    ("GET", "/p/of/{business}", [200; 5]),
    // The third has what opens a session.
    ("POST", "/p/session", [401, 401, 204, 401, 401]),
    ("GET", "/p/colour/{name}", [200; 5]),
    // No business here has a logo.
    ("GET", "/p/logo/{name}", [404; 5]),
    ("GET", "/.well-known/outpay-receipts.json", [200; 5]),
    ("GET", "/p/home", people(200)),
    ("GET", "/p/withdraw/{method}", people(200)),
    ("POST", "/p/withdraw/{method}", people(422)),
    // What was not on a summary is not confirmed.
    ("POST", "/p/withdraw/{method}/confirm", people(403)),
    ("GET", "/p/operations/{id}", own(200)),
    ("GET", "/p/operations/{id}/state", own(200)),
    ("GET", "/p/operations/{id}/receipt", own(200)),
    ("GET", "/p/operations/{id}/receipt.json", own(200)),
    ("POST", "/p/operations/{id}/cancel", own(409)),
    ("POST", "/p/operations/{id}/reveal", own(409)),
    // Ends the sessions, so it comes last.
    ("POST", "/p/sign-out", people(303)),
];

crate::world::on_both_engines! { every_route_lets_in_whom_it_says, }

async fn every_route_lets_in_whom_it_says(world: &Claim) {
    let who = world.recipient(Mode::Test, 10_000).await;
    let mut person = world.signed_in(&who).await;
    let operation = withdraw(&mut person, "60").await;
    world.work().await;
    let other = world.pays(who.book, "other@example.com", 10_000).await;
    let dead = world.pays(who.book, "dead@example.com", 10_000).await;
    let dead_session = world.signed_in(&dead).await;
    world.command(who.book, Command::RotateHash { user: dead.user }).await;
    let mut keyed = world.browser();
    keyed.headers.push(("X-Payout-Hash".to_owned(), who.hash.clone()));
    let callers = [world.browser(), dead_session, keyed, world.signed_in(&other).await, person];
    let mut wrong = Vec::new();
    for (method, route, expected) in ROUTES {
        let path = route.replace("/p/operations/{id}", &operation).replace("{method}", "sandbox");
        let business = business::id(&world.platform, who.book.business());
        let path = path.replace("{name}", "ffd400.css").replace("{business}", &business);
        for ((browser, who), expected) in callers.iter().zip(WHO).zip(expected) {
            let mut browser = browser.clone();
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ => {
                    let token = token(&mut browser).await;
                    browser.post(&path, &[("csrf", &token)]).await
                }
            };
            let leads = answer.header("location").unwrap_or_default();
            let is_sent_away = *expected != 303 || leads.starts_with("/p");
            if answer.status != *expected || !is_sent_away {
                wrong.push(format!("{method} {route} by {who}: {} {leads}, not {expected}", answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the caller's own pages carry; nothing where there are none.
async fn token(browser: &mut Browser) -> String {
    let home = browser.get("/p/home").await;
    let token = home.body.split_once(r#"name="csrf" value=""#).and_then(|(_, rest)| rest.split('"').next());
    token.unwrap_or_default().to_owned()
}
