//! Cross-site requests in a member's name, and pages in a foreign frame.

use crate::dashboard::hat::{PASSWORD, Team};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_post_without_the_right_token_or_from_elsewhere_does_nothing,
    a_sign_in_from_elsewhere_does_nothing,
    the_second_factor_needs_the_token_too,
    a_notice_cannot_be_forged,
    a_page_of_test_mode_does_not_pay_real_money,
}

async fn a_page_of_test_mode_does_not_pay_real_money(world: &Team) {
    let business = world.paying_business(100_000).await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    browser.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    let stale = browser.csrf().await;
    browser.post("/dashboard/mode", &[("mode", "live")]).await.is(303);
    let once = "00112233445566778899aabbccddeeff";
    let fields = [("email", "ada@example.com"), ("amount", "10"), ("once", once), ("csrf", stale.as_str())];
    let headers = [("Sec-Fetch-Site", "same-origin")];
    let page = browser.post_with("/dashboard/users/pay", &headers, &fields).await;
    page.is(403).says("switched between live and test mode");
    assert_eq!(world.platform.store.newest_user(business.live).await.unwrap(), 0);
    browser.post("/dashboard/users/pay", &fields[..3]).await.is(303);
    browser.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    browser.post("/dashboard/settings/payouts", &[("payouts", "off")]).await.is(400).says("live mode");
}

async fn a_post_without_the_right_token_or_from_elsewhere_does_nothing(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    let other = world.member(&business, Role::Owner).await.browser.csrf().await;
    let good = browser.csrf().await;
    let host = format!("http://{}", world.address());
    let path = "/dashboard/settings/payouts";
    for (headers, token) in [
        (vec![("Sec-Fetch-Site", "same-origin")], ""),
        (vec![("Sec-Fetch-Site", "same-origin")], "wrong"),
        (vec![("Sec-Fetch-Site", "same-origin")], other.as_str()),
        (vec![("Sec-Fetch-Site", "cross-site")], good.as_str()),
        (vec![("Sec-Fetch-Site", "same-site")], good.as_str()),
        (vec![("Origin", "https://evil.example")], good.as_str()),
    ] {
        let page = browser.post_with(path, &headers, &[("csrf", token), ("payouts", "on")]).await;
        page.is(403).says("does not belong to your session");
    }
    let not_a_form = browser.send("POST", path, &[("Sec-Fetch-Site", "same-origin")], None).await;
    not_a_form.is(415);
    let enabled =
        async || world.platform.store.business(business.number).await.unwrap().unwrap().payouts_enabled;
    assert!(!enabled().await);
    let headers = [("Origin", host.as_str())];
    let page = browser.post_with(path, &headers, &[("csrf", &good), ("payouts", "on")]).await;
    page.leads_to("/dashboard/settings");
    assert!(enabled().await);
}

async fn a_sign_in_from_elsewhere_does_nothing(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.browser();
    let fields = [("email", member.email.as_str()), ("password", PASSWORD)];
    for path in ["/dashboard/sign-in", "/dashboard/invitation", "/dashboard/invitation/accept"] {
        browser.post_with(path, &[("Sec-Fetch-Site", "cross-site")], &fields).await.is(403);
    }
    assert_eq!(browser.session(), "");
}

async fn the_second_factor_needs_the_token_too(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    let headers = [("Sec-Fetch-Site", "same-origin")];
    browser.post_with("/dashboard/second-factor", &headers, &[("code", &code)]).await.is(403);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
}

async fn a_notice_cannot_be_forged(world: &Team) {
    let business = world.business().await;
    let mut browser = world.member(&business, Role::Owner).await.browser;
    browser.post("/dashboard/settings/payouts", &[("payouts", "on")]).await.is(303);
    let notice = browser.cookies["__Host-outpay_notice"].clone();
    browser.get("/dashboard/settings").await.is(200).says("Payouts are enabled.");
    assert!(!browser.cookies.contains_key("__Host-outpay_notice"), "shown once");
    let (_, signature) = notice.split_once('.').unwrap();
    let forged = format!("{}.{signature}", data_encoding::BASE64URL_NOPAD.encode(b"Call this number"));
    let mut browser = browser.with_cookie("__Host-outpay_notice", &forged);
    browser.get("/dashboard/settings").await.is(200).says_not("Call this number");
}
