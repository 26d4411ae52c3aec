//! `outpay business`: creation, lookup, the payout switch, deposits that are recorded once, transfers that are
//! covered.

use crate::cli::installation::Installation;

crate::cli::on_both_engines! {
    a_new_business_has_four_keys_and_no_money,
    a_name_is_given_once,
    a_business_is_called_by_id_or_name,
    a_deposit_is_recorded_once_per_reference,
    a_deposit_needs_whole_cents_and_a_reference,
    a_bank_line_is_the_money_of_one_business,
    a_deposit_out_of_proportion_needs_a_yes,
    a_reference_that_looks_the_same_is_the_same,
    a_business_is_let_to_record_deposits,
    a_transfer_is_refused_when_it_is_not_covered,
    live_and_test_money_never_meet,
    tables_are_for_people,
    a_business_chooses_how_it_shows_itself,
    origins_are_set_and_taken_away,
    a_preloaded_book_is_in_order,
}

fn a_new_business_has_four_keys_and_no_money(installation: &Installation) {
    installation.init();
    let made = installation.json(&["business", "create", "Acme"]);
    assert!(made["id"].as_str().unwrap().starts_with("biz_"), "{made}");
    for (field, prefix) in [
        ("secret_key", "sk_live_"),
        ("public_key", "pk_live_"),
        ("test_secret_key", "sk_test_"),
        ("test_public_key", "pk_test_"),
    ] {
        let key = made[field].as_str().unwrap();
        assert!(key.starts_with(prefix) && key.len() == 57, "{field}: {key}");
    }
    let shown = installation.json(&["business", "show", "Acme"]);
    assert_eq!(shown["payouts_enabled"], false);
    for field in ["balance", "payout_balance", "test_balance", "test_payout_balance"] {
        assert_eq!(shown[field], 0, "{field}");
    }
    let shown = shown.to_string();
    assert!(!shown.contains("sk_") && !shown.contains("pk_"), "keys are shown once: {shown}");
}

fn origins_are_set_and_taken_away(installation: &Installation) {
    installation.business("Acme");
    let origins = |arguments: &[&str]| {
        let all = [&["business", "origins", "Acme"], arguments].concat();
        installation.json(&all)["allowed_origins"].clone()
    };
    assert_eq!(origins(&[]), serde_json::json!([]));
    let two = serde_json::json!(["http://localhost:3000", "https://shop.example"]);
    assert_eq!(origins(&["--set", "https://Shop.example/ http://localhost:3000"]), two);
    assert_eq!(origins(&[]), two);
    installation.refused(2, "such as https://shop.example", &["business", "origins", "Acme", "--set", "*"]);
    assert_eq!(origins(&["--set", ""]), serde_json::json!([]));
}

fn a_business_is_let_to_record_deposits(installation: &Installation) {
    installation.business("Acme");
    let own = |arguments: &[&str]| {
        let all = [&["business", "own-deposits", "Acme"], arguments].concat();
        installation.json(&all)["own_deposits"].clone()
    };
    assert_eq!(own(&[]), false, "off by default");
    assert_eq!(own(&["--allow"]), true);
    assert_eq!(own(&[]), true);
    assert_eq!(own(&["--deny"]), false);
    installation.refused(
        2,
        "cannot be used with",
        &["business", "own-deposits", "Acme", "--allow", "--deny"],
    );
}

fn a_name_is_given_once(installation: &Installation) {
    installation.business("Acme");
    installation.refused(1, "already a business with this name", &["business", "create", "Acme"]);
    installation.refused(2, "a business name has", &["business", "create", ""]);
    installation.refused(2, "a business name has", &["business", "create", "biz_1"]);
    let list = installation.json(&["business", "list"]);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

fn a_business_is_called_by_id_or_name(installation: &Installation) {
    let acme = installation.business("Acme, Inc.");
    let other = installation.business("Other");
    assert_ne!(acme.id, other.id);
    for called in ["Acme, Inc.", acme.id.as_str()] {
        let switched = installation.json(&["business", "enable-payouts", called]);
        assert_eq!((&switched["id"], &switched["payouts_enabled"]), (&acme.id.as_str().into(), &true.into()));
        let switched = installation.json(&["business", "disable-payouts", called]);
        assert_eq!(switched["payouts_enabled"], false);
    }
    for unknown in ["acme, inc.", "Unknown", "biz_00000000-0000-8000-8000-000000000000", ""] {
        installation.refused(1, "there is no business", &["business", "show", unknown]);
    }
}

fn a_deposit_is_recorded_once_per_reference(installation: &Installation) {
    installation.business("Acme");
    let deposit = ["business", "deposit", "Acme", "10050", "--reference", "wire 1"];
    let first = installation.json(&deposit);
    assert_eq!(
        (&first["balance"], &first["payout_balance"], &first["replayed"]),
        (&10_050.into(), &0.into(), &false.into())
    );
    installation.ok(&["business", "deposit", "Acme", "50", "--reference", "wire 2"]);
    let again = installation.json(&deposit);
    assert_eq!((&again["balance"], &again["replayed"]), (&10_100.into(), &true.into()), "today's balance");
    assert!(installation.ok(&deposit).contains("Nothing was deposited again"));
    installation.refused(
        1,
        "already recorded with another amount",
        &["business", "deposit", "Acme", "1", "--reference", "wire 1"],
    );
    assert_eq!(installation.json(&["business", "show", "Acme"])["balance"], 10_100);
    installation.ok(&["audit"]);
}

fn a_deposit_needs_whole_cents_and_a_reference(installation: &Installation) {
    installation.business("Acme");
    for cents in ["1.50", "0", "1e3", "x", "99999999999999999999"] {
        let deposit = ["business", "deposit", "Acme", cents, "--reference", "r"];
        installation.refused(2, "give whole cents", &deposit);
    }
    installation.refused(2, "--reference", &["business", "deposit", "Acme", "1"]);
    installation.refused(
        2,
        "printable characters",
        &["business", "deposit", "Acme", "1", "--reference", "a\nb"],
    );
    installation.refused(
        2,
        "cannot be seen",
        &["business", "deposit", "Acme", "1", "--reference", "wire 1\u{200b}"],
    );
    assert_eq!(installation.json(&["business", "show", "Acme"])["balance"], 0);
}

fn a_bank_line_is_the_money_of_one_business(installation: &Installation) {
    let acme = installation.business("Acme");
    installation.business("Other");
    installation.ok(&["business", "deposit", "Acme", "500", "--reference", "wire 1"]);
    let other = ["business", "deposit", "Other", "500", "--reference", "wire 1"];
    installation.refused(1, &format!("recorded for \"Acme\" ({}) at 2", acme.id), &other);
    installation.refused(1, "--reference-used-elsewhere", &other);
    assert_eq!(installation.json(&["business", "show", "Other"])["balance"], 0);
    installation.ok(&[&other[..], &["--test"]].concat());
    installation.ok(&[&other[..], &["--reference-used-elsewhere"]].concat());
    assert_eq!(installation.json(&other)["replayed"], true, "once recorded, it is answered as it was");
    installation.ok(&["business", "deposit", "Acme", "500", "--reference", "wire 1"]);
    installation.ok(&["audit"]);
}

fn a_deposit_out_of_proportion_needs_a_yes(installation: &Installation) {
    installation.business("Acme");
    let deposit = |cents: &'static str, reference: &'static str| {
        ["business", "deposit", "Acme", cents, "--reference", reference]
    };
    installation.refused(1, "10000001 cents are 100,000.01", &deposit("10000001", "first"));
    installation.ok(&deposit("10000000", "first"));
    installation.refused(1, "--yes-large", &deposit("200000001", "second"));
    assert_eq!(installation.json(&["business", "show", "Acme"])["balance"], 10_000_000);
    installation.ok(&[&deposit("200000001", "second")[..], &["--yes-large"]].concat());
    installation.ok(&deposit("200000001", "second"));

    // A reversed deposit does not count as the largest.
    installation.business("Other");
    let other = |cents: &'static str, reference: &'static str| {
        ["business", "deposit", "Other", cents, "--reference", reference]
    };
    installation.ok(&other("1000", "a"));
    installation.ok(&[&other("100000", "b")[..], &["--yes-large"]].concat());
    let reverse = ["business", "reverse-deposit", "Other", "--reference", "b", "--reason", "too much"];
    let proposal = installation.json(&reverse);
    let word = |name: &str| proposal[name].as_str().unwrap().to_owned();
    let code = word("code");
    assert_eq!(installation.run_with(("OUTPAY_CODE", &code), &["proposal", "confirm", &word("id")]).code, 0);
    installation.refused(1, "so far is 10.00", &other("20001", "c"));
    installation.ok(&other("20000", "c"));
}

fn a_reference_that_looks_the_same_is_the_same(installation: &Installation) {
    installation.business("Überseehandel");
    for business in ["U\u{308}berseehandel", "Überseehandel\u{a0}"] {
        installation.refused(1, "already a business", &["business", "create", business]);
        for reference in
            ["Überweisung 17", "U\u{308}berweisung 17", "Überweisung\u{a0}17", " Überweisung  17 "]
        {
            let deposit = ["business", "deposit", business, "500", "--reference", reference];
            installation.ok(&deposit);
        }
    }
    assert_eq!(installation.json(&["business", "show", "Überseehandel"])["balance"], 500);
}

fn a_transfer_is_refused_when_it_is_not_covered(installation: &Installation) {
    installation.business("Acme");
    installation.ok(&["business", "deposit", "Acme", "1000", "--reference", "r"]);
    installation.refused(1, "Insufficient balance", &["business", "transfer", "Acme", "1001"]);
    let moved = installation.json(&["business", "transfer", "Acme", "1000"]);
    assert_eq!((&moved["balance"], &moved["payout_balance"]), (&0.into(), &1000.into()));
    let back = ["business", "transfer", "Acme", "1001", "--to-main"];
    installation.refused(1, "Insufficient payout balance", &back);
    let moved = installation.json(&["business", "transfer", "Acme", "400", "--to-main"]);
    assert_eq!((&moved["balance"], &moved["payout_balance"]), (&400.into(), &600.into()));
    installation.ok(&["audit"]);
}

fn live_and_test_money_never_meet(installation: &Installation) {
    installation.business("Acme");
    installation.ok(&["business", "deposit", "Acme", "500", "--reference", "r", "--test"]);
    installation.ok(&["business", "deposit", "Acme", "7", "--reference", "r"]);
    installation.refused(1, "Insufficient balance", &["business", "transfer", "Acme", "8"]);
    installation.ok(&["business", "transfer", "Acme", "500", "--test"]);
    let shown = installation.json(&["business", "show", "Acme"]);
    assert_eq!((&shown["balance"], &shown["test_payout_balance"]), (&7.into(), &500.into()));
}

fn tables_are_for_people(installation: &Installation) {
    let acme = installation.business("Acme");
    installation.ok(&["business", "deposit", "Acme", "123456789", "--reference", "r", "--yes-large"]);
    let list = installation.ok(&["business", "list"]);
    assert!(list.contains(&acme.id) && list.contains("disabled"), "{list}");
    let shown = installation.ok(&["business", "show", "Acme"]);
    assert!(shown.contains("1,234,567.89"), "{shown}");
}

fn a_preloaded_book_is_in_order(installation: &Installation) {
    installation.business("Acme");
    installation.refused(1, "enable-payouts", &["preload", "Acme", "12000", "--test"]);
    installation.ok(&["business", "enable-payouts", "Acme"]);
    installation.ok(&["preload", "Acme", "12000", "--test"]);
    assert_eq!(installation.json(&["business", "show", "Acme"])["test_payout_balance"], 0);
    let last = installation.json(&["user", "show", "Acme", "user11999@example.com", "--test"]);
    assert_eq!(last["balance"], 1);
    assert_eq!(installation.json(&["audit"])["users"], 12_000);
}

fn a_business_chooses_how_it_shows_itself(installation: &Installation) {
    installation.business("Acme");
    let shown = installation.json(&["business", "brand", "Acme"]);
    assert_eq!((&shown["display_name"], &shown["colour"]), (&"Acme".into(), &"#0b5d66".into()));
    let set = ["business", "brand", "Acme", "--colour", "#0A7D5C", "--support", "Ask us."];
    assert_eq!(installation.json(&set)["colour"], "#0a7d5c");
    let shown = installation.json(&["business", "brand", "Acme", "--display-name", "Harbour & Pine"]);
    assert_eq!((&shown["display_name"], &shown["support"]), (&"Harbour & Pine".into(), &"Ask us.".into()));
    installation.refused(2, "six hexadecimal digits", &["business", "brand", "Acme", "--colour", "red"]);
    let url = ["business", "brand", "Acme", "--support-url", "javascript:x"];
    installation.refused(2, "must begin with https://", &url);
    let framed = ["business", "brand", "Acme", "--frame-origins", "https://shop.example/"];
    assert_eq!(installation.json(&framed)["frame_origins"], "https://shop.example");
    installation.refused(2, "in a frame", &["business", "brand", "Acme", "--frame-origins", "*"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logo");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "RIFF\x22\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0VP8 \x04\0\0\0abcd")
        .unwrap();
    let shown = installation.json(&["business", "brand", "Acme", "--logo", path]);
    assert!(shown["logo"].as_str().unwrap().ends_with(".webp"), "{shown}");
    assert_eq!(installation.json(&["business", "brand", "Acme"]), shown);
    std::fs::write(&file, "<svg/>").unwrap();
    installation.refused(2, "PNG, JPEG or WebP", &["business", "brand", "Acme", "--logo", path]);
    installation.refused(2, "logo2", &["business", "brand", "Acme", "--logo", &format!("{path}2")]);
    assert!(installation.json(&["business", "brand", "Acme", "--no-logo"])["logo"].is_null());
}
