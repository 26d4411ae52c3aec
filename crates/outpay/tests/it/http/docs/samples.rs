//! Every sample of the documentation page, as it stands there, runs against a server and gets an answer that the document
//! describes as a success. Only the ids of the examples are replaced, by those of things that exist, and the address of a receiver.

use crate::described::{self, check_answer};
use crate::http::openapi::peers::funded;
use crate::rails::program::{Program, Serving};
use crate::wire::Call;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const EXAMPLE: &str = "6f1b6c1e-3c5a-8d2f-9b1e-4a7c0d9e2f31";
const LANGUAGES: [&str; 4] = ["curl", "python", "javascript", "php"];
/// Nothing listens there.
const CLOSED: &str = "http://127.0.0.1:1/";

/// Providers of payments call it, for rails that this server does not have: the answer is the 404 that is described.
const CALLED_BY_PROVIDERS: &str = "receiveRailNotice";

/// A sample of the page.
struct Sample {
    operation: String,
    language: String,
    text: String,
}

/// A business and a recipient.
struct Credentials {
    key: String,
    hash: String,
}

#[test]
fn every_sample_gets_a_success() {
    let program = Program::new("[rails.manual.bank]\ntitle = \"Bank transfer\"\n");
    let [first, second] = ["Shop", "Careful"].map(|name| funded(&program, name));
    // A key that a key made is of the same hand; this one is not.
    let checker = program.json(&["key", "create", "Careful", "--test"]);
    let server = program.serve(&["--rate-limit", "off", "--allow-http-webhooks", "--allow-private-webhooks"]);
    let stage = Stage::new(server, first, (second, text(&checker, "key")));
    let samples = samples(&stage.text("/docs"));
    let operations: Vec<&str> = described::operations(described::document())
        .map(|(_, _, one)| one["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(samples.len(), operations.len() * LANGUAGES.len());
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for sample in &samples {
        let id = stage.prepare(&sample.operation);
        let text = sample.text.replace("https://example.com/webhooks", CLOSED);
        let text = match &id {
            Some(id) => text.replace(&format!("{}_{EXAMPLE}", &id[..3]), id),
            None => text,
        };
        assert!(!text.contains(EXAMPLE), "{}: {text}", sample.operation);
        let printed =
            run(&sample.language, &text, stage.credentials(&sample.operation), &stage, folder.path());
        if let Err(problem) = printed.and_then(|printed| is_success(&sample.operation, &printed)) {
            wrong.push(format!("{} in {}: {problem}", sample.operation, sample.language));
        }
    }
    assert!(wrong.is_empty(), "{} of {} samples: {wrong:#?}", wrong.len(), samples.len());
    println!("{} samples", samples.len());
}

/// The samples in the order of the page.
fn samples(page: &str) -> Vec<Sample> {
    let sample = |piece: &str| {
        let (language, rest) = piece.split_once('"').unwrap();
        let (_, rest) = rest.split_once("data-of=\"").unwrap();
        let (operation, rest) = rest.split_once("\">").unwrap();
        let text = rest.split_once("</pre>").unwrap().0;
        let text =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        Sample { operation: operation.to_owned(), language: language.to_owned(), text }
    };
    page.split("<figure class=\"sample ").skip(1).map(sample).collect()
}

fn run(
    language: &str,
    text: &str,
    who: &Credentials,
    stage: &Stage,
    folder: &Path,
) -> Result<String, String> {
    let file = folder.join(format!("sample.{}", if language == "javascript" { "mjs" } else { language }));
    std::fs::write(&file, text).unwrap();
    let program = match language {
        "curl" => "sh",
        "python" => "python3",
        "javascript" => "node",
        _ => "php",
    };
    let mut command = Command::new(program);
    command.arg(file).env("OUTPAY_URL", format!("http://{}", stage.server.address));
    command.env("OUTPAY_KEY", &who.key).env("OUTPAY_HASH", &who.hash).stdin(Stdio::null());
    let output =
        command.output().unwrap_or_else(|error| panic!("{program} is missing ({error}): run ./test"));
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(format!("{errors}\n{text}"))
    }
}

/// Is it an answer that the document describes as a success?
fn is_success(operation: &str, printed: &str) -> Result<(), String> {
    if operation == "getDocs" {
        return if printed.starts_with("<!doctype html>") { Ok(()) } else { Err(printed.to_owned()) };
    }
    if operation == CALLED_BY_PROVIDERS {
        let answer: Value = serde_json::from_str(printed).map_err(|_| printed.to_owned())?;
        return if answer["code"] == "not_found" { Ok(()) } else { Err(printed.to_owned()) };
    }
    let mut all = described::operations(described::document());
    let (_, _, entry) = all.find(|(_, _, one)| one["operationId"] == operation).unwrap();
    let statuses = entry["responses"].as_object().unwrap().keys().filter(|status| status.starts_with('2'));
    let tried: Vec<_> = statuses
        .map(|status| check_answer(entry, status.parse().unwrap(), printed.trim().as_bytes()))
        .collect();
    let fits = tried.iter().any(Result::is_ok);
    if fits { Ok(()) } else { Err(format!("{tried:?}: {printed}")) }
}

/// A server, and what the samples are about.
struct Stage {
    server: Serving,
    runtime: tokio::runtime::Runtime,
    usual: Credentials,
    /// Of a business where debits take two people; the key is not the one that proposes them.
    careful: Credentials,
    proposer: String,
    /// What was made once, by what it is for.
    made: RefCell<HashMap<String, String>>,
}

impl Stage {
    fn new(server: Serving, key: String, (proposer, checker): (String, String)) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let credentials = |key| Credentials { key, hash: String::new() };
        let (usual, careful) = (credentials(key), credentials(checker));
        let mut stage = Self { server, runtime, usual, careful, proposer, made: RefCell::default() };
        let pay = |stage: &Self, key: &str, email: &str| {
            let body = json!({ "email": email, "amount": 1_000_000 });
            text(&stage.ask("POST", "/payout/create", key, &body), "hash")
        };
        stage.usual.hash = pay(&stage, &stage.usual.key, "first@example.com");
        pay(&stage, &stage.usual.key, "second@example.com");
        stage.careful.hash = pay(&stage, &stage.proposer, "third@example.com");
        stage.ask("PUT", "/payout/settings", &stage.proposer, &json!({ "two_people_above": 0 }));
        stage.ask("PUT", "/payout/webhook", &stage.usual.key, &json!({ "url": CLOSED }));
        stage
    }

    fn call(&self, call: &Call) -> (u16, Vec<u8>) {
        let answer = self.runtime.block_on(call.send());
        (answer.status, answer.body)
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.call(&self.server.call("GET", path)).1).unwrap()
    }

    /// A business's request that must succeed.
    fn ask(&self, method: &str, path: &str, key: &str, body: &Value) -> Value {
        let call = self.server.call(method, path).key(key);
        let call = if method == "GET" { call } else { call.json(body.to_string()) };
        let (status, body) = self.call(&call);
        assert!((200..300).contains(&status), "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// A new withdrawal of the first recipient.
    fn withdrawal(&self, method: &str, destination: &Value) -> String {
        let body = json!({ "method": method, "amount": 2_500, "destination": destination });
        let call = self.server.call("POST", "/payout/withdraw").hash(&self.usual.hash).json(body.to_string());
        let (status, body) = self.call(&call);
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&body));
        text(&serde_json::from_slice(&body).unwrap(), "id")
    }

    fn by_hand(&self) -> String {
        self.withdrawal("bank", &json!({ "name": "A", "account": "B" }))
    }

    /// A payment batch that waits for its check.
    fn batch(&self) -> String {
        self.by_hand();
        let body = json!({ "method": "bank" });
        text(&self.ask("POST", "/payout/payment-batches", &self.usual.key, &body), "id")
    }

    fn approved_batch(&self) -> String {
        let id = self.batch();
        self.ask("POST", &format!("/payout/payment-batches/{id}/approve"), &self.usual.key, &json!({}));
        id
    }

    /// One that waits for review, until which every one does.
    fn in_review(&self) -> String {
        let review = |always| json!({ "methods": { "bank": { "review": { "always": always } } } });
        self.ask("PUT", "/payout/settings", &self.usual.key, &review(true));
        let id = self.by_hand();
        self.ask("PUT", "/payout/settings", &self.usual.key, &review(false));
        id
    }

    /// A gift card that was delivered.
    fn gift_card(&self) -> String {
        let id = self.withdrawal("gift_card", &json!({ "brand": "Bookshop" }));
        // A minute.
        for _ in 0..1_200 {
            let seen = self.ask("GET", &format!("/payout/withdrawals/{id}"), &self.usual.key, &Value::Null);
            if seen["status"] == "succeeded" {
                return id;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the simulated rail did not pay {id}");
    }

    fn proposal(&self) -> String {
        let users = self.ask("GET", "/payout/users", &self.proposer, &Value::Null);
        let path = format!("/payout/users/{}/debit", users["data"][0]["id"].as_str().unwrap());
        text(
            &self.ask("POST", &path, &self.proposer, &json!({ "amount": 100, "reason": "Paid twice" })),
            "id",
        )
    }

    fn credentials(&self, operation: &str) -> &Credentials {
        if operation.ends_with("Proposal") { &self.careful } else { &self.usual }
    }

    /// Makes what the operation needs; the id of what it is about.
    fn prepare(&self, operation: &str) -> Option<String> {
        let key = &self.usual.key;
        let webhook = || text(&self.ask("POST", "/payout/webhooks", key, &json!({ "url": CLOSED })), "id");
        let delivery = || {
            self.ask("PUT", "/payout/webhook", key, &json!({ "url": CLOSED }));
            text(&self.ask("POST", "/payout/webhook/test", key, &json!({})), "id")
        };
        Some(match operation {
            "getUser" | "listUserOperations" | "activateUser" | "deactivateUser" | "rotateUserHash"
            | "debitUser" => {
                let users = self.ask("GET", "/payout/users?email=second@example.com", key, &Value::Null);
                text(&users["data"][0], "id")
            }
            "getOperation" | "getWithdrawal" | "setWithdrawalMetadata" => self.by_hand(),
            "cancelOperation" | "settleWithdrawal" => self.once(operation, Self::by_hand),
            "createPaymentBatch" => self.once(operation, Self::by_hand),
            "getPaymentBatch" | "approvePaymentBatch" | "dissolvePaymentBatch" => {
                self.once(operation, Self::batch)
            }
            "getPaymentBatchFile" => self.once(operation, Self::approved_batch),
            "revealGiftCard" => self.once(operation, Self::gift_card),
            "approveWithdrawal" | "rejectWithdrawal" => self.once(operation, Self::in_review),
            "confirmProposal" | "withdrawProposal" => self.proposal(),
            "rollApiKey" | "revokeApiKey" => text(&self.ask("POST", "/payout/keys", key, &json!({})), "id"),
            "getWebhookDelivery" => delivery(),
            "retryWebhookDelivery" => self.once(operation, |_| delivery()),
            "getWebhook" | "updateWebhook" | "rollWebhook" | "switchWebhook" | "testWebhook" => {
                self.once("webhook", |_| webhook())
            }
            "deleteWebhook" => webhook(),
            "testPrimaryWebhook" => {
                self.ask("PUT", "/payout/webhook", key, &json!({ "url": CLOSED }));
                return None;
            }
            _ => return None,
        })
    }

    /// The same for all languages: their samples have one idempotency key, which belongs to one request.
    fn once(&self, name: &str, make: impl Fn(&Self) -> String) -> String {
        if let Some(id) = self.made.borrow().get(name) {
            return id.clone();
        }
        let id = make(self);
        self.made.borrow_mut().insert(name.to_owned(), id.clone());
        id
    }
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}")).to_owned()
}
