//! One's own account: sessions, password, second factor, recovery codes.

use crate::dashboard::hat::{PASSWORD, Team, typed_key};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    sessions_are_listed_and_ended,
    a_changed_password_ends_the_other_sessions,
    recovery_codes_are_renewed_for_a_code,
    another_app_takes_over_once_its_code_was_given,
    the_mode_is_remembered,
}

async fn sessions_are_listed_and_ended(world: &Team) {
    let business = world.business().await;
    let mut first = world.member(&business, Role::Viewer).await;
    let mut second = world.halfway(&first).await;
    let code = world.next_code(&first.key);
    second.post("/dashboard/second-factor", &[("code", &code)]).await.is(303);
    let page = second.get("/dashboard/account").await;
    let id = page.is(200).says("a browser without script").between("name=\"session\" value=\"", "\"");
    // Another member's session cannot be ended.
    let mut other = world.member(&business, Role::Owner).await.browser;
    other.post("/dashboard/account/sessions", &[("session", &id)]).await.is(404);
    second.post("/dashboard/account/sessions", &[("session", &id)]).await.leads_to("/dashboard/account");
    first.browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    second.post("/dashboard/account/sessions", &[("session", &id)]).await.is(404);
    second.post("/dashboard/account/sessions", &[("session", "others")]).await.is(303);
    second.get("/dashboard/account").await.is(200);
}

async fn a_changed_password_ends_the_other_sessions(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Viewer).await;
    let mut other = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    other.post("/dashboard/second-factor", &[("code", &code)]).await.is(303);
    let path = "/dashboard/account/password";
    let new = "quite another password";
    let change = |present, one, two| [("present", present), ("password", one), ("password_again", two)];
    member
        .browser
        .post(path, &change("not the password", new, new))
        .await
        .is(400)
        .says("Current password: it is wrong");
    member.browser.post(path, &change(PASSWORD, new, "x")).await.is(400).says("match the new password");
    member.browser.post(path, &change(PASSWORD, "short", "short")).await.is(400).says("12 characters");
    member.browser.post(path, &change(PASSWORD, new, new)).await.leads_to("/dashboard/account");
    member.browser.get("/dashboard/account").await.is(200).says("Your password is changed");
    other.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    let mut browser = world.browser();
    let fields = |password| [("email", member.email.as_str()), ("password", password)];
    browser.post("/dashboard/sign-in", &fields(PASSWORD)).await.is(422);
    browser.post("/dashboard/sign-in", &fields(new)).await.is(303);
}

async fn another_app_takes_over_once_its_code_was_given(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Viewer).await;
    let mut other = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    other.post("/dashboard/second-factor", &[("code", &code)]).await.is(303);
    let (begin, confirm) = ("/dashboard/account/second-factor", "/dashboard/account/second-factor/confirm");
    member.browser.post(confirm, &[("code", "000000")]).await.leads_to("/dashboard/account");
    member.browser.post(begin, &[("code", "000000")]).await.is(400);
    let code = world.next_code(&member.key);
    let page = member.browser.post(begin, &[("code", &code)]).await;
    let new = typed_key(&page.is(200).says("<svg").between("<dd class=\"mono\">", "</dd>"));
    // Until then the old one is asked for.
    let mut third = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    third.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    member.browser.post(confirm, &[("code", "000000")]).await.is(422).says("wrong");
    // A code of the old app confirms nothing.
    let code = world.next_code(&member.key);
    member.browser.post(confirm, &[("code", &code)]).await.is(422);
    let code = world.code(&new);
    member.browser.post(confirm, &[("code", &code)]).await.leads_to("/dashboard/account");
    member.browser.get("/dashboard/account").await.is(200).says("Your second factor is changed");
    for ended in [&mut other, &mut third] {
        ended.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    }
    let mut browser = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(422);
    let code = world.code(&new);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    assert!(world.audit(&business).await.contains(&"member.second_factor_changed".to_owned()));
}

async fn recovery_codes_are_renewed_for_a_code(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Viewer).await;
    let path = "/dashboard/account/recovery-codes";
    member.browser.post(path, &[("code", "000000")]).await.is(400);
    let code = world.next_code(&member.key);
    let page = member.browser.post(path, &[("code", &code)]).await;
    let new = page.is(200).between("<li>", "</li>");
    let mut browser = world.halfway(&member).await;
    let old = member.recovery_codes[0].as_str();
    browser.post("/dashboard/second-factor", &[("code", old)]).await.is(422);
    browser.post("/dashboard/second-factor", &[("code", &new)]).await.leads_to("/dashboard");
}

async fn the_mode_is_remembered(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Viewer).await.browser;
    browser.get("/dashboard/settings").await.is(200).says_not("mode-banner").says("live mode");
    browser.post("/dashboard/mode", &[("mode", "test")]).await.leads_to("/dashboard");
    browser
        .get("/dashboard/settings")
        .await
        .is(200)
        .says("mode-banner")
        .says("Switch to live")
        .says("sandbox");
    browser.post("/dashboard/mode", &[("mode", "neither")]).await.is(400);
    browser.post("/dashboard/mode", &[("mode", "live")]).await.leads_to("/dashboard");
    browser.get("/dashboard/settings").await.is(200).says_not("mode-banner");
}
