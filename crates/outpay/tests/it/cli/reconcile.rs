//! `outpay reconcile`: the comparison from the command line, its exit codes, and closing what it found.

use crate::cli::installation::Installation;
use ledger::{BookId, Cents};
use outpay::testing::rails::gift_card;

crate::cli::on_both_engines! {
    books_that_agree_end_with_success,
    a_card_that_left_past_the_platform_is_found_and_closed,
    what_cannot_be_compared_is_refused,
}

fn start(installation: &Installation) {
    installation.paying_business("Acme", 1_000_000);
    installation.configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
}

fn books_that_agree_end_with_success(installation: &Installation) {
    start(installation);
    let said = installation.ok(&["reconcile"]);
    assert!(said.contains("gift_card: 0 payments") && said.contains("No difference is open."), "{said}");
    assert!(!said.contains("bank"), "it keeps no books: {said}");
    let json = installation.json(&["reconcile", "gift_card"]);
    assert_eq!((json["runs"][0]["booked"].as_i64(), json["open"].as_array().unwrap().len()), (Some(0), 0));
}

fn a_card_that_left_past_the_platform_is_found_and_closed(installation: &Installation) {
    start(installation);
    let book = BookId(2);
    installation.inside(async |platform| {
        let kind = ("Acme", Cents(1_000), None);
        let pack = gift_card::pack(&platform.secrets, &platform.entropy, book, kind, ("AAAA-1", None));
        let now = platform.clock.now();
        platform.store.import_gift_cards(book, &[pack], now).await.unwrap();
        platform.store.give_gift_card(book, 99, ("Acme", Cents(1_000)), now).await.unwrap();
    });
    let ran = installation.run(&["reconcile", "gift_card"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("gift_card is paused") && ran.stdout.contains("missing_here"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("AAAA") && !ran.stderr.contains("AAAA"), "no code is shown");
    let pauses = installation.json(&["pause", "list"]);
    assert_eq!(pauses[0]["scope"], "rail gift_card");
    assert!(pauses[0]["reason"].as_str().unwrap().starts_with("Reconciliation: "), "{pauses}");
    let ran = installation.run(&["doctor"]);
    assert!(ran.code == 1 && ran.stdout.contains("more has left than our books say"), "{}", ran.stdout);
    let ran = installation.run(&["reconcile", "--list", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let listed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let open = &listed["open"][0];
    assert_eq!((&open["kind"], &open["alarm"]), (&"missing_here".into(), &true.into()), "{listed}");
    assert_eq!(
        (&open["there"]["amount"], &open["here"]["amount"]),
        (&1_000.into(), &serde_json::Value::Null)
    );
    let id = open["id"].as_str().unwrap();
    installation.refused(2, "--reason", &["reconcile", "--close", id]);
    installation.refused(1, "there is no difference", &["reconcile", "--close", "rec_1", "--reason", "why"]);
    installation.ok(&["reconcile", "--close", id, "--reason", "given to a winner by hand"]);
    installation.refused(1, "it is not open", &["reconcile", "--close", id, "--reason", "again"]);
    installation.ok(&["reconcile"]);
    assert_eq!(
        installation.json(&["pause", "list"])[0]["scope"],
        "rail gift_card",
        "resuming is another decision"
    );
    installation.ok(&["resume", "rail", "gift_card", "--reason", "it is explained"]);
}

fn what_cannot_be_compared_is_refused(installation: &Installation) {
    start(installation);
    installation.refused(1, "bank keeps no books that can be read", &["reconcile", "bank"]);
    installation.refused(1, "there is no method \"nope\"", &["reconcile", "nope"]);
    installation.refused(2, "the time must look like", &["reconcile", "gift_card", "--from", "yesterday"]);
    let upside_down = ["reconcile", "gift_card", "--from", "2026-02-01", "--to", "2026-01-01"];
    installation.refused(1, "must begin before it ends", &upside_down);
}
