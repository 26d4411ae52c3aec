//! Every route of the dashboard x everybody who may come: nobody, somebody whose second factor is missing, each role, the
//! owner of another business, and a session that was ended. A route without a row fails `xtask tidy`. One line per method
//! and route; posts are sent with the right token and no other field unless [`fields`] says so, so that whoever is allowed
//! gets as far as the first thing that is wrong with the form.

use crate::dashboard::browser::{Browser, SESSION};
use crate::dashboard::world::{Business, World};
use ledger::{Actor, Cents, Correction};
use outpay::ids::IdKind;
use outpay::imports;
use outpay::members::Role;
use outpay::proposals::{self, Proposed};

/// Nothing, halfway, viewer, approver, admin, owner, owner of another business, ended session.
type Statuses = [u16; 8];
const WHO: [&str; 8] =
    ["nobody", "halfway", "viewer", "approver", "admin", "owner", "owner of another business", "ended"];

/// A page that everybody who is signed in sees, of their own business.
const SEEN: Statuses = signed_in(200);

/// What everybody who is signed in may do; and, in the next three, what fewer may.
const fn signed_in(status: u16) -> Statuses {
    [303, 303, status, status, status, status, status, 303]
}

/// Needs ManageTeam.
const fn owners(status: u16) -> Statuses {
    [303, 303, 403, 403, 403, status, status, 303]
}

/// Needs ManageSettings, ManageKeys, ManageWebhooks, ManageUsers or PayPeople.
const fn admins(status: u16) -> Statuses {
    [303, 303, 403, 403, status, status, status, 303]
}

/// What everybody of the team sees, and nobody else.
const OWN: Statuses = [303, 303, 200, 200, 200, 200, 404, 303];

/// The same for what needs ManageKeys, ManageWebhooks and their like.
const fn admins_of_own(status: u16) -> Statuses {
    [303, 303, 403, 403, status, status, 404, 303]
}

/// Needs ReviewWithdrawals.
const fn reviewers(status: u16) -> Statuses {
    [303, 303, 403, status, status, status, status, 303]
}

/// Something of the business's own, for viewers, approvers, and all above; another business has no such thing. Whoever may
/// not is told so before it is looked for.
const fn own(viewer: u16, approver: u16, admin: u16) -> Statuses {
    [303, 303, viewer, approver, admin, admin, 404, 303]
}

/// Method, route, what each gets.
const ROUTES: &[(&str, &str, Statuses)] = &[
    ("GET", "/dashboard/invitation", [200; 8]),
    ("POST", "/dashboard/invitation", [422; 8]),
    ("POST", "/dashboard/invitation/accept", [422; 8]),
    ("GET", "/dashboard/sign-in", [200, 200, 303, 303, 303, 303, 303, 200]),
    ("POST", "/dashboard/sign-in", [422; 8]),
    ("GET", "/dashboard/second-factor", [303, 200, 303, 303, 303, 303, 303, 303]),
    ("POST", "/dashboard/second-factor", [303, 422, 303, 303, 303, 303, 303, 303]),
    ("GET", "/dashboard/enrolment", [303; 8]),
    ("POST", "/dashboard/enrolment", [303; 8]),
    ("GET", "/dashboard/account", SEEN),
    ("POST", "/dashboard/account/password", signed_in(422)),
    ("POST", "/dashboard/account/recovery-codes", signed_in(422)),
    ("POST", "/dashboard/account/sessions", signed_in(404)),
    ("POST", "/dashboard/mode", signed_in(400)),
    ("POST", "/dashboard/business", signed_in(404)),
    ("GET", "/dashboard/settings", SEEN),
    ("POST", "/dashboard/settings/payouts", admins(400)),
    ("POST", "/dashboard/settings/expiry", admins(303)),
    ("POST", "/dashboard/settings/method", admins(404)),
    ("POST", "/dashboard/settings/branding", admins(422)),
    // The matrix posts no files.
    ("POST", "/dashboard/settings/logo", signed_in(415)),
    ("GET", "/dashboard/team", SEEN),
    ("POST", "/dashboard/team/invite", owners(422)),
    ("POST", "/dashboard/team/withdraw", owners(404)),
    ("POST", "/dashboard/team/role", owners(404)),
    ("POST", "/dashboard/team/remove", owners(404)),
    ("POST", "/dashboard/team/reset", owners(404)),
    ("GET", "/dashboard/audit", SEEN),
    ("GET", "/dashboard/keys", SEEN),
    ("POST", "/dashboard/keys", admins(422)),
    ("GET", "/dashboard/keys/{id}", OWN),
    ("POST", "/dashboard/keys/{id}/roll", admins_of_own(200)),
    ("POST", "/dashboard/keys/{id}/revoke", admins_of_own(303)),
    ("GET", "/dashboard/requests", SEEN),
    ("GET", "/dashboard/requests/{id}", OWN),
    ("GET", "/dashboard/webhooks", SEEN),
    ("POST", "/dashboard/webhooks", admins(422)),
    ("POST", "/dashboard/webhooks/roll", admins(400)),
    ("POST", "/dashboard/webhooks/test", admins(400)),
    ("GET", "/dashboard/deliveries", SEEN),
    ("POST", "/dashboard/deliveries/replay", admins(400)),
    ("GET", "/dashboard/deliveries/{id}", OWN),
    ("POST", "/dashboard/deliveries/{id}/retry", admins_of_own(400)),
    ("GET", "/dashboard", SEEN),
    ("POST", "/dashboard/transfer", admins(400)),
    ("GET", "/dashboard/users", SEEN),
    ("POST", "/dashboard/users/pay", admins(400)),
    ("GET", "/dashboard/users/{id}", own(200, 200, 200)),
    ("POST", "/dashboard/users/{id}/debit", own(403, 403, 400)),
    ("POST", "/dashboard/users/{id}/status", own(403, 403, 400)),
    ("POST", "/dashboard/users/{id}/rotate-hash", own(403, 403, 303)),
    ("POST", "/dashboard/users/{id}/link", own(403, 403, 200)),
    // This world has no mail.
    ("POST", "/dashboard/users/{id}/link/mail", own(403, 403, 409)),
    ("GET", "/dashboard/withdrawals", SEEN),
    ("GET", "/dashboard/withdrawals/export", SEEN),
    ("POST", "/dashboard/withdrawals/review", reviewers(400)),
    ("GET", "/dashboard/withdrawals/by-hand", SEEN),
    ("POST", "/dashboard/withdrawals/by-hand/export", reviewers(404)),
    // The matrix posts no files.
    ("POST", "/dashboard/withdrawals/by-hand/settle", signed_in(415)),
    ("GET", "/dashboard/withdrawals/{id}", own(200, 200, 200)),
    ("GET", "/dashboard/pauses", SEEN),
    ("POST", "/dashboard/pauses", admins(400)),
    ("POST", "/dashboard/pauses/resume", admins(400)),
    ("GET", "/dashboard/proposals", SEEN),
    ("POST", "/dashboard/proposals/{id}/decide", own(403, 403, 400)),
    ("POST", "/dashboard/withdrawals/{id}/end", own(403, 400, 400)),
    ("GET", "/dashboard/import", SEEN),
    ("POST", "/dashboard/import", signed_in(415)),
    ("POST", "/dashboard/import/rule", admins(303)),
    ("GET", "/dashboard/import/{id}", own(200, 200, 200)),
    ("GET", "/dashboard/import/{id}/result", own(200, 200, 200)),
    ("POST", "/dashboard/import/{id}/decide", own(403, 403, 400)),
    // Ends the sessions of all who are signed in, so it comes last.
    ("POST", "/dashboard/sign-out", signed_in(303)),
];

crate::dashboard::on_both_engines! {
    every_route_lets_in_whom_it_says,
}

/// The path with a real id of `business` in the place of each `{…}`, of something that was made for this one request.
async fn path(world: &World, business: &Business, ids: &Ids, route: &str) -> String {
    let id = match route.split('/').nth(2) {
        _ if !route.contains('{') => return route.to_owned(),
        Some("keys") => crate::dashboard::keys::made(world, business).await,
        Some("requests") => crate::dashboard::requests::logged(world, business).await,
        Some("deliveries") => crate::dashboard::webhooks::delivered(world, business).await,
        Some("users") => ids.user.clone(),
        Some("withdrawals") => ids.withdrawal.clone(),
        Some("import") => ids.import.clone(),
        Some("proposals") => ids.proposal.clone(),
        _ => panic!("say here which id stands in {route}"),
    };
    route.replace("{id}", &id)
}

/// Ids that stand in the place of `{id}`.
struct Ids {
    user: String,
    withdrawal: String,
    import: String,
    proposal: String,
}

/// Somebody with a withdrawal, and a file of payments.
async fn things(world: &World, business: &Business) -> Ids {
    let user = world.give(business.live, "ada@example.com", 10_000, Actor::NOBODY).await;
    let withdrawal = world.withdraw(business.live, user, 1_000).await;
    let brought =
        imports::bring(&world.platform, business.live, ("a.csv", b"a@example.com,1"), Actor::OPERATOR).await;
    let import = brought.unwrap().ok().unwrap();
    let import = world.platform.secrets.ids().seal(IdKind::Import, business.live, import);
    let (user, withdrawal) =
        (world.user_id(business.live, user), world.withdrawal_id(business.live, withdrawal));
    let (correction, amount) = (Correction::PayOut, Cents(1));
    let what = Proposed::Correct { correction, amount };
    let made = proposals::propose(&world.platform, business.live, &what, "r", Actor::OPERATOR).await;
    let proposal = proposals::id(&world.platform, &made.unwrap().row);
    Ids { user, withdrawal, import, proposal }
}

/// What is posted besides the token.
fn fields(route: &str, who: &'static str) -> Vec<(&'static str, &'static str)> {
    match route {
        // Each with an address of their own, so that nobody is locked out because of the others.
        "/dashboard/sign-in" => vec![("email", who), ("password", "wrong")],
        _ => Vec::new(),
    }
}

async fn everybody(world: &World, business: &Business) -> Vec<Browser> {
    let owner = world.member(business, Role::Owner).await;
    let mut all = vec![world.browser(), world.halfway(&owner).await];
    for role in [Role::Viewer, Role::Approver, Role::Admin] {
        all.push(world.member(business, role).await.browser);
    }
    all.push(owner.browser);
    let elsewhere = world.business().await;
    all.push(world.member(&elsewhere, Role::Owner).await.browser);
    let mut ended = world.member(business, Role::Owner).await.browser;
    let token = ended.session();
    ended.post("/dashboard/sign-out", &[]).await.is(303);
    all.push(ended.with_cookie(SESSION, &token));
    all
}

async fn every_route_lets_in_whom_it_says(world: &World) {
    let business = world.reviewing_business().await;
    let ids = things(world, &business).await;
    let everybody = everybody(world, &business).await;
    let mut wrong = Vec::new();
    for (method, route, expected) in ROUTES {
        for ((browser, who), expected) in everybody.iter().zip(WHO).zip(expected) {
            let path = path(world, &business, &ids, route).await;
            let mut browser = browser.clone();
            let page = match *method {
                "GET" => browser.get(&path).await,
                _ => browser.post(&path, &fields(route, who)).await,
            };
            let leads = page.location();
            let leads_well = match who {
                "nobody" | "ended" => page.status != 303 || leads == "/dashboard/sign-in",
                "halfway" => page.status != 303 || leads == "/dashboard/second-factor",
                _ => true,
            };
            if page.status != *expected || !leads_well {
                wrong.push(format!("{method} {path} by {who}: {} {leads}, not {expected}", page.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
