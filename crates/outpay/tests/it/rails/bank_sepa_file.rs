//! Files of SEPA transfers, checked by others: the official schema with `xmllint`, and a script that recomputes sums, ids and check
//! digits (tests/peers/bank/transfers.py). Canaries: each checker must flag a broken file, or its silence means nothing.

use crate::rails::bank::{MESSAGE, batch, checked, order_id, payment, sepa, sepa_config, validated};
use ledger::{BookId, Cents, Provider};
use outpay::testing::rails::sepa::Sepa;
use outpay::testing::rails::{BatchPayment, Rail};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

const SCHEMA: &str = "sepaxml/schemas/pain.001.001.09.xsd";
const IBANS: [&str; 7] = [
    "DE75512108001245126199",
    "FR1420041010050500013M02606",
    "NL91ABNA0417164300",
    "GB29NWBK60161331926819",
    "AT611904300234573201",
    "CH9300762011623852957",
    "NO9386011117947",
];

fn file(rail: &Sepa, payments: &[BatchPayment]) -> Vec<u8> {
    let file = rail.batch_file(&batch(payments)).unwrap().unwrap();
    assert_eq!((file.name.as_str(), file.media_type), ("outpay-12.xml", "application/xml"));
    file.bytes
}

fn three(rail: &Sepa) -> Vec<BatchPayment> {
    let of = |number: i64, amount, to: Value| payment(rail, number, amount, &to);
    vec![
        of(1, 1, json!({ "name": "Jürgen Groß", "iban": "nl91 abna 0417 1643 00" })),
        of(2, 245_050, json!({ "name": "O’Neill & Sons", "iban": IBANS[1], "bic": "psstfrppxxx" })),
        of(
            3,
            99_999_999_999,
            json!({ "name": "a <b>".replace(['<', '>'], "."), "iban": IBANS[2], "bic": "" }),
        ),
    ]
}

#[test]
fn a_file_is_valid_and_says_what_the_batch_says() {
    let rail = sepa();
    let payments = three(&rail);
    let bytes = file(&rail, &payments);
    validated(SCHEMA, &bytes).unwrap();
    let said = checked("transfers.py", &bytes).unwrap();
    assert_eq!((&said["message"], &said["day"]), (&json!(MESSAGE), &json!("2026-12-07")), "a Monday");
    let expected = [
        ("Jurgen Gross", IBANS[2], None),
        ("O'Neill + Sons", IBANS[1], Some("PSSTFRPPXXX")),
        ("a .b.", IBANS[2], None),
    ];
    for (at, (name, iban, bic)) in expected.into_iter().enumerate() {
        let number = payments[at].order_id.strip_prefix("SEPA-").unwrap();
        assert_eq!(
            said["payments"][at],
            json!({ "id": number, "amount": payments[at].amount, "name": name, "iban": iban, "bic": bic,
                    "text": format!("Payout {}", payments[at].order_id) })
        );
    }
    assert_eq!(file(&rail, &payments), bytes, "written again it is the same to the byte");
}

#[test]
fn an_account_without_bic_and_text_is_valid_too() {
    let config = serde_json::from_value(json!({
        "debtor_name": "Example", "iban": "DE89370400440532013000", "execution_days": 0,
    }));
    let rail = Sepa::new("sepa".to_owned(), &config.unwrap()).unwrap();
    let bytes = file(&rail, &three(&rail)[..1]);
    validated(SCHEMA, &bytes).unwrap();
    let said = checked("transfers.py", &bytes).unwrap();
    assert_eq!(said["day"], "2026-12-04", "the day of the batch");
    assert_eq!(said["payments"][0]["text"], order_id(Provider::Sepa, 1));
}

/// Names of any characters: what the rail takes, banks take; what it refuses is refused with a sentence.
#[test]
fn odd_names_are_refused_or_valid() {
    let rail = sepa();
    let mut runner = TestRunner::deterministic();
    let names = proptest::prop_oneof!["\\PC{1,75}", "[A-Za-zÀ-žȀ-ȳ' &.,-]{1,75}", "[ -~]{1,75}"];
    let mut payments = Vec::new();
    let (mut refused, mut number) = (0, 0);
    while payments.len() < 400 {
        number += 1;
        let name = names.new_tree(&mut runner).unwrap().current();
        let iban = IBANS[number as usize % IBANS.len()];
        match rail.destination(json!({ "name": name, "iban": iban }).as_object().unwrap()) {
            Ok(destination) => {
                let order_id = order_id(Provider::Sepa, number);
                payments.push(BatchPayment { withdrawal: number, order_id, amount: number, destination });
            }
            Err(problems) => {
                assert!(problems.iter().all(|problem| problem.name == "name"), "{name:?}: {problems:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "the names are odd: {refused} refused");
    let bytes = file(&rail, &payments);
    validated(SCHEMA, &bytes).unwrap();
    assert_eq!(checked("transfers.py", &bytes).unwrap()["payments"].as_array().unwrap().len(), 400);
}

#[test]
fn each_checker_flags_a_broken_file() {
    let rail = sepa();
    let good = String::from_utf8(file(&rail, &three(&rail))).unwrap();
    for (from, to) in [
        ("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>FREE</ChrgBr>"),
        ("<PmtMtd>TRF</PmtMtd>", ""),
        (MESSAGE, "0f9a1c2e3b4d8e5fa60718293a4b5c6d-too-long"),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(validated(SCHEMA, good.replace(from, to).as_bytes()).is_err(), "{to}");
    }
    // What the schema cannot see.
    for (from, to) in [
        ("NL91ABNA0417164300", "NL92ABNA0417164300"),
        ("<NbOfTxs>3</NbOfTxs>", "<NbOfTxs>2</NbOfTxs>"),
        ("2450.50</InstdAmt>", "2450.51</InstdAmt>"),
        ("Jurgen", "Jürgen"),
        ("<Dt>2026-12-07</Dt>", "<Dt>2026-12-05</Dt>"),
    ] {
        assert!(good.contains(from), "{from}");
        let broken = good.replacen(from, to, 1);
        validated(SCHEMA, broken.as_bytes()).unwrap();
        assert!(checked("transfers.py", broken.as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn what_cannot_be_written_is_no_file() {
    let rail = sepa();
    let good = three(&rail);
    let with = |change: fn(&mut BatchPayment)| {
        let mut payments = good.clone();
        change(&mut payments[1]);
        rail.batch_file(&batch(&payments)).unwrap_err().to_string()
    };
    assert!(with(|one| one.amount = 0).contains("cannot be written"));
    assert!(with(|one| one.amount = 100_000_000_000).contains("cannot be written"));
    assert!(with(|one| one.order_id = "MAN-1".to_owned()).contains("not a number of a SEPA payment"));
    assert!(with(|one| one.destination = "{}".to_owned()).contains("cannot be read"));
    assert!(rail.batch_file(&batch(&[])).is_err(), "a file without a payment");
}

#[test]
fn a_destination_is_checked_and_stored_in_one_form() {
    let rail = sepa();
    let read = |value: Value| rail.destination(value.as_object().unwrap());
    let stored =
        read(json!({ "name": " Ana  Núñez ", "iban": "de75-5121 0800 1245 1261 99", "bic": "COBADEFF" }));
    let expected = r#"{"name":"Ana Núñez","iban":"DE75512108001245126199","bic":"COBADEFF"}"#;
    assert_eq!(stored.unwrap(), expected);
    for (field, value, start) in [
        ("iban", "DE75512108001245126198", "This IBAN has a typing error"),
        ("iban", "DE7551210800124512619", "This IBAN has a typing error"),
        ("iban", "hello", "An IBAN begins with"),
        ("iban", "BR1800360305000010009795493C1", "This account is in a country"),
        ("iban", "DE89370400440532013000", "This is the account that the money comes from"),
        ("iban", "", "The iban field is required"),
        ("bic", "COBADE", "A BIC has"),
        ("bic", "COBA11FF", "A BIC has"),
        ("name", "Анна", "Banks take Latin letters"),
        // 36 letters, of which the file has 72.
        ("name", &"ß".repeat(36), "The name may not be greater than 70 characters"),
        ("name", "123", "Please give the name"),
    ] {
        let mut fields: Map<String, Value> =
            json!({ "name": "Ana", "iban": IBANS[0] }).as_object().unwrap().clone();
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
fn a_quote_is_an_estimate_at_the_configured_rate() {
    let quote = |rate: Option<&str>, net: i64| {
        let config = serde_json::from_value(json!({
            "debtor_name": "Example", "iban": "DE89370400440532013000", "estimated_rate": rate,
        }));
        let rail = Sepa::new("sepa".to_owned(), &config.unwrap()).unwrap();
        futures_util::future::FutureExt::now_or_never(rail.quote(BookId(2), Cents(net), "{}")).unwrap()
    };
    let detail = r#"{"estimated_amount":"92.15 EUR","estimated_rate":"0.9215"}"#;
    assert_eq!(quote(Some("0.9215"), 10_000).unwrap().detail, detail);
    assert_eq!(quote(None, 10_000).unwrap().detail, "", "no rate, no estimate");
    assert!(quote(Some("0.1"), 1).is_err(), "less than a cent of a euro");
}

#[test]
fn a_wrong_configuration_is_refused() {
    for change in [
        json!({ "iban": "DE88370400440532013000" }),
        json!({ "debtor_name": "株式会社" }),
        json!({ "bic": "X" }),
        json!({ "estimated_rate": "0,92" }),
        json!({ "execution_days": 31 }),
        json!({ "remittance": "x".repeat(101) }),
    ] {
        let mut config = json!({ "debtor_name": "Example", "iban": "DE89370400440532013000" });
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let config: outpay::testing::rails::sepa::SepaConfig = serde_json::from_value(config).unwrap();
        assert!(config.check().is_err(), "{change}");
    }
    sepa_config().check().unwrap();
}
