//! `outpay import`: all lines are validated before any is paid, and each line is paid once.

use crate::cli::installation::Installation;
use std::fmt::Write;
use std::time::Duration;

crate::cli::on_both_engines! {
    a_second_import_does_not_pay_again,
    another_file_is_another_import,
    a_file_that_is_like_an_earlier_one_needs_a_yes,
    one_bad_line_stops_the_whole_import,
    a_dry_run_pays_nothing,
    lines_that_are_not_covered_are_told_and_paid_later,
    an_import_needs_payouts_enabled,
    two_imports_of_one_file_at_once_pay_once,
    an_import_that_was_killed_is_finished_by_the_next,
}

fn total(installation: &Installation) -> i64 {
    let users = installation.json(&["user", "list", "Acme", "--limit", "100000"]);
    users["data"].as_array().unwrap().iter().map(|user| user["balance"].as_i64().unwrap()).sum()
}

fn a_second_import_does_not_pay_again(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file = installation
        .write("users.csv", "email,amount\nA@Example.com,100\nb@example.com,20\na@example.com,3\n");
    let first = installation.json(&["import", &file, "--business", "Acme"]);
    assert_eq!((&first["paid"], &first["paid_total"], &first["unpaid"]), (&3.into(), &123.into(), &0.into()));
    assert_eq!(
        installation.read("users.result.csv"),
        "\u{feff}line,email,amount,currency,status,detail\n2,a@example.com,1.00,USD,paid,\n3,b@example.com,0.20,USD,paid,\n4,a@example.com,0.03,USD,paid,\n"
    );
    let second = installation.json(&["import", &file, "--business", "Acme"]);
    assert_eq!((&second["paid"], &second["already_paid"]), (&0.into(), &3.into()));
    assert!(installation.read("users.result.csv").contains("\n3,b@example.com,0.20,USD,already paid,\n"));
    assert_eq!(installation.json(&["business", "show", "Acme"])["payout_balance"], 877);
    assert_eq!(total(installation), 123);
    installation.ok(&["audit"]);
}

fn another_file_is_another_import(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    for (name, text) in [("may.csv", "a@example.com,5\n"), ("june.csv", "a@example.com,6\r\n")] {
        let file = installation.write(name, text);
        let made = installation.json(&["import", &file, "--business", "Acme", "--result", "r.csv"]);
        assert_eq!(made["paid"], 1);
    }
    let result = installation.write("july.csv", "a@example.com,5");
    installation.refused(
        2,
        "must not be the imported file",
        &["import", &result, "--business", "Acme", "--result", &result],
    );
    assert_eq!(
        installation.read("r.csv"),
        "\u{feff}line,email,amount,currency,status,detail\n1,a@example.com,0.06,USD,paid,\n"
    );
    assert_eq!(total(installation), 11);
}

fn a_file_that_is_like_an_earlier_one_needs_a_yes(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let text = "email,amount\na@example.com,5\nb@example.com,7\n";
    let first = installation.write("may.csv", text);
    installation.ok(&["import", &first, "--business", "Acme"]);
    let resaved = installation.write("resaved.csv", &text.replace('\n', "\r\n"));
    let longer = installation.write("longer.csv", &format!("{text}c@example.com,9\n"));
    let mut id = String::new();
    for (file, words) in [(&resaved, "2 of 2 lines"), (&longer, "2 of 3 lines")] {
        let ran = installation.run(&["import", file, "--business", "Acme"]);
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains(words) && ran.stderr.contains("\"may.csv\""), "{}", ran.stderr);
        assert!(ran.stderr.contains("by Operator"), "{}", ran.stderr);
        let named = ran.stderr.split("--again-as ").nth(1).unwrap().split(';').next().unwrap();
        id = named.to_owned();
        let wrong = ["import", file, "--business", "Acme", "--again-as", "imp_other"];
        installation.refused(1, "--again-as", &wrong);
    }
    assert_eq!(total(installation), 12, "not confirmed");
    assert!(!installation.folder().join("longer.result.csv.part").exists());
    let again = ["import", &longer, "--business", "Acme", "--again-as", &id];
    assert_eq!(installation.json(&again)["paid"], 3);
    // An import that was confirmed once continues without another confirmation.
    assert_eq!(installation.json(&["import", &longer, "--business", "Acme"])["already_paid"], 3);
    assert_eq!(installation.json(&["import", &first, "--business", "Acme"])["already_paid"], 2);
    assert_eq!(total(installation), 33);
    let states = installation.inside(async |platform| {
        let book = ledger::BookId::new(1, ledger::Mode::Live);
        let imports = platform.store.imports(book, 10).await.unwrap();
        imports.into_iter().map(|of| (of.name, of.state.word())).collect::<Vec<_>>()
    });
    let done = |name: &str, word| (name.to_owned(), word);
    assert_eq!(states[0], done("longer.csv", "done"));
    assert_eq!(states.last(), Some(&done("may.csv", "done")));
    assert!(states[1..states.len() - 1].iter().all(|of| of.1 == "discarded"), "{states:?}");
}

fn one_bad_line_stops_the_whole_import(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file =
        installation.write("users.csv", "email,amount\na@example.com,100\nnobody,1\nb@example.com,1.50\n");
    let ran = installation.run(&["import", &file, "--business", "Acme"]);
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stdout,
        "line 3: The email must be a valid email address.\n\
         line 4: The amount must be whole cents: write 150 for 1.50.\n"
    );
    assert!(ran.stderr.contains("2 lines are invalid; no line was paid"), "{}", ran.stderr);
    assert_eq!(total(installation), 0);
    assert!(!installation.folder().join("users.result.csv").exists());
    installation.refused(2, "cannot read", &["import", "nowhere.csv", "--business", "Acme"]);
    let empty = installation.write("empty.csv", "email,amount\n");
    installation.refused(1, "1 line is invalid", &["import", &empty, "--business", "Acme"]);
}

fn a_dry_run_pays_nothing(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file = installation.write("users.csv", "a@example.com,100\na@example.com,20\n");
    let shown = installation.json(&["import", &file, "--business", "Acme", "--dry-run"]);
    let expected = serde_json::json!({"payments": 2, "people": 1, "total": 120, "payout_balance": 1000});
    assert_eq!(shown, expected);
    assert_eq!(total(installation), 0);
}

fn lines_that_are_not_covered_are_told_and_paid_later(installation: &Installation) {
    installation.paying_business("Acme", 100);
    let file = installation.write("users.csv", "a@example.com,60\nb@example.com,60\nc@example.com,60\n");
    let ran = installation.run(&["import", &file, "--business", "Acme"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the payout balance does not cover"), "{}", ran.stderr);
    let result = installation.read("users.result.csv");
    assert!(result.contains("2,b@example.com,0.60,USD,refused,Insufficient payout balance\n"), "{result}");
    installation.ok(&["business", "deposit", "Acme", "80", "--reference", "more"]);
    installation.ok(&["business", "transfer", "Acme", "80"]);
    let second = installation.json(&["import", &file, "--business", "Acme"]);
    assert_eq!((&second["paid"], &second["already_paid"]), (&2.into(), &1.into()));
    assert_eq!(total(installation), 180);
}

fn an_import_needs_payouts_enabled(installation: &Installation) {
    installation.paying_business("Acme", 100);
    installation.ok(&["business", "disable-payouts", "Acme"]);
    let file = installation.write("users.csv", "a@example.com,60\n");
    installation.refused(1, "outpay business enable-payouts", &["import", &file, "--business", "Acme"]);
    assert_eq!(total(installation), 0);
}

const MANY: i64 = 2000;

fn many(installation: &Installation) -> String {
    let mut text = String::new();
    (1..=MANY).for_each(|number| writeln!(text, "user{}@example.com,{number}", number % 700).unwrap());
    installation.write("many.csv", &text)
}

fn two_imports_of_one_file_at_once_pay_once(installation: &Installation) {
    installation.paying_business("Acme", 10_000_000);
    let file = many(installation);
    let import = |result| {
        let import = ["import", &file, "--business", "Acme", "--json", "--result", result];
        installation.command(&import).spawn().unwrap()
    };
    let paid = [import("1.csv"), import("2.csv")].map(|import| {
        let output = import.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let counts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        counts["paid"].as_i64().unwrap()
    });
    assert_eq!(paid[0] + paid[1], MANY, "{paid:?}");
    assert_eq!(total(installation), MANY * (MANY + 1) / 2);
    installation.ok(&["audit"]);
}

fn an_import_that_was_killed_is_finished_by_the_next(installation: &Installation) {
    installation.paying_business("Acme", 10_000_000);
    let file = many(installation);
    let import = ["import", &file, "--business", "Acme", "--json"];
    for wait in [30, 60] {
        let mut killed = installation.command(&import).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        killed.kill().unwrap();
        killed.wait().unwrap();
    }
    installation.ok(&import);
    assert_eq!(installation.read("many.result.csv").lines().count() as i64, MANY + 1);
    assert_eq!(total(installation), MANY * (MANY + 1) / 2);
    installation.ok(&["audit"]);
}
