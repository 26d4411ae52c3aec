//! `outpay batch`: payments by hand in files, from their making to the last answer.

use crate::cli::installation::{Installation, Ran};
use ledger::{Actor, BookId, Cents};
use outpay::testing::ids::IdKind;
use outpay::testing::store::AuditFilter;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_batch_goes_from_the_queue_to_its_answer,
    a_file_is_printed_or_written_and_every_copy_is_counted,
    test_entries_are_had_before_the_approval,
    what_was_not_sent_gets_into_another_batch,
    another_currency_takes_a_rate,
    above_a_limit_a_batch_takes_two,
    what_a_rail_pays_gets_into_no_batch,
    a_file_that_is_no_answer_is_refused,
}

const BOOK: BookId = BookId(2);
const HEADER: &str = "id,amount,currency,destination[name],destination[account],proof";

/// A business with three ways to pay by hand, and a person with 1,000.00.
fn start(installation: &Installation) {
    installation.paying_business("Acme", 1_000_000);
    installation.configure(
        "[rails.manual.bank]\ntitle = \"Bank transfer\"\n[rails.manual.cash]\ntitle = \"Cash\"\n\
         [rails.manual.euro]\ntitle = \"Euro\"\ncurrency = \"EUR\"\nestimated_rate = \"0.92\"\n",
    );
    for method in ["bank", "cash", "euro"] {
        installation.ok(&["method", "enable", "Acme", method]);
    }
    let people = installation.write("people.csv", "ann@example.com,100000\n");
    installation.ok(&["import", &people, "--business", "Acme"]);
}

/// The person asks for these amounts; the ids.
fn asked(installation: &Installation, method: &str, amounts: &[i64]) -> Vec<String> {
    let destination = json!({ "name": "Ann \"A\" Example", "account": "DE89 3704, 0044" });
    asked_to(installation, method, amounts, &destination)
}

fn asked_to(installation: &Installation, method: &str, amounts: &[i64], to: &Value) -> Vec<String> {
    installation.inside(async |platform| {
        let mut ids = Vec::new();
        for amount in amounts {
            let destination = to.as_object().unwrap().clone();
            let wish = Wish { method: method.to_owned(), amount: Cents(*amount), destination };
            let done = platform.counter(BOOK, Actor::NONE).withdraw(1, &wish).await.unwrap();
            ids.push(platform.secrets.ids().seal(IdKind::Withdrawal, BOOK, done.value.number));
        }
        ids
    })
}

fn status(installation: &Installation, id: &str) -> Value {
    installation.json(&["withdrawal", "show", id])["status"].clone()
}

fn made(installation: &Installation, method: &str) -> String {
    installation.json(&["batch", "create", "Acme", method])["id"].as_str().unwrap().to_owned()
}

/// An approved batch; its id.
fn approved(installation: &Installation, method: &str) -> String {
    let id = made(installation, method);
    assert_eq!(installation.json(&["batch", "approve", &id])["state"], "approved");
    id
}

fn a_batch_goes_from_the_queue_to_its_answer(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "50"]);
    let ids = asked(installation, "bank", &[2_550, 100]);
    let id = made(installation, "bank");
    assert_eq!(status(installation, &ids[0]), "sending");
    installation.refused(1, "The batch is waiting", &["batch", "file", &id]);
    let shown = installation.json(&["batch", "show", &id]);
    assert_eq!((&shown["payments"], &shown["amount"], &shown["open"]), (&json!(2), &json!(2_550), &json!(2)));
    assert_eq!(shown["lines"][0]["withdrawal_id"], json!(ids[0]));
    installation.ok(&["batch", "approve", &id]);
    installation.refused(1, "The batch is approved", &["batch", "approve", &id]);
    let text = installation.ok(&["batch", "file", &id]);
    let first = format!("{},25.00,USD,\"Ann \"\"A\"\" Example\",\"DE89 3704, 0044\",", ids[0]);
    assert_eq!(text.lines().next().unwrap(), format!("\u{feff}{HEADER}"));
    assert_eq!(text.lines().nth(1).unwrap(), first);
    let paid = format!("{HEADER}\n{first}statement 17\nord_unknown,1,USD,x,x,x\n");
    let paid = installation.write("paid.csv", &paid);
    let answer = ["batch", "answer", "Acme", "bank", &paid];
    let Ran { code, stdout, .. } = installation.run(&answer);
    assert_eq!(code, 1);
    assert!(
        stdout.contains("line 3: there is no withdrawal") && stdout.contains("1 settled, 0 failed"),
        "{stdout}"
    );
    assert_eq!(status(installation, &ids[0]), "succeeded");
    let again: Value =
        serde_json::from_str(&installation.run(&[&answer[..], &["--json"]].concat()).stdout).unwrap();
    assert_eq!((&again["settled"], &again["known"]), (&json!(0), &json!(1)));
    assert_eq!(installation.json(&["batch", "list", "Acme"])[0]["state"], "partly_settled");
    installation.ok(&["withdrawal", "settle", &ids[1], "--proof", "by itself"]);
    let text = installation.ok(&["batch", "show", &id]);
    assert!(text.contains("closed") && text.contains("settled"), "{text}");
    assert_eq!(installation.json(&["batch", "list", "Acme", "--method", "cash"]), json!([]));
    installation.ok(&["audit"]);
}

fn a_file_is_printed_or_written_and_every_copy_is_counted(installation: &Installation) {
    start(installation);
    asked(installation, "bank", &[2_550]);
    let id = approved(installation, "bank");
    let path = installation.folder().join("batch.csv");
    let to = path.to_str().unwrap();
    installation.ok(&["batch", "file", &id, "--output", to]);
    let written = std::fs::read_to_string(&path).unwrap();
    installation.refused(2, "cannot write", &["batch", "file", &id, "--output", to]);
    assert_eq!(installation.json(&["batch", "show", &id])["downloads"], 1, "no copy was given out");
    let Ran { code, stdout, stderr } = installation.run(&["batch", "file", &id]);
    assert_eq!((code, stdout), (0, written));
    assert!(stderr.contains("this is copy 2"), "{stderr}");
    // A file that cannot be had leaves no empty file.
    asked(installation, "bank", &[100]);
    let waiting = made(installation, "bank");
    let none = installation.folder().join("none.csv");
    installation.refused(1, "waiting", &["batch", "file", &waiting, "--output", none.to_str().unwrap()]);
    assert!(!none.exists());
}

fn test_entries_are_had_before_the_approval(installation: &Installation) {
    start(installation);
    installation.configure(
        "[rails.manual.bank]\ntitle = \"Bank transfer\"\n[rails.ach.us]\nimmediate_destination = \"021000021\"\n\
         immediate_destination_name = \"Example Bank\"\nimmediate_origin = \"1123456789\"\n\
         immediate_origin_name = \"Example Inc\"\ncompany_name = \"Example Inc\"\ncompany_id = \"1123456789\"\n\
         odfi_routing_number = \"021000021\"\n",
    );
    installation.ok(&["method", "enable", "Acme", "us"]);
    let to = json!({
        "name": "Ann Example", "routing_number": "021000021", "account_number": "000123456789",
        "account_type": "checking",
    });
    let ids = asked_to(installation, "us", &[2_550, 100], &to);
    let id = made(installation, "us");
    let text = installation.ok(&["batch", "file", &id, "--trial"]);
    let entries: Vec<&str> = text.lines().filter(|line| line.starts_with('6')).collect();
    assert!(text.contains("PRENOTE") && entries.len() == 2, "{text}");
    assert!(entries.iter().all(|entry| entry.starts_with("623") && entry[29..39] == *"0000000000"), "{text}");
    let shown = installation.json(&["batch", "show", &id]);
    assert_eq!((&shown["state"], &shown["downloads"]), (&json!("waiting"), &json!(0)));
    // Only what is open, and the same number of the payment as in the file that pays.
    installation.ok(&["withdrawal", "settle", &ids[1], "--proof", "by itself"]);
    let again = installation.ok(&["batch", "file", &id, "--trial"]);
    assert_eq!(again.lines().filter(|line| line.starts_with('6')).collect::<Vec<_>>(), entries[..1]);
    let given_out = installation.inside(async |platform| {
        let action = "batch.trial_file".to_owned();
        let actors = (i64::MIN, i64::MAX);
        let filter = AuditFilter { business: BOOK.business(), actors, action, before: i64::MAX, limit: 9 };
        platform.store.audit_log(&filter).await.unwrap().len()
    });
    assert_eq!(given_out, 2);
    installation.ok(&["batch", "dissolve", &id, "--proof", "another rate"]);
    let path = installation.folder().join("trial.ach");
    let to = path.to_str().unwrap();
    installation.refused(1, "The batch is dissolved", &["batch", "file", &id, "--trial", "--output", to]);
    assert!(!path.exists());
    asked(installation, "bank", &[100]);
    let by_hand = made(installation, "bank");
    installation.refused(1, "has no test file", &["batch", "file", &by_hand, "--trial"]);
}

fn what_was_not_sent_gets_into_another_batch(installation: &Installation) {
    start(installation);
    let ids = asked(installation, "bank", &[2_550]);
    let id = approved(installation, "bank");
    installation.ok(&["batch", "file", &id]);
    installation.refused(1, "There is no payment of this method", &["batch", "create", "Acme", "bank"]);
    installation.refused(2, "--proof", &["batch", "dissolve", &id]);
    let gone = installation.json(&["batch", "dissolve", &id, "--proof", "the bank has no such file"]);
    assert_eq!((&gone["state"], &gone["moved"]), (&json!("dissolved"), &json!(1)));
    assert_eq!(gone["proof"], "the bank has no such file");
    let next = made(installation, "bank");
    let lines = installation.json(&["batch", "show", &next])["lines"].clone();
    assert_eq!(lines[0]["withdrawal_id"], json!(ids[0]));
    assert_eq!(installation.json(&["batch", "show", &id])["lines"][0]["state"], "moved");
    installation.refused(1, "there is no payment batch", &["batch", "show", "bat_x"]);
}

fn another_currency_takes_a_rate(installation: &Installation) {
    start(installation);
    asked(installation, "euro", &[2_550]);
    installation.refused(1, "Give the rate: EUR per US dollar", &["batch", "create", "Acme", "euro"]);
    installation.refused(2, "decimal above 0", &["batch", "create", "Acme", "euro", "--rate", "x"]);
    let text = installation.ok(&["batch", "create", "Acme", "euro", "--rate", "0.9215"]);
    assert!(text.contains("23.50 EUR at 0.9215 per US dollar"), "{text}");
    // What the configuration says wrong is said at the start.
    for (wrong, words) in [
        ("currency = \"euro\"", "three capital letters"),
        ("estimated_rate = \"0.9\"", "a currency other than USD"),
        ("currency = \"EUR\"\nestimated_rate = \"0,9\"", "not a decimal"),
    ] {
        installation.configure(&format!("[rails.manual.bank]\ntitle = \"Bank\"\n{wrong}\n"));
        let Ran { code, stderr, .. } = installation.run(&["batch", "list", "Acme"]);
        assert!(code != 0 && stderr.contains(words), "{stderr}");
    }
}

fn above_a_limit_a_batch_takes_two(installation: &Installation) {
    start(installation);
    asked(installation, "bank", &[1_000]);
    installation.ok(&["business", "two-people", "Acme", "--above", "999"]);
    let id = made(installation, "bank");
    let proposed = installation.json(&["batch", "approve", &id]);
    assert_eq!(proposed["state"], "open");
    assert_eq!(installation.json(&["batch", "show", &id])["state"], "waiting");
    let (proposal, code) = (proposed["id"].as_str().unwrap(), proposed["code"].as_str().unwrap());
    let confirmed =
        installation.run_with(("OUTPAY_CODE", code), &["proposal", "confirm", proposal, "--json"]);
    assert_eq!(confirmed.code, 0, "{}", confirmed.stderr);
    assert_eq!(installation.json(&["batch", "show", &id])["state"], "approved");
}

fn what_a_rail_pays_gets_into_no_batch(installation: &Installation) {
    start(installation);
    installation.refused(1, "cannot be settled by hand", &["batch", "create", "Acme", "gift_card"]);
    installation.refused(1, "there is no method", &["batch", "create", "Acme", "wire"]);
    // When a rail is removed from the configuration, its payments remain.
    let ids = asked(installation, "bank", &[500]);
    installation.configure("");
    let text = installation.ok(&["batch", "create", "Acme", "bank"]);
    assert!(text.contains(&ids[0]), "{text}");
}

fn a_file_that_is_no_answer_is_refused(installation: &Installation) {
    start(installation);
    let ids = asked(installation, "bank", &[5]);
    let file = installation.write("paid.csv", &format!("{},proof\n", ids[0]));
    let words = "the columns id, amount, currency, destination and proof";
    installation.refused(1, words, &["batch", "answer", "Acme", "bank", &file]);
    installation.refused(2, "cannot read", &["batch", "answer", "Acme", "bank", "nowhere.csv"]);
    let latin: Vec<u8> = format!("{HEADER}\nM\u{fc}ller\n").chars().map(|one| one as u8).collect();
    std::fs::write(installation.folder().join("latin.csv"), latin).unwrap();
    let path = installation.folder().join("latin.csv");
    installation.refused(1, "windows-1252", &["batch", "answer", "Acme", "bank", path.to_str().unwrap()]);
    assert_eq!(status(installation, &ids[0]), "queued");
}
