//! The first hour of an owner in a browser: from the invitation to the first person who is given money.

use crate::browser::axe;
use crate::browser::dashboard::sign_up;
use crate::browser::screen::{Screen, run};
use ledger::{BookId, Cents, Mode};
use outpay::testing::store::UserRow;

/// Three of the sign-up (the typing is a person's own name, password and code), then: enable payouts, move the money, open the
/// recipients, send.
const CLICKS: usize = 7;
/// Address and amounts.
const KEYSTROKES: usize = "500".len() + "ada@example.com".len() + "25".len();

#[test]
fn an_owner_sends_the_first_payout() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        sign_up(world).await;
        browser.press("I have kept them").await;
        let (clicks, _) = browser.counted();
        let book = BookId::new(world.business, Mode::Live);
        // The operator records what the business sent.
        world.deposit(book, 100_000).await;

        browser.press("Enable payouts").await;
        browser.until_text("Payouts are enabled.").await;
        assert_eq!(browser.path().await, "/dashboard");
        axe::is_content(browser, "home before the first payout").await;
        browser.type_into("#amount", "500").await;
        browser.press("Move").await;
        browser.until_text("$500.00").await;
        browser.press("Recipients").await;
        browser.type_into("#email", "ada@example.com").await;
        browser.type_into("#amount", "25").await;
        browser.press("Send payout").await;
        browser.until_text("$25.00").await;
        let (more, keystrokes) = browser.counted();
        assert_eq!((clicks + more, keystrokes), (CLICKS, KEYSTROKES));
        let UserRow { user, .. } = world.platform.store.user(book, 1).await.unwrap().unwrap();
        assert_eq!((user.email.as_str(), user.balance), ("ada@example.com", Cents(2_500)));
        assert!(!browser.text().await.contains("First steps"));
    });
}
