//! Signing in: password, then a code; answers that are the same for all, what works once, what ends.

use crate::dashboard::browser::{DEVICE, SESSION};
use crate::dashboard::hat::{PASSWORD, Team, is_known};
use crate::world::{MINUTE, SECOND};
use outpay::testing::members::{SessionClient, session, sign_in};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_password_and_a_code_let_in,
    a_password_is_taken_as_it_was_typed,
    a_wrong_address_and_a_wrong_password_look_and_cost_the_same,
    a_forgotten_password_is_answered_alike_for_every_address,
    the_session_is_another_at_every_step,
    a_planted_session_is_not_the_one_that_is_signed_in,
    a_code_works_once,
    a_code_works_once_also_at_the_same_moment,
    a_recovery_code_works_once,
    without_the_second_factor_nothing_opens,
    a_session_ends_when_it_is_not_used,
    a_session_ends_however_much_it_is_used,
    signing_out_ends_the_session,
}

async fn a_password_and_a_code_let_in(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.browser();
    browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    browser.get("/dashboard/sign-in").await.is(200).says("Sign in");
    let email = member.email.to_uppercase();
    let fields = [("email", email.as_str()), ("password", PASSWORD)];
    browser.post("/dashboard/sign-in", &fields).await.leads_to("/dashboard/second-factor");
    browser.get("/dashboard/second-factor").await.is(200).says(&member.email);
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", "000000")]).await.is(422).says("The code is wrong");
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    browser
        .get("/dashboard/account")
        .await
        .is(200)
        .says("Ada Example<br>")
        .says(">owner<")
        .says(&business.name);
    browser.get("/dashboard/sign-in").await.leads_to("/dashboard");
    assert!(is_known(world, &member.email, &browser.cookies[DEVICE]));
    assert!(!is_known(world, "other@example.com", &browser.cookies[DEVICE]));
    assert_eq!(world.audit(&business).await[0], "member.signed_in");
}

async fn a_password_is_taken_as_it_was_typed(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Owner).await;
    let new = format!("  {} ", "Some words, ".repeat(7));
    let fields = [("present", PASSWORD), ("password", &new), ("password_again", &new)];
    member.browser.post("/dashboard/account/password", &fields).await.leads_to("/dashboard/account");
    for wrong in [new.trim().to_owned(), new.to_lowercase(), new[..66].to_owned()] {
        let fields = [("email", member.email.as_str()), ("password", &wrong)];
        world.browser().post("/dashboard/sign-in", &fields).await.is(422);
    }
    let fields = [("email", member.email.as_str()), ("password", &new)];
    world.browser().post("/dashboard/sign-in", &fields).await.leads_to("/dashboard/second-factor");
    let spaced = format!(" {PASSWORD}");
    let fields = [("present", spaced.as_str()), ("password", PASSWORD), ("password_again", PASSWORD)];
    member.browser.post("/dashboard/account/password", &fields).await.is(400).says("Current password");
}

async fn a_wrong_address_and_a_wrong_password_look_and_cost_the_same(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut answers = Vec::new();
    for (email, password) in [
        (member.email.as_str(), "not the password"),
        ("nobody@example.com", "not the password"),
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
    ] {
        let before = world.platform.passwords.work_done();
        let mut browser = world.browser();
        let page = browser.post("/dashboard/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(world.platform.passwords.work_done(), before + 1, "{email}");
        assert!(!browser.cookies.contains_key(SESSION));
        answers.push((page.status, page.body.replace(email, "ADDRESS")));
    }
    assert_eq!(answers[0].0, 422);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

async fn a_forgotten_password_is_answered_alike_for_every_address(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut answers = Vec::new();
    for email in [member.email.as_str(), "stranger@example.com", "no address at all", ""] {
        let mut browser = world.browser();
        let page = browser.post("/dashboard/password/forgot", &[("email", email)]).await;
        assert!(browser.cookies.is_empty(), "{email}");
        answers.push((page.status, page.body));
    }
    assert_eq!(answers[0].0, 200);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

async fn the_session_is_another_at_every_step(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    let half = browser.session();
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    assert_ne!(browser.session(), half);
    let mut old = world.browser().with_cookie(SESSION, &half);
    old.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    old.get("/dashboard/second-factor").await.leads_to("/dashboard/sign-in");
}

/// Session fixation: a session planted in a browser before its owner signs in.
async fn a_planted_session_is_not_the_one_that_is_signed_in(world: &Team) {
    let business = world.business().await;
    let (victim, attacker) =
        (world.member(&business, Role::Owner).await, world.member(&business, Role::Viewer).await);
    for planted in [attacker.browser.session(), world.halfway(&attacker).await.session(), "x".repeat(43)] {
        let mut browser = world.browser().with_cookie(SESSION, &planted);
        let fields = [("email", victim.email.as_str()), ("password", PASSWORD)];
        browser.post("/dashboard/sign-in", &fields).await.leads_to("/dashboard/second-factor");
        let code = world.next_code(&victim.key);
        browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
        assert_ne!(browser.session(), planted);
        let mut old = world.browser().with_cookie(SESSION, &planted);
        old.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    }
}

async fn a_code_works_once(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let used = world.code(&member.key);
    let mut again = world.halfway(&member).await;
    again.post("/dashboard/second-factor", &[("code", &used)]).await.is(422);
    let code = world.next_code(&member.key);
    let mut first = world.halfway(&member).await;
    first.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    again.post("/dashboard/second-factor", &[("code", &code)]).await.is(422);
    // Nor one of a time that is past, though it is within the step of grace.
    again.post("/dashboard/second-factor", &[("code", &used)]).await.is(422);
    let code = world.next_code(&member.key);
    again.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
}

async fn a_code_works_once_also_at_the_same_moment(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let code = world.next_code(&member.key);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let browser = world.halfway(&member).await;
        let (platform, code) = (world.platform.clone(), code.clone());
        tries.spawn(async move {
            let half = session::find(&platform, &browser.session()).await.unwrap().unwrap();
            sign_in::with_code(&platform, &half, &code, &SessionClient::default(), None).await.is_ok()
        });
    }
    let let_in = tries.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!(let_in, 1);
}

async fn a_recovery_code_works_once(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    assert_eq!(member.recovery_codes.len(), 10);
    let code = member.recovery_codes[3].to_uppercase().replace('-', " ");
    let mut browser = world.halfway(&member).await;
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    browser.get("/dashboard/account").await.is(200).says("9 left");
    let mut browser = world.halfway(&member).await;
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(422);
    // Another member's code is refused.
    let other = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    let fields = [("code", other.recovery_codes[0].as_str())];
    browser.post("/dashboard/second-factor", &fields).await.is(422);
}

async fn without_the_second_factor_nothing_opens(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    for path in ["/dashboard/account", "/dashboard/team", "/dashboard/settings", "/dashboard/enrolment"] {
        browser.get(path).await.leads_to("/dashboard/second-factor");
    }
    browser
        .post("/dashboard/settings/payouts", &[("payouts", "on")])
        .await
        .leads_to("/dashboard/second-factor");
    let found = world.platform.store.business(business.number).await.unwrap().unwrap();
    assert!(!found.payouts_enabled);
    world.wait(10 * MINUTE);
    browser.get("/dashboard/second-factor").await.leads_to("/dashboard/sign-in");
}

async fn a_session_ends_when_it_is_not_used(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    for _ in 0..4 {
        world.wait(29 * MINUTE);
        browser.get("/dashboard/account").await.is(200);
    }
    world.wait(30 * MINUTE);
    browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
}

async fn a_session_ends_however_much_it_is_used(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    for _ in 0..35 {
        world.wait(20 * MINUTE);
        browser.get("/dashboard/account").await.is(200);
    }
    world.wait(20 * MINUTE - SECOND);
    browser.get("/dashboard/account").await.is(200);
    world.wait(SECOND);
    browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
}

async fn signing_out_ends_the_session(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    let token = browser.session();
    let left = browser.post("/dashboard/sign-out", &[]).await;
    left.leads_to("/dashboard/sign-in");
    assert_eq!(left.header("clear-site-data"), "\"cache\"");
    assert_eq!(browser.session(), "");
    let mut kept = world.browser().with_cookie(SESSION, &token);
    kept.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
}
