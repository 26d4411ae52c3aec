//! The reviewer's morning: thirty withdrawals that await review, decided in a real browser by keyboard and by pointer. Counts keys and
//! clicks, which docs/DESIGN.md states (Journeys), and checks the books afterwards.

use crate::browser::axe;
use crate::browser::chromium::Browser;
use crate::browser::dashboard::sign_up;
use crate::browser::screen::{Screen, run};
use ledger::{BookId, Cents, EntryKind, Order, Provider, ReviewRule, Terms, WithdrawalState};

const MANY: i64 = 30;
const PEOPLE: i64 = 10;
const QUEUE: &str = "/dashboard/withdrawals?state=review";
const ENTER: &str = "\u{e007}";
const REASON: &str = "Please use your own account";

/// Decides, and counts what that takes.
struct Reviewer<'a> {
    browser: &'a Browser,
    keys: usize,
    /// Of a reason that is typed.
    letters: usize,
    clicks: usize,
    /// The number of the newest withdrawal that awaits review.
    next: i64,
    /// What each part has taken.
    journeys: Vec<String>,
}

#[test]
fn a_morning_of_thirty_reviews() {
    run(async |world: &Screen| {
        sign_up(world).await;
        world.open("/dashboard").await;
        world.browser.press("Test").await;
        world.browser.find(".mode-banner").await;
        let book = ask_for_thirty(world).await;
        let browser = &world.browser;
        world.open(QUEUE).await;
        browser.until_text("30 withdrawals").await;
        axe::is_content(browser, "the review queue").await;
        let mut reviewer =
            Reviewer { browser, keys: 0, letters: 0, clicks: 0, next: MANY, journeys: Vec::new() };
        by_keyboard_in_the_queue(world, &mut reviewer).await;
        by_keyboard_page_by_page(world, &mut reviewer).await;
        let rejected = rejections_by_keyboard(&mut reviewer).await;
        by_pointer_in_the_queue(world, &mut reviewer).await;
        the_rest_at_once(world, &mut reviewer).await;
        check_the_books(world, book, &rejected).await;
        println!("journey | decisions | clicks | keystrokes\n{}", reviewer.journeys.join("\n"));
    });
}

/// Ten people ask three times each, with an amount for each number.
async fn ask_for_thirty(world: &Screen) -> BookId {
    let book = world.fund().await;
    let review = ReviewRule { always: true, ..ReviewRule::default() };
    let terms = Terms { enabled: true, review, ..Terms::default() };
    world.platform.store.set_terms(book, "sandbox", &terms).await.unwrap();
    for person in 1..=PEOPLE {
        world.pay(book, &format!("person{person}@example.com"), 20_000).await;
    }
    for number in 1..=MANY {
        let user = (number - 1) % PEOPLE + 1;
        let order = Order {
            user,
            method: "sandbox".to_owned(),
            provider: Provider::Sandbox,
            amount: Cents(amount(number)),
            destination: format!(r#"{{"account":"account-{user}"}}"#),
            terms: terms.clone(),
            is_held: false,
            day: 0,
        };
        assert_eq!(world.order(book, order).await, number);
    }
    book
}

/// Whole dollars, so that the sandbox pays each.
fn amount(number: i64) -> i64 {
    1_000 + 100 * number
}

fn dollars(number: i64) -> String {
    format!("${}.00", amount(number) / 100)
}

impl Reviewer<'_> {
    async fn key(&mut self, key: &str) {
        self.browser.client.active_element().await.unwrap().send_keys(key).await.unwrap();
        self.keys += 1;
    }

    async fn click(&mut self, css: &str) {
        self.browser.click(css).await;
        self.clicks += 1;
    }

    async fn press(&mut self, text: &str) {
        self.browser.press(text).await;
        self.clicks += 1;
    }

    /// The newest was decided, and the page says so.
    async fn decided(&mut self, word: &str, after: &str) {
        let person = (self.next - 1) % PEOPLE + 1;
        let said = format!("{word}: person{person}@example.com, {}.{after}", dollars(self.next));
        self.browser.until_text(&said).await;
        self.next -= 1;
    }

    /// What was counted since the last time.
    fn count(&mut self, journey: &str, decisions: usize) -> (usize, usize) {
        let (clicks, keys) = (self.clicks, self.keys);
        self.journeys.push(format!("{journey} | {decisions} | {clicks} | {keys}"));
        (self.clicks, self.keys, self.letters) = (0, 0, 0);
        (clicks, keys)
    }
}

async fn by_keyboard_in_the_queue(world: &Screen, reviewer: &mut Reviewer<'_>) {
    world.open(QUEUE).await;
    for _ in 0..10 {
        reviewer.key("j").await;
        reviewer.key("a").await;
        reviewer.decided("Approved", "").await;
    }
    assert_eq!(reviewer.count("approve in the queue, by keyboard", 10), (0, 20), "two keys each");
    // Nothing is approved before a row is chosen, and a key in a field is a letter.
    reviewer.key("a").await;
    world.browser.type_into("#q", "a").await;
    assert_eq!(world.browser.path().await, "/dashboard/withdrawals");
    (reviewer.keys, reviewer.clicks) = (0, 0);
}

async fn by_keyboard_page_by_page(world: &Screen, reviewer: &mut Reviewer<'_>) {
    world.open(QUEUE).await;
    reviewer.key("j").await;
    reviewer.key(ENTER).await;
    reviewer.browser.until_text("Why it awaits review").await;
    axe::is_content(reviewer.browser, "a withdrawal in review").await;
    for _ in 0..6 {
        reviewer.key("a").await;
        reviewer.decided("Approved", " This is the next.").await;
    }
    assert_eq!(
        reviewer.count("approve and see the next, by keyboard", 6),
        (0, 8),
        "one key each, two to begin"
    );
}

/// On the page that the decisions before have led to; the numbers that were rejected.
async fn rejections_by_keyboard(reviewer: &mut Reviewer<'_>) -> Vec<i64> {
    let mut rejected = Vec::new();
    for _ in 0..2 {
        rejected.push(reviewer.next);
        reviewer.key("r").await;
        reviewer.browser.client.active_element().await.unwrap().send_keys(REASON).await.unwrap();
        reviewer.letters += REASON.len();
        reviewer.key(ENTER).await;
        reviewer.decided("Rejected", " This is the next.").await;
    }
    assert_eq!(reviewer.letters, 2 * REASON.len());
    assert_eq!(reviewer.count("reject, by keyboard, beside the letters of the reason", 2), (0, 4));
    rejected
}

async fn by_pointer_in_the_queue(world: &Screen, reviewer: &mut Reviewer<'_>) {
    world.open(QUEUE).await;
    for _ in 0..6 {
        reviewer.click("button[data-approve]").await;
        reviewer.decided("Approved", "").await;
    }
    assert_eq!(reviewer.count("approve in the queue, by pointer", 6), (6, 0), "one click each");
}

async fn the_rest_at_once(world: &Screen, reviewer: &mut Reviewer<'_>) {
    world.open(QUEUE).await;
    let sum: i64 = (1..=reviewer.next).map(amount).sum();
    let all = format!("{} withdrawals, ${}.00", reviewer.next, sum / 100);
    reviewer.click("input[data-select-all]").await;
    reviewer.press("Approve…").await;
    reviewer.browser.until_text("What was sent cannot be called back.").await;
    axe::is_content(reviewer.browser, "many to be confirmed").await;
    reviewer.press(&format!("Approve {all}")).await;
    reviewer.browser.until_text(&format!("Approved {all}.")).await;
    assert_eq!(reviewer.count("approve all that are left, by pointer", 6), (3, 0), "select, ask, confirm");
    reviewer.browser.until_text("No withdrawals match these filters.").await;
}

async fn check_the_books(world: &Screen, book: BookId, rejected: &[i64]) {
    let store = &world.platform.store;
    assert_eq!(rejected, [14, 13]);
    for number in 1..=MANY {
        let entries = store.entries_of_withdrawal(book, number).await.unwrap();
        let of_kind = |kind| entries.iter().filter(move |stored| stored.entry.kind == kind);
        let (approvals, rejections) =
            (of_kind(EntryKind::WithdrawalApproved), of_kind(EntryKind::WithdrawalRejected));
        let decided: Vec<_> = approvals.chain(rejections).collect();
        assert_eq!(decided.len(), 1, "withdrawal {number} was decided once");
        assert!(decided[0].entry.actor.as_member().is_some(), "by a member");
        let is_rejected = decided[0].entry.kind == EntryKind::WithdrawalRejected;
        assert_eq!(is_rejected, rejected.contains(&number), "withdrawal {number}");
        let found = store.withdrawal(book, number).await.unwrap().unwrap();
        assert_eq!(found.state == WithdrawalState::Rejected, is_rejected);
        assert!(!is_rejected || found.reason == REASON);
    }
    for person in 1..=PEOPLE {
        let own = (1..=MANY).filter(|number| (number - 1) % PEOPLE + 1 == person);
        let gone: i64 = own.filter(|number| !rejected.contains(number)).map(amount).sum();
        let user = store.user(book, person).await.unwrap().unwrap().user;
        assert_eq!(user.balance.0, 20_000 - gone, "person {person}");
    }
}
