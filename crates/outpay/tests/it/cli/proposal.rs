//! Commands that take two people at the operator's door: reversed deposits, money paid out, swept fees, withdrawals
//! ended without their rail; each by a proposal and the code that another operator was given.

use crate::cli::installation::{Installation, Ran};
use ledger::{Actor, BookId, Cents, Progress, Step};
use outpay::testing::ids::IdKind;
use outpay::testing::store::Attempt;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_deposit_is_reversed_by_two_operators,
    a_deposit_is_reversed_in_parts_and_never_beyond_the_main_balance,
    a_withdrawn_proposal_does_nothing,
    money_is_paid_out_and_fees_are_swept,
    without_its_rail_a_withdrawal_is_ended_by_two_people_only,
    above_a_limit_a_payment_by_hand_takes_two,
}

const BOOK: BookId = BookId(2);

fn balance(installation: &Installation) -> Value {
    installation.json(&["business", "show", "Acme"])["balance"].clone()
}

/// Id and code.
fn proposed(made: &Value) -> (String, String) {
    assert_eq!(made["state"], "open");
    (made["id"].as_str().unwrap().to_owned(), made["code"].as_str().unwrap().to_owned())
}

fn confirm(installation: &Installation, made: &Value) -> Value {
    let (id, code) = proposed(made);
    let ran = confirm_with(installation, &id, &code);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn confirm_with(installation: &Installation, id: &str, code: &str) -> Ran {
    installation.run_with(("OUTPAY_CODE", code), &["proposal", "confirm", id, "--json"])
}

fn refused(installation: &Installation, words: &str, id: &str, code: &str) {
    let ran = confirm_with(installation, id, code);
    assert!(ran.code == 1 && ran.stderr.contains(words), "{}{}", ran.stdout, ran.stderr);
}

fn deposited(installation: &Installation, cents: &str) {
    installation.business("Acme");
    installation.ok(&["business", "deposit", "Acme", cents, "--reference", "wire 17"]);
}

const REVERSE: [&str; 7] =
    ["business", "reverse-deposit", "Acme", "--reference", "wire 17", "--reason", "typed wrongly"];

fn a_deposit_is_reversed_by_two_operators(installation: &Installation) {
    deposited(installation, "10000");
    let unknown = ["business", "reverse-deposit", "Acme", "--reference", "wire 18", "--reason", "r"];
    installation.refused(1, "no such deposit", &unknown);
    let made = installation.json(&REVERSE);
    let (id, code) = proposed(&made);
    assert_eq!(balance(installation), 10_000, "proposing does nothing");
    refused(installation, "not the code", &id, "AAAAAAAAAAAAAAAA");
    let as_argument = ["proposal", "confirm", &id, "--code", &code];
    installation.refused(2, "--code takes no secret as an argument", &as_argument);
    assert!(!String::from_utf8_lossy(&installation.raw("proposal")).contains(&code), "only a digest is kept");
    let confirmed = confirm(installation, &made);
    assert_eq!((&confirmed["state"], &confirmed["decided_by"]), (&json!("confirmed"), &json!(-1)));
    assert_eq!(balance(installation), 0);
    refused(installation, "is confirmed", &id, &code);
    assert_eq!(balance(installation), 0, "a code works once");
    installation.inside(async |platform| {
        let entries = platform.store.entries(BOOK, 1, 10).await.unwrap();
        let [reversal] = &entries[..] else { panic!("one entry: {entries:?}") };
        assert_eq!(reversal.entry.kind.event_name(), "balance.deposit_reversed");
        let detail = ledger::CorrectionDetail::of(&reversal.entry.detail).unwrap();
        assert_eq!((detail.deposit, detail.proposed_by, reversal.entry.actor), (1, -1, Actor::OPERATOR));
    });
    installation.ok(&["audit"]);
    // The audit also finds a reversal that names an entry other than a deposit.
    installation.tamper(
        r#"UPDATE journal SET detail = '{"deposit":2,"proposal":1,"proposed_by":-1}' WHERE sequence = 2"#,
    );
    let ran = installation.run(&["audit"]);
    assert!(ran.code == 1 && ran.stdout.contains("which is not a deposit"), "{}{}", ran.stdout, ran.stderr);
}

fn a_deposit_is_reversed_in_parts_and_never_beyond_the_main_balance(installation: &Installation) {
    deposited(installation, "1000");
    let part = |cents: &str| installation.json(&[&REVERSE[..], &["--cents", cents]].concat());
    confirm(installation, &part("600"));
    assert_eq!(balance(installation), 400);
    let (id, code) = proposed(&part("401"));
    refused(installation, "More would be reversed", &id, &code);
    installation.ok(&["business", "transfer", "Acme", "1"]);
    let rest = part("400");
    let (id, code) = proposed(&rest);
    refused(installation, "Insufficient balance", &id, &code);
    // A proposal whose effect was refused is open again, and takes effect once it can.
    installation.ok(&["business", "transfer", "Acme", "1", "--to-main"]);
    assert_eq!(confirm(installation, &rest)["state"], "confirmed");
    assert_eq!(balance(installation), 0);
    installation.ok(&["audit"]);
}

fn a_withdrawn_proposal_does_nothing(installation: &Installation) {
    deposited(installation, "1000");
    let made = installation.json(&REVERSE);
    let (id, code) = proposed(&made);
    assert_eq!(installation.json(&["proposal", "withdraw", &id])["state"], "withdrawn");
    refused(installation, "is withdrawn", &id, &code);
    installation.refused(1, "is withdrawn", &["proposal", "withdraw", &id]);
    installation.refused(1, "there is no proposal", &["proposal", "withdraw", "prp_1"]);
    assert_eq!(balance(installation), 1_000);
    let text = installation.ok(&["proposal", "list", "Acme"]);
    assert!(text.contains("withdrawn") && text.contains("Operator"), "{text}");
}

/// Ann has 1,000.00; she requests a bank transfer with a fee of 0.50. Returns the withdrawal's id.
fn asked(installation: &Installation, cents: i64) -> String {
    installation.paying_business("Acme", 100_000);
    installation.configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
    installation.ok(&["method", "enable", "Acme", "bank"]);
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "50"]);
    let people = installation.write("people.csv", "ann@example.com,100000\n");
    installation.ok(&["import", &people, "--business", "Acme"]);
    installation.inside(async |platform| {
        let destination = json!({ "name": "Ann Example", "account": "DE89" }).as_object().unwrap().clone();
        let wish = Wish { method: "bank".to_owned(), amount: Cents(cents), destination };
        let made = platform.counter(BOOK, Actor::NONE).withdraw(1, &wish).await.unwrap().value;
        platform.secrets.ids().seal(IdKind::Withdrawal, BOOK, made.number)
    })
}

fn money_is_paid_out_and_fees_are_swept(installation: &Installation) {
    let withdrawal = asked(installation, 2_550);
    installation.ok(&["withdrawal", "settle", &withdrawal, "--proof", "statement 17"]);
    let sweep = |cents: &str, flags: &[&str]| {
        let sweep = ["business", "sweep-fees", "Acme", cents, "--reason", "end of month"];
        installation.json(&[&sweep[..], flags].concat())
    };
    let (id, code) = proposed(&sweep("51", &[]));
    refused(installation, "Insufficient fees", &id, &code);
    confirm(installation, &sweep("30", &[]));
    confirm(installation, &sweep("20", &["--out"]));
    assert_eq!(balance(installation), 30);
    // The fee of a returned payment is refunded although the fees were swept.
    let give_back = ["withdrawal", "return", &withdrawal, "--proof", "statement 18"];
    installation.refused(1, "Insufficient fees", &give_back);
    installation.ok(&["business", "deposit", "Acme", "100", "--reference", "wire 18"]);
    assert_eq!(installation.json(&give_back)["status"], "returned");
    assert_eq!(balance(installation), 80);
    confirm(
        installation,
        &installation.json(&["business", "pay-out", "Acme", "80", "--reason", "to the bank"]),
    );
    assert_eq!(balance(installation), 0);
    installation.ok(&["audit"]);
}

fn without_its_rail_a_withdrawal_is_ended_by_two_people_only(installation: &Installation) {
    let withdrawal = asked(installation, 2_550);
    installation.inside(async |platform| {
        platform.counter(BOOK, Actor::NONE).advance(Progress::new(1, Step::Send)).await.unwrap();
        platform.counter(BOOK, Actor::NONE).advance(Progress::new(1, Step::LoseOutcome)).await.unwrap();
        let attempt = Attempt {
            number: 1,
            rail: "bank".to_owned(),
            key: "MAN-1".to_owned(),
            request: b"signed".to_vec(),
            slot: 0,
            created_at: 1_800_000_000_000_000,
            answered_at: None,
            answer: String::new(),
            answer_text: String::new(),
        };
        let (store, now) = (&platform.store, platform.store.now().await.unwrap());
        let hold = store
            .lease_one(BOOK, (1, ledger::WithdrawalState::Sending), 7, (now, now + 60_000_000))
            .await
            .unwrap()
            .unwrap();
        assert!(store.add_attempt(hold, &attempt, None).await.unwrap());
        store.release_withdrawal(hold, Some(now)).await.unwrap();
    });
    // A machine whose configuration lacks the rail.
    installation.configure("");
    for how in ["--not-paid", "--paid"] {
        let resolve = ["withdrawal", "resolve", &withdrawal, how, "--proof", "the bank's letter"];
        installation.refused(1, "is not in this configuration", &resolve);
        installation.refused(1, "known to have: bank (manual)", &resolve);
    }
    installation.refused(1, "no such method", &["withdrawal", "stop", &withdrawal]);
    let without = [
        "withdrawal",
        "resolve",
        &withdrawal,
        "--not-paid",
        "--proof",
        "the bank's letter",
        "--without-the-rail",
    ];
    let made = installation.json(&without);
    let status = || installation.json(&["withdrawal", "show", &withdrawal]);
    assert_eq!(status()["status"], "sending", "one person alone ends nothing");
    assert_eq!(confirm(installation, &made)["state"], "confirmed");
    let after = status();
    assert_eq!(after["status"], "failed");
    let note = after["entries"].as_array().unwrap().last().unwrap()["note"].clone();
    assert_eq!(note, "the bank's letter (proposal 1, by the operator)");
    installation.ok(&["audit"]);
}

fn above_a_limit_a_payment_by_hand_takes_two(installation: &Installation) {
    let id = asked(installation, 1_000);
    assert!(installation.ok(&["business", "two-people", "Acme"]).contains("One person is enough"));
    let set = installation.json(&["business", "two-people", "Acme", "--above", "999"]);
    assert_eq!(set["two_people_above"], 999);
    let shown = |id: &str| installation.json(&["withdrawal", "show", id])["status"].clone();
    let made = installation.json(&["withdrawal", "settle", &id, "--proof", "wire 5"]);
    assert_eq!(shown(&id), "queued", "proposing does nothing");
    confirm(installation, &made);
    assert_eq!(shown(&id), "succeeded");
    let made = installation.json(&["withdrawal", "return", &id, "--proof", "statement 9"]);
    let (proposal, _) = proposed(&made);
    installation.refused(1, "takes the code", &["proposal", "confirm", &proposal]);
    assert_eq!(shown(&id), "succeeded");
    let off = installation.json(&["business", "two-people", "Acme", "--off"]);
    assert_eq!(off["two_people_above"], Value::Null);
    installation.ok(&["withdrawal", "return", &id, "--proof", "statement 9"]);
    assert_eq!(shown(&id), "returned");
    installation.ok(&["audit"]);
}
