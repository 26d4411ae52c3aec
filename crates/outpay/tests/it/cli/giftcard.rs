//! `outpay giftcard`: cards are imported all or none, and no code or pin is ever printed.

use crate::cli::installation::{Installation, Ran};
use ledger::{BookId, Cents, Mode};
use outpay::testing::ids::IdKind;
use outpay::testing::store::Given;
use serde_json::json;

crate::cli::on_both_engines! {
    imported_cards_are_in_stock,
    a_card_is_imported_once,
    a_wrong_line_is_named_by_its_number_alone,
    a_file_that_is_none_is_refused,
    a_recall_lists_what_was_given_out,
    no_code_is_found_anywhere,
}

const HEADER: &str = "brand,face_value,code,pin,expires\n";
const CODES: [&str; 3] = ["SESAME-ONE-7731", "SESAME-TWO-7732", "SESAME-TRE-7733"];
const PIN: &str = "PIN-90210";

fn cards(installation: &Installation, name: &str, lines: &str) -> String {
    installation.write(name, &format!("{HEADER}{lines}"))
}

/// Two brands, three cards.
fn some(installation: &Installation) -> String {
    let [one, two, three] = CODES;
    let lines =
        format!("Acme,2500,{one},{PIN},2090-12-31\n\nAcme,2500,{two},,\n\"Bolt, Inc.\" , 5000,{three},,\n");
    cards(installation, "cards.csv", &lines)
}

fn assert_silent(ran: &Ran) {
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for secret in ["SESAME", PIN] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// The stock as (brand, cents, count).
fn stock(installation: &Installation) -> serde_json::Value {
    let ran = installation.run(&["giftcard", "list", "Acme", "--json"]);
    assert_silent(&ran);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn imported_cards_are_in_stock(installation: &Installation) {
    installation.business("Acme");
    assert_eq!(stock(installation), json!([]));
    let ran = installation.run(&["giftcard", "import", "Acme", &some(installation)]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_silent(&ran);
    assert!(ran.stdout.contains("3 cards worth 100.00"), "{}", ran.stdout);
    let in_stock = json!([
        { "brand": "Acme", "face_value": 2500, "in_stock": 2 },
        { "brand": "Bolt, Inc.", "face_value": 5000, "in_stock": 1 },
    ]);
    assert_eq!(stock(installation), in_stock);
    let known = installation
        .inside(async |platform| platform.store.gift_cards(BookId(2), "Acme", 0, 10).await.unwrap());
    let last = outpay::testing::clock::rfc3339(known[0].expires_at.unwrap());
    assert_eq!(last, "2090-12-31T23:59:59.999999Z", "the day in the file is the last one");
    let table = installation.ok(&["giftcard", "list", "Acme"]);
    assert!(table.contains("Bolt, Inc.") && table.contains("50.00"), "{table}");
    let spreadsheet = format!("\u{feff}{}Acme,2500,SESAME-BOM,,2089-01-01\r\n", HEADER.replace('\n', "\r\n"));
    let spreadsheet = installation.write("spreadsheet.csv", &spreadsheet);
    let told = installation.json(&["giftcard", "import", "Acme", &spreadsheet]);
    assert_eq!(told, json!({ "imported": 1, "face_value": 2500 }));
    assert_eq!(stock(installation)[0]["in_stock"], 3);
    installation.tamper("UPDATE gift_card SET expires_at = 1 WHERE number = 4");
    assert_eq!(stock(installation), in_stock, "what has expired is not in stock");
}

fn a_card_is_imported_once(installation: &Installation) {
    installation.business("Acme");
    installation.business("Other");
    let file = some(installation);
    installation.ok(&["giftcard", "import", "Acme", &file]);
    let before = stock(installation);
    let mixed =
        cards(installation, "mixed.csv", &format!("Acme,100,SESAME-NEW,,\nAcme,900,{},,\n", CODES[1]));
    let twice = cards(installation, "twice.csv", "Acme,100,SESAME-NEW,,\n\nACME\u{a0},100,SESAME NEW,5,\n");
    for (file, words) in [(&file, "line 2: "), (&mixed, "line 3: "), (&twice, "line 4: ")] {
        let ran = installation.run(&["giftcard", "import", "Acme", file]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains(words) && ran.stderr.contains("nothing was imported"), "{}", ran.stderr);
        assert_silent(&ran);
        assert_eq!(stock(installation), before);
    }
    installation.ok(&["giftcard", "import", "Other", &file]);
    let new = cards(installation, "new.csv", "Acme,100,SESAME-NEW,,\n");
    installation.ok(&["giftcard", "import", "Acme", &new]);
}

fn a_wrong_line_is_named_by_its_number_alone(installation: &Installation) {
    installation.business("Acme");
    let long = "x".repeat(201);
    let long_brand = "b".repeat(61);
    for (line, words) in [
        (",2500,SESAME-2,,".to_owned(), "the brand is missing"),
        (format!("{long_brand},2500,SESAME-2,,"), "the brand is missing or too long"),
        ("Acme,25.00,SESAME-2,,".to_owned(), "whole cents"),
        ("Acme,0,SESAME-2,,".to_owned(), "whole cents"),
        ("Acme,-5,SESAME-2,,".to_owned(), "whole cents"),
        ("Acme,100000001,SESAME-2,,".to_owned(), "whole cents"),
        ("Acme,2500,,,".to_owned(), "the code is missing"),
        ("Ac\u{ad}me,2500,SESAME-2,,".to_owned(), "invisible"),
        ("Acme,2500,SESAME-2\u{200b},,".to_owned(), "invisible"),
        (format!("Acme,2500,SESAME{long},,"), "the code is missing or too long"),
        (format!("Acme,2500,SESAME-2,{long},"), "the pin is too long"),
        ("Acme,2500,SESAME-2,,31.12.2027".to_owned(), "2027-12-31"),
        ("Acme,2500,SESAME-2,,2027-02-30".to_owned(), "2027-12-31"),
        ("Acme,2500,SESAME-2,,2020-01-31".to_owned(), "has expired"),
        ("Acme,2500,6.00649E+15,,".to_owned(), "rounded the code"),
        ("Acme,2500,SESAME-2,6E+15,".to_owned(), "rounded the code or the pin"),
        ("Acme,2500,SESAME-2".to_owned(), "five columns"),
        ("Acme,2500,SESAME-2,,,SESAME-3".to_owned(), "five columns"),
    ] {
        let file = cards(installation, "wrong.csv", &format!("Acme,2500,SESAME-1,,\n\n{line}\n"));
        let ran = installation.run(&["giftcard", "import", "Acme", &file]);
        assert_eq!(ran.code, 2, "{line}: {}", ran.stdout);
        assert!(ran.stderr.contains("line 4: ") && ran.stderr.contains(words), "{line}: {}", ran.stderr);
        assert_silent(&ran);
    }
    assert_eq!(stock(installation), json!([]), "a file with a wrong line is not begun");
}

fn a_file_that_is_none_is_refused(installation: &Installation) {
    installation.business("Acme");
    let codes = installation.write("codes.csv", "SESAME-1\nSESAME-2\n");
    let ran = installation.run(&["giftcard", "import", "Acme", &codes]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("the first line must be: brand,face_value,code,pin,expires"),
        "{}",
        ran.stderr
    );
    assert_silent(&ran);
    let empty = installation.write("empty.csv", HEADER);
    installation.refused(2, "1 to 100000 cards", &["giftcard", "import", "Acme", &empty]);
    installation.refused(2, "cannot read", &["giftcard", "import", "Acme", "nowhere.csv"]);
    installation.refused(1, "there is no business", &["giftcard", "import", "Nobody", &empty]);
}

fn a_recall_lists_what_was_given_out(installation: &Installation) {
    installation.business("Acme");
    installation.ok(&["giftcard", "import", "Acme", &some(installation)]);
    let order = installation.inside(async |platform| {
        let book = BookId::new(1, Mode::Live);
        let given = platform.store.give_gift_card(book, 9, ("Acme", Cents(2500)), platform.clock.now());
        assert!(matches!(given.await.unwrap(), Given::Card(_)));
        platform.secrets.ids().seal(IdKind::Withdrawal, book, 9)
    });
    let ran = installation.run(&["giftcard", "recall", "Acme", "Acme", "--json"]);
    assert_silent(&ran);
    let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let told: Vec<_> =
        told.as_array().unwrap().iter().map(|card| (&card["state"], &card["withdrawal"])).collect();
    assert_eq!(told, [(&json!("given_out"), &json!(order)), (&json!("recalled"), &json!(""))]);
    assert_eq!(stock(installation), json!([{ "brand": "Bolt, Inc.", "face_value": 5000, "in_stock": 1 }]));
    let again = installation.run(&["giftcard", "recall", "Acme", "Acme"]);
    assert_eq!(again.code, 0);
    assert_silent(&again);
    assert!(again.stdout.contains("given_out") && again.stdout.contains("recalled"), "{}", again.stdout);
    installation.refused(1, "there has never been a card", &["giftcard", "recall", "Acme", "acme"]);
}

fn no_code_is_found_anywhere(installation: &Installation) {
    installation.business("Acme");
    installation.ok(&["giftcard", "import", "Acme", &some(installation)]);
    let raw = installation.raw("gift_card");
    let holds = |needle: &[u8]| raw.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"Bolt, Inc."), "this is where cards are");
    for secret in CODES.into_iter().chain([PIN]) {
        let (hex, base64) = (
            data_encoding::HEXLOWER.encode(secret.as_bytes()),
            data_encoding::BASE64.encode(secret.as_bytes()),
        );
        for needle in [secret, &hex, &hex.to_uppercase(), base64.trim_end_matches('=')] {
            assert!(!holds(needle.as_bytes()), "{needle}");
        }
    }
}
