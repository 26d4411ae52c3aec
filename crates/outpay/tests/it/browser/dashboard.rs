//! A member's path into the dashboard in a browser, by pointer, with axe on each page.

use crate::browser::axe;
use crate::browser::screen::{Screen, run};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, Email};
use outpay::testing::clock::Clock;
use outpay::testing::members::invitation;
use outpay::testing::roles::Role;

const PASSWORD: &str = "seven-quiet-otters-dancing";

#[test]
fn a_new_owner_signs_up_with_a_second_factor_and_enables_payouts() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        sign_up(world).await;
        for (page, path) in [
            ("settings", "/dashboard/settings"),
            ("team", "/dashboard/team"),
            ("account", "/dashboard/account"),
            ("audit log", "/dashboard/audit"),
        ] {
            world.open(path).await;
            axe::is_content(browser, page).await;
        }
        world.open("/dashboard/settings").await;
        browser.press("Enable payouts").await;
        browser.press("Disable payouts").await;
        browser.find(".badge-warn").await;
        browser.press("Enable payouts").await;
        browser.find(".badge-good").await;
        let business = world.platform.store.business(world.business).await.unwrap().unwrap();
        assert!(business.payouts_enabled);
    });
}

/// A new owner, from the invitation to the recovery codes.
pub async fn sign_up(world: &Screen) {
    let browser = &world.browser;
    let email = Email::parse("owner@example.com").unwrap();
    let invited = invitation::invite(&world.platform, world.business, &email, Role::Owner, Actor::OPERATOR);
    let token = invited.await.unwrap_or_else(|_| panic!("it is made")).token;
    let link = invitation::link(&world.url, &token);
    world.open("/dashboard/invitation").await;
    axe::is_content(browser, "invitation").await;
    browser.open(secrecy::ExposeSecret::expose_secret(&link)).await;
    browser.find("#name").await;
    assert_eq!(browser.evaluate("location.hash").await, "", "the token has left the address bar");
    axe::is_content(browser, "joining").await;
    browser.type_into("#name", "Ada").await;
    browser.type_into("#password", PASSWORD).await;
    browser.type_into("#password-again", PASSWORD).await;
    browser.press("Continue").await;
    let key = browser.find("dd.mono").await.text().await.unwrap();
    axe::is_content(browser, "enrolment").await;
    browser.type_into("#code", &code(&key)).await;
    browser.press("Confirm").await;
    browser.find("ol.mono").await;
    axe::is_content(browser, "recovery codes").await;
}

/// The code that an authenticator app would show.
fn code(key: &str) -> String {
    let key: String = key.split_whitespace().collect();
    let bytes = BASE32_NOPAD.decode(key.as_bytes()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
    totp.generate(u64::try_from(Clock::System.now() / 1_000_000).unwrap()).to_string()
}
