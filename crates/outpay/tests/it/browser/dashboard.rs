//! A member's path into the dashboard in a browser, by pointer, with axe on each page.

use crate::browser::axe;
use crate::browser::screen::{Screen, run};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, Email};
use outpay::testing::clock::Clock;
use outpay::testing::members::passkey::{self, PasskeyAnswer, PasskeySite};
use outpay::testing::members::sign_in::SignInError;
use outpay::testing::members::{SessionClient, invitation};
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

#[test]
fn a_passkey_signs_in_and_answers_each_challenge_once() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        browser.authenticator().await;
        sign_up(world).await;
        let recovery_code = browser.find("ol.mono li").await.text().await.unwrap();
        world.open("/dashboard/account").await;
        browser.type_into("#passkey-code", &recovery_code).await;
        browser.press("Add a passkey").await;
        browser.type_into("#name", "Laptop").await;
        axe::is_content(browser, "a new passkey").await;
        browser.press("Make the passkey").await;
        browser.until_text("The passkey is added").await;
        browser.until_text("Laptop").await;
        browser.press("Sign out").await;
        browser.find("form[data-passkey]:not([hidden])").await;
        axe::is_content(browser, "sign-in with a passkey").await;
        answers_once(world).await;
        world.open("/dashboard/sign-in").await;
        browser.press("Sign in with a passkey").await;
        browser.find(".sidebar").await;
        world.open("/dashboard/account").await;
        browser.press("Remove").await;
        browser.until_text("The passkey is removed").await;
        browser.press("Sign out").await;
        browser.press("Sign in with a passkey").await;
        browser.until_text("This passkey does not sign in").await;
    });
}

/// Answers the challenge of the page in the browser, and signs in with the answer on the server's side.
async fn answers_once(world: &Screen) {
    let ask = "const done = arguments[0]; const form = document.querySelector('form[data-passkey]');\
               const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.options));\
               navigator.credentials.get({ publicKey }).then((made) => done([form.elements.challenge.value, JSON.stringify(made.toJSON())]));";
    let answer = world.browser.client.execute_async(ask, Vec::new()).await.unwrap();
    let part = |place: usize| answer[place].as_str().unwrap();
    let (sealed, credential) = (part(0), part(1));
    let sign_in = async |base: &str, sealed: &str, credential: &str| {
        let site = PasskeySite::at(base).unwrap();
        let client = SessionClient { agent: "a browser".to_owned(), address: "192.0.2.1".to_owned() };
        let answer = PasskeyAnswer { sealed, credential };
        passkey::sign_in(&world.platform, &site, &answer, &client, None).await
    };
    let other_port = "http://localhost:1";
    let other_challenge = passkey::ask_to_sign_in(&world.platform, &PasskeySite::at(&world.url).unwrap());
    let altered = credential.replace("\"signature\":\"", "\"signature\":\"AA");
    for (base, sealed, credential) in [
        (other_port, sealed, credential),
        ("https://pay.example.com", sealed, credential),
        (&world.url, other_challenge.unwrap().sealed.as_str(), credential),
        (&world.url, "", credential),
        (&world.url, sealed, "{}"),
        (&world.url, sealed, altered.as_str()),
    ] {
        let refused = sign_in(base, sealed, credential).await;
        assert!(matches!(refused, Err(SignInError::Wrong)), "{base} {sealed} {credential}");
    }
    let step = sign_in(&world.url, sealed, credential).await;
    assert!(step.is_ok_and(|step| step.complete));
    assert!(matches!(sign_in(&world.url, sealed, credential).await, Err(SignInError::Wrong)), "once");
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
