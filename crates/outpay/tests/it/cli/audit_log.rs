//! `outpay audit` on the audit log: a row that was changed, removed or inserted is named.

use crate::cli::installation::Installation;
use serde_json::Value;

crate::cli::on_both_engines! {
    an_untouched_log_is_green,
    every_column_of_a_row_is_covered,
    a_row_taken_out_is_found,
    the_last_row_taken_off_is_found,
    a_row_slipped_in_is_found,
    a_row_of_another_hand_is_found,
}

/// Four rows of the audit log: changes of a business's keys are logged.
fn log(installation: &Installation) {
    installation.business("Acme");
    for _ in 0..4 {
        installation.ok(&["key", "create", "Acme"]);
    }
}

/// The rows of the audit log that the audit names.
fn rows_named(installation: &Installation) -> Vec<i64> {
    let ran = installation.run(&["audit", "--json"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let row = |difference: &Value| {
        assert_eq!(difference["place"], "audit_log", "{difference}");
        assert_eq!(difference["mode"], Value::Null, "{difference}");
        difference["number"].as_i64().unwrap()
    };
    report["differences"].as_array().unwrap().iter().map(row).collect()
}

fn an_untouched_log_is_green(installation: &Installation) {
    log(installation);
    assert_eq!(installation.json(&["audit"])["audit_log"], 4);
    let said = installation.ok(&["audit"]);
    assert!(said.contains("4 rows of the audit log compared"), "{said}");
}

fn every_column_of_a_row_is_covered(installation: &Installation) {
    log(installation);
    for (change, back) in [
        ("book = book + 1", "book = book - 1"),
        ("at = at + 1", "at = at - 1"),
        ("actor = 7", "actor = -1"),
        ("action = action || 'x'", "action = replace(action, 'x', '')"),
        ("subject = subject || '#'", "subject = replace(subject, '#', '')"),
        ("detail = detail || '#'", "detail = replace(detail, '#', '')"),
    ] {
        installation.tamper(&format!("UPDATE audit_log SET {change} WHERE number = 2"));
        assert_eq!(rows_named(installation), [2], "{change}");
        installation.tamper(&format!("UPDATE audit_log SET {back} WHERE number = 2"));
        installation.ok(&["audit"]);
    }
}

fn a_row_taken_out_is_found(installation: &Installation) {
    log(installation);
    installation.tamper("DELETE FROM audit_log WHERE number = 2");
    assert_eq!(rows_named(installation), [3], "the next one does not follow");
}

fn the_last_row_taken_off_is_found(installation: &Installation) {
    log(installation);
    installation.tamper("DELETE FROM audit_log WHERE number = 4");
    assert_eq!(rows_named(installation), [3], "the head says that there is one more");
}

fn a_row_slipped_in_is_found(installation: &Installation) {
    log(installation);
    let (columns, overriding) = ("number, business, book, at, actor, action, subject, detail", "");
    let overriding = if installation.is_sqlite() { overriding } else { "OVERRIDING SYSTEM VALUE" };
    installation.tamper("DELETE FROM audit_log WHERE number = 3");
    installation.tamper(&format!(
        "INSERT INTO audit_log ({columns}) {overriding} SELECT 3, business, book, at, actor, action, 'other', detail \
         FROM audit_log WHERE number = 2"
    ));
    assert_eq!(rows_named(installation), [3, 4]);
}

fn a_row_of_another_hand_is_found(installation: &Installation) {
    log(installation);
    installation.tamper(
        "INSERT INTO audit_log (business, book, at, actor, action, subject, detail) \
         SELECT business, book, at, actor, action, subject, detail FROM audit_log WHERE number = 2",
    );
    assert_eq!(rows_named(installation)[0], 5, "it has no digest");
}
