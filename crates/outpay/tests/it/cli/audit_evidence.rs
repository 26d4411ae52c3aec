//! `outpay audit` beyond balances: recipients of withdrawals, attempts and slots, remembered replies, gift cards,
//! keys, and rows that belong to another state of the database.

use crate::cli::installation::Installation;
use ledger::{Actor, BatchPayout, BookId, Cents, Command, Email, OnceKey, Progress, Request, Step};
use outpay::testing::store::NewGiftCard;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    what_is_right_is_green,
    to_whom_and_how_a_withdrawal_goes_is_covered,
    attempts_that_do_not_fit_are_found,
    a_slot_that_would_be_given_out_again_is_found,
    a_reference_that_is_not_remembered_is_found,
    an_answer_that_names_what_is_not_there_is_found,
    a_gift_card_given_to_nothing_is_found,
    a_reader_ahead_of_its_journal_is_found,
    a_key_that_opens_more_than_it_may_is_found,
    rows_of_no_book_are_found,
}

const BOOK: BookId = BookId(2);

/// Withdrawals 1 (being sent, two attempts in one slot, a gift card) and 2 (queued) of user 1, who was paid by a
/// batch.
fn start(installation: &Installation) {
    installation.paying_business("Acme", 1_000_000);
    installation.configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
    installation.ok(&["method", "enable", "Acme", "bank"]);
    installation.inside(async |platform| {
        let payout = |email: &str, reference: &str| BatchPayout {
            email: Email::parse(email).unwrap(),
            amount: Cents(100_000),
            reference: Some(reference.to_owned()),
            memo: String::new(),
            metadata: ledger::Metadata::default(),
        };
        let payouts = vec![payout("ann@example.com", "first"), payout("bob@example.com", "second")];
        let once = Some(OnceKey::of_request("a batch"));
        let batch = Request::maybe_once(Command::CreateMany { payouts, partial: false }, once);
        platform.teller.ask(BOOK, batch).await.unwrap().unwrap();
        for amount in [10_000, 20_000] {
            let destination =
                json!({ "name": "Ann Example", "account": "DE89" }).as_object().unwrap().clone();
            let wish = Wish { method: "bank".to_owned(), amount: Cents(amount), destination };
            platform.counter(BOOK, Actor::NONE).withdraw(1, &wish).await.unwrap();
        }
        let send = Request::plain(Command::Advance(Box::new(Progress::new(1, Step::Send))));
        platform.teller.ask(BOOK, send).await.unwrap().unwrap();
        let (brand, face_value) = ("Shop".to_owned(), Cents(10_000));
        let card = |code| NewGiftCard {
            brand: brand.clone(),
            face_value,
            expires_at: None,
            digest: [code; 32],
            sealed: vec![code],
        };
        platform.store.import_gift_cards(BOOK, &[card(1), card(2)], 1).await.unwrap();
        platform.store.give_gift_card(BOOK, 1, (&brand, face_value), 1).await.unwrap();
    });
    let request = blob(installation, &[1]);
    for number in [1, 2] {
        installation.tamper(&format!(
            "INSERT INTO attempt (book, withdrawal, number, rail, key, request, slot, created_at, answer, answer_text) \
             VALUES (2, 1, {number}, 'usdc', 'key {number}', {request}, 5, 1, '', '')"
        ));
    }
    installation.tamper("INSERT INTO rail_slot (rail, next) VALUES ('a line', 6)");
}

/// Place, number and sentence of each difference after a change.
fn found_after(installation: &Installation, sql: &str) -> Vec<(String, i64, String)> {
    installation.tamper(sql);
    let ran = installation.run(&["audit", "--json"]);
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let all = report["differences"].as_array().unwrap();
    assert!(ran.code == 1 && !all.is_empty(), "{sql}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter()
        .map(|one| (text(&one["place"]), one["number"].as_i64().unwrap_or(0), text(&one["what"])))
        .collect()
}

/// The change is reported with these words, and nothing is reported once it is undone.
fn finds(installation: &Installation, change: &str, words: &str, undo: &str) {
    let found = found_after(installation, change);
    assert!(found.iter().any(|(_, _, what)| what.contains(words)), "{change}: {found:?}");
    installation.tamper(undo);
    installation.ok(&["audit"]);
}

fn blob(installation: &Installation, bytes: &[u8]) -> String {
    let digits = data_encoding::HEXLOWER.encode(bytes);
    if installation.is_sqlite() { format!("x'{digits}'") } else { format!("decode('{digits}', 'hex')") }
}

fn what_is_right_is_green(installation: &Installation) {
    start(installation);
    let report = installation.json(&["audit"]);
    assert_eq!(
        (&report["withdrawals"], &report["attempts"], &report["remembered"]),
        (&2.into(), &2.into(), &4.into())
    );
}

fn to_whom_and_how_a_withdrawal_goes_is_covered(installation: &Installation) {
    start(installation);
    // 1 deposit, 2 transfer, 3 settings, 4 opens the method, 5 and 6 create users, 7 creates the first withdrawal.
    for (change, undo) in [
        (
            "destination = replace(destination, 'DE89', 'DE90')",
            "destination = replace(destination, 'DE90', 'DE89')",
        ),
        ("method = 'cash'", "method = 'bank'"),
        ("provider = 'crypto'", "provider = 'manual'"),
        ("fees = fees + 1", "fees = fees - 1"),
    ] {
        let found = found_after(installation, &format!("UPDATE withdrawal SET {change} WHERE number = 1"));
        assert_eq!((found[0].0.as_str(), found[0].1), ("entry", 7), "{change}: {found:?}");
        installation.tamper(&format!("UPDATE withdrawal SET {undo} WHERE number = 1"));
        installation.ok(&["audit"]);
    }
    for change in ["amount = amount + 1", "payout_user = 2"] {
        let found = found_after(installation, &format!("UPDATE withdrawal SET {change} WHERE number = 2"));
        assert_eq!((found[0].0.as_str(), found[0].1), ("withdrawal", 2), "{change}: {found:?}");
    }
}

fn attempts_that_do_not_fit_are_found(installation: &Installation) {
    start(installation);
    let number = |from: i64, to: i64| {
        format!("UPDATE attempt SET number = {to} WHERE withdrawal = 1 AND number = {from}")
    };
    finds(installation, &number(1, 7), "attempt 1 is missing", &number(7, 1));
    finds(installation, &number(2, 7), "attempt 2 is missing, the next one is 7", &number(7, 2));
    for withdrawal in [2, 77] {
        let (change, undo) = (
            format!("UPDATE attempt SET withdrawal = {withdrawal} WHERE withdrawal = 1"),
            format!("UPDATE attempt SET withdrawal = 1 WHERE withdrawal = {withdrawal}"),
        );
        finds(installation, &change, "no entry says that it was being sent", &undo);
    }
}

fn a_slot_that_would_be_given_out_again_is_found(installation: &Installation) {
    start(installation);
    let words = "an attempt of rail usdc has slot 5, and 5 would be given out next";
    finds(installation, "UPDATE rail_slot SET next = 5", words, "UPDATE rail_slot SET next = 6");
    let found = found_after(installation, "DELETE FROM rail_slot");
    assert!(found[0].0 == "installation" && found[0].2.contains("0 would be given out next"), "{found:?}");
}

fn a_reference_that_is_not_remembered_is_found(installation: &Installation) {
    start(installation);
    for (key, entry) in
        [(OnceKey::of_deposit_reference("funds"), 1), (OnceKey::of_payout_reference("second"), 6)]
    {
        let key = blob(installation, &key.0);
        let other = blob(installation, &[9; 16]);
        let found =
            found_after(installation, &format!("UPDATE remembered SET key = {other} WHERE key = {key}"));
        assert_eq!((found[0].0.as_str(), found[0].1), ("entry", entry), "{found:?}");
        assert!(found[0].2.contains("could be paid again"), "{found:?}");
        installation.tamper(&format!("UPDATE remembered SET key = {key} WHERE key = {other}"));
        installation.ok(&["audit"]);
    }
    let key = blob(installation, &OnceKey::of_payout_reference("first").0);
    let user = |from: i64, to: i64| {
        format!(
            "UPDATE remembered SET outcome = replace(outcome, '\"user\":{from}', '\"user\":{to}') WHERE key = {key}"
        )
    };
    finds(installation, &user(1, 2), "something else is remembered", &user(2, 1));
    let key = blob(installation, &OnceKey::of_deposit_reference("funds").0);
    let balance = |from: &str, to: &str| {
        format!("UPDATE remembered SET outcome = replace(outcome, '{from}', '{to}') WHERE key = {key}")
    };
    let change = balance("\"main\":", "\"main\":1");
    finds(installation, &change, "something else is remembered", &balance("\"main\":1", "\"main\":"));
}

fn an_answer_that_names_what_is_not_there_is_found(installation: &Installation) {
    start(installation);
    let key = blob(installation, &OnceKey::of_request("a batch").0);
    let outcome = |from: &str, to: &str| {
        format!("UPDATE remembered SET outcome = replace(outcome, '{from}', '{to}') WHERE key = {key}")
    };
    finds(installation, &outcome("[2,0,", "[3,0,"), "names user 3 with hash 0", &outcome("[3,0,", "[2,0,"));
    finds(installation, &outcome("[2,0,", "[2,1,"), "names user 2 with hash 1", &outcome("[2,1,", "[2,0,"));
    // Another salt gives another hash.
    finds(installation, &outcome("[2,0,\"", "[2,0,\"00"), "cannot be read", &outcome("[2,0,\"00", "[2,0,\""));
    let found = found_after(installation, &outcome("{", "x"));
    assert!(found[0].0 == "book" && found[0].2.contains("cannot be read"), "{found:?}");
}

fn a_gift_card_given_to_nothing_is_found(installation: &Installation) {
    start(installation);
    let words = "gift card 1 was given out, but not to a withdrawal that was being sent";
    for change in ["withdrawal = 77", "withdrawal = 2", "withdrawal = NULL", "state = 1"] {
        let change = format!("UPDATE gift_card SET {change} WHERE number = 1");
        finds(
            installation,
            &change,
            words,
            "UPDATE gift_card SET withdrawal = 1, state = 2 WHERE number = 1",
        );
    }
}

fn a_reader_ahead_of_its_journal_is_found(installation: &Installation) {
    start(installation);
    let found = found_after(installation, "INSERT INTO day_sum_cursor (book, sequence) VALUES (2, 900)");
    assert!(found[0].0 == "book" && found[0].2.contains("sums of days have read further"), "{found:?}");
}

fn a_key_that_opens_more_than_it_may_is_found(installation: &Installation) {
    start(installation);
    let made = installation.json(&["key", "create", "Acme", "--expires-in", "1d"]);
    installation.ok(&["key", "revoke", made["id"].as_str().unwrap()]);
    let words = "does not match the stored key";
    let newest = "kind = 1 AND subject = (SELECT max(number) FROM api_key)";
    let set = |change: &str| format!("UPDATE credential SET {change} WHERE {newest}");
    finds(installation, &set("active = 1"), words, &set("active = 0"));
    finds(installation, &set("book = 3"), words, &set("book = 2"));
    let strange = blob(installation, &[5; 32]);
    let insert = format!(
        "INSERT INTO credential (digest, kind, book, subject, active) VALUES ({strange}, 1, 2, 1, 1)"
    );
    finds(installation, &insert, words, &format!("DELETE FROM credential WHERE digest = {strange}"));
    let found = found_after(installation, &set("expires_at = NULL"));
    assert!(found[0].2.contains(words), "{found:?}");
}

fn rows_of_no_book_are_found(installation: &Installation) {
    start(installation);
    let words = "has rows of book 77, which does not exist";
    let remembered = blob(installation, &[1; 16]);
    for (insert, table) in [
        ("INSERT INTO account (book, id, balance, head) VALUES (77, 1, 5, 0)".to_owned(), "account"),
        (
            format!(
                "INSERT INTO remembered (book, key, fingerprint, outcome) VALUES (77, {remembered}, {remembered}, 'x')"
            ),
            "remembered",
        ),
        (
            format!(
                "INSERT INTO payout_user (book, number, email, status, generation, salt, created_at) VALUES (77, 1, 'a@example.com', 1, 0, {remembered}, 0)"
            ),
            "payout_user",
        ),
    ] {
        let found = found_after(installation, &insert);
        let told = format!("the table {table} {words}");
        assert!(found.iter().any(|(place, _, what)| place == "installation" && *what == told), "{found:?}");
        installation.tamper(&format!("DELETE FROM {table} WHERE book = 77"));
        installation.ok(&["audit"]);
    }
}

/// A file assembled from two moments, as an interrupted copy leaves it.
#[test]
fn a_file_of_two_states_is_not_right() {
    let installation = Installation::on_sqlite();
    let file = installation.data().join("outpay.db");
    let settled = || {
        let connection = rusqlite::Connection::open(&file).unwrap();
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        assert_eq!(busy, 0);
        drop(connection);
        std::fs::read(&file).unwrap()
    };
    let pay = |from: u32, to: u32| {
        let lines: String = (from..to).map(|user| format!("user{user}@example.com,1\n")).collect();
        let people = installation.write("people.csv", &lines);
        installation.ok(&["import", &people, "--business", "Acme"]);
    };
    installation.paying_business("Acme", 1_000_000);
    pay(0, 300);
    let before = settled();
    pay(200, 600);
    let after = settled();
    assert!(before.len() > 20 * 4096 && after.len() > before.len(), "{} {}", before.len(), after.len());
    for quarter in 1..4 {
        let cut = before.len() / 4096 * quarter / 4 * 4096;
        let old_begins = [&before[..cut], &after[cut..]].concat();
        let old_ends = [&after[..cut], &before[cut..], &after[before.len()..]].concat();
        for (mixed, which) in [(old_begins, "begins"), (old_ends, "ends")] {
            std::fs::write(&file, mixed).unwrap();
            let ran = installation.run(&["audit"]);
            assert_eq!(ran.code, 1, "it {which} with older pages, {cut}: {}{}", ran.stdout, ran.stderr);
        }
    }
    std::fs::write(&file, after).unwrap();
    installation.ok(&["audit"]);
}
