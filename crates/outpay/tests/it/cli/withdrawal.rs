//! `outpay withdrawal`: review, payments by hand from the queue to their proof, files of them, the evidence, and the
//! only way to end a withdrawal by hand whose rail does not answer.

use crate::cli::installation::{Installation, Ran};
use ledger::{Actor, BookId, Cents, Mode, Progress, Step};
use outpay::testing::ids::IdKind;
use outpay::testing::store::Attempt;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_payment_by_hand_goes_from_the_queue_to_its_proof,
    a_payment_is_handed_out_once_unless_told,
    what_a_rail_pays_is_not_exported,
    a_file_settles_every_line_it_can,
    a_file_without_its_columns_is_refused,
    a_line_of_another_payment_settles_nothing,
    a_review_lets_it_pass_or_gives_it_back,
    what_was_not_sent_can_be_taken_back,
    what_was_not_paid_or_came_back_is_the_persons_again,
    only_an_unknown_outcome_is_resolved,
    the_evidence_is_shown,
    lists_are_chosen_by_state_and_method,
    nothing_is_done_without_words,
    other_things_are_no_withdrawals,
}

/// A business with a bank rail, and two users with 1,000.00 each.
fn start(installation: &Installation) {
    installation.paying_business("Acme", 1_000_000);
    installation
        .configure("[rails.manual.bank]\ntitle = \"Bank transfer\"\n[rails.manual.cash]\ntitle = \"Cash\"\n");
    for method in ["bank", "cash"] {
        installation.ok(&["method", "enable", "Acme", method]);
    }
    let people = installation.write("people.csv", "ann@example.com,100000\nbob@example.com,100000\n");
    installation.ok(&["import", &people, "--business", "Acme"]);
}

const BOOK: BookId = BookId(2);

/// Users request these amounts; returns the ids.
fn asked(installation: &Installation, wishes: &[(i64, &str, i64)]) -> Vec<String> {
    assert_eq!(BOOK, BookId::new(1, Mode::Live));
    installation.inside(async |platform| {
        let mut ids = Vec::new();
        for (user, method, amount) in wishes {
            let destination = json!({ "name": "Ann \"A\" Example", "account": "DE89 3704, 0044" });
            let destination = destination.as_object().unwrap().clone();
            let wish = Wish { method: (*method).to_owned(), amount: Cents(*amount), destination };
            let done = platform.counter(BOOK, Actor::NONE).withdraw(*user, &wish).await.unwrap();
            assert!(!done.replayed);
            ids.push(platform.secrets.ids().seal(IdKind::Withdrawal, BOOK, done.value.number));
        }
        ids
    })
}

fn shown(installation: &Installation, id: &str) -> Value {
    installation.json(&["withdrawal", "show", id])
}

fn status(installation: &Installation, id: &str) -> String {
    shown(installation, id)["status"].as_str().unwrap().to_owned()
}

/// Balance and held amount.
fn money(installation: &Installation, email: &str) -> (Value, Value) {
    let user = installation.json(&["user", "show", "Acme", email]);
    (user["balance"].clone(), user["pending"].clone())
}

/// The rows of an export, without its header.
fn export(installation: &Installation, method: &str) -> Vec<Vec<String>> {
    rows(&installation.ok(&["withdrawal", "export", "Acme", "--method", method, "--again"]))
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("spreadsheets take it for UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = vec![
        "id",
        "amount",
        "currency",
        "destination[name]",
        "destination[account]",
        "proof",
        "handed_out_before",
    ];
    assert_eq!(reader.headers().unwrap(), header);
    let row = |row: csv::Result<csv::StringRecord>| row.unwrap().iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

fn a_payment_by_hand_goes_from_the_queue_to_its_proof(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "50"]);
    let ids = asked(installation, &[(1, "bank", 2_550), (2, "bank", 100_000)]);
    assert_eq!(status(installation, &ids[0]), "queued");
    assert_eq!(export(installation, "cash"), Vec::<Vec<String>>::new());
    let rows = export(installation, "bank");
    assert_eq!(rows[0], [&ids[0], "25.00", "USD", "Ann \"A\" Example", "DE89 3704, 0044", "", ""]);
    assert_eq!((rows.len(), rows[1][1].as_str()), (2, "999.50"));
    assert_eq!(status(installation, &ids[0]), "sending");
    let ids_of = |rows: &[Vec<String>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let again = export(installation, "bank");
    assert_eq!(ids_of(&again), ids_of(&rows), "a lost file is no lost payment");

    let settle = ["withdrawal", "settle", &ids[0], "--proof", "statement 17, line 3"];
    let settled = installation.json(&settle);
    assert_eq!((&settled["status"], &settled["net_amount"]), (&json!("succeeded"), &json!(2_500)));
    installation.refused(1, "already succeeded", &settle);
    assert_eq!(ids_of(&export(installation, "bank")), ids_of(&rows[1..]));
    // Straight from the queue: paid without an export.
    let cash = asked(installation, &[(1, "cash", 300)]);
    let text = installation.ok(&["withdrawal", "settle", &cash[0], "--proof", "receipt"]);
    assert!(text.contains("succeeded") && text.contains("3.00"), "{text}");
    assert_eq!(money(installation, "ann@example.com"), (json!(97_150), json!(0)));
    assert_eq!(money(installation, "bob@example.com"), (json!(0), json!(100_000)));
    installation.ok(&["audit"]);
}

fn a_payment_is_handed_out_once_unless_told(installation: &Installation) {
    start(installation);
    let export: &[&str] = &["withdrawal", "export", "Acme", "--method", "bank"];
    let first = asked(installation, &[(1, "bank", 2_550)]);
    let handed = rows(&installation.ok(export));
    assert_eq!((handed.len(), &handed[0][0], handed[0][6].as_str()), (1, &first[0], ""));
    let second = asked(installation, &[(1, "bank", 100)]);
    let ran = installation.run(export);
    assert!(ran.stderr.contains("1 payments in progress are left out"), "{}", ran.stderr);
    let handed = rows(&ran.stdout);
    assert_eq!((handed.len(), &handed[0][0]), (1, &second[0]));
    assert_eq!(rows(&installation.ok(export)), Vec::<Vec<String>>::new());
    let again = rows(&installation.ok(&[export, &["--again"]].concat()));
    assert_eq!(again.iter().map(|row| &row[0]).collect::<Vec<_>>(), [&first[0], &second[0]]);
    assert!(again.iter().all(|row| row[6].starts_with("20") && row[6].ends_with('Z')), "{again:?}");
    // Such a file can be settled like any other.
    let file = format!("\u{feff}{HEADER},handed_out_before\n{},{}\n", paid(&again[0], "ref"), again[0][6]);
    installation.write("paid.csv", &file);
    let path = installation.folder().join("paid.csv");
    installation.ok(&["withdrawal", "settle", "--file", path.to_str().unwrap()]);
    assert_eq!(status(installation, &first[0]), "succeeded");
    let latin = file.replace("ref", "Müller").replace('\u{feff}', "");
    std::fs::write(&path, latin.chars().map(|one| one as u8).collect::<Vec<_>>()).unwrap();
    installation.refused(2, "windows-1252", &["withdrawal", "settle", "--file", path.to_str().unwrap()]);
    installation.ok(&["audit"]);
}

fn what_a_rail_pays_is_not_exported(installation: &Installation) {
    start(installation);
    let export = |method: &'static str| ["withdrawal", "export", "Acme", "--method", method];
    installation.refused(1, "cannot be settled by hand", &export("gift_card"));
    installation.refused(1, "there is no method", &export("wire"));
    // When a rail is removed from the configuration, its payments remain.
    let ids = asked(installation, &[(1, "bank", 500)]);
    installation.configure("");
    let text = installation.ok(&export("bank"));
    assert!(text.contains(&ids[0]), "{text}");
    installation.ok(&["withdrawal", "settle", &ids[0], "--proof", "p"]);
}

fn a_file_settles_every_line_it_can(installation: &Installation) {
    start(installation);
    let wishes: Vec<_> = (1..=5).map(|amount| (1, "bank", amount)).collect();
    let ids = asked(installation, &wishes);
    let rows = export(installation, "bank");
    installation.ok(&["withdrawal", "settle", &ids[4], "--proof", "by itself"]);
    let paid = |at: usize, proof: &str| paid(&rows[at], proof);
    let file = [
        HEADER.to_owned(),
        paid(0, "one"),
        "ord_unknown,1,USD,x,x,x".to_owned(),
        String::new(),
        paid(1, ""),
        format!("{},1", ids[2]),
        paid(3, "two, and more"),
        paid(4, "again"),
    ];
    let file = file.join("\n");
    let file = installation.write("paid.csv", &file);
    let ran = installation.run(&["withdrawal", "settle", "--file", &file, "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["settled"], 2);
    let wrong: Vec<&str> =
        told["not_settled"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    for (line, (number, words)) in wrong.iter().zip([
        (3, "there is no withdrawal"),
        (5, "the proof"),
        (6, "the columns of the header"),
        (8, "already succeeded"),
    ]) {
        assert!(line.starts_with(&format!("line {number}: ")) && line.contains(words), "{wrong:?}");
    }
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    let states: Vec<String> = ids.iter().map(|id| status(installation, id)).collect();
    assert_eq!(states, ["succeeded", "sending", "sending", "succeeded", "succeeded"]);
    let notes = shown(installation, &ids[3])["entries"].to_string();
    assert!(notes.contains("two, and more"), "{notes}");

    // An export with its last column filled in by a spreadsheet.
    assert_eq!(export(installation, "bank").len(), 2);
    let lines = [paid(1, "p1"), paid(2, "p2")];
    let rest = format!("\u{feff}{HEADER}\r\n{}\r\n{}\r\n", lines[0], lines[1]);
    let rest = installation.write("rest.csv", &rest);
    let text = installation.ok(&["withdrawal", "settle", "--file", &rest]);
    assert!(text.contains("2 settled, 0 not."), "{text}");
    installation.ok(&["audit"]);
}

const HEADER: &str = "id,amount,currency,destination[name],destination[account],proof";

/// A line of an export with its proof filled in.
fn paid(row: &[String], proof: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let fields: Vec<String> = row[..5].iter().map(|field| quoted(field)).chain([quoted(proof)]).collect();
    fields.join(",")
}

fn a_line_of_another_payment_settles_nothing(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 5_000)]);
    let row = export(installation, "bank").remove(0);
    for (column, other, words) in [
        (1, "1.00", "the amount is not that of the withdrawal, 50.00"),
        (1, "50,00", "the amount"),
        (2, "EUR", "the currency is not USD"),
        (3, "Bob", "the destination"),
        (4, "DE88 3704, 0044", "the destination"),
    ] {
        let mut row = row.clone();
        row[column] = other.to_owned();
        let file = format!("{HEADER}\n{}\n", paid(&row, "p"));
        let file = installation.write("paid.csv", &file);
        let ran = installation.run(&["withdrawal", "settle", "--file", &file]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stdout.contains(words) && ran.stdout.contains("0 settled, 1 not."), "{}", ran.stdout);
        assert_eq!(status(installation, &ids[0]), "sending");
    }
}

fn a_file_without_its_columns_is_refused(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 5)]);
    let file = installation.write("paid.csv", &format!("{},proof\n", ids[0]));
    installation.refused(
        2,
        "the columns id, amount, currency, destination and proof",
        &["withdrawal", "settle", "--file", &file],
    );
    installation.refused(2, "cannot read", &["withdrawal", "settle", "--file", "nowhere.csv"]);
    installation.refused(2, "cannot be used with", &["withdrawal", "settle", &ids[0], "--file", &file]);
    installation.refused(2, "--proof", &["withdrawal", "settle", &ids[0]]);
    assert_eq!(status(installation, &ids[0]), "queued");
}

fn a_review_lets_it_pass_or_gives_it_back(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--review-above", "1000"]);
    let ids = asked(installation, &[(1, "bank", 1_000), (1, "bank", 1_001), (1, "bank", 1_002)]);
    let states: Vec<String> = ids.iter().map(|id| status(installation, id)).collect();
    assert_eq!(states, ["queued", "review", "review"]);
    installation.refused(1, "waits for review", &["withdrawal", "settle", &ids[1], "--proof", "p"]);
    assert_eq!(export(installation, "bank").len(), 1);
    assert_eq!(installation.json(&["withdrawal", "approve", &ids[1]])["status"], "queued");
    installation.refused(1, "queued", &["withdrawal", "approve", &ids[1]]);
    let reject = ["withdrawal", "reject", &ids[2], "--reason", "The name is not yours."];
    let rejected = installation.json(&reject);
    assert_eq!(
        [&rejected["status"], &rejected["reason_code"], &rejected["reason"]],
        ["rejected", "rejected_by_business", "The name is not yours."]
    );
    installation.refused(1, "already rejected", &reject);
    installation.refused(1, "already rejected", &["withdrawal", "approve", &ids[2]]);
    assert_eq!(money(installation, "ann@example.com"), (json!(97_999), json!(2_001)));
    installation.ok(&["audit"]);
}

fn what_was_not_sent_can_be_taken_back(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 100), (1, "bank", 200)]);
    let cancel =
        |id: &str| installation.run(&["withdrawal", "cancel", id, "--reason", "Ann called.", "--json"]);
    let ran = cancel(&ids[0]);
    let cancelled: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        [&cancelled["status"], &cancelled["reason_code"], &cancelled["reason"]],
        ["cancelled", "cancelled_by_business", "Ann called."]
    );
    export(installation, "bank");
    let Ran { code, stderr, .. } = cancel(&ids[1]);
    assert_eq!(code, 1);
    assert!(stderr.contains("already being sent and cannot be cancelled"), "{stderr}");
    assert_eq!(money(installation, "ann@example.com"), (json!(99_800), json!(200)));
}

fn what_was_not_paid_or_came_back_is_the_persons_again(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "10"]);
    let ids = asked(installation, &[(1, "bank", 100), (1, "bank", 200), (1, "bank", 300)]);
    let failed = installation.json(&["withdrawal", "fail", &ids[0], "--reason", "The account is closed."]);
    assert_eq!(
        [&failed["status"], &failed["reason_code"], &failed["reason"]],
        ["failed", "not_paid", "The account is closed."]
    );
    let give_back = ["withdrawal", "return", &ids[1], "--proof", "statement 18"];
    installation.refused(1, "queued", &give_back);
    installation.ok(&["withdrawal", "settle", &ids[1], "--proof", "statement 17"]);
    assert_eq!(money(installation, "ann@example.com"), (json!(99_500), json!(300)));
    assert_eq!(installation.json(&give_back)["status"], "returned");
    installation.refused(1, "already returned", &give_back);
    installation.refused(1, "already failed", &["withdrawal", "settle", &ids[0], "--proof", "late"]);
    assert_eq!(money(installation, "ann@example.com"), (json!(99_700), json!(300)), "with the fee");
    let user = installation.json(&["user", "show", "Acme", "ann@example.com"]);
    let told: Vec<_> =
        user["operations"].as_array().unwrap().iter().map(|one| (&one["type"], &one["amount"])).collect();
    let line = |word: &str, amount: i64| (json!(word), json!(amount));
    let expected = [
        line("refund", 10),
        line("refund", 190),
        line("refund", 100),
        line("withdrawal", -300),
        line("withdrawal", -200),
        line("withdrawal", -100),
        line("credit", 100_000),
    ];
    assert_eq!(told, expected.iter().map(|(word, amount)| (word, amount)).collect::<Vec<_>>());
    installation.ok(&["audit"]);
}

fn only_an_unknown_outcome_is_resolved(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 100), (1, "bank", 200), (1, "bank", 300)]);
    export(installation, "bank");
    let resolve = |id: &str, how: &str| {
        installation.run(&["withdrawal", "resolve", id, how, "--proof", "the bank's letter", "--json"])
    };
    assert_eq!(resolve(&ids[0], "--paid").code, 1, "it is known to be unpaid");
    installation.inside(async |platform| {
        for number in [1, 2] {
            let lost = Progress::new(number, Step::LoseOutcome);
            platform.counter(BOOK, Actor::NONE).advance(lost).await.unwrap();
        }
    });
    let unknown = shown(installation, &ids[0]);
    assert_eq!((&unknown["status"], &unknown["outcome_unknown"]), (&json!("sending"), &json!(true)));
    let text = installation.ok(&["withdrawal", "show", &ids[0]]);
    assert!(text.contains("sending (outcome unknown)"), "{text}");
    installation.refused(2, "--proof", &["withdrawal", "resolve", &ids[0], "--paid"]);
    installation.refused(2, "--paid", &["withdrawal", "resolve", &ids[0], "--proof", "p"]);
    let both = ["withdrawal", "resolve", &ids[0], "--paid", "--not-paid", "--proof", "p"];
    installation.refused(2, "cannot be used with", &both);

    let after = |ran: Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap();
    let paid = after(resolve(&ids[0], "--paid"));
    assert_eq!((&paid["status"], &paid["outcome_unknown"]), (&json!("succeeded"), &json!(false)));
    let not_paid = after(resolve(&ids[1], "--not-paid"));
    assert_eq!([&not_paid["status"], &not_paid["reason_code"]], ["failed", "not_paid"]);
    for (id, how) in [(&ids[0], "--not-paid"), (&ids[1], "--paid"), (&ids[2], "--not-paid")] {
        assert_eq!(resolve(id, how).code, 1, "{how}");
    }
    let entries = shown(installation, &ids[0])["entries"].clone();
    let last = entries.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["event"], &last["note"], &last["actor"]),
        (&json!("payout.succeeded"), &json!("the bank's letter"), &json!(-1)),
        "the operator, and the proof"
    );
    assert_eq!(money(installation, "ann@example.com"), (json!(99_600), json!(300)));
    installation.ok(&["audit"]);
}

fn the_evidence_is_shown(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 2_500)]);
    installation.inside(async |platform| {
        let attempt = Attempt {
            number: 1,
            rail: "bank".to_owned(),
            key: "MAN-1".to_owned(),
            request: b"abc".to_vec(),
            slot: 0,
            created_at: 1_800_000_000_000_000,
            answered_at: None,
            answer: String::new(),
            answer_text: String::new(),
        };
        // A withdrawal has attempts only under a lease, and a lease only while it is being sent.
        platform.counter(BOOK, Actor::OPERATOR).begin(1).await.unwrap();
        let (store, now) = (&platform.store, platform.store.now().await.unwrap());
        let hold = store
            .lease_one(BOOK, (1, ledger::WithdrawalState::Sending), 7, (now, now + 60_000_000))
            .await
            .unwrap()
            .unwrap();
        assert!(store.add_attempt(hold, &attempt, None).await.unwrap());
        let said = ("unknown", "\u{1b}[2Jconnection reset");
        assert!(store.record_answer(hold, 1, said, 1_800_000_001_500_000).await.unwrap());
    });
    installation.ok(&["withdrawal", "settle", &ids[0], "--proof", "statement 17"]);
    let all = shown(installation, &ids[0]);
    let events: Vec<&str> =
        all["entries"].as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["payout.created", "payout.queued", "payout.processing", "payout.succeeded"]);
    assert_eq!(all["entries"][3]["published"]["order_id"], all["order_id"]);
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let attempts = json!([{
        "number": 1, "rail": "bank", "key": "MAN-1", "request_sha256": digest,
        "made_at": "2027-01-15T08:00:00.000000Z", "answered_at": "2027-01-15T08:00:01.500000Z",
        "answer": "unknown", "answer_text": "\u{1b}[2Jconnection reset",
    }]);
    assert_eq!(all["attempts"], attempts);
    assert_eq!(all["destination"]["account"], "DE89 3704, 0044");
    assert_eq!(all["email"], "ann@example.com");
    assert!(installation.ok(&["withdrawal", "list", "Acme"]).contains("ann@example"));
    let text = installation.ok(&["withdrawal", "show", &ids[0]]);
    for words in ["ann@example.com", "payout.succeeded", "operator", "MAN-1", "connection"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "a rail does not steer the terminal: {text:?}");
}

fn lists_are_chosen_by_state_and_method(installation: &Installation) {
    start(installation);
    let ids = asked(installation, &[(1, "bank", 100), (2, "cash", 200), (1, "bank", 300)]);
    installation.ok(&["withdrawal", "settle", &ids[0], "--proof", "p"]);
    let list = |flags: &[&str]| {
        let listed = installation.json(&[&["withdrawal", "list", "Acme"], flags].concat());
        let amounts = listed.as_array().unwrap().iter().map(|one| one["amount"].as_i64().unwrap());
        amounts.collect::<Vec<_>>()
    };
    assert_eq!(list(&[]), [300, 200, 100], "newest first");
    assert_eq!(list(&["--limit", "2"]), [300, 200]);
    assert_eq!(list(&["--status", "queued"]), [300, 200]);
    assert_eq!(list(&["--status", "succeeded"]), [100]);
    assert_eq!(list(&["--method", "bank"]), [300, 100]);
    assert_eq!(list(&["--method", "bank", "--status", "queued"]), [300]);
    assert!(list(&["--test"]).is_empty() && list(&["--method", "wire"]).is_empty());
    let table = installation.ok(&["withdrawal", "list", "Acme"]);
    assert!(table.contains(&ids[1]) && table.contains("succeeded") && table.contains("2.00"), "{table}");
    installation.refused(2, "queued", &["withdrawal", "list", "Acme", "--status", "pending"]);
}

fn nothing_is_done_without_words(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--review-always", "true"]);
    let id = asked(installation, &[(1, "bank", 100)]).remove(0);
    for empty in ["", " ", "two\nlines"] {
        for (verb, flag) in
            [("reject", "--reason"), ("cancel", "--reason"), ("fail", "--reason"), ("settle", "--proof")]
        {
            installation.refused(2, "printable characters", &["withdrawal", verb, &id, flag, empty]);
        }
    }
    installation.refused(2, "--reason", &["withdrawal", "reject", &id]);
    assert_eq!(status(installation, &id), "review");
}

fn other_things_are_no_withdrawals(installation: &Installation) {
    start(installation);
    let id = asked(installation, &[(1, "bank", 100)]).remove(0);
    let unknown =
        installation.inside(async |platform| platform.secrets.ids().seal(IdKind::Withdrawal, BOOK, 2));
    installation.refused(1, "no such withdrawal", &["withdrawal", "show", &unknown]);
    installation.refused(1, "Withdrawal not found", &["withdrawal", "approve", &unknown]);
    installation.refused(1, "Withdrawal not found", &["withdrawal", "settle", &unknown, "--proof", "p"]);
    let renamed = id.replace("ord_", "usr_");
    for other in ["", "ord_", &id[..39], &renamed, "ord_00000000-0000-8000-8000-000000000000"] {
        installation.refused(1, "there is no withdrawal", &["withdrawal", "approve", other]);
    }
}
