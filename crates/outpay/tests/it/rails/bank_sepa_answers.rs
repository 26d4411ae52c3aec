//! Banks' answers to SEPA transfers: reports (pain.002), statements (camt.053), what is refused, and files that were damaged or made up.
//! The reports are written by the package pain001, or valid by its schema; the statements follow the standard by hand.

use crate::rails::bank::{MESSAGE, data, sepa, validated, written};
use outpay::testing::rails::{AnswerLine, BankVerdict, Rail};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

const OURS: &str = "AAAAAAAAAAAA8AAA8AAAAAAAAAAAAAA";

fn read(file: &str) -> Result<Vec<AnswerLine>, String> {
    sepa().bank_answer(file.as_bytes()).map(Option::unwrap)
}

/// A line in short: order, verdict with code, amount in cents.
fn short(line: &AnswerLine) -> String {
    let order = line.order_id.replace(&format!("SEPA-{OURS}"), "#");
    let verdict = match &line.verdict {
        BankVerdict::Accepted => "accepted".to_owned(),
        BankVerdict::Booked => "booked".to_owned(),
        BankVerdict::Rejected { code, .. } => format!("rejected {code}"),
        BankVerdict::Returned { code, .. } => format!("returned {code}"),
        BankVerdict::Noted { code, .. } => format!("noted {code}"),
    };
    let amount = line.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
    format!(
        "{order} {verdict}{amount}{}",
        line.currency.as_ref().map(|it| format!(" {it}")).unwrap_or_default()
    )
}

fn shorts(file: &str) -> Vec<String> {
    read(file).unwrap().iter().map(short).collect()
}

#[test]
fn a_report_refuses_payments_one_by_one() {
    let file = data("pain002-payments.xml");
    validated("pain001/pain002/schemas/pain.002.001.03.xsd", file.as_bytes()).unwrap();
    // A refusal because the bank has the payment already says nothing of the first copy, which may be paid.
    assert_eq!(shorts(&file), ["#1 rejected AC04 2450 EUR", "#2 noted AM05", "#3 accepted"]);
    let BankVerdict::Rejected { text, .. } = &read(&file).unwrap()[0].verdict else { panic!() };
    assert!(text.english().starts_with("This account is closed."));
    assert!(shorts(&file.replace("AC04", "ZZ99"))[0].starts_with("#1 rejected ZZ99"), "a general sentence");
}

#[test]
fn a_report_refuses_a_block_or_the_whole_file() {
    let report = |group: &str, block: &str, more: serde_json::Value| {
        let mut row =
            json!({ "original_payment_information_id": MESSAGE, "payment_information_status": block });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        written(
            "pain002",
            &json!({
                "message_id": "S-1", "original_message_id": MESSAGE, "group_status": group, "payment_statuses": [row],
                "original_message_name_id": "pain.001.001.09",
            }),
        )
    };
    let whole = |verdict: &str| format!("{MESSAGE} {verdict}");
    assert_eq!(shorts(&report("RJCT", "RJCT", json!({}))), [whole("rejected RJCT")], "said once");
    assert_eq!(shorts(&report("PART", "RJCT", json!({}))), [whole("rejected RJCT")]);
    assert_eq!(shorts(&report("ACCP", "ACCP", json!({}))), [whole("accepted")]);
    let one = json!({
        "original_end_to_end_id": format!("{OURS}1"), "transaction_status": "RJCT", "status_reason": "BE04",
    });
    assert_eq!(shorts(&report("PART", "PART", one)), ["#1 rejected BE04"]);
    let reason = "<StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>";
    let twice = report("RJCT", "RJCT", json!({})).replace("</OrgnlGrpInfAndSts>", reason);
    assert_eq!(shorts(&twice), [whole("noted AM05")], "a file that was brought twice");
    let odd = report("PART", "PART", json!({ "transaction_status": "ACCP", "original_end_to_end_id": "X" }));
    assert_eq!(
        shorts(&odd.replace("ACCP", "WHAT")),
        ["X noted WHAT"],
        "a word that is not known ends nothing"
    );
    let other = report("RJCT", "RJCT", json!({})).replace("pain.001.001.09", "pain.008.001.02");
    assert!(read(&other).unwrap_err().contains("not a file of transfers"));
}

#[test]
fn a_statement_settles_and_returns() {
    for version in ["02", "08"] {
        let file = data(&format!("camt053-{version}.xml"));
        let expected = [
            "#1 booked 2450 EUR".to_owned(),
            "#2 booked 6000 EUR".to_owned(),
            "#3 booked 4000 EUR".to_owned(),
            "#1 returned AC04 2450 EUR".to_owned(),
            // A return that names no payment of ours: the operator sees it.
            "NOTPROVIDED returned MS03 999 EUR".to_owned(),
            // A booking that was reversed may be booked again, and a credit that is no return is none.
            "#2 noted UNCLEAR 6000 EUR".to_owned(),
            "#5 noted UNCLEAR 1200 EUR".to_owned(),
            format!("{MESSAGE} booked 3100 EUR"),
            "#6 booked 825 EUR".to_owned(),
        ];
        assert_eq!(shorts(&file), expected, "{version}");
        // The bank takes its own bookings back: it may make them again.
        let reversed = file.replace("<Sts>", "<RvslInd>true</RvslInd><Sts>");
        let ended = |line: &&String| line.contains("booked") || line.contains("returned");
        assert_eq!(shorts(&reversed).iter().find(ended), None, "{version}");
    }
}

/// A payment keeps its number in another batch: the line says which file it answers.
#[test]
fn a_line_says_which_file_it_answers() {
    let batches = |file: &str| read(file).unwrap().into_iter().map(|line| line.batch).collect::<Vec<_>>();
    let message = Some(MESSAGE.to_owned());
    assert_eq!(batches(&data("pain002-payments.xml")), vec![message.clone(); 3]);
    let statement = data("camt053-08.xml");
    let whole = |batches: Vec<Option<String>>| batches.iter().filter(|batch| **batch == message).count();
    assert_eq!(whole(batches(&statement)), 1, "the batch that was booked in one sum");
    // The first entry, a booking, and the fourth, a return.
    let named = format!("<Refs><PmtInfId>{}</PmtInfId><EndToEndId>{OURS}1<", MESSAGE.to_uppercase());
    let statement = statement.replace(&format!("<Refs><EndToEndId>{OURS}1<"), &named);
    assert_eq!(whole(batches(&statement)), 2, "a return bears the numbers of another message");
    assert_eq!(batches(&statement)[0], message);
}

#[test]
fn a_line_has_one_name_in_every_file() {
    let file = data("camt053-08.xml");
    let references =
        |file: &str| read(file).unwrap().into_iter().map(|line| line.reference).collect::<Vec<_>>();
    let first = references(&file);
    assert_eq!(references(&file), first);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len(), "each its own: {first:#?}");
    assert!(first[0].starts_with("camt.053 BK-1 "), "{}", first[0]);
    // Another statement with the same entries: all but the one that the bank gave no number.
    let again = references(&file.replace("STMT-2026-12-07", "STMT-B").replace("MSG-1", "MSG-2"));
    assert_eq!(again[..8], first[..8]);
    assert_ne!(again[8], first[8]);
    let report = data("pain002-payments.xml");
    assert_eq!(references(&report.replace("STATUS-0001", "STATUS-0002")), references(&report));
}

#[test]
fn a_statement_of_others_gives_no_line() {
    let entries = json!([
        { "amount": "10.00", "credit_debit_indicator": "DBIT", "entry_reference": "E1", "remittance_information": "rent" },
        { "amount": "10.00", "credit_debit_indicator": "CRDT", "status": "PDNG" },
    ]);
    let of = |iban: &str| {
        written(
            "camt053",
            &json!({ "statement_id": "S", "iban": iban, "currency": "EUR", "entries": entries }),
        )
    };
    assert_eq!(shorts(&of("DE89370400440532013000")), [""; 0]);
    assert!(
        read(&of("NL91ABNA0417164300"))
            .unwrap_err()
            .contains("no statement of the account that ends in 3000")
    );
}

#[test]
fn amounts_are_exact_or_the_file_is_refused() {
    let file = data("camt053-08.xml");
    let with = |amount: &str| read(&file.replacen(">24.50<", &format!(">{amount}<"), 1));
    for amount in ["24.5", "24.500", "24.50000", "0024.50"] {
        assert_eq!(with(amount).unwrap()[0].amount, Some(2_450), "{amount}");
    }
    assert_eq!(with("24").unwrap()[0].amount, Some(2_400));
    for amount in ["24.505", "-24.50", "24,50", "", "1e3", ".5", "9999999999999999", "24.5.0", "24.5x"] {
        assert!(with(amount).unwrap_err().contains("cannot be read"), "{amount}");
    }
}

#[test]
fn what_is_not_an_answer_is_refused_by_name() {
    let good = data("pain002-payments.xml");
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;&b;\">]>";
    let deep = format!("{}{}", "<a>".repeat(41), "</a>".repeat(41));
    for (file, said) in [
        (good.replacen("<Document", &format!("{bomb}<Document"), 1), "DTD"),
        (good.replace("STATUS-0001", "&c;"), "entity"),
        (good.replace("pain.002.001.03", "camt.054.001.08"), "camt.054.001.08"),
        (good.replace("pain.002.001.03", "pain.002.001.99"), "not an answer"),
        (good.replace("urn:iso:std:iso:20022:tech:xsd:", "urn:other:"), "not an answer"),
        (good[..good.find("</OrgnlPmtInfAndSts>").unwrap()].to_owned(), "ends in the middle"),
        (format!("{good}{good}"), "after its end"),
        (format!("{good}x"), "outside its elements"),
        (good.replace("</Rsn>", "</Rsm>"), "not well-formed"),
        (good.replace("AAAA8", "AAAA\0"), "does not allow"),
        (good.replace("AAAA8", "AAAA&#7;"), "does not allow"),
        (good.replace("<Cd>AC04", &format!("<Cd>{deep}AC04")), "deeper"),
        (
            good.replace("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"").replace("STATUS", "ÄTATUS"),
            "encoding",
        ),
        (" ".repeat(10 << 20) + &good, "10 MiB"),
        (String::new(), "not XML"),
        ("id,amount\n1,2\n".to_owned(), "outside its elements"),
    ] {
        let wrong = read(&file).unwrap_err();
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
    assert!(sepa().bank_answer(b"\xff\xfe<\x00").unwrap_err().contains("UTF-8"));
    let prefixed = good.replace("xmlns=", "xmlns:p=").replace("</", "</p:").replace('<', "<p:");
    let prefixed = prefixed.replace("<p:/p:", "</p:").replace("<p:?", "<?");
    assert_eq!(shorts(&prefixed), shorts(&good), "a prefix is no difference");
    let foreign = "<TxInfAndSts xmlns=\"urn:other\"><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>";
    assert_eq!(shorts(&good.replace("</OrgnlPmtInfAndSts>", foreign)), shorts(&good), "another namespace is");
}

/// A valid file with bytes changed, dropped or doubled.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files = prop_oneof![Just("pain002-payments.xml"), Just("camt053-02.xml"), Just("camt053-08.xml")];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, any::<u8>()), 1..6);
    (files, changes).prop_map(|(name, changes)| {
        let mut bytes = data(name).into_bytes();
        for (at, how, byte) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = sepa().bank_answer(&bytes);
    }

    #[test]
    fn any_elements_are_read_or_refused(text in "(<(/?)[a-zA-Z]{1,4}( [a-z]=\"[a-z&;]{0,4}\")?/?>|&[a-z#0-9]{0,5};|[ a-z<>!\\[\\]-]{0,6}){0,40}") {
        let _ = sepa().bank_answer(text.as_bytes());
    }

    /// A damaged file ends a payment only if the payment's number is in it, with a word that ends payments.
    #[test]
    fn a_damaged_file_gives_no_line_that_is_not_there(file in damaged()) {
        if let Ok(Some(lines)) = sepa().bank_answer(&file) {
            let text = String::from_utf8(file).unwrap();
            for line in lines {
                // Another name is that of no payment: the operator reads it, and nothing follows.
                let id = line.order_id.strip_prefix("SEPA-").unwrap_or(&line.order_id);
                let is_name = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
                prop_assert!(!is_name || text.to_uppercase().contains(&id.to_uppercase()), "{id}");
                let word = match line.verdict {
                    BankVerdict::Booked => "DBIT",
                    BankVerdict::Returned { .. } => "CRDT",
                    BankVerdict::Rejected { .. } => "RJCT",
                    BankVerdict::Accepted | BankVerdict::Noted { .. } => "",
                };
                prop_assert!(text.contains(word) , "{word}");
            }
        }
    }
}

#[test]
fn a_file_that_was_cut_gives_nothing() {
    for name in ["pain002-payments.xml", "camt053-08.xml"] {
        let whole = data(name);
        let end = whole.trim_end().len();
        for length in (0..end).filter(|length| whole.is_char_boundary(*length)) {
            assert!(read(&whole[..length]).is_err(), "{name} cut at {length}");
        }
    }
}
