//! The end of a month in a browser: the statement, its check by the trial balance, the differences to providers, the export of the
//! journal. The figures of the pages and of the files must be those of the books.

use crate::browser::chromium::Browser;
use crate::browser::dashboard::sign_up;
use crate::browser::screen::{Screen, run};
use crate::browser::{axe, claim};

/// Five pages or files after the first, a click each, and one for the tab of the trial balance.
const CLICKS: usize = 6;
const DEPOSITED: i64 = 1_000_000;

#[test]
fn the_books_of_a_month_are_checked_and_exported() {
    run(async |world: &Screen| {
        let browser = &world.browser;
        sign_up(world).await;
        let book = world.fund().await;
        let hash = world.pay(book, "ada@example.com", 40_00).await;
        world.pay(book, "bob@example.com", 60_50).await;
        world.open(&format!("/p#{hash}")).await;
        browser.until_text("$40.00").await;
        claim::withdraw(browser, "15.00").await;
        browser.until_text("The money was paid out.").await;
        world.open("/dashboard").await;
        browser.press("Test").await;
        until_the_days_are_summed(world).await;
        world.open("/dashboard").await;
        browser.counted();

        browser.press("Statements").await;
        let amounts = amounts_of(browser, "Closing balance").await;
        // The last is the sum of the others: what was deposited, less what was paid out.
        assert_eq!(amounts.last(), Some(&(DEPOSITED - 1_500)), "{amounts:?}");
        assert_eq!(amounts[..amounts.len() - 1].iter().sum::<i64>(), DEPOSITED - 1_500);
        axe::is_content(browser, "statement of a month with movements").await;
        let statement = exported(browser).await;
        assert_adds_up(&statement);
        browser.press("Trial balance").await;
        let trial = amounts_of(browser, "All accounts").await;
        assert!(trial.len() == 3 && trial[0] == trial[1] && trial[2] == 0, "{trial:?}");
        browser.press("Reconciliation").await;
        browser.until_text("No open differences.").await;
        browser.press("Journal").await;
        let journal = exported(browser).await;
        let entries = u64::try_from(journal.lines().count() - 1).unwrap();
        let newest = world.platform.store.last_sequence(book).await.unwrap();
        assert_eq!(i64::try_from(entries).unwrap(), newest, "every entry of the book is in the file");
        assert_eq!(browser.counted(), (CLICKS, 0));
    });
}

/// A background task adds up the days.
async fn until_the_days_are_summed(world: &Screen) {
    for _ in 0..100 {
        world.open("/dashboard/statement").await;
        if world.browser.text().await.contains("Closing balance") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the statement is not there: {}", world.browser.text().await);
}

/// Presses the export of the page, and reads the file that the button leads to.
async fn exported(browser: &Browser) -> String {
    let address = "(document.querySelector('a[href*=\"/export\"]') ?? {}).href ?? (f => f.action + '?' + new URLSearchParams(new FormData(f)))(document.querySelector('form[action$=\"/export\"]'))";
    let address = browser.evaluate(address).await;
    browser.press("Export as CSV").await;
    let script = "const done = arguments[1]; fetch(arguments[0]).then(r => r.text()).then(done, e => done(String(e)));";
    let text = browser.client.execute_async(script, vec![address]).await.unwrap();
    text.as_str().unwrap().to_owned()
}

/// The amounts in the table's row with this head, in cents.
async fn amounts_of(browser: &Browser, row: &str) -> Vec<i64> {
    browser.until_text(row).await;
    let cells = format!(
        "[...document.querySelectorAll('tr')].find(row => row.querySelector('th')?.textContent === {row:?}).innerText"
    );
    let text = browser.evaluate(&cells).await;
    text.as_str().unwrap().split_whitespace().filter(|word| word.contains('$')).map(cents).collect()
}

fn cents(money: &str) -> i64 {
    let digits: String = money.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    digits.parse().unwrap()
}

/// In every column of the file: opening balance and movements make the closing balance.
fn assert_adds_up(file: &str) {
    let rows: Vec<Vec<&str>> = file.lines().map(|line| line.split(',').collect()).collect();
    let of =
        |title: &str| rows.iter().find(|row| row[1] == title).unwrap_or_else(|| panic!("{title}: {file}"));
    let (opening, closing) = (of("Opening balance"), of("Closing balance"));
    assert_eq!(rows[0][3..9], ["main", "payout", "held", "people", "fees", "all"]);
    for column in 3..9 {
        let is_movement = |row: &&Vec<&str>| !["Opening balance", "Closing balance"].contains(&row[1]);
        let movements = rows[1..].iter().filter(is_movement);
        let moved: i64 = movements.map(|row| cents(row[column])).sum();
        assert_eq!(cents(opening[column]) + moved, cents(closing[column]), "column {column}: {file}");
    }
}
