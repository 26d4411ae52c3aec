//! Invitations: a new owner, a member of another team, and a member who lost password or second factor.

use crate::dashboard::browser::Browser;
use crate::dashboard::hat::{PASSWORD, Team, typed_key};
use crate::world::{Business, MINUTE};
use ledger::{Actor, Email};
use outpay::testing::members::invitation;
use outpay::testing::roles::Role;
use secrecy::ExposeSecret;

crate::world::on_both_engines! {
    a_new_owner_signs_up,
    an_invitation_works_once_for_a_week_and_until_it_is_withdrawn,
    a_password_has_to_be_good,
    a_member_with_an_account_joins_another_team,
    a_lost_account_is_set_up_anew,
}

async fn accept(browser: &mut Browser, token: &str, password: &str) -> crate::dashboard::browser::Page {
    let fields =
        [("token", token), ("name", "Ada Example"), ("password", password), ("password_again", password)];
    browser.post("/dashboard/invitation/accept", &fields).await
}

async fn a_new_owner_signs_up(world: &Team) {
    let business = world.business().await;
    let token = world.invite(&business, "Ada@Example.com", Role::Owner).await;
    let mut browser = world.browser();
    browser.get("/dashboard/invitation").await.is(200).says("Join a team");
    let link = format!("https://pay.example.com/dashboard/invitation#{token}");
    let page = browser.post("/dashboard/invitation", &[("token", &link)]).await;
    page.is(200).says(&business.name).says("ada@example.com").says("owner").says(&token);
    accept(&mut browser, &token, PASSWORD).await.leads_to("/dashboard/enrolment");
    browser.get("/dashboard/account").await.leads_to("/dashboard/enrolment");
    browser.get("/dashboard/second-factor").await.leads_to("/dashboard/enrolment");
    let page = browser.get("/dashboard/enrolment").await;
    let key = typed_key(&page.is(200).says("<svg").between("<dd class=\"mono\">", "</dd>"));
    assert_eq!(
        browser.get("/dashboard/enrolment").await.body,
        page.body,
        "the same key until it is confirmed"
    );
    browser.post("/dashboard/enrolment", &[("code", "123")]).await.is(422);
    let page = browser.post("/dashboard/enrolment", &[("code", &world.code(&key))]).await;
    page.is(200).says("Your recovery codes");
    assert_eq!(page.body.matches("<li>").count(), 10);
    browser.get("/dashboard/account").await.is(200).says("Ada Example<br>").says(">owner<").says("10 left");
    browser.get("/dashboard/enrolment").await.leads_to("/dashboard");
    let log = world.audit(&business).await;
    assert_eq!(log, ["member.second_factor_set", "member.joined", "member.invited"]);
}

async fn an_invitation_works_once_for_a_week_and_until_it_is_withdrawn(world: &Team) {
    let business = world.business().await;
    let mut browser = world.browser();
    let used = world.invite(&business, "a@example.com", Role::Viewer).await;
    accept(&mut browser, &used, PASSWORD).await.leads_to("/dashboard/enrolment");
    let replaced = world.invite(&business, "b@example.com", Role::Viewer).await;
    let newer = world.invite(&business, "b@example.com", Role::Admin).await;
    let old = world.invite(&business, "c@example.com", Role::Viewer).await;
    world.wait(7 * 24 * 60 * MINUTE - 1);
    let mut browser = world.browser();
    browser.post("/dashboard/invitation", &[("token", &newer)]).await.is(200).says("admin");
    world.wait(1);
    for token in [used.as_str(), &replaced, &old, &newer, "", "no token"] {
        browser.post("/dashboard/invitation", &[("token", token)]).await.is(422).says("no longer valid");
        accept(&mut browser, token, PASSWORD).await.is(422).says("no longer valid");
    }
    assert_eq!(world.platform.store.team(business.number).await.unwrap().len(), 1);
}

async fn a_password_has_to_be_good(world: &Team) {
    let business = world.business().await;
    let token = world.invite(&business, "ada@example.com", Role::Owner).await;
    let mut browser = world.browser();
    for bad in ["short", "password1234", "my ada@example.com"] {
        accept(&mut browser, &token, bad).await.is(422).says("password");
    }
    let fields = [
        ("token", token.as_str()),
        ("name", "Ada"),
        ("password", PASSWORD),
        ("password_again", "another one here"),
    ];
    browser.post("/dashboard/invitation/accept", &fields).await.is(422).says("don’t match");
    let fields =
        [("token", token.as_str()), ("name", " "), ("password", PASSWORD), ("password_again", PASSWORD)];
    browser.post("/dashboard/invitation/accept", &fields).await.is(422).says("name");
    accept(&mut browser, &token, PASSWORD).await.is(303);
}

async fn a_member_with_an_account_joins_another_team(world: &Team) {
    let (first, second) = (world.business().await, world.business().await);
    let member = world.member(&first, Role::Viewer).await;
    let token = world.invite(&second, &member.email, Role::Admin).await;
    let mut browser = world.browser();
    let page = browser.post("/dashboard/invitation", &[("token", &token)]).await;
    page.is(200).says("The password of your account").says_not("Your name");
    accept(&mut browser, &token, "not the password").await.is(422);
    accept(&mut browser, &token, PASSWORD).await.leads_to("/dashboard/second-factor");
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    browser.get("/dashboard/account").await.is(200).says("(admin)").says(&first.name).says(&second.name);
    browser.post("/dashboard/business", &[("business", &first.id)]).await.leads_to("/dashboard");
    browser.get("/dashboard/account").await.is(200).says("Ada Example<br>").says(">viewer<");
    let stranger: Business = world.business().await;
    for other in [stranger.id.as_str(), &stranger.name, "biz_1", ""] {
        browser.post("/dashboard/business", &[("business", other)]).await.is(404);
    }
}

async fn a_lost_account_is_set_up_anew(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Owner).await;
    let email = Email::parse(&member.email).unwrap();
    let reset = invitation::reset(&world.platform, business.number, &email, Actor::OPERATOR).await.unwrap();
    let token = reset.token.expose_secret();
    member.browser.get("/dashboard/account").await.is(200);
    let mut browser = world.browser();
    browser.post("/dashboard/invitation", &[("token", token)]).await.is(200).says("Set a new password");
    accept(&mut browser, token, "another four words here").await.leads_to("/dashboard/enrolment");
    member.browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    let page = browser.get("/dashboard/enrolment").await;
    let key = typed_key(&page.is(200).between("<dd class=\"mono\">", "</dd>"));
    assert_ne!(key.expose_secret(), member.key.expose_secret());
    browser.post("/dashboard/enrolment", &[("code", &world.code(&key))]).await.is(200);
    browser.get("/dashboard/account").await.is(200).says("10 left");
    let mut old = world.browser();
    let fields = [("email", member.email.as_str()), ("password", PASSWORD)];
    old.post("/dashboard/sign-in", &fields).await.is(422);
}
