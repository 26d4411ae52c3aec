//! `outpay recover`, and the recipes of docs/RECOVERY.md exactly as written there.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use crate::cli::witness::{pay, rotate, set_back};
use ledger::{Actor, BookId, Cents, Progress, Step};
use outpay::testing::ids::IdKind;
use outpay::testing::store::PauseScope;
use outpay::testing::withdrawals::price::Wish;
use serde_json::json;
use std::path::Path;

crate::cli::on_both_engines! {
    what_was_taken_back_stays_taken_back,
    without_a_witness_it_wants_a_decision_about_keys,
    one_master_key_gives_no_hash_twice,
    nothing_is_recovered_beside_a_process_at_work,
    what_may_have_been_paid_since_is_neither_cancelled_nor_paid_again,
    the_recipes_work_as_they_stand_there,
}

fn backed_up(installation: &Installation) -> String {
    let folder = installation.folder().join("backup");
    let folder = folder.to_str().unwrap().to_owned();
    installation.ok(&["backup", &folder]);
    folder
}

fn what_was_taken_back_stays_taken_back(installation: &Installation) {
    let business = installation.paying_business("Acme", 1000);
    let made = installation.json(&["key", "create", "Acme"]);
    let (id, leaked) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let server = Server::start(installation);
    let hashes = ["a@example.com", "b@example.com"].map(|email| server.create(leaked, email, 5));
    drop(server);
    installation.ok(&[
        "dashboard",
        "invite",
        "Acme",
        "o@example.com",
        "--public-url",
        "https://pay.example.com",
    ]);
    let backup = backed_up(installation);
    installation.ok(&["key", "revoke", id]);
    rotate(installation, 1);
    rotate(installation, 1);
    pay(installation, "after.csv", "late@example.com,7\n");

    let later = set_back(installation, &backup);
    let told = later.run(&["recover"]);
    assert_eq!(told.code, 1, "{}", told.stdout);
    for words in [
        "restored from a backup of 20",
        "book 2, sequence 8",
        "the rotation of user 1's hash",
        "--accept-loss",
    ] {
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    }
    later.refused(1, "is not recovered", &["user", "list", "Acme"]);
    let done = later.json(&["recover", "--accept-loss"]);
    assert_eq!((&done["revoked_keys"], &done["rotated_hashes"]), (&1.into(), &1.into()), "{done}");
    assert_eq!((&done["epoch"], &done["withdrawn_invitations"]), (&1.into(), &1.into()));
    let pauses = later.inside(async |platform| platform.store.pauses().await.unwrap());
    assert_eq!(pauses.iter().map(|pause| &pause.scope).collect::<Vec<_>>(), [&PauseScope::All]);
    // Rotated twice, as before.
    let generation = later.inside(async |platform| {
        platform.store.snapshot().await.unwrap().rotations_of(BookId(2), 1).await.unwrap()
    });
    assert_eq!(generation, Some(2));
    assert_eq!(done["lost"].as_array().unwrap().len(), 3, "{done}");
    later.ok(&["audit"]);
    let again = later.run(&["recover"]);
    assert!(again.stderr.contains("nothing is known to be lost"), "{}", again.stderr);

    let server = Server::start(&later);
    let balance = |key: &str| server.ask("GET", "/balance", &format!("Authorization: Bearer {key}"), "").0;
    assert_eq!((balance(leaked), balance(&business.secret_key)), (401, 200));
    let look = |hash: &str| server.ask("GET", "/payout/operations", &format!("X-Payout-Hash: {hash}"), "").0;
    assert_eq!((look(&hashes[0]), look(&hashes[1])), (401, 200));
    // The witness records new changes again.
    server.create(&business.secret_key, "new@example.com", 1);
    let remembered = outpay::testing::witness::read_all(&later.data()).unwrap();
    let newest =
        later.inside(async |platform| platform.store.digest_at(2, remembered.entries[&BookId(2)].0).await);
    assert!(remembered.entries[&BookId(2)].0 > ledger::floor_of_epoch(1));
    assert_eq!(newest.unwrap(), Some(remembered.entries[&BookId(2)].1));
}

/// The same key, the same business, the first user of its book: without a salt, a restored database would give this
/// hash to another person.
fn one_master_key_gives_no_hash_twice(installation: &Installation) {
    let first_of = |at: &Installation, email: &str| {
        let business = at.paying_business("Acme", 1000);
        let server = Server::start(at);
        (server.create(&business.secret_key, email, 5), server)
    };
    let (alice, _server) = first_of(installation, "alice@example.com");
    let later = installation.moved_to_an_empty_database_named("later");
    let (bob, server) = first_of(&later, "bob@example.com");
    assert_eq!(alice[..25], bob[..25], "both are the first person of book 2");
    assert_ne!(alice, bob);
    let look = |hash: &str| server.ask("GET", "/payout/operations", &format!("X-Payout-Hash: {hash}"), "").0;
    assert_eq!((look(&alice), look(&bob)), (401, 200));
}

fn without_a_witness_it_wants_a_decision_about_keys(installation: &Installation) {
    let business = installation.paying_business("Acme", 1000);
    let backup = backed_up(installation);
    for (which, status) in [("none", 200), ("all", 401)] {
        let later = installation.moved_to_an_empty_database_named(which);
        later.ok(&["restore", &backup]);
        later.refused(1, "--revoke-keys all", &["recover", "--accept-loss"]);
        later.refused(1, "is not recovered", &["business", "list"]);
        let done = later.ok(&["recover", "--accept-loss", "--revoke-keys", which]);
        assert!(done.contains("there was no witness"), "{done}");
        let server = Server::start(&later);
        let header = format!("Authorization: Bearer {}", business.secret_key);
        assert_eq!(server.ask("GET", "/balance", &header, "").0, status, "{which}");
    }
}

fn nothing_is_recovered_beside_a_process_at_work(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let server = Server::start(installation);
    installation.refused(1, "another process works with", &["recover", "--accept-loss"]);
    drop(server);
    installation.refused(1, "nothing is known to be lost", &["recover"]);
}

/// The first user of the test book requests 1.00; returns the id.
fn asked(installation: &Installation, book: BookId) -> String {
    let destination = json!({ "account": "a" }).as_object().unwrap().clone();
    let wish = Wish { method: "sandbox".to_owned(), amount: Cents(100), destination };
    installation.inside(async |platform| {
        let made = platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap().value;
        platform.secrets.ids().seal(IdKind::Withdrawal, book, made.number)
    })
}

/// A withdrawal that a backup has as queued may have been paid after it: the recipient must not get the money back
/// too before an operator, who can record the payment, has checked.
fn what_may_have_been_paid_since_is_neither_cancelled_nor_paid_again(installation: &Installation) {
    let book = BookId(3);
    installation.paying_business("Acme", 1000);
    installation.ok(&["business", "deposit", "Acme", "1000", "--reference", "test", "--test"]);
    installation.ok(&["business", "transfer", "Acme", "1000", "--test"]);
    let key = installation.json(&["key", "create", "Acme", "--test"])["key"].as_str().unwrap().to_owned();
    let hash = Server::start(installation).create(&key, "a@example.com", 500);
    let old = asked(installation, book);
    let backup = backed_up(installation);
    let later = set_back(installation, &backup);
    later.ok(&["recover", "--accept-loss"]);

    let server = Server::start(&later);
    let cancel = format!("/payout/operations/{old}/cancel");
    let (status, body) = server.ask("POST", &cancel, &format!("X-Payout-Hash: {hash}"), "{}");
    assert!(status == 409 && body.contains("method_paused"), "{status} {body}");
    drop(server);
    later.ok(&["resume", "all", "--reason", "all was looked into"]);
    let new = asked(&later, book);
    let sent = |id: &str| {
        later.inside(async |platform| {
            let number = platform.secrets.ids().open(IdKind::Withdrawal, book, id).unwrap();
            platform.counter(book, Actor::NONE).advance(Progress::new(number, Step::Send)).await.unwrap();
        });
    };
    sent(&old);
    sent(&new);
    let resolved = later.json(&["withdrawal", "resolve", &old, "--paid", "--proof", "transaction 0x17"]);
    assert_eq!(resolved["status"], "succeeded");
    later.refused(1, "already being sent", &["withdrawal", "resolve", &new, "--paid", "--proof", "p"]);
    later.ok(&["audit"]);
}

/// The command blocks for one engine, or for both, concatenated.
fn recipes(engine: &str) -> String {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/RECOVERY.md")).unwrap();
    let mut script = String::new();
    let mut takes = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(kind) if !takes => takes = kind == "sh" || kind == format!("sh {engine}"),
            Some(_) => takes = false,
            None if takes => script.extend([line, "\n"]),
            None => {}
        }
    }
    script
}

fn the_recipes_work_as_they_stand_there(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    pay(installation, "before.csv", "a@example.com,100\n");
    let script = recipes(if installation.is_sqlite() { "sqlite" } else { "postgres" });
    for command in ["backup", "verify", "restore", "recover", "audit", "doctor"] {
        assert!(script.contains(&format!("outpay {command}")), "no recipe with {command}");
    }
    let (first, second) = (
        installation.moved_to_an_empty_database_named("first"),
        installation.moved_to_an_empty_database_named("second"),
    );
    let program = Path::new(env!("CARGO_BIN_EXE_outpay")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-eu", "-c", &script]).current_dir(installation.folder()).env_clear().env("PATH", path);
    shell.env("OUTPAY_DATA", installation.data()).env("OUTPAY_DATABASE", installation.url());
    shell.env("EMPTY_DATABASE", first.url()).env("ANOTHER_EMPTY_DATABASE", second.url());
    let ran = Ran::from(shell.output().unwrap());
    assert_eq!(ran.code, 0, "{script}\n{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout.matches("The books are right.").count(), 2, "{}", ran.stdout);
}
