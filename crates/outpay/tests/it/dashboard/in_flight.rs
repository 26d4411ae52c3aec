//! A member who loses the right to something while a post of it is on its way: from the moment at which the removal, the new role or the
//! end of the session is answered, the post changes nothing, however early it began.

use crate::dashboard::browser::Page;
use crate::dashboard::hat::{Member, Team};
use crate::world::Business;
use ledger::Actor;
use outpay::testing::members::team;
use outpay::testing::roles::Role;
use outpay::testing::store::MemberChange;
use std::time::Duration;

crate::world::on_both_engines! {
    a_removed_member_pays_no_person,
    a_demoted_member_pays_no_person,
    an_ended_session_pays_no_person,
    a_removed_member_changes_no_setting,
    a_removed_member_brings_no_file,
}

const MINUTES: i64 = 120_000_000;

const FORM: &str = "application/x-www-form-urlencoded";
const FILE: &str = "multipart/form-data; boundary=cut";

/// Begins a post, lets `meanwhile` happen once the server has seen the session, and sends the rest.
async fn slowly(
    world: &Team,
    member: &Member,
    (path, kind, body): (&str, &str, &str),
    meanwhile: impl AsyncFnOnce(),
) -> Page {
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", kind)];
    let request = member.browser.request("POST", path, &headers, Some(body));
    // A look at a session is written down where the last one is older than a minute.
    world.wait(MINUTES);
    let seen = async || {
        let now = world.platform.clock.now();
        world.platform.store.open_sessions(member.number, now, 0).await.unwrap()[0].seen_at
    };
    let before = seen().await;
    let once_seen = async || {
        while seen().await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        meanwhile().await;
    };
    member.browser.slowly(&request, once_seen).await
}

/// A form of one of our pages.
async fn form(member: &Member, fields: &[(&str, &str)]) -> String {
    let csrf = member.browser.csrf().await;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", &csrf).extend_pairs(fields);
    form.finish()
}

async fn start(world: &Team) -> (Business, Member) {
    let business = world.paying_business(10_000).await;
    world.member(&business, Role::Owner).await;
    let member = world.member(&business, Role::Admin).await;
    (business, member)
}

async fn pays_no_person(world: &Team, meanwhile: impl AsyncFnOnce(&Business, i64)) {
    let (business, member) = start(world).await;
    let once = "0123456789abcdef0123456789abcdef";
    let body = form(&member, &[("once", once), ("email", "ada@example.com"), ("amount", "10")]).await;
    let sent = ("/dashboard/users/pay", FORM, body.as_str());
    let page = slowly(world, &member, sent, async || meanwhile(&business, member.number).await).await;
    assert!(page.status == 403 || page.location() == "/dashboard/sign-in", "{page:?}");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 0);
}

async fn a_removed_member_pays_no_person(world: &Team) {
    pays_no_person(world, async |business, number| remove(world, business, number).await).await;
}

async fn a_demoted_member_pays_no_person(world: &Team) {
    pays_no_person(world, async |business, number| {
        team::set_role(&world.platform, business.number, number, Role::Viewer, Actor::OPERATOR)
            .await
            .unwrap();
    })
    .await;
}

async fn an_ended_session_pays_no_person(world: &Team) {
    pays_no_person(world, async |_, member| {
        let end = MemberChange::EndOthers { member, but: 0, at: world.platform.clock.now() };
        world.platform.store.change_members(&[end]).await.unwrap();
    })
    .await;
}

async fn remove(world: &Team, business: &Business, member: i64) {
    team::remove(&world.platform, business.number, member, Actor::OPERATOR).await.unwrap();
}

async fn a_removed_member_changes_no_setting(world: &Team) {
    let (business, member) = start(world).await;
    let body = form(&member, &[("payouts", "off")]).await;
    let sent = ("/dashboard/settings/payouts", FORM, body.as_str());
    slowly(world, &member, sent, async || remove(world, &business, member.number).await).await;
    assert!(world.platform.store.business(business.number).await.unwrap().unwrap().payouts_enabled);
}

async fn a_removed_member_brings_no_file(world: &Team) {
    let (business, member) = start(world).await;
    let csrf = member.browser.csrf().await;
    let body = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--cut\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"late.csv\"\r\nContent-Type: text/csv\r\n\r\n\
         email,amount\nada@example.com,10\n\r\n--cut--\r\n"
    );
    let sent = ("/dashboard/import", FILE, body.as_str());
    let page = slowly(world, &member, sent, async || remove(world, &business, member.number).await).await;
    assert!(page.status == 403 || page.location() == "/dashboard/sign-in", "{page:?}");
    let mut owner = world.member(&business, Role::Owner).await.browser;
    owner.get("/dashboard/import").await.is(200).says_not("late.csv");
}
