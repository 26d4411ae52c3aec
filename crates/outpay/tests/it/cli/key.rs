//! `outpay key`: the life of API keys as an operator sees it. beside_a_server.rs tests authentication.

use crate::cli::installation::Installation;
use serde_json::Value;
use std::time::Duration;

crate::cli::on_both_engines! {
    a_key_is_made_and_shown_once,
    a_key_ends_when_it_was_to,
    a_rolled_key_ends_and_its_heir_goes_on,
    a_roll_never_lengthens_a_life,
    a_revoked_key_stays_revoked,
    other_things_are_no_keys,
    a_key_takes_limits_and_hands_them_on,
    a_key_takes_scopes_and_ceilings,
}

fn keys(installation: &Installation) -> Vec<Value> {
    installation.json(&["key", "list", "Acme"])["data"].as_array().unwrap().clone()
}

fn key(installation: &Installation, id: &Value) -> Value {
    keys(installation).into_iter().find(|key| key["id"] == *id).unwrap()
}

fn a_key_is_made_and_shown_once(installation: &Installation) {
    installation.business("Acme");
    assert_eq!(keys(installation).len(), 4, "the first keys");
    for (flags, prefix, kind, mode) in [
        (&[][..], "sk_live_", "secret", "live"),
        (&["--public"], "pk_live_", "public", "live"),
        (&["--test"], "sk_test_", "secret", "test"),
        (&["--public", "--test"], "pk_test_", "public", "test"),
    ] {
        let made = installation.json(&[&["key", "create", "Acme", "--name", "shop"], flags].concat());
        let text = made["key"].as_str().unwrap();
        assert!(text.starts_with(prefix), "{text}");
        let listed = key(installation, &made["id"]);
        assert_eq!(listed["hint"], format!("{prefix}…{}", &text[text.len() - 4..]));
        assert_eq!([&listed["kind"], &listed["mode"], &listed["name"]], [kind, mode, "shop"]);
        assert_eq!([&listed["status"], &listed["expires_at"]], [&Value::from("active"), &Value::Null]);
        assert!(!installation.ok(&["key", "list", "Acme"]).contains(text));
    }
    installation.refused(2, "a key name has", &["key", "create", "Acme", "--name", &"x".repeat(101)]);
}

fn a_key_ends_when_it_was_to(installation: &Installation) {
    installation.business("Acme");
    let made = installation.json(&["key", "create", "Acme", "--expires-in", "1s"]);
    assert!(made["expires_at"].is_string(), "{made}");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(key(installation, &made["id"])["status"], "expired");
    let id = made["id"].as_str().unwrap();
    installation.refused(1, "has expired", &["key", "roll", id]);
    installation.refused(2, "a key must live", &["key", "create", "Acme", "--expires-in", "0s"]);
    installation.refused(2, "a key must live", &["key", "create", "Acme", "--expires-in", "9999999d"]);
    installation.refused(2, "as in 90s", &["key", "create", "Acme", "--expires-in", "30"]);
}

fn a_rolled_key_ends_and_its_heir_goes_on(installation: &Installation) {
    installation.business("Acme");
    let old = installation.json(&["key", "create", "Acme", "--test", "--name", "shop"]);
    let new = installation.json(&["key", "roll", old["id"].as_str().unwrap()]);
    assert!(new["key"].as_str().unwrap().starts_with("sk_test_"));
    assert_eq!(key(installation, &old["id"])["status"], "revoked");
    assert_eq!(key(installation, &new["id"])["name"], "shop");
    let newer = installation.json(&["key", "roll", new["id"].as_str().unwrap(), "--overlap", "24h"]);
    let still = key(installation, &new["id"]);
    assert_eq!(still["status"], "active");
    assert!(still["expires_at"].is_string(), "it ends after the overlap: {still}");
    assert_eq!(key(installation, &newer["id"])["expires_at"], Value::Null);
    installation.refused(1, "revoked already", &["key", "roll", old["id"].as_str().unwrap()]);
}

fn a_roll_never_lengthens_a_life(installation: &Installation) {
    installation.business("Acme");
    let old = installation.json(&["key", "create", "Acme", "--expires-in", "1h"]);
    let new = installation.json(&["key", "roll", old["id"].as_str().unwrap(), "--overlap", "30d"]);
    assert_eq!(key(installation, &old["id"])["expires_at"], old["expires_at"], "the overlap is cut");
    assert!(new["expires_at"].is_string(), "the heir of a key that ends ends too: {new}");
}

fn a_revoked_key_stays_revoked(installation: &Installation) {
    installation.business("Acme");
    let made = installation.json(&["key", "create", "Acme"]);
    let id = made["id"].as_str().unwrap();
    let revoked = installation.json(&["key", "revoke", id]);
    assert_eq!(revoked["status"], "revoked");
    let listed = key(installation, &made["id"]);
    assert_eq!(listed["status"], "revoked");
    installation.refused(1, "revoked already", &["key", "revoke", id]);
    assert_eq!(key(installation, &made["id"])["revoked_at"], listed["revoked_at"]);
}

fn other_things_are_no_keys(installation: &Installation) {
    let acme = installation.business("Acme");
    for other in ["", "key_", acme.id.as_str(), "key_00000000-0000-8000-8000-000000000000"] {
        installation.refused(1, "no key with this id", &["key", "revoke", other]);
        installation.refused(1, "no key with this id", &["key", "roll", other]);
    }
    let ran = installation.run(&["key", "revoke", &acme.secret_key]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stderr.contains(&acme.secret_key), "a key typed by mistake is not repeated");
}

fn a_key_takes_limits_and_hands_them_on(installation: &Installation) {
    installation.business("Acme");
    let create = [
        "key",
        "create",
        "Acme",
        "--allow",
        "203.0.113.7",
        "--allow",
        "10.0.0.0/8,::1",
        "--max-amount",
        "50000",
    ];
    let made = installation.json(&create);
    let limits = |id: &Value| {
        let listed = key(installation, id);
        (listed["allowed_addresses"].clone(), listed["max_amount"].clone())
    };
    assert_eq!(limits(&made["id"]), ("203.0.113.7 10.0.0.0/8 ::1".into(), 50_000.into()));
    let heir = installation.json(&["key", "roll", made["id"].as_str().unwrap()]);
    assert_eq!(limits(&heir["id"]), limits(&made["id"]));
    assert!(installation.ok(&["key", "list", "Acme"]).contains("at most 50000 cents per payout"));
    let plain = installation.json(&["key", "create", "Acme"]);
    assert_eq!(limits(&plain["id"]), (Value::Null, Value::Null));
    installation.refused(2, "not an address or a network", &["key", "create", "Acme", "--allow", "nowhere"]);
    installation.refused(2, "whole cents", &["key", "create", "Acme", "--max-amount", "0"]);
    installation.refused(2, "most that one payout", &["key", "create", "Acme", "--max-amount", "100000001"]);
}

fn a_key_takes_scopes_and_ceilings(installation: &Installation) {
    installation.business("Acme");
    let flags =
        ["--scope", "payouts:write", "--scope", "users:read", "--max-request", "500", "--max-day", "900"];
    let made =
        installation.json(&[&["key", "create", "Acme", "--max-recipient-day", "300"], &flags[..]].concat());
    let shown = key(installation, &made["id"]);
    assert_eq!(shown["scopes"], serde_json::json!(["payouts:write", "users:read"]));
    let ceilings = ["max_request", "max_day", "max_recipient_day"].map(|name| shown[name].as_i64().unwrap());
    assert_eq!(ceilings, [500, 900, 300]);
    let new = installation.json(&["key", "roll", made["id"].as_str().unwrap()]);
    let heir = key(installation, &new["id"]);
    for name in ["scopes", "max_request", "max_day", "max_recipient_day"] {
        assert_eq!(heir[name], shown[name], "{name}");
    }
    let list = installation.ok(&["key", "list", "Acme"]);
    assert!(
        list.contains("payouts:write users:read") && list.contains("at most 900 cents per day"),
        "{list}"
    );
    let all = installation.json(&["key", "create", "Acme"]);
    assert_eq!(key(installation, &all["id"])["scopes"], Value::Null);
    installation.refused(2, "is not a scope", &["key", "create", "Acme", "--scope", "payouts"]);
}
