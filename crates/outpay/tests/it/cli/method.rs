//! `outpay method`: the methods that a business offers, and their terms.

use crate::cli::installation::Installation;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    no_live_method_is_offered_by_default,
    a_method_is_switched_on_and_off,
    what_is_left_out_stays_as_it_is,
    wrong_terms_change_nothing,
    terms_are_a_table_for_people,
    other_names_are_no_methods,
}

fn start(installation: &Installation) {
    installation.business("Acme");
    installation.configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
}

fn terms(installation: &Installation, method: &str, flags: &[&str]) -> Value {
    let listed = installation.json(&[&["method", "list", "Acme"], flags].concat());
    let found = listed.as_array().unwrap().iter().find(|one| one["method"] == method);
    found.unwrap_or_else(|| panic!("no {method} in {listed}"))["terms"].clone()
}

fn no_live_method_is_offered_by_default(installation: &Installation) {
    start(installation);
    for method in ["bank", "gift_card"] {
        assert_eq!(terms(installation, method, &[])["enabled"], false, "{method}");
    }
    let sandbox = terms(installation, "sandbox", &["--test"]);
    assert_eq!(sandbox["enabled"], true, "play money moves from the start");
    assert_eq!((&sandbox["minimum"], &sandbox["maximum"]), (&json!(1), &json!(100_000_000)));
}

fn a_method_is_switched_on_and_off(installation: &Installation) {
    start(installation);
    installation.business("Other");
    installation.ok(&["method", "enable", "Acme", "bank"]);
    assert_eq!(terms(installation, "bank", &[])["enabled"], true);
    assert_eq!(terms(installation, "gift_card", &[])["enabled"], false);
    let other = installation.json(&["method", "list", "Other"]);
    assert!(other.as_array().unwrap().iter().all(|one| one["terms"]["enabled"] == false), "{other}");
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "25"]);
    installation.ok(&["method", "disable", "Acme", "bank"]);
    let after = terms(installation, "bank", &[]);
    assert_eq!((&after["enabled"], &after["fee"]["fixed"]), (&json!(false), &json!(25)));
    installation.ok(&["method", "disable", "Acme", "sandbox", "--test"]);
    assert_eq!(terms(installation, "sandbox", &["--test"])["enabled"], false);
}

fn what_is_left_out_stays_as_it_is(installation: &Installation) {
    start(installation);
    let set = |flags: &[&str]| {
        installation.ok(&[&["method", "set", "Acme", "bank"], flags].concat());
        terms(installation, "bank", &[])
    };
    let all = set(&[
        "--fee",
        "25",
        "--fee-basis-points",
        "150",
        "--fee-floor",
        "50",
        "--fee-cap",
        "1000",
        "--minimum",
        "500",
        "--maximum",
        "200000",
        "--daily-cap",
        "300000",
        "--review-always",
        "true",
        "--review-above",
        "0",
        "--review-above-per-day",
        "7",
        "--review-new-destination",
        "true",
    ]);
    let expected = json!({
        "enabled": false,
        "fee": { "fixed": 25, "basis_points": 150, "floor": 50, "cap": 1000 },
        "minimum": 500,
        "maximum": 200_000,
        "review": { "always": true, "above": 0, "above_per_day": 7, "new_destination": true },
        "daily_cap": 300_000,
    });
    assert_eq!(all, expected);
    assert_eq!(set(&[]), expected);
    let less = set(&[
        "--fee-cap",
        "none",
        "--daily-cap",
        "none",
        "--review-above",
        "none",
        "--review-above-per-day",
        "none",
        "--review-always",
        "false",
        "--fee",
        "0",
        "--fee-floor",
        "0",
    ]);
    let expected = json!({
        "enabled": false,
        "fee": { "fixed": 0, "basis_points": 150, "floor": 0, "cap": null },
        "minimum": 500,
        "maximum": 200_000,
        "review": { "always": false, "above": null, "above_per_day": null, "new_destination": true },
        "daily_cap": null,
    });
    assert_eq!(less, expected);
}

fn wrong_terms_change_nothing(installation: &Installation) {
    start(installation);
    let before = terms(installation, "bank", &[]);
    for (flags, words) in [
        (&["--minimum", "10", "--maximum", "9"][..], "the maximum from the minimum"),
        (&["--maximum", "100000001"], "the maximum from the minimum"),
        (&["--fee-floor", "5", "--fee-cap", "4"], "may not be below its floor"),
        (&["--fee", "0.25"], "give whole cents"),
        (&["--fee=-1"], "give whole cents"),
        (&["--fee-basis-points", "10000"], "0..10000"),
        (&["--minimum", "0"], "give whole cents"),
        (&["--daily-cap", "never"], "give whole cents"),
        (&["--review-always", "maybe"], "true"),
    ] {
        installation.refused(2, words, &[&["method", "set", "Acme", "bank"], flags].concat());
    }
    assert_eq!(terms(installation, "bank", &[]), before);
}

fn terms_are_a_table_for_people(installation: &Installation) {
    start(installation);
    let fee = ["--fee", "25", "--fee-basis-points", "150", "--daily-cap", "1234500"];
    let table = installation.ok(&[&["method", "set", "Acme", "bank"], &fee[..]].concat());
    for words in ["bank", "manual", "gift_card", "0.25 + 1.50 %", "12,345.00", "1,000,000.00", "no", "none"] {
        assert!(table.contains(words), "{words}: {table}");
    }
}

fn other_names_are_no_methods(installation: &Installation) {
    start(installation);
    for method in ["sandbox", "Bank", "", "usdc"] {
        let enable = ["method", "enable", "Acme", method];
        installation.refused(1, "there is no method", &enable);
    }
    installation.refused(1, "there are: ", &["method", "set", "Acme", "wire", "--fee", "1"]);
    installation.refused(1, "there is no method", &["method", "enable", "Acme", "wire", "--test"]);
    installation.refused(1, "there is no business", &["method", "list", "Nobody"]);
}
