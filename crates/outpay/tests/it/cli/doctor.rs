//! `outpay doctor`, and what every command says about a missing or broken installation.

use crate::cli::installation::Installation;

crate::cli::on_both_engines! {
    a_healthy_installation_passes,
    a_patient_that_is_not_there_is_not_made,
    a_master_key_that_others_can_read_fails,
    another_master_key_fails,
    a_lost_master_key_is_not_replaced,
    commands_do_not_make_an_installation_by_accident,
    a_password_is_in_no_message,
    a_clock_that_was_ahead_is_told,
    a_rail_that_was_left_alone_is_shown_for_a_day,
}

fn a_healthy_installation_passes(installation: &Installation) {
    installation.business("Acme");
    let checks = installation.json(&["doctor"]);
    let checks = checks["checks"].as_array().unwrap();
    assert!(checks.len() >= 6, "{checks:?}");
    for check in checks.iter().filter(|check| check["what"] != "disk") {
        assert_eq!(check["grade"], "pass", "{check}");
    }
    let lines = installation.ok(&["doctor"]);
    let is_check = |line: &str| line.starts_with("PASS") || line.starts_with("WARN");
    let (end, all) =
        lines.lines().collect::<Vec<_>>().split_last().map(|(end, all)| (*end, all.to_vec())).unwrap();
    assert!(all.into_iter().all(is_check) && end.contains("add --network"), "{lines}");
}

fn a_patient_that_is_not_there_is_not_made(installation: &Installation) {
    let ran = installation.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("FAIL  installation") && ran.stdout.contains("outpay init"),
        "{}",
        ran.stdout
    );
    assert!(!installation.data().exists());
    // Nor in a database that is empty.
    let again = installation.run(&["doctor"]);
    assert_eq!(again.stdout.matches("FAIL  installation").count(), 1, "{}", again.stdout);
}

fn a_master_key_that_others_can_read_fails(installation: &Installation) {
    use std::os::unix::fs::PermissionsExt;
    installation.business("Acme");
    let key = installation.data().join("master.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = installation.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAIL  master key") && ran.stdout.contains("run: chmod 6"), "{}", ran.stdout);
    installation.refused(1, "run: chmod 6", &["business", "list"]);
}

fn another_master_key_fails(installation: &Installation) {
    installation.business("Acme");
    let other = "ab".repeat(32);
    let with = |key: &str, arguments: &[&str]| {
        let output = installation.command(arguments).env("OUTPAY_MASTER_KEY", key).output().unwrap();
        crate::cli::installation::Ran::from(output)
    };
    let doctor = with(&other, &["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.stdout.contains("belongs to another database"), "{}", doctor.stdout);
    let list = with(&other, &["business", "list"]);
    assert_eq!(list.code, 1);
    assert!(list.stderr.contains("another master key"), "{}", list.stderr);
    let wrong = with("not-a-key", &["business", "list"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("64 hexadecimal digits"), "{}", wrong.stderr);
    for ran in [doctor, list, wrong] {
        assert!(![ran.stdout, ran.stderr].concat().contains(&other));
    }
}

fn a_lost_master_key_is_not_replaced(installation: &Installation) {
    installation.business("Acme");
    let key = installation.data().join("master.key");
    let text = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    installation.refused(1, "put it back", &["audit"]);
    assert!(!key.exists());
    // A new key would not open the database, and would be in the place where the right one belongs.
    installation.refused(1, "put it back", &["business", "create", "Other"]);
    assert!(!key.exists());
    let output = installation.command(&["business", "list"]).env("OUTPAY_MASTER_KEY", text.trim()).output();
    assert_eq!(crate::cli::installation::Ran::from(output.unwrap()).code, 0);
}

fn commands_do_not_make_an_installation_by_accident(installation: &Installation) {
    for command in
        [&["audit"][..], &["business", "list"], &["key", "list", "Acme"], &["user", "list", "Acme"]]
    {
        installation.refused(1, "Name the right folder with --data, or run: outpay init", command);
    }
    assert!(!installation.data().exists());
    let nonsense = crate::cli::installation::program()
        .args(["audit", "--database", "mysql://x"])
        .current_dir(installation.folder())
        .output();
    let nonsense = crate::cli::installation::Ran::from(nonsense.unwrap());
    assert_eq!(nonsense.code, 2);
    assert!(nonsense.stderr.contains("sqlite:PATH or postgres://"), "{}", nonsense.stderr);
}

fn a_password_is_in_no_message(installation: &Installation) {
    installation.business("Acme");
    for (url, arguments) in [
        ("postgres://outpay:hunter2@127.0.0.1:1/outpay", &["business", "list"][..]),
        ("postgres://outpay:hunter2@127.0.0.1:1/outpay", &["doctor"]),
        ("postgres://outpay:hunter2@[nonsense/outpay", &["business", "list"]),
        ("postgres://outpay:hunter2@127.0.0.1:1/outpay", &["audit", "--help"]),
        ("postgres://outpay:hunter2@127.0.0.1:1/outpay", &["audit", "--nonsense"]),
    ] {
        let mut command = crate::cli::installation::program();
        command.args(arguments).arg("--data").arg(installation.data()).env("OUTPAY_DATABASE", url);
        let ran = crate::cli::installation::Ran::from(command.output().unwrap());
        assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"), "{arguments:?}");
    }
}

fn a_clock_that_was_ahead_is_told(installation: &Installation) {
    installation.paying_business("Acme", 100);
    let line = |lines: &str| lines.lines().find(|line| line.contains("entry times")).unwrap().to_owned();
    let before = line(&installation.ok(&["doctor"]));
    assert!(before.starts_with("PASS"), "{before}");
    installation.tamper("UPDATE journal SET at = at + 7200000000");
    let doctor = installation.run(&["doctor"]);
    let after = line(&doctor.stdout);
    assert!(doctor.code == 1 && after.starts_with("FAIL") && after.contains("a clock was ahead"), "{after}");
}

fn a_rail_that_was_left_alone_is_shown_for_a_day(installation: &Installation) {
    installation.business("Acme");
    let note = |ago: i64| {
        installation.inside(async |platform| {
            let now = platform.store.now().await.unwrap();
            platform.store.note_rail_opening("usdc", now - ago).await.unwrap();
        });
    };
    note(90_000_000_000);
    assert!(installation.ok(&["doctor"]).contains("PASS  rails"), "that was yesterday");
    note(0);
    let lines = installation.ok(&["doctor"]);
    assert!(lines.contains("WARN  rail ") && lines.contains("2 times in total"), "{lines}");
}
