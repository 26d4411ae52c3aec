//! Schemathesis, with all its checks, asks a running server for everything that the document allows and forbids. What it finds
//! must be in [`LENIENT`], where each line says why the product is so on purpose.

use super::peers::{documents, from_pypi, funded};
use crate::rails::program::Program;
use data_encoding::BASE64;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

/// A valid request that is refused.
const REFUSED: &str = "positive_data_acceptance";
/// An invalid request that is accepted.
const ACCEPTED: &str = "negative_data_rejection";

/// Check, end of the operation's path (empty: any), a part of the answer or of the request, why.
const LENIENT: &[(&str, &str, &str, &str)] = &[
    (REFUSED, "", "idempotency_key_reused", "422: the key belongs to another request; the data is valid"),
    (REFUSED, "", "precondition_failed", "412: the tag is not that of the resource; the data is valid"),
    (
        REFUSED,
        "",
        "\"If-Match\":[",
        "Schemathesis sends an empty header among the requests that it calls valid",
    ),
    (REFUSED, "", "must be an integer", "100.0 is an integer for JSON Schema, and no amount for us"),
    (REFUSED, "", "whole numbers", "the same inside a destination"),
    (REFUSED, "", "must be whole cents", "the same in the terms of a method"),
    (
        REFUSED,
        "",
        "The cursor is not one that this list gave",
        "a cursor is opaque: only those of the list are valid",
    ),
    (REFUSED, "/payout/events", "must be the sequence of an event", "a cursor is opaque"),
    (REFUSED, "/payout/events", "not both: they mean the same", "two parameters that exclude each other"),
    (REFUSED, "/payout/pause", "not both", "two fields that exclude each other"),
    (REFUSED, "/payout/resume", "not both", "two fields that exclude each other"),
    (REFUSED, "/balance/transfer", "must be the other balance", "a field that depends on another"),
    (REFUSED, "/payout/batch", "is used twice in this request", "rows that depend on each other"),
    (REFUSED, "/payout/batch", "reference_reused", "422: a reference belongs to another payout"),
    (REFUSED, "", "insufficient", "the balance decides"),
    (REFUSED, "", "Insufficient payout balance", "the balance decides"),
    (REFUSED, "/payout/payment-batches", "a decimal above 0", "a rate is a decimal, which has no format"),
    (
        REFUSED,
        "/payment-batches/answers",
        "batch_answer_unreadable",
        "the content of a bank's file has no format",
    ),
    (REFUSED, "/payout/keys", "\"allowed_addresses\"", "addresses and networks have no format of their own"),
    (REFUSED, "/payout/quote", "\"fields\"", "the fields of a destination depend on the method"),
    (REFUSED, "/payout/withdraw", "\"fields\"", "the fields of a destination depend on the method"),
    (REFUSED, "/payout/quote", "The amount", "limits and fees depend on the method"),
    (REFUSED, "/payout/withdraw", "The amount", "limits and fees depend on the method"),
    (REFUSED, "/payout/settings", "live key", "a test key does not change what holds for live money too"),
    (
        REFUSED,
        "/payout/settings",
        "\"methods\"",
        "terms depend on each other and on the methods that there are",
    ),
    (
        REFUSED,
        "",
        "\"url\":[",
        "which addresses may be called, and that the first change needs one, is no format",
    ),
    (REFUSED, "/test/clock", "\"advance_seconds\"", "five years are the most for all moves together"),
    (REFUSED, "", "characters", "texts without characters that cannot be seen or that reorder the text"),
    (
        REFUSED,
        "",
        "email must be a valid email address",
        "addresses are those of the HTML Standard, with a dot",
    ),
    (
        ACCEPTED,
        "/payout/operations",
        "",
        "the documented API ignores what it does not know, and empty parameters",
    ),
    (ACCEPTED, "/payout/create", "", "the documented API ignores what it does not know"),
    (ACCEPTED, "/balance", "", "the documented API ignores what it does not know"),
    (
        ACCEPTED,
        "/payout/quote",
        "payout_hash",
        "the hash in the header decides; places after it are not read",
    ),
    (
        ACCEPTED,
        "/payout/withdraw",
        "payout_hash",
        "the hash in the header decides; places after it are not read",
    ),
    (ACCEPTED, "", "null", "an optional field that is null counts as left out"),
];

/// After these a credential of the test does not authenticate any more, so they have a run of their own.
const ENDING: &[&str] = &["revokeApiKey", "rollApiKey", "deactivateUser", "rotateUserHash"];

#[test]
fn schemathesis_finds_nothing_but_what_is_lenient_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
    let [document, _] = documents(folder.path());
    let mut cases = 0;
    let mut found = BTreeMap::new();
    for (run, which) in ["--exclude-operation-id", "--include-operation-id"].into_iter().enumerate() {
        let only: Vec<&str> = ENDING.iter().flat_map(|id| [which, *id]).collect();
        let report = folder.path().join(format!("{run}.ndjson"));
        schemathesis(&program, run, &document, &only, &report);
        let text = std::fs::read_to_string(&report).unwrap();
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(event.get("NonFatalError").is_none() && event.get("FatalError").is_none(), "{event:#}");
            cases += judge(&event["ScenarioFinished"]["recorder"], &mut found);
        }
    }
    assert!(cases > 1500, "only {cases} requests were judged");
    assert!(found.is_empty(), "{} findings: {found:#?}", found.len());
    println!("{cases} requests");
}

/// A run with a business and a recipient of its own.
fn schemathesis(program: &Program, run: usize, document: &Path, only: &[&str], report: &Path) {
    let key = funded(program, &format!("Shop {run}"));
    let server = program.serve(&["--rate-limit", "off", "--allow-http-webhooks", "--allow-private-webhooks"]);
    let pay = server.call("POST", "/payout/create").key(&key);
    let pay = pay.json(r#"{"email":"user@example.com","amount":1000000}"#);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let paid = runtime.block_on(pay.send()).value(201);
    let hash = paid["hash"].as_str().unwrap();
    let mut command = from_pypi("schemathesis");
    command.arg("run").arg(document).args(["--url", &format!("http://{}", server.address)]).args(only);
    command.args(["-H", &format!("Authorization: Bearer {key}"), "-H", &format!("X-Payout-Hash: {hash}")]);
    command.args(["--checks", "all", "--max-examples", "5", "--seed", "1", "--workers", "1"]);
    command.args(["--continue-on-failure", "--no-shrink", "--request-timeout", "40"]);
    command.args(["--report", "ndjson", "--report-ndjson-path"]).arg(report);
    command.current_dir(report.parent().unwrap());
    let output = command.stdin(Stdio::null()).output().unwrap();
    // 1: something was found, which is judged here.
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{told}");
}

/// Adds what no line of the list allows; how many requests there were.
fn judge(recorder: &Value, found: &mut BTreeMap<String, String>) -> usize {
    let empty = serde_json::Map::new();
    let cases = recorder["checks"].as_object().unwrap_or(&empty);
    for (id, checks) in cases {
        for check in checks.as_array().unwrap().iter().filter(|check| check["status"] == "failure") {
            let (name, failure) = (check["name"].as_str().unwrap(), &check["failure_info"]["failure"]);
            let operation = failure["operation"].as_str().or(recorder["label"].as_str()).unwrap_or_default();
            let exchange = &recorder["interactions"][id];
            let answer = bytes(&exchange["response"]["content"]);
            let sent = format!("{} {}", exchange["request"]["uri"], bytes(&exchange["request"]["body"]));
            let message = failure["message"].as_str().unwrap_or_default();
            let told = if name == ACCEPTED { format!("{message} {sent}") } else { answer.clone() };
            let is_lenient = LENIENT.iter().any(|(check, path, sign, _)| {
                *check == name && operation.ends_with(path) && told.contains(sign)
            });
            if !is_lenient {
                let status = &exchange["response"]["status_code"];
                let answer: String = answer.chars().take(300).collect();
                found
                    .entry(format!("{name}: {operation}: {status} {answer}"))
                    .or_insert(format!("{message} {sent}"));
            }
        }
    }
    cases.len()
}

fn bytes(value: &Value) -> String {
    let encoded = value["$base64"].as_str().map(|text| BASE64.decode(text.as_bytes()).unwrap());
    encoded.map_or_else(
        || value.as_str().unwrap_or_default().to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}
