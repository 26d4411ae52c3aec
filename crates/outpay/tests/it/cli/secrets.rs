//! No secret leaks to where it does not belong: a day in the life of a server, then a search of its data folder
//! (database and write-ahead log), its log and its metrics for every key, hash, code, pin and token, plain, in
//! hexadecimal and in base64.

use crate::cli::installation::Installation;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

crate::cli::on_both_engines! {
    no_secret_is_found_where_it_does_not_belong,
}

/// Polls for an expected event, and the time between two of them.
const LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
const CODE: &str = "CARD-7Q2M-XK4T-9WZP";
const PIN: &str = "PIN-83650214";

/// A server with metrics; ends with the test.
pub struct Running {
    process: Child,
    pub api: String,
    pub metrics: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub fn start(installation: &Installation, log: &Path) -> Running {
    let serve =
        ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--log-format", "json"];
    let mut command = installation.command(&serve);
    // Log everything there is.
    command.env("OUTPAY_LOG", "trace").stderr(Stdio::from(File::create(log).unwrap()));
    let (api, metrics) = Default::default();
    let mut running = Running { process: command.spawn().unwrap(), api, metrics };
    for _ in 0..LOOKS {
        let text = std::fs::read_to_string(log).unwrap();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let addresses: Vec<String> = lines
            .filter_map(|line| line["fields"]["address"].as_str().map(str::to_owned))
            .map(|address| address.trim_start_matches("http://").trim_end_matches("/metrics").to_owned())
            .collect();
        if let [api, metrics, ..] = addresses.as_slice() {
            (running.api, running.metrics) = (api.clone(), metrics.clone());
            return running;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    panic!("the server does not start");
}

pub fn ask(address: &str, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: outpay\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The secrets that a server has given out, and the places to search.
struct Searched {
    secrets: Vec<String>,
    places: Vec<(String, Vec<u8>)>,
}

fn no_secret_is_found_where_it_does_not_belong(installation: &Installation) {
    let Searched { secrets, places } = a_day(installation);
    let bytes: usize = places.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(secrets.len() >= 6 && bytes > 10_000, "{} secrets in {bytes} bytes", secrets.len());
    for (number, secret) in secrets.iter().enumerate() {
        for (form, needle) in forms(secret) {
            for (place, bytes) in &places {
                let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
                assert!(!found, "secret {number} is in {place}, {form}");
            }
        }
    }
}

fn a_day(installation: &Installation) -> Searched {
    let business = installation.paying_business("Shop", 100_000);
    let file = installation.write(
        "cards.csv",
        &format!("brand,face_value,code,pin,expires\nBooks,2500,{CODE},{PIN},2031-01-01\n"),
    );
    installation.ok(&["giftcard", "import", "Shop", &file]);
    std::fs::remove_file(&file).unwrap();
    installation.ok(&["method", "enable", "Shop", "gift_card"]);
    let log = installation.folder().join("trace.log");
    let mut server = start(installation, &log);
    let bearer = format!("Authorization: Bearer {}\r\n", business.secret_key);
    let webhook = r#"{"url":"https://receiver.example.com/hook"}"#;
    let endpoint = parsed(ask(&server.api, "PUT", "/payout/webhook", &bearer, webhook));
    let create = r#"{"email":"user@example.com","amount":10000}"#;
    let created = parsed(ask(&server.api, "POST", "/payout/create", &bearer, create));
    let hash = created["hash"].as_str().unwrap().to_owned();
    use_the_hash(&server.api, &hash, &business.secret_key);
    let (_, metrics) = ask(&server.metrics, "GET", "/metrics", "", "");
    assert!(metrics.contains("outpay_http_requests"));
    let process = server.process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    assert!(server.process.wait().unwrap().success());

    let mut secrets = vec![business.secret_key.clone(), hash, CODE.to_owned(), PIN.to_owned()];
    let mut texts = Vec::new();
    strings(&endpoint, &mut texts);
    // The token and the signing secret: long texts that are neither URLs nor the endpoint's id.
    let is_id = |text: &str| endpoint["id"] == text;
    secrets
        .extend(texts.into_iter().filter(|text| text.len() >= 40 && !text.contains("://") && !is_id(text)));
    assert!(secrets.iter().any(|text| text.starts_with("whsec_")), "{endpoint}");
    let mut places = vec![("metrics".to_owned(), metrics.into_bytes())];
    places.push(("log".to_owned(), std::fs::read(&log).unwrap()));
    places.extend(stored(installation));
    Searched { secrets, places }
}

/// Uses the hash in each place, in a wrong path, and a key in place of a hash; then reveals a gift card.
fn use_the_hash(api: &str, hash: &str, key: &str) {
    let person = format!("X-Payout-Hash: {hash}\r\n");
    ask(api, "GET", &format!("/payout/operations?payout_hash={hash}"), "", "");
    ask(api, "POST", "/payout/operations", "", &format!(r#"{{"payout_hash":"{hash}"}}"#));
    ask(api, "GET", &format!("/payout/{hash}"), "", "");
    ask(api, "GET", "/payout/operations", &format!("X-Payout-Hash: {key}\r\n"), "");
    let wish = json!({ "method": "gift_card", "amount": 2500, "destination": { "brand": "Books" } });
    let asked = parsed(ask(api, "POST", "/payout/withdraw", &person, &wish.to_string()));
    let path = format!("/payout/operations/{}/reveal", asked["id"].as_str().unwrap());
    for _ in 0..LOOKS {
        let (status, body) = ask(api, "POST", &path, &person, "{}");
        if status == 200 {
            let shown: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((&shown["code"], &shown["pin"]), (&json!(CODE), &json!(PIN)));
            return;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    panic!("the card does not come");
}

fn parsed((status, body): (u16, String)) -> Value {
    assert!(status < 300, "{status} {body}");
    serde_json::from_str(&body).unwrap()
}

/// Everything that is stored: the files of the data folder, or all tables of the other engine.
fn stored(installation: &Installation) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(installation.data()).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.is_file());
    let mut places: Vec<(String, Vec<u8>)> =
        files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    let tables = ["setting", "credential", "api_key", "payout_user", "journal", "remembered", "withdrawal"];
    let tables = tables.into_iter().chain(["attempt", "gift_card", "webhook_endpoint", "webhook_delivery"]);
    let tables = tables.chain(["audit_log", "key_usage", "request_log", "mail"]);
    if !installation.is_sqlite() {
        places.extend(tables.map(|table| (table.to_owned(), installation.raw(table))));
    }
    places
}

/// The encodings of a secret. Base64 in its three alignments, without the characters that depend on neighbours.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let hex = data_encoding::HEXLOWER.encode(secret.as_bytes());
    let mut forms =
        vec![("plain", secret.to_owned()), ("in hexadecimal", hex.to_uppercase()), ("in hexadecimal", hex)];
    for shift in 0..3 {
        let text = format!("{}{secret}", "x".repeat(shift));
        let base64 = data_encoding::BASE64_NOPAD.encode(text.as_bytes());
        let (first, last) = ([0, 2, 3][shift], base64.len() - 2);
        forms.push(("in base64", base64[first..last].to_owned()));
    }
    forms
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, found)),
        _ => {}
    }
}
