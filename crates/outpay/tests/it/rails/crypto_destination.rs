//! Destinations: every form of address, every forbidden destination, each with its sentence.

use crate::rails::chain::{KEY, TREASURY, config, rail};
use alloy_primitives::Address;
use outpay::testing::clock::Clock;
use outpay::testing::rails::Rail;
use outpay::testing::rails::crypto::CryptoRail;
use secrecy::SecretString;
use serde_json::{Value, json};

const TOKEN: &str = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";

/// Without a node: destinations are checked offline.
fn offline() -> CryptoRail {
    rail(&config(8453, TOKEN.parse().unwrap(), 6), "http://127.0.0.1:1", &Clock::manual(0))
}

fn check(destination: &Value) -> Result<String, Vec<(String, String)>> {
    let fields = destination.as_object().unwrap();
    offline().destination(fields).map_err(|problems| {
        problems.into_iter().map(|problem| (problem.name, problem.sentence.english())).collect()
    })
}

fn sentence_for(address: impl Into<Value>) -> String {
    match check(&json!({"address": address.into()})) {
        Err(problems) if problems.len() == 1 && problems[0].0 == "address" => problems[0].1.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_samples_of_eip_55_are_right_and_any_other_case_is_wrong() {
    let samples = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];
    for sample in samples {
        let stored = format!(r#"{{"address":"{sample}","network":"Testnet"}}"#);
        let digits = &sample[2..];
        for written in [
            sample.to_owned(),
            format!("  {sample} "),
            format!("0x{}", digits.to_lowercase()),
            format!("0x{}", digits.to_uppercase()),
        ] {
            assert_eq!(check(&json!({"address": written})), Ok(stored.clone()), "{written}");
        }
        // The case of any single letter flipped: a typing error, unless all letters then have the same case.
        for (at, letter) in digits.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
            let turned = if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            };
            let wrong = format!("0x{}{turned}{}", &digits[..at], &digits[at + 1..]);
            let sentence = sentence_for(wrong.clone());
            assert!(sentence.contains("typing error"), "{wrong}: {sentence}");
        }
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let good = "de709f2102306220921060314715629080e2fb77";
    for wrong in [
        good.to_owned(),
        format!("0X{good}"),
        format!("0x{good}0"),
        format!("0x{}", &good[1..]),
        format!("0x{}g", &good[1..]),
        format!("0x{}é", &good[2..]),
        "vitalik.eth".to_owned(),
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq".to_owned(),
        "0x".to_owned(),
    ] {
        let sentence = sentence_for(wrong.clone());
        assert!(sentence.starts_with("An address begins with 0x"), "{wrong}: {sentence}");
    }
    for missing in [json!(null), json!(""), json!("  "), json!(7), json!(["0x"])] {
        assert!(sentence_for(missing.clone()).starts_with("Please give the USDC address"), "{missing}");
    }
}

#[test]
fn places_that_money_must_not_go_to_are_refused() {
    let zero = Address::ZERO.to_string();
    for (address, start) in [
        (zero.as_str(), "This is the zero address"),
        (TOKEN, "This is the address of the USDC contract itself"),
        (TREASURY, "This is the address that the money comes from"),
    ] {
        for written in [address.to_owned(), address.to_lowercase()] {
            let sentence = sentence_for(written);
            assert!(sentence.starts_with(start), "{sentence}");
        }
    }
}

#[test]
fn a_network_is_checked_if_it_is_given() {
    let address = "0x52908400098527886E0F7030069857D2E4169EE7";
    for network in [json!("Testnet"), json!(" testnet "), json!(null)] {
        assert!(check(&json!({"address": address, "network": network})).is_ok(), "{network}");
    }
    for network in [json!("Ethereum"), json!(""), json!(1)] {
        let problems = check(&json!({"address": address, "network": network})).unwrap_err();
        assert_eq!(problems[0].0, "network");
        assert!(problems[0].1.contains("pays on Testnet only"), "{problems:?}");
    }
    let both = check(&json!({"address": "x", "network": "Ethereum"})).unwrap_err();
    assert_eq!(both.iter().map(|problem| problem.0.as_str()).collect::<Vec<_>>(), ["address", "network"]);
}

#[test]
fn the_key_appears_in_nothing_that_is_shown() {
    let facts = format!("{:?}", offline().facts());
    let config = format!("{:?}", config(8453, TOKEN.parse().unwrap(), 6));
    let key = SecretString::from(KEY);
    for shown in [facts, config, format!("{key:?}")] {
        assert!(!shown.contains(&KEY[10..30]), "{shown}");
    }
}
