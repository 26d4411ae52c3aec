//! Every route of the dashboard x every kind of caller: without a session, with a session whose second factor is missing,
//! each role, the owner of another business, and a session that was ended. The routes and their access come from the one
//! route table (`outpay::testing::dashboard::routes`), so none can be left out; which role has which permission is stated here again.
//! Posts are sent with the right token and no other field unless [`fields`] says so, so that the permitted get as far as
//! the first thing that is wrong with the form.

use crate::dashboard::browser::{Browser, SESSION};
use crate::dashboard::hat::Team;
use crate::world::Business;
use http::Method;
use ledger::{Actor, Cents, Correction};
use outpay::testing::dashboard::{Access, Route, routes};
use outpay::testing::ids::IdKind;
use outpay::testing::imports;
use outpay::testing::proposals::{self, Proposed};
use outpay::testing::roles::{Permission, Role};

/// Nothing, halfway, viewer, approver, admin, owner, owner of another business, ended session.
type Statuses = [u16; 8];
const WHO: [&str; 8] =
    ["no session", "halfway", "viewer", "approver", "admin", "owner", "owner of another business", "ended"];

/// The statuses of a route, from what the table of routes says about its access and what the permitted get.
fn expected(route: &Route) -> Statuses {
    if let Some((_, _, statuses)) = SPECIAL.iter().find(|row| is_of(route, row.0, row.1)) {
        return *statuses;
    }
    let usual = if route.method == Method::GET { 200 } else { 400 };
    let permitted = PERMITTED.iter().find(|row| is_of(route, row.0, row.1)).map_or(usual, |row| row.2);
    // What has an id is of this business alone.
    let elsewhere = if route.path.contains('{') { 404 } else { permitted };
    let roles = |viewer, approver, admin| [303, 303, viewer, approver, admin, permitted, elsewhere, 303];
    match route.access {
        Access::Anyone => [permitted; 8],
        Access::Halfway => panic!("say in SPECIAL what {} answers", route.path),
        Access::Needs(Permission::See) => roles(permitted, permitted, permitted),
        Access::Needs(Permission::ReviewWithdrawals) => roles(403, permitted, permitted),
        Access::Needs(
            Permission::PayPeople
            | Permission::ManageUsers
            | Permission::ManageKeys
            | Permission::ManageWebhooks
            | Permission::ManageSettings,
        ) => roles(403, 403, permitted),
        Access::Needs(Permission::ManageTeam) => [303, 303, 403, 403, 403, permitted, permitted, 303],
        // Empty forms of these ask for PayPeople.
        Access::NeedsOneOf(_) => roles(403, 403, permitted),
    }
}

fn is_of(route: &Route, method: &str, path: &str) -> bool {
    route.method.as_str() == method && route.path == path
}

/// Routes whose statuses do not follow from their access alone.
const SPECIAL: &[(&str, &str, Statuses)] = &[
    ("GET", "/dashboard/sign-in", [200, 200, 303, 303, 303, 303, 303, 200]),
    ("GET", "/dashboard/second-factor", [303, 200, 303, 303, 303, 303, 303, 303]),
    ("POST", "/dashboard/second-factor", [303, 422, 303, 303, 303, 303, 303, 303]),
    ("GET", "/dashboard/enrolment", [303; 8]),
    ("POST", "/dashboard/enrolment", [303; 8]),
];

/// What the permitted get, where it is not 200 for a page and 400 for an action without its fields.
const PERMITTED: &[(&str, &str, u16)] = &[
    ("POST", "/dashboard/invitation", 422),
    ("POST", "/dashboard/invitation/accept", 422),
    ("POST", "/dashboard/sign-in", 422),
    ("POST", "/dashboard/sign-in/passkey", 422),
    // The answer is the same for every address, and for none.
    ("POST", "/dashboard/password/forgot", 200),
    ("POST", "/dashboard/password/reset", 422),
    ("POST", "/dashboard/email/confirm", 422),
    ("POST", "/dashboard/account/email", 400),
    ("POST", "/dashboard/account/password", 400),
    ("POST", "/dashboard/account/second-factor", 400),
    // This world is at an IP address, which has no passkeys.
    ("POST", "/dashboard/account/passkeys/begin", 409),
    ("POST", "/dashboard/account/passkeys", 409),
    ("POST", "/dashboard/account/passkeys/remove", 404),
    // Without a key that was begun there is nothing to confirm.
    ("POST", "/dashboard/account/second-factor/confirm", 303),
    ("POST", "/dashboard/account/recovery-codes", 400),
    ("POST", "/dashboard/account/sessions", 404),
    ("POST", "/dashboard/business", 404),
    ("POST", "/dashboard/sign-out", 303),
    ("POST", "/dashboard/settings/expiry", 303),
    ("POST", "/dashboard/settings/method", 404),
    ("POST", "/dashboard/settings/branding", 422),
    // The matrix posts no files.
    ("POST", "/dashboard/settings/logo", 415),
    ("POST", "/dashboard/batches/answer", 415),
    ("POST", "/dashboard/import", 415),
    ("POST", "/dashboard/team/invite", 422),
    ("POST", "/dashboard/team/withdraw", 404),
    ("POST", "/dashboard/team/role", 404),
    ("POST", "/dashboard/team/remove", 404),
    ("POST", "/dashboard/team/reset", 404),
    ("POST", "/dashboard/keys", 422),
    ("POST", "/dashboard/keys/{id}/roll", 200),
    ("POST", "/dashboard/keys/{id}/revoke", 303),
    ("POST", "/dashboard/webhooks", 422),
    ("POST", "/dashboard/webhooks/{id}", 422),
    ("POST", "/dashboard/webhooks/{id}/switch", 303),
    ("POST", "/dashboard/webhooks/{id}/delete", 303),
    ("POST", "/dashboard/users/{id}/rotate-hash", 303),
    ("POST", "/dashboard/users/{id}/link", 200),
    // This world has no mail.
    ("POST", "/dashboard/users/{id}/link/mail", 409),
    ("POST", "/dashboard/users/{id}/notes/remove", 404),
    ("POST", "/dashboard/users/{id}/export", 200),
    ("GET", "/dashboard/deposits/review", 422),
    ("GET", "/dashboard/withdrawals/review", 400),
    ("GET", "/dashboard/withdrawals/{id}/end", 400),
    ("POST", "/dashboard/batches", 404),
    ("POST", "/dashboard/batches/{id}/approve", 303),
    ("POST", "/dashboard/import/rule", 303),
    ("POST", "/dashboard/settings/two-people", 303),
];

crate::world::on_both_engines! {
    every_route_lets_in_whom_it_says,
}

/// The path with a real id of `business` in the place of each `{…}`, of something that was made for this one request.
async fn path(world: &Team, business: &Business, ids: &Ids, route: &str) -> String {
    let id = match route.split('/').nth(2) {
        _ if !route.contains('{') => return route.to_owned(),
        Some("keys") => crate::dashboard::keys::made(world, business).await,
        Some("requests") => crate::dashboard::requests::logged(world, business).await,
        Some("deliveries") => crate::dashboard::webhooks::delivered(world, business).await,
        Some("webhooks") => crate::dashboard::webhooks::made(world, business).await,
        Some("users") => ids.user.clone(),
        Some("withdrawals") => ids.withdrawal.clone(),
        Some("import") => ids.import.clone(),
        Some("proposals") => ids.proposal.clone(),
        Some("batches") => crate::dashboard::batches::made(world, business).await,
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

/// A recipient with a withdrawal, and a file of payments.
async fn things(world: &Team, business: &Business) -> Ids {
    let user = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let withdrawal = world.withdraw(business.live, user, 1_000).await;
    let brought = imports::bring(
        &world.platform,
        business.live,
        ("a.csv", b"a@example.com,1".to_vec()),
        Actor::OPERATOR,
    )
    .await;
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
        // Each from an address of its own, so that none is locked out because of the others.
        "/dashboard/sign-in" => vec![("email", who), ("password", "wrong")],
        _ => Vec::new(),
    }
}

async fn browsers(world: &Team, business: &Business) -> Vec<Browser> {
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

async fn every_route_lets_in_whom_it_says(world: &Team) {
    let business = world.reviewing_business().await;
    let ids = things(world, &business).await;
    let browsers = browsers(world, &business).await;
    let mut routes = routes();
    // Ends the sessions of all who are signed in, so it comes last.
    routes.sort_by_key(|route| route.path == "/dashboard/sign-out");
    for (method, path) in
        SPECIAL.iter().map(|row| (row.0, row.1)).chain(PERMITTED.iter().map(|row| (row.0, row.1)))
    {
        assert!(routes.iter().any(|route| is_of(route, method, path)), "{method} {path} is no route");
    }
    let mut wrong = Vec::new();
    for route in routes {
        for ((browser, who), expected) in browsers.iter().zip(WHO).zip(expected(&route)) {
            let method = &route.method;
            let path = path(world, &business, &ids, route.path).await;
            let mut browser = browser.clone();
            let page = match *method {
                Method::GET => browser.get(&path).await,
                _ => browser.post(&path, &fields(route.path, who)).await,
            };
            let leads = page.location();
            let leads_well = match who {
                "no session" | "ended" => page.status != 303 || leads == "/dashboard/sign-in",
                "halfway" => page.status != 303 || leads == "/dashboard/second-factor",
                _ => true,
            };
            if page.status != expected || !leads_well {
                wrong.push(format!("{method} {path} by {who}: {} {leads}, not {expected}", page.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
