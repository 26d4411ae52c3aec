//! `outpay pause` and `outpay resume`: the kill switch from the command line.

use crate::cli::installation::Installation;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_pause_is_made_listed_and_ended,
    what_is_paused_gets_into_no_batch,
    a_pause_says_why_and_of_what,
    a_pause_of_the_business_itself_is_ended_by_name_only,
}

fn start(installation: &Installation) {
    installation.paying_business("Acme", 1_000_000);
    installation.configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
    installation.ok(&["method", "enable", "Acme", "bank"]);
    let people = installation.write("people.csv", "ann@example.com,100000\n");
    installation.ok(&["import", &people, "--business", "Acme"]);
}

fn paused(installation: &Installation) -> Vec<String> {
    let all = installation.json(&["pause", "list"]);
    all.as_array().unwrap().iter().map(|one| one["scope"].as_str().unwrap().to_owned()).collect()
}

fn a_pause_is_made_listed_and_ended(installation: &Installation) {
    start(installation);
    let business = installation.json(&["business", "show", "Acme"])["id"].as_str().unwrap().to_owned();
    let scopes: [(&[&str], String); 4] = [
        (&["all"], "all".to_owned()),
        (&["business", "Acme"], format!("business {business}")),
        (&["rail", "bank"], "rail bank".to_owned()),
        (&["rail", "bank", "--business", "Acme"], format!("rail bank --business {business}")),
    ];
    for (scope, shown) in scopes {
        let pause = [&["pause"], scope, &["--reason", "an incident"]].concat();
        let said = installation.json(&pause);
        assert_eq!(said, json!({ "paused": true, "was_paused": false, "running": [] }));
        assert_eq!(installation.json(&pause)["was_paused"], true);
        assert_eq!(paused(installation), [shown]);
        let resume = [&["resume"], scope, &["--reason", "it is over"]].concat();
        installation.ok(&resume);
        assert!(paused(installation).is_empty());
        installation.refused(1, "that is not paused", &resume);
    }
    installation.ok(&["pause", "user", "Acme", "ann@example.com", "--reason", "an incident"]);
    assert!(paused(installation)[0].starts_with(&format!("user {business} usr_")));
    installation.ok(&["audit"]);
}

fn what_is_paused_gets_into_no_batch(installation: &Installation) {
    start(installation);
    installation.inside(async |platform| {
        use outpay::testing::withdrawals::price::Wish;
        let destination = json!({ "name": "Ann Example", "account": "DE89" }).as_object().unwrap().clone();
        let wish = Wish { method: "bank".to_owned(), amount: ledger::Cents(2_500), destination };
        platform.counter(ledger::BookId(2), ledger::Actor::NONE).withdraw(1, &wish).await.unwrap();
    });
    let id = installation.json(&["withdrawal", "list", "Acme"])[0]["id"].as_str().unwrap().to_owned();
    let waits = || installation.json(&["withdrawal", "show", &id])["waiting"].clone();
    assert_eq!(waits(), Value::Null);
    installation.ok(&["pause", "rail", "bank", "--reason", "an incident"]);
    assert_eq!(waits(), "method_paused");
    assert!(installation.ok(&["withdrawal", "show", &id]).contains("It is not being sent: paused."));
    let make: &[&str] = &["batch", "create", "Acme", "bank"];
    installation.refused(1, "This method is paused", make);
    let listed: Value = installation.json(&["withdrawal", "list", "Acme"]);
    assert_eq!(listed[0]["status"], "queued", "{listed}");
    installation.ok(&["resume", "rail", "bank", "--reason", "it is over"]);
    assert!(installation.ok(make).contains(&id));
}

fn a_pause_says_why_and_of_what(installation: &Installation) {
    start(installation);
    installation.refused(2, "--reason", &["pause", "all"]);
    installation.refused(2, "--reason", &["pause", "all", "--reason", "  "]);
    installation.refused(1, "there is no method", &["pause", "rail", "bnak", "--reason", "an incident"]);
    installation.refused(1, "there is no business", &["pause", "business", "Nobody", "--reason", "why"]);
    installation.refused(2, "outpay pause list", &["resume", "list"]);
    assert!(paused(installation).is_empty());
}

fn a_pause_of_the_business_itself_is_ended_by_name_only(installation: &Installation) {
    start(installation);
    let business = installation.json(&["business", "show", "Acme"])["id"].as_str().unwrap().to_owned();
    installation.inside(async |platform| {
        use outpay::testing::store::{BookPart, PauseScope};
        let scope = PauseScope::Own(ledger::BookId(2), BookPart::Method("bank".to_owned()));
        let (by, patience) = (ledger::Actor::member(1), std::time::Duration::ZERO);
        outpay::testing::kill_switch::pause(platform, &scope, "a doubt", by, patience).await.unwrap();
    });
    assert_eq!(paused(installation), [format!("method bank of business {business}, by itself")]);
    let resume: &[&str] = &["resume", "rail", "bank", "--business", "Acme", "--reason", "asked to"];
    installation.refused(1, "that is not paused", resume);
    installation.refused(1, "that is not paused", &[resume, &["--own", "--own-test"]].concat());
    installation.refused(2, "--own needs a business", &["resume", "all", "--own", "--reason", "r"]);
    installation.ok(&[resume, &["--own"]].concat());
    assert!(paused(installation).is_empty());
    installation.ok(&["audit"]);
}
