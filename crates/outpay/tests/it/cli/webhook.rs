//! `outpay webhook`, `outpay trigger` and `outpay listen`, with a receiver that is a thread of the test.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver as Inbox, channel};
use std::time::Duration;

crate::cli::on_both_engines! {
    a_webhook_is_set_and_shown,
    a_url_that_leads_inside_is_not_taken,
    a_roll_prints_new_keys,
    several_webhooks_are_kept_apart,
    a_test_send_tells_the_result,
    no_proxy_of_the_environment_is_used,
    the_log_is_listed_and_retried,
    listen_forwards_what_a_server_tells,
}

const OPEN: [&str; 2] = ["--allow-http-webhooks", "--allow-private-webhooks"];

/// A received request: head and body.
type Received = (String, String);

/// Responds to every request with this status; received requests come out of the inbox.
fn receiver(status: u16) -> (SocketAddr, Inbox<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, inbox) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                head += &line;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = format!("HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            drop(sender.send((head, String::from_utf8(body).unwrap())));
        }
    });
    (address, inbox)
}

fn next(inbox: &Inbox<Received>) -> Received {
    inbox.recv_timeout(Duration::from_secs(20)).expect("a request comes")
}

fn set(installation: &Installation, address: SocketAddr) -> Value {
    let url = format!("http://{address}/hook");
    installation.json(&[&["webhook", "set", "Acme", "--url", &url], OPEN.as_slice()].concat())
}

fn a_webhook_is_set_and_shown(installation: &Installation) {
    installation.business("Acme");
    assert_eq!(installation.json(&["webhook", "show", "Acme"])["url"], Value::Null);
    let set = ["webhook", "set", "Acme", "--url", "https://example.com/hook", "--events", "all"];
    let made = installation.json(&set);
    assert_eq!((&made["enabled"], made["events"].as_array().unwrap().len()), (&true.into(), 5));
    let (token, secret) = (made["token"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(token.starts_with("wht_") && secret.starts_with("whsec_"));
    let shown = installation.ok(&["webhook", "show", "Acme"]);
    assert!(shown.contains("https://example.com/hook") && shown.contains("payout.rejected"), "{shown}");
    assert!(!shown.contains(token) && !shown.contains(secret));
    let off = installation.json(&["webhook", "set", "Acme", "--off", "--events", "payout.failed"]);
    assert_eq!(
        (&off["enabled"], &off["events"][0], &off["token"]),
        (&false.into(), &"payout.failed".into(), &Value::Null)
    );
    assert_eq!(installation.json(&["webhook", "show", "Acme", "--test"])["url"], Value::Null, "its own");
}

fn a_url_that_leads_inside_is_not_taken(installation: &Installation) {
    installation.business("Acme");
    for (url, words) in [
        ("https://127.0.0.1/", "public address"),
        ("http://example.com/", "begin with https"),
        ("example.com", "must be a URL"),
    ] {
        installation.refused(2, words, &["webhook", "set", "Acme", "--url", url]);
    }
    installation.refused(2, "url field is required", &["webhook", "set", "Acme", "--on"]);
    installation.refused(
        2,
        "takes all, for the first five",
        &["webhook", "set", "Acme", "--events", "payout.paid"],
    );
    installation.refused(1, "no webhook yet", &["webhook", "roll", "Acme"]);
    installation.refused(1, "no webhook yet", &["webhook", "test", "Acme"]);
}

fn a_roll_prints_new_keys(installation: &Installation) {
    installation.business("Acme");
    let made = installation.json(&["webhook", "set", "Acme", "--url", "https://example.com/"]);
    let rolled = installation.json(&["webhook", "roll", "Acme", "--overlap", "24h"]);
    assert_ne!(rolled["token"], made["token"]);
    assert!(rolled["previous_token_ends_at"].is_string(), "{rolled}");
    installation.refused(2, "30 days", &["webhook", "roll", "Acme", "--overlap", "31d"]);
}

fn several_webhooks_are_kept_apart(installation: &Installation) {
    installation.business("Acme");
    let first = installation.json(&["webhook", "set", "Acme", "--url", "https://one.example.com/"]);
    let add = ["webhook", "add", "Acme", "--url", "https://two.example.com/", "--description", "Bookkeeping"];
    let more = ["--events", "payout.returned,balance.deposited", "--schedule", "extended"];
    let added = installation.json(&[add.as_slice(), more.as_slice()].concat());
    assert!(added["token"].as_str().unwrap().starts_with("wht_") && added["token"] != first["token"]);
    assert_eq!((&added["primary"], &added["schedule"]), (&false.into(), &"extended".into()));
    let id = added["id"].as_str().unwrap();
    let listed = installation.json(&["webhook", "list", "Acme"]);
    let urls: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|one| &one["url"]).collect();
    assert_eq!(urls, ["https://one.example.com/", "https://two.example.com/"]);
    assert!(installation.ok(&["webhook", "list", "Acme"]).contains("Bookkeeping"));
    let off = installation.json(&["webhook", "set", "Acme", "--webhook", id, "--off"]);
    assert_eq!((&off["enabled"], &off["description"]), (&false.into(), &"Bookkeeping".into()));
    assert_eq!(installation.json(&["webhook", "show", "Acme"])["enabled"], true, "the primary one");
    let rolled = installation.json(&["webhook", "roll", "Acme", "--webhook", id, "--overlap", "1h"]);
    assert!(rolled["previous_token_ends_at"].is_string());
    let switched = installation.json(&["webhook", "switch", "Acme", "--webhook", id]);
    assert_eq!(switched["previous_token_ends_at"], Value::Null);
    installation.refused(2, "give standard or extended", &["webhook", "set", "Acme", "--schedule", "long"]);
    installation.ok(&["webhook", "delete", "Acme", id]);
    installation.refused(1, "Webhook not found", &["webhook", "show", "Acme", "--webhook", "whe_1"]);
    installation.refused(1, "Webhook not found", &["webhook", "delete", "Acme", id]);
    assert_eq!(installation.json(&["webhook", "list", "Acme"])["data"].as_array().unwrap().len(), 1);
}

fn a_test_send_tells_the_result(installation: &Installation) {
    installation.business("Acme");
    let (address, inbox) = receiver(200);
    set(installation, address);
    let told = installation.json(&[&["webhook", "test", "Acme"], OPEN.as_slice()].concat());
    assert_eq!((&told["status"], &told["response_status"]), (&"delivered".into(), &200.into()));
    let (head, body) = next(&inbox);
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n") && head.contains("Signature: "), "{head}");
    assert!(body.ends_with("\"test_mode\":true}"), "{body}");
    let trigger = ["trigger", "payout.rejected", "--business", "Acme"];
    installation.ok(&[trigger.as_slice(), OPEN.as_slice()].concat());
    assert!(next(&inbox).1.contains("\"type\":\"payout.rejected\""));
    installation.refused(2, "give one of", &["trigger", "payout.paid", "--business", "Acme"]);
    // Without the flags the guard is strict again.
    let ran: Ran = installation.run(&["webhook", "test", "Acme", "--json"]);
    assert_eq!(ran.code, 1);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["error"], "address_refused");
    assert!(inbox.recv_timeout(Duration::from_millis(200)).is_err(), "nothing came");
}

fn no_proxy_of_the_environment_is_used(installation: &Installation) {
    installation.business("Acme");
    let ((address, inbox), (proxy, asked)) = (receiver(200), receiver(200));
    set(installation, address);
    let mut command = installation.command(&[&["webhook", "test", "Acme"], OPEN.as_slice()].concat());
    let proxy = format!("http://{proxy}");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, &proxy);
    }
    assert_eq!(Ran::from(command.output().unwrap()).code, 0);
    next(&inbox);
    assert!(asked.recv_timeout(Duration::from_millis(200)).is_err(), "the proxy was not asked");
}

fn the_log_is_listed_and_retried(installation: &Installation) {
    installation.business("Acme");
    let (address, inbox) = receiver(500);
    set(installation, address);
    let ran = installation.run(&[&["webhook", "test", "Acme"], OPEN.as_slice()].concat());
    assert_eq!(ran.code, 1, "not delivered: {}", ran.stdout);
    next(&inbox);
    let failed = installation.json(&["webhook", "deliveries", "Acme", "--status", "failed"]);
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    let id = failed["data"][0]["id"].as_str().unwrap();
    assert!(installation.ok(&["webhook", "deliveries", "Acme", "--limit", "1000"]).contains("failed"));
    let retried = installation.json(&["webhook", "retry", "Acme", id]);
    assert_eq!(retried["data"][0]["status"], "pending");
    installation.refused(1, "already being tried", &["webhook", "retry", "Acme", id]);
    installation.refused(1, "delivery not found", &["webhook", "retry", "Acme", "whd_1"]);
    installation.refused(2, "give a time", &["webhook", "replay", "Acme", "--since", "yesterday"]);
    let replayed = installation.json(&["webhook", "replay", "Acme", "--since", "2026-01-02T03:04:05Z"]);
    assert_eq!(replayed["replayed"], 0);
}

fn listen_forwards_what_a_server_tells(installation: &Installation) {
    let business = installation.paying_business("Acme", 10_000);
    let server = Server::start(installation);
    let key = format!("Authorization: Bearer {}", business.test_secret_key);
    installation.ok(&["business", "deposit", "Acme", "10000", "--reference", "test funds", "--test"]);
    installation.ok(&["business", "transfer", "Acme", "10000", "--test"]);
    let hash = server.create(&business.test_secret_key, "user@example.com", 5000);
    let withdraw = r#"{"method":"sandbox","amount":2500,"destination":{"account":"somebody"}}"#;
    let (status, made) = server.ask("POST", "/payout/withdraw", &format!("X-Payout-Hash: {hash}"), withdraw);
    assert_eq!(status, 202, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    until_succeeded(&server, &key, made["id"].as_str().unwrap());

    let (address, inbox) = receiver(200);
    let (forward_to, from) = (format!("http://{address}/hook"), format!("http://{}", server.address));
    let listen =
        ["listen", "--forward-to", &forward_to, "--server", &from, "--after", "0", "--once", "--json"];
    let mut command = crate::cli::installation::program();
    command.args(listen).env("OUTPAY_KEY", &business.test_secret_key);
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["token"].as_str().unwrap().starts_with("wht_"));
    let kinds: Vec<&str> = lines[1..].iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["payout.created", "payout.processing", "payout.succeeded"]);
    for kind in kinds {
        let (head, body) = next(&inbox);
        assert!(head.contains("Webhook-Signature: v1,") && head.contains("\r\nSignature: "), "{head}");
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&told["type"], &told["order_id"]), (&kind.into(), &made["id"]));
        assert_eq!(
            (&told["amount"], &told["recipient"]["email"]),
            (&2500.into(), &"user@example.com".into())
        );
        assert!(body.ends_with("\"test_mode\":true}"), "a test key reads a test book: {body}");
        assert!(told["sandbox"]["order_id"].as_str().unwrap().starts_with("SBX-"), "{body}");
    }
    let mut command = crate::cli::installation::program();
    let ran = Ran::from(command.args(listen).env("OUTPAY_KEY", "sk_test_wrong").output().unwrap());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("does not accept the key") && !ran.stderr.contains("sk_test_wrong"));
}

fn until_succeeded(server: &Server, key: &str, id: &str) {
    for _ in 0..200 {
        let (_, body) = server.ask("GET", &format!("/payout/withdrawals/{id}"), key, "");
        let shown: Value = serde_json::from_str(&body).unwrap();
        if shown["status"] == "succeeded" {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the sandbox pays");
}
