//! `outpay test clock`, beside a running server: it learns of a move from the database.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_clock_is_shown_and_moved,
    a_server_finds_what_a_move_has_brought,
}

fn a_clock_is_shown_and_moved(installation: &Installation) {
    installation.business("Acme");
    let ahead = |arguments: &[&str]| {
        let shown = installation.json(&[&["test", "clock", "Acme"], arguments].concat());
        assert!(shown["now"].is_string(), "{shown}");
        shown["ahead_seconds"].clone()
    };
    assert_eq!(ahead(&[]), 0);
    assert_eq!(ahead(&["--advance", "3d"]), 259_200);
    assert_eq!(ahead(&["--advance", "90s"]), 259_290);
    assert!(installation.ok(&["test", "clock", "Acme"]).contains("259290"));
    installation.refused(2, "1825d", &["test", "clock", "Acme", "--advance", "0s"]);
    installation.refused(2, "1825d", &["test", "clock", "Acme", "--advance", "1826d"]);
    installation.refused(
        1,
        "at most 157680000 seconds ahead",
        &["test", "clock", "Acme", "--advance", "1825d"],
    );
    installation.refused(1, "there is no business", &["test", "clock", "Unknown"]);
    assert_eq!(ahead(&[]), 259_290);
    // The journal of a book that is far ahead is no sign of a wrong clock.
    installation.ok(&["business", "deposit", "Acme", "10", "--reference", "funds", "--test"]);
    assert!(installation.run(&["doctor"]).stdout.contains("the newest is from"), "entry times");
    installation.ok(&["audit"]);
}

fn a_server_finds_what_a_move_has_brought(installation: &Installation) {
    let business = installation.paying_business("Acme", 10_000);
    let server = Server::start(installation);
    installation.ok(&["business", "deposit", "Acme", "10000", "--reference", "test funds", "--test"]);
    installation.ok(&["business", "transfer", "Acme", "10000", "--test"]);
    server.create(&business.test_secret_key, "user@example.com", 5000);
    let key = format!("Authorization: Bearer {}", business.test_secret_key);
    let rule = json!({ "expiry_days": 30 }).to_string();
    assert_eq!(server.ask("PUT", "/payout/settings", &key, &rule).0, 200);
    let until = |kind: &str| {
        let has = || {
            let (_, events) = server.ask("GET", "/payout/events?limit=100", &key, "");
            let events: Value = serde_json::from_str(&events).unwrap();
            events["data"].as_array().unwrap().iter().any(|event| event["type"] == kind)
        };
        while !has() {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    };
    installation.ok(&["test", "clock", "Acme", "--advance", "40d"]);
    until("payout_user.money_expiring");
    installation.ok(&["test", "clock", "Acme", "--advance", "7d"]);
    until("payout_user.money_expired");
}
