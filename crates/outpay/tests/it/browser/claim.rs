//! A recipient's path from the link to the receipt in a browser: by pointer, by keyboard alone, and without script.
//! Test money on the sandbox, which follows the last two digits: 16 is pending for five seconds and then succeeds.

use crate::browser::axe;
use crate::browser::chromium::{Browser, Look};
use crate::browser::screen::{Screen, run};
use fantoccini::key::Key;
use std::collections::HashSet;

#[test]
fn a_person_withdraws_and_sees_it_succeed_without_reloading() {
    run(async |world: &Screen| {
        let book = world.fund().await;
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let browser = &world.browser;
        world.open("/p").await;
        axe::is_content(browser, "entry").await;
        world.open(&format!("/p#{hash}")).await;
        browser.until_text("$100.00").await;
        assert_eq!(browser.path().await, "/p/home", "the hash has left the address bar");
        assert_hash_is_nowhere(browser, &hash).await;
        axe::is_content(browser, "home").await;
        browser.picture("claim").await;
        withdraw(browser, "25.16").await;
        axe::is_content(browser, "operation on its way").await;
        // A reload would lose this variable.
        browser.client.execute("window.sameDocument = true;", Vec::new()).await.unwrap();
        browser.until_text("The money was paid out.").await;
        assert_eq!(browser.evaluate("window.sameDocument === true").await, true, "without reloading");
        axe::is_content(browser, "operation paid").await;
        browser.picture("claim-paid").await;
        browser.press("Receipt").await;
        browser.find(".receipt").await;
        axe::is_content(browser, "receipt").await;
        let receipt = "fetch(document.querySelector('a[download]').href).then(r => r.json()).then(done, e => done(String(e)))";
        let script = format!("const done = arguments[0]; {receipt};");
        let receipt = browser.client.execute_async(&script, Vec::new()).await.unwrap();
        assert!(receipt.is_object(), "{receipt}");
        world.open("/p/home").await;
        browser.until_text("$74.84").await;
        axe::is_content(browser, "home with history").await;
    });
}

#[test]
fn the_same_by_keyboard_alone() {
    run(async |world: &Screen| {
        let book = world.fund().await;
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let browser = &world.browser;
        world.open("/p").await;
        tab_to(browser, "#hash").await;
        keys(browser, &hash).await;
        keys(browser, &Key::Enter.to_string()).await;
        browser.until_text("$100.00").await;
        tab_to(browser, "a[href='/p/withdraw/sandbox']").await;
        keys(browser, &Key::Enter.to_string()).await;
        browser.find("#amount").await;
        tab_to(browser, "#amount").await;
        keys(browser, &format!("{}a", Key::Control)).await;
        keys(browser, "25.00").await;
        tab_to(browser, "input[name='account'], input[name$='account']").await;
        keys(browser, "somebody").await;
        keys(browser, &Key::Enter.to_string()).await;
        browser.until_text("Review your withdrawal").await;
        tab_to(browser, "form[action$='/confirm'] button").await;
        keys(browser, &Key::Space.to_string()).await;
        browser.until_text("The money was paid out.").await;
        tab_to(browser, "a[href$='/receipt']").await;
        keys(browser, &Key::Enter.to_string()).await;
        browser.find(".receipt").await;
    });
}

#[test]
fn the_same_without_script() {
    run(async |world: &Screen| {
        let book = world.fund().await;
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let browser = &world.browser;
        browser.script(false).await;
        world.open("/p").await;
        browser.type_into("#hash", &hash).await;
        browser.press("Open my payout").await;
        browser.until_text("$100.00").await;
        assert_eq!(browser.path().await, "/p/home");
        withdraw(browser, "25.00").await;
        // Without script the page reloads itself every few seconds.
        browser.until_text("The money was paid out.").await;
        browser.press("Receipt").await;
        browser.find(".receipt").await;
    });
}

/// The tree that a screen reader is given, on a phone and without script.
#[test]
fn a_screen_reader_reads_the_page_in_a_sensible_order() {
    run(async |world: &Screen| {
        let book = world.fund().await;
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let browser = &world.browser;
        browser.look(PHONE).await;
        browser.script(false).await;
        world.open("/p").await;
        browser.type_into("#hash", &hash).await;
        browser.press("Open my payout").await;
        browser.until_text("$100.00").await;
        let page = browser.read_aloud().await;
        let place = |role: &str, name: &str| {
            let found = page.iter().position(|(is, says)| is == role && says == name);
            found.unwrap_or_else(|| panic!("no {role} {name:?} in {page:#?}"))
        };
        let order = [
            place("heading", "Bookshop sent you money"),
            place("heading", "Withdraw"),
            place("link", "Sandbox Arrives in seconds You receive $100.00 No fee"),
            place("heading", "Activity"),
        ];
        assert!(order.is_sorted(), "{page:#?}");
        withdraw(browser, "25.00").await;
        browser.until_text("The money was paid out.").await;
        let page = browser.read_aloud().await;
        let says = |role: &str, name: &str| page.iter().any(|(is, says)| is == role && says == name);
        assert!(says("heading", "Sandbox") && says("heading", "Status"), "{page:#?}");
        assert!(says("StaticText", "Paid") && says("link", "Receipt"), "{page:#?}");
    });
}

const PHONE: Look = Look { width: 390, is_dark: false };

/// Arabic, from the link to the receipt: axe, no sideways scrolling, and codes that run from left to right.
#[test]
fn the_same_from_right_to_left() {
    run(async |world: &Screen| {
        let book = world.fund().await;
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let browser = &world.browser;
        world.open(&format!("/p?lang=ar#{hash}")).await;
        browser.find("a[href='/p/withdraw/sandbox']").await;
        axe::is_content(browser, "home in Arabic").await;
        assert_eq!(browser.evaluate("getComputedStyle(document.body).direction").await, "rtl");
        let row = "(() => { const row = document.querySelector('a.method'); \
            return row.querySelector('.mark').getBoundingClientRect().left > row.querySelector('strong').getBoundingClientRect().left; })()";
        assert_eq!(browser.evaluate(row).await, true, "the picture stands at the right");
        browser.click("a[href='/p/withdraw/sandbox']").await;
        browser.type_into("#amount", "25.00").await;
        browser.type_into("input[name$='account']", "somebody").await;
        axe::is_content(browser, "form in Arabic").await;
        browser.click("form[method=post] button.button-primary").await;
        browser.find("form[action$='/confirm']").await;
        axe::is_content(browser, "summary in Arabic").await;
        browser.click("form[action$='/confirm'] button").await;
        browser.click("a[href$='/receipt']").await;
        browser.find(".receipt").await;
        axe::is_content(browser, "receipt in Arabic").await;
    });
}

#[test]
fn a_wrong_link_says_so_and_lets_one_try_again() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        world.open(&format!("/p#{}", "a".repeat(52))).await;
        browser.until_text("This link isn't valid").await;
        assert_eq!(browser.path().await, "/p", "what was tried has left the address bar");
        axe::is_content(browser, "wrong link").await;
        assert_eq!(browser.evaluate("document.activeElement.id").await, "wrong", "it is read out");
    });
}

/// From the home page to a withdrawal of this amount by the sandbox.
pub async fn withdraw(browser: &Browser, amount: &str) {
    browser.click("a[href='/p/withdraw/sandbox']").await;
    browser.type_into("#amount", amount).await;
    browser.type_into("input[name='account'], input[name$='account']", "somebody").await;
    browser.press("Review").await;
    browser.until_text("Review your withdrawal").await;
    browser.press("Confirm and send").await;
    browser.find("#progress").await;
}

async fn assert_hash_is_nowhere(browser: &Browser, hash: &str) {
    assert!(!browser.client.source().await.unwrap().contains(hash), "the hash is in the page");
    for place in [
        "JSON.stringify(localStorage)",
        "JSON.stringify(sessionStorage)",
        "document.cookie",
        "JSON.stringify(history.state)",
    ] {
        let found = browser.evaluate(place).await.to_string();
        assert!(!found.contains(hash), "the hash is in {place}");
    }
}

/// Presses Tab until this element has the focus, which must be visible on every element on the way.
async fn tab_to(browser: &Browser, css: &str) {
    let is_there = format!("document.activeElement.matches({css:?})");
    let place = "document.activeElement.outerHTML.slice(0, 200)";
    let visible = "(() => { const s = getComputedStyle(document.activeElement); \
        return document.activeElement === document.body || s.outlineStyle !== 'none' || s.boxShadow !== 'none'; })()";
    let mut seen = HashSet::new();
    for _ in 0..60 {
        if browser.evaluate(&is_there).await == true {
            return;
        }
        keys(browser, &Key::Tab.to_string()).await;
        let now = browser.evaluate(place).await.to_string();
        assert_eq!(browser.evaluate(visible).await, true, "the focus is not seen on {now}");
        seen.insert(now);
    }
    panic!("the tab key does not reach {css}: {seen:#?}");
}

async fn keys(browser: &Browser, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}
