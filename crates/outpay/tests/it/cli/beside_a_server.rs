//! Commands alongside a running server on the same database: each sees the other's changes.

use crate::cli::installation::{Installation, Ran};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::Duration;

crate::cli::on_both_engines! {
    a_server_sees_money_that_the_program_moved,
    a_revoked_key_is_dead_within_a_second,
    a_deactivated_user_is_dead_at_once,
    a_rolled_key_overlaps_as_long_as_was_said,
    a_server_ends_in_good_order,
}

/// The promise is one second after the command.
const LONGEST_TRUST: Duration = Duration::from_secs(1);

pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    pub fn start(installation: &Installation) -> Self {
        Self::start_as(installation, |_| {})
    }

    /// The same, with something set in its command.
    pub fn start_as(installation: &Installation, set: impl FnOnce(&mut Command)) -> Self {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
        let mut command = installation.command(&serve);
        set(&mut command);
        let mut process = command.spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended");
            let logged: serde_json::Value = serde_json::from_str(&line).unwrap();
            if let Some(address) = logged["fields"]["address"].as_str() {
                break address.strip_prefix("http://").unwrap().to_owned();
            }
        };
        // Drain the output, or the server would block on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, address }
    }

    /// Status and body of a request with this header line.
    pub fn ask(&self, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
        self.try_ask(method, path, header, body).expect("the server answers")
    }

    /// The same for a server that may be about to end.
    pub fn try_ask(&self, method: &str, path: &str, header: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: outpay\r\nConnection: close\r\n{header}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert!(self.process.wait().unwrap().success());
    }

    fn balance(&self, key: &str) -> (u16, String) {
        self.ask("GET", "/balance", &format!("Authorization: Bearer {key}"), "")
    }

    pub fn create(&self, key: &str, email: &str, amount: i64) -> String {
        let body = format!(r#"{{"email":"{email}","amount":{amount}}}"#);
        let (status, body) =
            self.ask("POST", "/payout/create", &format!("Authorization: Bearer {key}"), &body);
        assert_eq!(status, 201, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answer["hash"].as_str().unwrap().to_owned()
    }
}

impl Server {
    /// The exit status of a server that ends by itself.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        for _ in 0..300 {
            if let Some(ended) = self.process.try_wait().unwrap() {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server goes on");
    }

    /// SIGKILL.
    pub fn kill(&self) {
        let killed = Command::new("kill").args(["-KILL", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
}

/// Requests a payout of one cent; the status, if the server lived long enough to send one.
pub fn try_to_create(address: &str, key: &str, email: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    let body = format!(r#"{{"email":"{email}","amount":1}}"#);
    let length = body.len();
    let head = format!(
        "POST /payout/create HTTP/1.1\r\nHost: outpay\r\nConnection: close\r\nAuthorization: Bearer {key}"
    );
    write!(stream, "{head}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn a_server_sees_money_that_the_program_moved(installation: &Installation) {
    let business = installation.business("Acme");
    let server = Server::start(installation);
    installation.ok(&["business", "enable-payouts", "Acme"]);
    installation.ok(&["business", "deposit", "Acme", "1000", "--reference", "r"]);
    installation.ok(&["business", "transfer", "Acme", "600"]);
    assert_eq!(
        server.balance(&business.secret_key),
        (200, r#"{"balance":400,"payout_balance":600}"#.to_owned())
    );
    assert_eq!(server.balance(&business.test_secret_key).1, r#"{"balance":0,"payout_balance":0}"#);
    server.create(&business.secret_key, "a@example.com", 100);
    let file = installation.write("users.csv", "a@example.com,5\nb@example.com,6\n");
    installation.ok(&["import", &file, "--business", "Acme"]);
    server.create(&business.secret_key, "b@example.com", 10);
    let shown = installation.json(&["user", "show", "Acme", "b@example.com"]);
    assert_eq!(shown["balance"], 16);
    assert_eq!(server.balance(&business.secret_key).1, r#"{"balance":400,"payout_balance":479}"#);
    installation.ok(&["audit"]);
}

fn a_revoked_key_is_dead_within_a_second(installation: &Installation) {
    installation.business("Acme");
    let made = installation.json(&["key", "create", "Acme"]);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let server = Server::start(installation);
    assert_eq!(server.balance(key).0, 200);
    installation.ok(&["key", "revoke", id]);
    std::thread::sleep(LONGEST_TRUST);
    assert_eq!(server.balance(key).0, 401);
}

fn a_deactivated_user_is_dead_at_once(installation: &Installation) {
    let business = installation.paying_business("Acme", 1000);
    let server = Server::start(installation);
    let hash = server.create(&business.secret_key, "a@example.com", 100);
    let look = || server.ask("GET", "/payout/operations", &format!("X-Payout-Hash: {hash}"), "").0;
    assert_eq!(look(), 200);
    installation.ok(&["user", "deactivate", "Acme", "a@example.com"]);
    assert_eq!(look(), 401);
    installation.ok(&["user", "activate", "Acme", "a@example.com"]);
    assert_eq!(look(), 200);
}

fn a_rolled_key_overlaps_as_long_as_was_said(installation: &Installation) {
    installation.business("Acme");
    let server = Server::start(installation);
    let text = |made: &serde_json::Value| made["key"].as_str().unwrap().to_owned();
    let first = installation.json(&["key", "create", "Acme"]);
    let second = installation.json(&["key", "roll", first["id"].as_str().unwrap(), "--overlap", "1h"]);
    assert_eq!([server.balance(&text(&first)).0, server.balance(&text(&second)).0], [200, 200]);
    let third = installation.json(&["key", "roll", second["id"].as_str().unwrap()]);
    std::thread::sleep(LONGEST_TRUST);
    assert_eq!([server.balance(&text(&second)).0, server.balance(&text(&third)).0], [401, 200]);
}

fn a_server_ends_in_good_order(installation: &Installation) {
    let business = installation.business("Acme");
    let mut server = Server::start(installation);
    assert_eq!(server.balance(&business.secret_key).0, 200);
    server.terminate();
    let list = installation.json(&["key", "list", "Acme"]);
    let used = list["data"].as_array().unwrap().iter().filter(|key| key["last_used_at"].is_string());
    assert_eq!(used.count(), 1, "the last use was written down: {list}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Ran::from(installation.command(&["serve", "--listen", &address]).output().unwrap());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("cannot listen on"), "{}", ran.stderr);
}
