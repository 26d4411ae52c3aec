//! NACHA files and what comes back. Files are checked by a script that shares no code with Outpay, and by achkit (tests/peers/bank/nacha.py);
//! return files of moov-io/ach are read as data. Canaries: a broken file must be flagged.

use crate::rails::bank::{ach, ach_config, batch, checked, data, order_id, payment};
use ledger::Provider;
use outpay::testing::rails::ach::{Ach, AchConfig};
use outpay::testing::rails::{AnswerLine, BankVerdict, BatchPayment, BatchToWrite, Rail};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

const ROUTING: [&str; 4] = ["021000021", "011401533", "091000019", "322271627"];

fn to(number: i64) -> Value {
    json!({
        "name": format!("José O’Neill {number}"), "routing_number": ROUTING[number as usize % 4],
        "account_number": format!("{:010}", 7_000 + number),
        "account_type": if number % 2 == 0 { "Checking" } else { "savings" },
    })
}

fn payments(rail: &Ach, count: i64) -> Vec<BatchPayment> {
    (1..=count).map(|number| payment(rail, number, 1_000 + number, &to(number))).collect()
}

fn file(rail: &Ach, payments: &[BatchPayment]) -> String {
    let file = rail.batch_file(&batch(payments)).unwrap().unwrap();
    assert_eq!((file.name.as_str(), file.media_type), ("outpay-12.ach", "text/plain"));
    String::from_utf8(file.bytes).unwrap()
}

#[test]
fn a_file_balances_and_says_what_the_batch_says() {
    let rail = ach();
    // 5 payments fill a block with its four other records and one line; 6 fill it; 7 need another.
    for count in [1, 5, 6, 7, 250] {
        let payments = payments(&rail, count);
        let text = file(&rail, &payments);
        let said = checked("nacha.py", text.as_bytes()).unwrap();
        assert_eq!((&said["day"], &said["description"]), (&json!("261207"), &json!("PAYOUT")));
        let entries = said["entries"].as_array().unwrap();
        assert_eq!(entries.len(), payments.len());
        for (entry, number) in entries.iter().zip(1..) {
            let code = if number % 2 == 0 { "22" } else { "32" };
            assert_eq!(
                *entry,
                json!({
                    "code": code, "routing": ROUTING[number as usize % 4], "amount": 1_000 + number,
                    "account": format!("{:010}", 7_000 + number), "id": entry["id"],
                    "name": format!("JOSE O'NEILL {number}"),
                })
            );
        }
        assert_eq!(file(&rail, &payments), text, "written again it is the same to the byte");
    }
}

#[test]
fn files_of_one_day_are_told_apart() {
    let rail = ach();
    let payments = payments(&rail, 1);
    let modifier = |number: i64| {
        let batch = BatchToWrite { number, ..batch(&payments) };
        let bytes = rail.batch_file(&batch).unwrap().unwrap().bytes;
        checked("nacha.py", &bytes).unwrap();
        char::from(bytes[33])
    };
    let all: BTreeSet<char> = (1..=36).map(modifier).collect();
    assert_eq!((all.len(), modifier(1), modifier(36), modifier(37)), (36, 'A', '9', 'A'));
    let trial = rail.trial_file(&BatchToWrite { number: 1, ..batch(&payments) }).unwrap().unwrap();
    assert_eq!(char::from(trial.bytes[33]), 'S', "a test file and the file of its batch");
}

#[test]
fn a_test_file_carries_no_money() {
    let rail = ach();
    let payments = payments(&rail, 3);
    let written = rail.trial_file(&batch(&payments)).unwrap().unwrap();
    assert_eq!(written.name, "outpay-12-test.ach");
    let said = checked("nacha.py", &written.bytes).unwrap();
    let codes: Vec<&Value> = said["entries"].as_array().unwrap().iter().map(|entry| &entry["code"]).collect();
    assert_eq!(codes, ["33", "23", "33"]);
    assert!(said["entries"].as_array().unwrap().iter().all(|entry| entry["amount"] == 0));
    assert_eq!(said["description"], "PRENOTE");
}

#[test]
fn the_checker_flags_a_broken_file() {
    let rail = ach();
    let good = file(&rail, &payments(&rail, 3));
    let lines: Vec<&str> = good.lines().collect();
    let with = |at: usize, first: usize, text: &str| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        lines[at].replace_range(first - 1..first - 1 + text.len(), text);
        checked("nacha.py", (lines.join("\n") + "\n").as_bytes())
    };
    with(2, 55, "ANOTHER NAME").unwrap();
    for (what, at, first, text) in [
        ("a routing number", 2, 4, "021000022"),
        ("an amount", 2, 30, "0000009999"),
        ("the entry hash of the batch", 5, 11, "0000000001"),
        ("the count of the file", 6, 14, "00000009"),
        ("the blocks", 6, 8, "000002"),
        ("the trace number", 3, 80, "021000020000009"),
    ] {
        assert!(with(at, first, text).is_err(), "{what}");
    }
    assert!(checked("nacha.py", lines[..9].join("\n").as_bytes()).is_err(), "the padding");
}

#[test]
fn what_cannot_be_written_is_no_file() {
    let rail = ach();
    let with = |change: fn(&mut BatchPayment)| {
        let mut payments = payments(&rail, 2);
        change(&mut payments[1]);
        rail.batch_file(&batch(&payments)).unwrap_err().to_string()
    };
    assert!(with(|one| one.amount = 10_000_000_000).contains("cannot be written"));
    assert!(with(|one| one.amount = 0).contains("cannot be written"));
    assert!(
        with(|one| one.order_id = order_id(Provider::Sepa, 1)).contains("not a number of an ACH payment")
    );
    assert!(with(|one| one.destination = "{}".to_owned()).contains("cannot be read"));
}

#[test]
fn a_destination_is_checked_and_stored_in_one_form() {
    let rail = ach();
    let stored = rail.destination(to(2).as_object().unwrap()).unwrap();
    let expected = r#"{"name":"José O’Neill 2","routing_number":"091000019","account_number":"0000007002","account_type":"checking"}"#;
    assert_eq!(stored, expected);
    for (field, value, start) in [
        ("routing_number", "021000022", "This routing number has a typing error"),
        ("routing_number", "02100002", "A routing number has 9 digits"),
        ("routing_number", "990000000", "This routing number has a typing error"),
        ("account_number", "123", "An account number has"),
        ("account_number", "123456789012345678", "An account number has"),
        ("account_number", "12_45", "An account number has"),
        ("account_type", "giro", "Please write checking or savings"),
        ("name", "Γιώργος", "Banks take Latin letters"),
    ] {
        let mut fields: Map<String, Value> = to(1).as_object().unwrap().clone();
        fields.insert(field.to_owned(), value.into());
        let problems = rail.destination(&fields).unwrap_err();
        let said = problems[0].sentence.english();
        assert!(
            problems.len() == 1 && problems[0].name == field && said.starts_with(start),
            "{value}: {said}"
        );
    }
}

#[test]
fn a_wrong_configuration_is_refused() {
    ach_config().check().unwrap();
    let change: [fn(&mut AchConfig); 6] = [
        |config| config.immediate_destination = "021000022".to_owned(),
        |config| config.immediate_origin = "12".to_owned(),
        |config| config.company_name = "x".repeat(17),
        |config| config.company_id = "a b".to_owned(),
        |config| config.odfi_routing_number = String::new(),
        |config| config.effective_days = 31,
    ];
    for (at, change) in change.into_iter().enumerate() {
        let mut config = ach_config();
        change(&mut config);
        assert!(config.check().is_err(), "{at}");
    }
}

/// The bank's return of entries of one of our files: the rules copy names and amounts, and add the reason.
pub fn returned(file: &str, reasons: &[(usize, &str)]) -> String {
    let (mut lines, mut hash, mut cents) = (Vec::new(), 0_u64, 0_u64);
    for (sequence, (at, reason)) in reasons.iter().enumerate() {
        let entry = file.lines().nth(1 + at).unwrap();
        let code = if &entry[1..2] == "2" { "21" } else { "31" };
        let amount = if reason.starts_with('C') { "0000000000" } else { &entry[29..39] };
        let own = format!("09100001{sequence:07}");
        let (kind, data) = if reason.starts_with('C') { ("98", "0000009999") } else { ("99", "") };
        lines.push(format!("6{code}021000021{}{amount}{}1{own}", &entry[12..29], &entry[39..78]));
        lines.push(format!("7{kind}{reason}{}      {}{data:<44}{own}", &entry[79..94], &entry[3..11]));
        hash += 2_100_002;
        cents += amount.parse::<u64>().unwrap();
    }
    let count = lines.len();
    let sums = format!("{hash:010}{:012}{cents:012}", 0);
    let mut file = vec![
        format!(
            "101 {:9} {:9}2612081200A094101{:23}{:23}{:8}",
            "021000021", "091000019", "EXAMPLE BANK", "A BANK", ""
        ),
        format!(
            "5200{:16}{:20}{:10}PPD{:10}{:6}261208   1091000010000001",
            "EXAMPLE INC", "", "1123456789", "RETURN", ""
        ),
    ];
    file.extend(lines);
    file.push(format!("8200{count:06}{sums}{:10}{:25}091000010000001", "1123456789", ""));
    file.push(format!("9000001000001{count:08}{sums}{:39}", ""));
    file.join("\r\n")
}

fn read(file: &str) -> Result<Vec<AnswerLine>, String> {
    ach().bank_answer(file.as_bytes()).map(Option::unwrap)
}

#[test]
fn a_return_file_returns_payments() {
    let rail = ach();
    let payments = payments(&rail, 9);
    let file = file(&rail, &payments);
    let answer = returned(&file, &[(1, "R03"), (2, "R02"), (7, "C01"), (9, "R61")]);
    let lines = read(&answer).unwrap();
    let of = |at: usize| (lines[at].order_id.as_str(), lines[at].amount, lines[at].currency.as_deref());
    assert_eq!(of(0), (payments[0].order_id.as_str(), Some(1_001), Some("USD")));
    assert_eq!(of(1), (payments[1].order_id.as_str(), Some(1_002), Some("USD")));
    assert_eq!(of(2), (payments[6].order_id.as_str(), None, None));
    let code = |at: usize| match &lines[at].verdict {
        BankVerdict::Returned { code, text } => (true, code.clone(), text.english()),
        BankVerdict::Noted { code, text } => (false, code.clone(), text.english()),
        other => panic!("{other:?}"),
    };
    assert_eq!((code(0).0, code(0).1.as_str()), (true, "R03"));
    assert!(code(0).2.starts_with("The bank does not know this account."));
    assert_eq!((code(1).0, code(1).1.as_str()), (true, "R02"));
    // A correction is shown and changes nothing; a dispute between banks is for a person.
    assert_eq!((code(2).0, code(2).1.as_str()), (false, "C01"));
    assert!(code(2).2.contains("C01, account number 0000009999"), "{}", code(2).2);
    assert_eq!((code(3).0, code(3).1.as_str()), (false, "R61"));
    // The same file, and the same returns in another order with others: each line keeps its name.
    let references =
        |file: &str| read(file).unwrap().into_iter().map(|line| line.reference).collect::<Vec<_>>();
    assert_eq!(references(&answer), references(&answer.replace("\r\n", "\n")));
    assert_eq!(references(&answer)[0], references(&returned(&file, &[(1, "R03")]))[0]);
}

#[test]
fn a_returned_test_entry_returns_no_money() {
    let rail = ach();
    let payments = payments(&rail, 2);
    let tests = rail.trial_file(&batch(&payments)).unwrap().unwrap();
    let lines = read(&returned(&String::from_utf8(tests.bytes).unwrap(), &[(1, "R04")])).unwrap();
    assert_eq!((lines[0].order_id.as_str(), lines[0].amount), (payments[0].order_id.as_str(), None));
    let BankVerdict::Noted { code, text } = &lines[0].verdict else { panic!("{lines:?}") };
    assert!(code == "R04" && text.english().starts_with("The test entry for this account came back"));
}

/// Files that a strict parser of others takes, of payments that are not ours.
#[test]
fn files_of_others_are_read() {
    let lines = read(&data("moov-return.ach")).unwrap();
    assert_eq!((lines[0].order_id.as_str(), lines[0].amount), ("", Some(1)));
    assert!(matches!(&lines[0].verdict, BankVerdict::Returned { code, .. } if code == "R03"));
    let lines = read(&data("moov-correction.ach")).unwrap();
    assert_eq!(lines[0].order_id, "location #23");
    let BankVerdict::Noted { code, text } = &lines[0].verdict else { panic!("{lines:?}") };
    assert!(code == "C01" && text.english().contains("account number 1918171614"), "{}", text.english());
    let lines = read(&data("moov-contested.ach")).unwrap();
    assert!(matches!(&lines[0].verdict, BankVerdict::Noted { code, .. } if code == "R72"), "{lines:?}");
    // Programs on the way drop blanks at the end of lines.
    let trimmed: Vec<String> =
        data("moov-correction.ach").lines().map(|line| line.trim_end().to_owned()).collect();
    assert_eq!(read(&trimmed.join("\n")).unwrap(), read(&data("moov-correction.ach")).unwrap());
}

#[test]
fn a_file_that_was_changed_or_cut_gives_nothing() {
    let rail = ach();
    let sent = file(&rail, &payments(&rail, 4));
    let good = returned(&sent, &[(1, "R03"), (2, "R02")]);
    let count = good.lines().count();
    for kept in 0..count {
        assert!(read(&good.lines().take(kept).collect::<Vec<_>>().join("\n")).is_err(), "{kept} lines");
    }
    for dropped in 0..count {
        let lines = good.lines().enumerate().filter(|(at, _)| *at != dropped).map(|(_, line)| line);
        assert!(read(&lines.collect::<Vec<_>>().join("\n")).is_err(), "without line {dropped}");
    }
    for (from, to) in [("0000001001", "0000001002"), ("9000001000001", "9000002000001"), ("799R03", "799X03")]
    {
        assert!(good.contains(from));
        assert!(read(&good.replacen(from, to, 1)).is_err(), "{to}");
    }
    assert!(read(&(good.clone() + "\r\n5200")).is_err(), "more after the end");
    assert!(read(&good.replace("EXAMPLE", "EXÄMPLE")).is_err());
    assert!(read("").is_err() && read("hello").is_err());
    assert!(read(&sent).unwrap().is_empty(), "our own file is an answer without lines");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ach().bank_answer(&bytes);
    }

    #[test]
    fn any_records_are_read_or_refused(lines in prop::collection::vec("[156789][ -~]{0,95}", 0..12)) {
        let text = format!("{}\n{}", data("moov-return.ach").lines().next().unwrap(), lines.join("\n"));
        let _ = ach().bank_answer(text.as_bytes());
    }

    /// A damaged file names a payment that it did not name before only where that payment cannot exist here.
    #[test]
    fn a_damaged_file_returns_no_other_payment(
        changes in prop::collection::vec((any::<prop::sample::Index>(), b' '..=b'~'), 1..4),
    ) {
        let (good, orders) = &*RETURNED;
        let mut bytes = good.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(Some(lines)) = ach().bank_answer(&bytes) {
            prop_assert!(lines.len() <= 2);
            for line in lines {
                // The first two are those that the file names.
                prop_assert!(!orders[2..].contains(&line.order_id), "{}", line.order_id);
            }
        }
    }
}

/// A file that returns the first two of 500 payments, and the numbers of all of them.
static RETURNED: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let rail = ach();
    let all = payments(&rail, 500);
    let answer = returned(&file(&rail, &all[..9]), &[(1, "R03"), (2, "R02")]);
    (answer, all.into_iter().map(|one| one.order_id).collect())
});
