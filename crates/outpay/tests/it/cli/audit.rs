//! `outpay audit`: clean after ordinary commands, and the exact place of every change made behind the program's back.

use crate::cli::installation::Installation;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    an_untouched_installation_is_green,
    a_changed_balance_is_found,
    a_balance_moved_between_two_users_is_found,
    a_changed_amount_is_found,
    a_changed_note_is_found,
    a_changed_time_is_found,
    a_changed_kind_is_found,
    a_deleted_entry_is_found,
    a_deleted_last_entry_is_found,
    a_forged_entry_is_found,
    a_changed_head_is_found,
    a_missing_account_is_found,
    a_changed_status_is_found,
    a_changed_generation_is_found,
    a_missing_user_is_found,
    a_changed_address_is_found,
    a_stray_user_is_found,
    a_missing_credential_is_found,
    a_reactivated_credential_is_found,
    a_stray_credential_is_found,
    a_difference_is_told_in_words_too,
}

/// Book 2 is the first business's live book. Its entries: 1 deposit, 2 transfer, 3 and 4 create users, 5 completes
/// their import, 6 deactivates the second.
fn books(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file = installation.write("users.csv", "a@example.com,100\nb@example.com,20\n");
    installation.ok(&["import", &file, "--business", "Acme"]);
    installation.ok(&["user", "deactivate", "Acme", "b@example.com"]);
    installation.paying_business("Other", 77);
}

/// Tampers, audits, and returns the places of all differences.
fn places_after(installation: &Installation, sql: &[&str]) -> Vec<(String, i64)> {
    books(installation);
    sql.iter().for_each(|sql| installation.tamper(sql));
    let ran = installation.run(&["audit", "--json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["clean"], false);
    let differences = report["differences"].as_array().unwrap();
    assert_eq!(report["found"], differences.len());
    let place = |difference: &Value| {
        assert_eq!([&difference["business"], &difference["mode"]], ["Acme", "live"], "{difference}");
        (difference["place"].as_str().unwrap().to_owned(), difference["number"].as_i64().unwrap_or(0))
    };
    differences.iter().map(place).collect()
}

fn place(kind: &str, number: i64) -> (String, i64) {
    (kind.to_owned(), number)
}

fn an_untouched_installation_is_green(installation: &Installation) {
    books(installation);
    let mut report = installation.json(&["audit"]);
    let fields = report.as_object_mut().unwrap();
    let heads = fields.remove("heads").unwrap();
    assert_eq!(heads.as_array().unwrap().len(), 3, "the audit log and two books that have entries: {heads}");
    assert!(fields.remove("not_proven").unwrap().as_str().unwrap().contains("No head was given"));
    let expected = json!({
        "clean": true, "books": 4, "entries": 8, "accounts": 8, "users": 2, "withdrawals": 0, "credentials": 2,
        "attempts": 0, "remembered": 5, "audit_log": 3, "signed_heads": 0, "kept_heads": 0, "found": 0, "differences": []
    });
    assert_eq!(report, expected);
    assert!(installation.ok(&["audit"]).contains("The books are right."));
}

fn a_changed_balance_is_found(installation: &Installation) {
    let places =
        places_after(installation, &["UPDATE account SET balance = balance + 1 WHERE book = 2 AND id = 1"]);
    assert_eq!(places, [place("account", 1), place("book", 0)], "the account and the sum");
}

fn a_balance_moved_between_two_users_is_found(installation: &Installation) {
    let places = places_after(
        installation,
        &[
            "UPDATE account SET balance = balance - 5 WHERE book = 2 AND id = 1",
            "UPDATE account SET balance = balance + 5 WHERE book = 2 AND id = 2",
        ],
    );
    assert_eq!(places, [place("account", 1), place("account", 2)]);
}

fn a_changed_amount_is_found(installation: &Installation) {
    let places = places_after(
        installation,
        &["UPDATE journal SET amount = amount + 1 WHERE book = 2 AND sequence = 4"],
    );
    assert_eq!(places[0], place("entry", 4));
    assert!(places.contains(&place("account", 2)) && places.contains(&place("account", -3)), "{places:?}");
}

fn a_changed_note_is_found(installation: &Installation) {
    let places =
        places_after(installation, &["UPDATE journal SET note = 'other' WHERE book = 2 AND sequence = 1"]);
    assert_eq!(places, [place("entry", 1), place("entry", 1)], "the digest, and a reference not remembered");
}

fn a_changed_time_is_found(installation: &Installation) {
    let places =
        places_after(installation, &["UPDATE journal SET at = at - 1 WHERE book = 2 AND sequence = 6"]);
    assert_eq!(places, [place("entry", 6)]);
}

fn a_changed_kind_is_found(installation: &Installation) {
    let places = places_after(installation, &["UPDATE journal SET kind = 4 WHERE book = 2 AND sequence = 5"]);
    assert!(places.iter().all(|found| *found == place("entry", 5)) && !places.is_empty(), "{places:?}");
}

fn a_deleted_entry_is_found(installation: &Installation) {
    let places = places_after(installation, &["DELETE FROM journal WHERE book = 2 AND sequence = 2"]);
    assert_eq!(places[0], place("entry", 2));
}

fn a_deleted_last_entry_is_found(installation: &Installation) {
    let places = places_after(installation, &["DELETE FROM journal WHERE book = 2 AND sequence = 6"]);
    assert_eq!(places, [place("book", 0), place("user", 2), place("user", 2)], "head, status, credential");
}

fn a_forged_entry_is_found(installation: &Installation) {
    let places = places_after(
        installation,
        &[
            "INSERT INTO journal SELECT book, 7, 5, at, 1, -3, 1, 1, 4, 3, '', chain, NULL, 0, 0, '' FROM journal WHERE book = 2 AND sequence = 6",
            "UPDATE account SET balance = balance + 1, head = 7 WHERE book = 2 AND id = 1",
            "UPDATE account SET balance = balance - 1, head = 7 WHERE book = 2 AND id = -3",
            "UPDATE book SET sequence = 7 WHERE id = 2",
        ],
    );
    assert_eq!(places, [place("entry", 7)]);
}

fn a_changed_head_is_found(installation: &Installation) {
    let sql =
        "UPDATE book SET chain = (SELECT chain FROM journal WHERE book = 2 AND sequence = 5) WHERE id = 2";
    assert_eq!(places_after(installation, &[sql]), [place("book", 0)]);
}

fn a_missing_account_is_found(installation: &Installation) {
    let places = places_after(installation, &["DELETE FROM account WHERE book = 2 AND id = 2"]);
    assert_eq!(places, [place("account", 2), place("book", 0)]);
}

fn a_changed_status_is_found(installation: &Installation) {
    let places =
        places_after(installation, &["UPDATE payout_user SET status = 1 WHERE book = 2 AND number = 2"]);
    assert_eq!(places, [place("user", 2)]);
}

fn a_changed_generation_is_found(installation: &Installation) {
    let sql = "UPDATE payout_user SET generation = 1 WHERE book = 2 AND number = 1";
    assert_eq!(places_after(installation, &[sql]), [place("user", 1)]);
}

fn a_missing_user_is_found(installation: &Installation) {
    let places = places_after(installation, &["DELETE FROM payout_user WHERE book = 2 AND number = 1"]);
    assert_eq!(
        places,
        [place("entry", 3), place("user", 1)],
        "the entry that created the user covers the address"
    );
}

fn a_changed_address_is_found(installation: &Installation) {
    let sql = "UPDATE payout_user SET email = 'thief@example.com' WHERE book = 2 AND number = 1";
    assert_eq!(places_after(installation, &[sql]), [place("entry", 3)]);
}

fn a_stray_user_is_found(installation: &Installation) {
    let sql = "INSERT INTO payout_user SELECT book, 3, 'c@example.com', 1, 0, salt, created_at, NULL FROM payout_user WHERE book = 2 AND number = 1";
    assert_eq!(places_after(installation, &[sql]), [place("user", 3)]);
}

fn a_missing_credential_is_found(installation: &Installation) {
    let sql = "DELETE FROM credential WHERE book = 2 AND kind = 3 AND subject = 1";
    assert_eq!(places_after(installation, &[sql]), [place("user", 1)]);
}

fn a_reactivated_credential_is_found(installation: &Installation) {
    let sql = "UPDATE credential SET active = 1 WHERE book = 2 AND kind = 3 AND subject = 2";
    assert_eq!(places_after(installation, &[sql]), [place("user", 2)]);
}

fn a_stray_credential_is_found(installation: &Installation) {
    let digest = if installation.is_sqlite() { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let sql = format!(
        "INSERT INTO credential (digest, kind, book, subject, active, expires_at) VALUES ({digest}, 3, 2, 1, 1, NULL)"
    );
    assert_eq!(places_after(installation, &[&sql]), [place("user", 1)]);
}

fn a_difference_is_told_in_words_too(installation: &Installation) {
    books(installation);
    installation.tamper("UPDATE account SET balance = balance + 1 WHERE book = 2 AND id = 1");
    let ran = installation.run(&["audit"]);
    assert_eq!(ran.code, 1);
    let line = "DIFFERENCE  Acme (live), account user 1: the entries add up to 100, stored is 101";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
}
