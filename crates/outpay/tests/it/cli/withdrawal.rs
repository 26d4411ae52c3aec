//! `outpay withdrawal`: review, payments by hand from the queue to their proof, the evidence, and the
//! only way to end a withdrawal by hand whose rail does not answer.

use crate::cli::installation::{Installation, Ran};
use ledger::{Actor, BookId, Cents, Mode, Progress, Step};
use outpay::testing::ids::IdKind;
use outpay::testing::store::Attempt;
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Value, json};

crate::cli::on_both_engines! {
    a_payment_by_hand_goes_from_the_queue_to_its_proof,
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

/// Takes what is queued into work: a batch of it.
fn batched(installation: &Installation, method: &str) -> i64 {
    installation.json(&["batch", "create", "Acme", method])["payments"].as_i64().unwrap()
}

fn a_payment_by_hand_goes_from_the_queue_to_its_proof(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--fee", "50"]);
    let ids = asked(installation, &[(1, "bank", 2_550), (2, "bank", 100_000)]);
    assert_eq!(status(installation, &ids[0]), "queued");
    assert_eq!(batched(installation, "bank"), 2);
    assert_eq!(status(installation, &ids[0]), "sending");

    let settle = ["withdrawal", "settle", &ids[0], "--proof", "statement 17, line 3"];
    let settled = installation.json(&settle);
    assert_eq!((&settled["status"], &settled["net_amount"]), (&json!("succeeded"), &json!(2_500)));
    installation.refused(1, "already succeeded", &settle);
    installation.refused(2, "--proof", &["withdrawal", "settle", &ids[0]]);
    // Straight from the queue: paid without a batch.
    let cash = asked(installation, &[(1, "cash", 300)]);
    let text = installation.ok(&["withdrawal", "settle", &cash[0], "--proof", "receipt"]);
    assert!(text.contains("succeeded") && text.contains("3.00"), "{text}");
    assert_eq!(money(installation, "ann@example.com"), (json!(97_150), json!(0)));
    assert_eq!(money(installation, "bob@example.com"), (json!(0), json!(100_000)));
    installation.ok(&["audit"]);
}

fn a_review_lets_it_pass_or_gives_it_back(installation: &Installation) {
    start(installation);
    installation.ok(&["method", "set", "Acme", "bank", "--review-above", "1000"]);
    let ids = asked(installation, &[(1, "bank", 1_000), (1, "bank", 1_001), (1, "bank", 1_002)]);
    let states: Vec<String> = ids.iter().map(|id| status(installation, id)).collect();
    assert_eq!(states, ["queued", "review", "review"]);
    installation.refused(1, "waits for review", &["withdrawal", "settle", &ids[1], "--proof", "p"]);
    assert_eq!(batched(installation, "bank"), 1);
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
    batched(installation, "bank");
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
    batched(installation, "bank");
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
