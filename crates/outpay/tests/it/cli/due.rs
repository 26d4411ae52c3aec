//! `outpay due now`: work that a wrong clock has put off is due at once, and a server pays it.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_withdrawal_that_waits_is_made_due,
    everything_that_waits_is_made_due,
    a_start_pulls_back_what_a_wrong_clock_has_put_off,
    what_does_not_wait_is_refused,
}

const HOUR: i64 = 3_600_000_000;

/// A withdrawal from the test book, put off by this much; its id.
fn put_off(installation: &Installation, micros: i64) -> String {
    use outpay::testing::ids::IdKind;
    use outpay::testing::withdrawals::price::Wish;
    installation.business("Acme");
    installation.ok(&["business", "enable-payouts", "Acme"]);
    for step in [
        &["deposit", "Acme", "1000", "--reference", "funds", "--test"][..],
        &["transfer", "Acme", "1000", "--test"],
    ] {
        installation.ok(&[&["business"], step].concat());
    }
    let people = installation.write("people.csv", "ann@example.com,1000\n");
    installation.ok(&["import", &people, "--business", "Acme", "--test"]);
    let (id, due_at) = installation.inside(async |platform| {
        let book = ledger::BookId(3);
        let wish = Wish {
            method: "sandbox".to_owned(),
            amount: ledger::Cents(300),
            destination: json!({ "account": "a" }).as_object().unwrap().clone(),
        };
        let made = platform.counter(book, ledger::Actor::NONE).withdraw(1, &wish).await.unwrap().value;
        (platform.secrets.ids().seal(IdKind::Withdrawal, book, made.number), platform.clock.now() + micros)
    });
    installation.tamper(&format!("UPDATE withdrawal SET due_at = {due_at}"));
    id
}

fn status(installation: &Installation, id: &str) -> Value {
    installation.json(&["withdrawal", "show", id])["status"].clone()
}

fn until_paid(installation: &Installation, id: &str) {
    let _server = Server::start(installation);
    while status(installation, id) != json!("succeeded") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn a_withdrawal_that_waits_is_made_due(installation: &Installation) {
    // Near enough to be a regular delay, so no sweep touches it.
    let id = put_off(installation, HOUR / 6);
    assert_eq!(installation.ok(&["due", "now", "--withdrawal", &id]), format!("{id} is due now.\n"));
    until_paid(installation, &id);
}

fn everything_that_waits_is_made_due(installation: &Installation) {
    let id = put_off(installation, HOUR / 6);
    assert_eq!(installation.ok(&["due", "now", "--all"]), "1 were not due yet and are due now.\n");
    until_paid(installation, &id);
}

fn a_start_pulls_back_what_a_wrong_clock_has_put_off(installation: &Installation) {
    let id = put_off(installation, 1000 * HOUR);
    until_paid(installation, &id);
}

fn what_does_not_wait_is_refused(installation: &Installation) {
    installation.business("Acme");
    installation.refused(2, "--withdrawal", &["due", "now"]);
    installation.refused(2, "cannot be used with", &["due", "now", "--all", "--mail", "mail_1"]);
    installation.refused(
        1,
        "there is nothing of this kind with the id mail_1",
        &["due", "now", "--mail", "mail_1"],
    );
    assert_eq!(installation.ok(&["due", "now", "--all"]), "0 were not due yet and are due now.\n");
}
