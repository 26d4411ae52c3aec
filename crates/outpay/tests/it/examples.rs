//! The programs of `examples/`, run as their heads say, against the server as a process of its own. Not here: the page
//! that frames the claim page, which needs a browser (`browser/framed.rs`).

use crate::rails::program::{Program, Serving};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// A receiver that ends with the test.
struct Receiver {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Receiver {
    fn start(secret: &str) -> Self {
        let mut child = Command::new("python3")
            .arg(example("receive_webhook.py"))
            .arg("0")
            .env("OUTPAY_WEBHOOK_SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line.trim().rsplit_once(' ').unwrap().1.to_owned();
        Self { child, output, url }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

#[test]
fn the_webhook_receiver_takes_what_is_authentic_and_nothing_else() {
    let program = Program::new("");
    let key = program.business("10000");
    let server = program.serve(&["--allow-http-webhooks", "--allow-private-webhooks"]);
    block_on(async {
        let set = |body: Value| server.call("PUT", "/payout/webhook").key(&key).json(body.to_string());
        // The secret is needed to start the receiver, and the receiver's address to set the webhook.
        let made = set(json!({ "url": "http://127.0.0.1:1/" })).send().await.value(200);
        let mut receiver = Receiver::start(made["secret"].as_str().unwrap());
        set(json!({ "url": receiver.url })).send().await.value(200);
        let test =
            server.call("POST", "/payout/webhook/test").key(&key).json(r#"{"type":"payout.succeeded"}"#);
        let attempt = test.send().await.value(200);
        assert!(attempt.to_string().contains("200"), "{attempt}");
        let line = receiver.line();
        assert!(line.starts_with("ord_") && line.contains(" was paid "), "{line}");
        // Signed with another secret it is refused.
        let mut stranger = Receiver::start("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
        set(json!({ "url": stranger.url })).send().await.value(200);
        let attempt = test.send().await.value(200);
        assert!(attempt.to_string().contains("400"), "{attempt}");
        stranger.child.kill().unwrap();
        assert_eq!(stranger.line(), "", "it handled nothing");
    });
}

#[test]
fn a_spreadsheet_is_paid_once_however_often_it_is_sent() {
    let program = Program::new("");
    let key = program.business("10000");
    let server = program.serve(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("october.csv");
    let rows = "email,amount,reference\na@example.com,12.50,oct-1\nb@example.com,0.01,oct-2\n";
    std::fs::write(&file, rows).unwrap();
    let first = spreadsheet(&server, &key, &file);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let printed = String::from_utf8(first.stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(
        lines[1].starts_with("a@example.com,12.50,USD,oct-1,")
            && lines[2].starts_with("b@example.com,0.01,USD,oct-2,")
    );
    let again = spreadsheet(&server, &key, &file);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), printed);
    let balance = block_on(async { server.call("GET", "/balance").key(&key).send().await.value(200) });
    assert_eq!(balance["payout_balance"], 10_000 - 1_251);
    std::fs::write(&file, "email,amount,reference\na@example.com,12.505,oct-3\nb@example.com,1,\n").unwrap();
    let refused = spreadsheet(&server, &key, &file);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("line 2") && said.contains("line 3"), "{said}");
}

fn spreadsheet(server: &Serving, key: &str, file: &std::path::Path) -> Output {
    Command::new("python3")
        .arg(example("pay_from_spreadsheet.py"))
        .arg(file)
        .arg(format!("http://{}", server.address))
        .env("OUTPAY_KEY", key)
        .output()
        .unwrap()
}
