//! Both faces in one browser, end to end: a new owner signs up with a second factor, enables payouts, creates a key
//! and pays a recipient with it; the recipient opens the link and requests a withdrawal; the owner approves; the
//! webhook arrives; the receipt is there. axe checks every page of the dashboard while it has content.

use crate::browser::axe;
use crate::browser::chromium::Browser;
use crate::browser::dashboard::sign_up;
use crate::browser::screen::{Screen, run};
use crate::receiver::{Received, Receiver};
use crate::wire::Call;
use ledger::{BookId, Cents, Command, Mode, Request};
use std::time::Duration;

const EMAIL: &str = "user@example.com";
const STEPS: [&str; 3] = ["payout.created", "payout.processing", "payout.succeeded"];

#[test]
fn from_sign_up_to_a_receipt() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        let receiver = Receiver::open().await;
        sign_up(world).await;
        set_up(world, &receiver).await;
        let key = make_key(world).await;
        let create = format!(r#"{{"email":"{EMAIL}","amount":10000}}"#);
        let call = Call::new(world.address(), "POST", "/payout/create").key(&key).json(create);
        let hash = call.send().await.value(201)["hash"].as_str().unwrap().to_owned();

        world.open(&format!("/p#{hash}")).await;
        browser.until_text("$100.00").await;
        browser.click("a[href='/p/withdraw/sandbox']").await;
        browser.type_into("#amount", "25.00").await;
        browser.type_into("input[name='account'], input[name$='account']", "somebody").await;
        browser.press("Review").await;
        axe::is_content(browser, "summary").await;
        browser.press("Confirm and send").await;
        browser.find("#progress").await;
        let operation = browser.path().await;

        approve(world).await;
        let received = receiver.until(STEPS.len()).await;
        assert_eq!(received.iter().map(Received::kind).collect::<Vec<_>>(), STEPS, "in order");

        world.open(&operation).await;
        browser.until_text("The money was paid out.").await;
        browser.press("Receipt").await;
        let receipt = "fetch(document.querySelector('a[download]').href).then(r => r.json()).then(done, e => done(String(e)))";
        let script = format!("const done = arguments[0]; {receipt};");
        let receipt = browser.client.execute_async(&script, Vec::new()).await.unwrap();
        assert!(receipt.is_object() && receipt.to_string().contains("2500"), "{receipt}");
        every_page_is_content(world).await;
    });
}

/// Payouts enabled, in test mode, with money, every withdrawal reviewed, and a webhook endpoint.
async fn set_up(world: &Screen, receiver: &Receiver) {
    let browser = &world.browser;
    world.open("/dashboard/settings").await;
    browser.press("Enable payouts").await;
    browser.find(".badge-good").await;
    browser.press("Test").await;
    browser.find(".mode-banner").await;
    // Only an operator can deposit.
    let deposit = Command::Deposit {
        amount: Cents(1_000_000),
        reference: "all".to_owned(),
        used_elsewhere: true,
        received_on: String::new(),
    };
    let book = BookId::new(world.business, Mode::Test);
    world.platform.teller.ask(book, Request::plain(deposit)).await.unwrap().unwrap();
    world.open("/dashboard").await;
    browser.type_into("#amount", "5000").await;
    browser.press("Move").await;
    browser.until_text("$5,000.00").await;
    world.open("/dashboard/settings").await;
    browser.click("input[name='review_always']").await;
    browser.press("Save Sandbox").await;
    browser.find("input[name='review_always']:checked").await;
    world.open("/dashboard/webhooks").await;
    axe::is_content(browser, "webhooks without an endpoint").await;
    browser.type_into("#url", &receiver.url("/hook")).await;
    for step in STEPS {
        let script = format!("document.querySelector('input[value=\"{step}\"]').checked = true;");
        browser.client.execute(&script, Vec::new()).await.unwrap();
    }
    browser.press("Save").await;
    browser.until_text("whsec_").await;
    axe::is_content(browser, "webhook keys").await;
}

/// The key, which the page shows once.
async fn make_key(world: &Screen) -> String {
    let browser = &world.browser;
    world.open("/dashboard/keys").await;
    browser.type_into("#name", "Shop").await;
    browser.click("input[name='mode'][value='test']").await;
    browser.press("Create key").await;
    let key = browser.find("#key").await.text().await.unwrap();
    axe::is_content(browser, "a new key").await;
    browser.press("I have kept it").await;
    browser.until_text("Shop").await;
    assert!(!browser.client.source().await.unwrap().contains(&key), "the key is shown once");
    key
}

async fn approve(world: &Screen) {
    let browser = &world.browser;
    world.open("/dashboard/withdrawals?state=review").await;
    browser.until_text(EMAIL).await;
    axe::is_content(browser, "withdrawals in review").await;
    browser.picture("dashboard-withdrawals").await;
    browser.click("input[name='withdrawal']").await;
    browser.press("Approve").await;
    for _ in 0..50 {
        world.open("/dashboard/withdrawals?state=succeeded").await;
        if browser.text().await.contains(EMAIL) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the withdrawal does not succeed: {}", browser.text().await);
}

/// Every page in the navigation, and one of each kind of page below it.
async fn every_page_is_content(world: &Screen) {
    let browser = &world.browser;
    for (page, path, one) in [
        ("home", "/dashboard", None),
        ("users", "/dashboard/users", Some("a[href^='/dashboard/users/usr_']")),
        ("withdrawals", "/dashboard/withdrawals", Some("a[href^='/dashboard/withdrawals/ord_']")),
        ("payment batches", "/dashboard/batches", None),
        ("import", "/dashboard/import", None),
        ("balance", "/dashboard/balance", None),
        ("deposits", "/dashboard/deposits", None),
        ("statement", "/dashboard/statement", None),
        ("journal", "/dashboard/journal", None),
        ("trial balance", "/dashboard/trial-balance", None),
        ("keys", "/dashboard/keys", Some("td a[href^='/dashboard/keys/key_']")),
        ("requests", "/dashboard/requests", Some("td a[href^='/dashboard/requests/']")),
        ("webhooks", "/dashboard/webhooks", Some("td a[href^='/dashboard/webhooks/whe_']")),
        ("webhook logs", "/dashboard/deliveries", Some("td a[href^='/dashboard/deliveries/']")),
    ] {
        world.open(path).await;
        if page == "requests" {
            until_a_request_is_listed(world, browser).await;
        }
        axe::is_content(browser, page).await;
        if page == "home" {
            browser.picture("dashboard-home").await;
        }
        if let Some(link) = one {
            let first = browser.find(link).await.attr("href").await.unwrap().unwrap();
            world.open(&first).await;
            axe::is_content(browser, &format!("one of {page}")).await;
        }
    }
}

/// The log is written every few seconds.
async fn until_a_request_is_listed(world: &Screen, browser: &Browser) {
    for _ in 0..100 {
        if browser.text().await.contains("/payout/create") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.open("/dashboard/requests").await;
    }
    panic!("the request is not in the log");
}
