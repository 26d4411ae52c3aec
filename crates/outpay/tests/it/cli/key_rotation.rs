//! `outpay master-key`: rotations beside a server, cut off by SIGKILL, and retired versions.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use serde_json::Value;
use std::time::Duration;

crate::cli::on_both_engines! {
    a_rotation_waits_for_servers_to_have_the_version,
    a_rotation_that_is_killed_goes_on,
    versions_are_retired_and_the_first_stays,
    a_key_that_is_no_file_is_given_its_version_by_hand,
}

fn key_file(installation: &Installation) -> String {
    std::fs::read_to_string(installation.data().join("master.key")).unwrap()
}

fn versions(installation: &Installation) -> Vec<Value> {
    installation.json(&["master-key", "status"])["versions"].as_array().unwrap().clone()
}

fn a_rotation_waits_for_servers_to_have_the_version(installation: &Installation) {
    let business = installation.paying_business("Acme", 10_000);
    let mut server = Server::start(installation);
    let hash = server.create(&business.secret_key, "user@example.com", 100);
    let first = key_file(installation);
    installation.refused(1, "restart them", &["master-key", "rotate"]);
    let lines = key_file(installation);
    assert!(lines.starts_with(&format!("0:{}1:", first)) && lines.lines().count() == 2, "the key stays");
    assert_eq!(versions(installation).len(), 1, "nothing has changed yet");
    server.terminate();

    let mut server = Server::start(installation);
    let rotated = installation.json(&["master-key", "rotate"]);
    assert_eq!((&rotated["version"], &rotated["unreadable"]), (&1.into(), &0.into()));
    assert_eq!(key_file(installation), lines, "the version that was there is used");
    let shown = installation.json(&["master-key", "status"]);
    assert_eq!(
        (&shown["versions"][0]["state"], &shown["versions"][1]["state"]),
        (&"old".into(), &"in use".into())
    );
    assert_eq!((&shown["servers"][0]["in_use"], &shown["versions"][0]["hashes"]), (&1.into(), &1.into()));
    // The server goes on, with the new version for new hashes and the old ones as they were.
    assert_eq!(server.create(&business.secret_key, "user@example.com", 100), hash);
    server.create(&business.secret_key, "new@example.com", 100);
    let (status, _) = server.ask("GET", "/payout/operations", &format!("X-Payout-Hash: {hash}"), "");
    assert_eq!(status, 200);
    server.terminate();
    assert_eq!(versions(installation)[1]["hashes"], 1);
    installation.ok(&["audit"]);
    installation.ok(&["backup", "copy"]);
    installation.ok(&["verify", "copy"]);
}

fn a_rotation_that_is_killed_goes_on(installation: &Installation) {
    installation.business("Acme");
    let cards: String =
        (0..1_000).map(|number| format!("Books,2500,CODE-{number:04},,2031-01-01\n")).collect();
    let file = installation.write("cards.csv", &format!("brand,face_value,code,pin,expires\n{cards}"));
    installation.ok(&["giftcard", "import", "Acme", &file]);
    for kill in 0..10 {
        let mut process = installation.command(&["master-key", "rotate"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(25 * kill));
        process.kill().unwrap();
        process.wait().unwrap();
        // Whatever it left behind opens.
        installation.ok(&["business", "list"]);
    }
    let rotated = installation.json(&["master-key", "rotate"]);
    assert_eq!(rotated["unreadable"], 0);
    let all = versions(installation);
    let newest = all.last().unwrap();
    assert_eq!((&newest["version"], &newest["state"]), (&rotated["version"], &"in use".into()));
    assert_eq!((&newest["sealed"], all.len()), (&1_000.into(), key_file(installation).lines().count()));
    for old in &all[..all.len() - 1] {
        assert_eq!(old["sealed"], 0, "{old}");
    }
    let again = installation.json(&["master-key", "rotate"]);
    assert_eq!((&again["resealed"], &again["unreadable"]), (&1_000.into(), &0.into()), "all of them open");
    installation.ok(&["audit"]);
}

fn versions_are_retired_and_the_first_stays(installation: &Installation) {
    let business = installation.paying_business("Acme", 10_000);
    installation.ok(&["master-key", "rotate"]);
    installation.refused(1, "version 1 is in use", &["master-key", "retire", "1"]);
    installation.refused(1, "version 0 stays for ever", &["master-key", "retire", "0"]);
    installation.refused(1, "there is no version 2", &["master-key", "retire", "2"]);
    installation.ok(&["master-key", "rotate"]);
    let backup = installation.folder().join("before").display().to_string();
    let whole = key_file(installation);
    installation.ok(&["backup", &backup]);
    installation.ok(&["master-key", "retire", "1"]);
    let numbers: Vec<String> = key_file(installation).lines().map(|line| line[..2].to_owned()).collect();
    assert_eq!(numbers, ["0:", "2:"]);
    installation.ok(&["master-key", "retire", "1"]);
    installation.ok(&["business", "list"]);
    installation.refused(1, "needs version 1 of the master key", &["verify", &backup]);
    std::fs::write(installation.data().join("master.key"), whole).unwrap();
    installation.ok(&["verify", &backup]);

    let people = installation.write("people.csv", "ann@example.com,100\n");
    installation.ok(&["import", &people, "--business", "Acme"]);
    installation.ok(&["master-key", "rotate"]);
    installation.refused(1, "version 2 is needed: 1 hashes", &["master-key", "retire", "2"]);
    drop(business);
    installation.ok(&["audit"]);
}

fn a_key_that_is_no_file_is_given_its_version_by_hand(installation: &Installation) {
    installation.business("Acme");
    let file = installation.data().join("master.key");
    let first = key_file(installation).trim().to_owned();
    std::fs::remove_file(&file).unwrap();
    let with =
        |text: &str, verb: &str| installation.run_with(("OUTPAY_MASTER_KEY", text), &["master-key", verb]);
    let refused = with(&first, "rotate");
    assert!(refused.code == 1 && refused.stderr.contains("has no version 1"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(&first));
    let both = format!("0:{first}\n1:{}\n", "ab".repeat(32));
    let rotated = with(&both, "rotate");
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
    assert_eq!(with(&first, "status").code, 1, "the new version is needed from now on");
    let swapped = with(&format!("0:{first}\n1:{}\n", "cd".repeat(32)), "status");
    assert!(swapped.stderr.contains("version 1 of the master key is not the one"), "{}", swapped.stderr);
    assert!(!file.exists());
}
