//! The witness: no process works on a database that lacks what was acknowledged, or on a file that is no longer at
//! its path.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use ledger::{Actor, BookId, Command, Request};
use outpay::testing::members::team;
use outpay::testing::roles::Role;
use outpay::testing::store::MemberChange;
use std::path::PathBuf;

crate::cli::on_both_engines! {
    a_database_that_was_set_back_is_refused,
    a_revocation_that_is_gone_is_noticed,
    a_rotation_that_is_gone_is_noticed,
    a_removal_that_is_gone_is_noticed_unless_the_member_joined_again,
    a_changed_newest_entry_is_noticed,
    a_server_whose_database_is_set_back_answers_nothing_more,
    a_killed_server_left_a_witness_that_is_not_ahead,
    doctor_tells_of_a_missing_witness,
}

pub fn witnesses(installation: &Installation) -> Vec<PathBuf> {
    let files = std::fs::read_dir(installation.data()).unwrap().map(|file| file.unwrap().path());
    let is_one = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("witness-");
    files.filter(is_one).collect()
}

/// The current data folder with the database as of the backup.
pub fn set_back(installation: &Installation, backup: &str) -> Installation {
    let later = installation.moved_to_an_empty_database();
    for file in witnesses(installation) {
        std::fs::copy(&file, later.data().join(file.file_name().unwrap())).unwrap();
    }
    later.ok(&["restore", backup]);
    later
}

pub fn pay(installation: &Installation, name: &str, lines: &str) {
    let file = installation.write(name, lines);
    installation.ok(&["import", &file, "--business", "Acme"]);
}

pub fn rotate(installation: &Installation, user: i64) {
    installation.inside(async |platform| {
        let rotation = Request::plain(Command::RotateHash { user }).by(Actor::OPERATOR);
        platform.teller.ask(BookId(2), rotation).await.unwrap().unwrap();
    });
}

fn a_database_that_was_set_back_is_refused(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    pay(installation, "before.csv", "a@example.com,100\n");
    let backup = installation.folder().join("backup");
    let backup = backup.to_str().unwrap();
    installation.ok(&["backup", backup]);
    pay(installation, "after.csv", "b@example.com,5\nc@example.com,5\n");
    let later = set_back(installation, backup);
    // Even if its mark was removed by hand.
    later.tamper("DELETE FROM setting WHERE name = 'recovery.needed'");
    let words = "has lost what was acknowledged: book 2, sequence 7";
    for command in [&["user", "list", "Acme"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        later.refused(1, words, command);
    }
    let doctor = later.run(&["doctor"]);
    assert!(doctor.code == 1 && doctor.stdout.contains(words), "{}", doctor.stdout);
    installation.ok(&["user", "list", "Acme"]);
}

fn a_revocation_that_is_gone_is_noticed(installation: &Installation) {
    installation.business("Acme");
    let ended = ["revoke", "roll"].map(|how| {
        let number = installation.inside(async |platform| platform.store.next_key_number().await.unwrap());
        let made = installation.json(&["key", "create", "Acme"]);
        installation.ok(&["key", how, made["id"].as_str().unwrap()]);
        number
    });
    for number in ended {
        installation.tamper(&format!("UPDATE api_key SET revoked_at = NULL WHERE number = {number}"));
        let words = format!("the revocation of API key {number}");
        installation.refused(1, &words, &["key", "list", "Acme"]);
        installation.tamper(&format!("UPDATE api_key SET revoked_at = 1 WHERE number = {number}"));
        installation.ok(&["key", "list", "Acme"]);
    }
}

fn a_rotation_that_is_gone_is_noticed(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    pay(installation, "people.csv", "a@example.com,100\n");
    rotate(installation, 1);
    installation.tamper("UPDATE payout_user SET generation = 0 WHERE number = 1");
    installation.refused(1, "the rotation of user 1's hash", &["user", "list", "Acme"]);
}

fn a_removal_that_is_gone_is_noticed_unless_the_member_joined_again(installation: &Installation) {
    installation.business("Acme");
    installation.inside(async |platform| {
        for number in [1, 2] {
            let (email, at) = (format!("{number}@example.com"), 5);
            let create = MemberChange::Create { number, email, name: "N".into(), password: "p".into(), at };
            let join = MemberChange::Join { business: 1, member: number, role: Role::Owner, at };
            platform.store.change_members(&[create, join]).await.unwrap();
        }
        team::remove(platform, 1, 2, Actor::OPERATOR).await.unwrap();
    });
    let join = |since: i64| {
        format!("INSERT INTO membership (business, member, role, since) VALUES (1, 2, 1, {since})")
    };
    installation.tamper(&join(5));
    installation.refused(1, "the removal of member 2 from the team of business 1", &["business", "list"]);
    installation.tamper("DELETE FROM membership WHERE member = 2");
    installation.ok(&["business", "list"]);
    installation.tamper(&join(i64::MAX));
    installation.ok(&["business", "list"]);
}

fn a_changed_newest_entry_is_noticed(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let other = if installation.is_sqlite() { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    installation.tamper(&format!("UPDATE journal SET chain = {other} WHERE book = 2 AND sequence = 2"));
    installation.refused(1, "book 2, sequence 2", &["business", "list"]);
}

fn a_server_whose_database_is_set_back_answers_nothing_more(installation: &Installation) {
    let business = installation.paying_business("Acme", 1000);
    let mut server = Server::start(installation);
    let key = format!("Authorization: Bearer {}", business.secret_key);
    let create = |server: &Server, email: &str| {
        server.ask("POST", "/payout/create", &key, &format!(r#"{{"email":"{email}","amount":1}}"#))
    };
    assert_eq!(create(&server, "a@example.com").0, 201);
    assert_eq!(create(&server, "b@example.com").0, 201);
    // What a failover to a lagging standby looks like to the server.
    installation.tamper("UPDATE book SET sequence = 3, users = 1 WHERE id = 2");
    let (status, body) = create(&server, "c@example.com");
    assert_eq!(status, 504, "{body}");
    assert!(!server.wait().success());
    installation.tamper("UPDATE book SET sequence = 4, users = 2 WHERE id = 2");
    installation.ok(&["audit"]);
}

fn a_killed_server_left_a_witness_that_is_not_ahead(installation: &Installation) {
    let business = installation.paying_business("Acme", 1_000_000);
    for round in 0..3 {
        let server = Server::start(installation);
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (address, key, stop) = (&server.address, &business.secret_key, &stop);
            for worker in 0..3 {
                scope.spawn(move || {
                    for number in 0.. {
                        let email = format!("{round}-{worker}-{number}@example.com");
                        let asked = crate::cli::beside_a_server::try_to_create(address, key, &email);
                        if asked.is_none() || stop.load(std::sync::atomic::Ordering::Relaxed) {
                            break;
                        }
                    }
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(700));
            // SIGKILL, in the middle of batches.
            server.kill();
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        drop(server);
        let known = outpay::testing::witness::read_all(&installation.data()).unwrap();
        assert!(known.entries[&BookId(2)].0 > 2, "round {round}");
        installation.ok(&["audit"]);
        installation.ok(&["business", "list"]);
    }
}

fn doctor_tells_of_a_missing_witness(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    assert!(installation.ok(&["doctor"]).contains("knows of 1 books"));
    for file in witnesses(installation) {
        std::fs::remove_file(file).unwrap();
    }
    let lines = installation.ok(&["doctor"]);
    assert!(lines.lines().any(|line| line.starts_with("WARN  witness")), "{lines}");
}
