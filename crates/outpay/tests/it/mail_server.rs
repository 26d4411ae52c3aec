//! The mail server as a guard: the PyPI package `aiosmtpd` with the script tests/peers/mail/server.py, on a free port, killed
//! on drop. `./test` installs it into target/peers/mail.

use data_encoding::BASE64;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct MailServer {
    child: Child,
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A mail that the server has.
#[derive(Clone, Debug)]
pub struct Received {
    pub to: String,
    pub from: String,
    pub is_encrypted: bool,
    pub content: String,
}

impl MailServer {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(flags: &[&str]) -> Self {
        let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
        let python = target.join("peers/mail/bin/python");
        assert!(python.exists(), "{} is missing: run ./test, which installs it", python.display());
        let mut command = Command::new(python);
        command.arg(repository.join("tests/peers/mail/server.py")).args(flags);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&lines.next().expect("it listens").unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let inbox = Arc::clone(&received);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap();
                let text = |field: &str| line[field].as_str().unwrap().to_owned();
                let content = BASE64.decode(text("content").as_bytes()).unwrap();
                inbox.lock().unwrap().push(Received {
                    to: text("to"),
                    from: text("from"),
                    is_encrypted: line["tls"].as_bool().unwrap(),
                    content: String::from_utf8(content).unwrap(),
                });
            }
        });
        Self { child, port, received }
    }

    /// All that it has, oldest first. A line is on its way for a moment after the answer.
    pub fn received(&self) -> Vec<Received> {
        std::thread::sleep(Duration::from_millis(150));
        self.received.lock().unwrap().clone()
    }

    /// What it has for this address.
    pub fn to(&self, address: &str) -> Vec<Received> {
        self.received().into_iter().filter(|mail| mail.to == address).collect()
    }

    /// Waits until it has so many.
    pub fn until(&self, count: usize) -> Vec<Received> {
        for _ in 0..200 {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
        }
        panic!("{count} mails do not come: {:?}", self.received());
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Received {
    /// A header, where it stands in one line.
    pub fn header(&self, name: &str) -> &str {
        let (head, _) = self.content.split_once("\r\n\r\n").unwrap();
        let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in {head}"))
    }

    /// The content with soft line breaks of quoted-printable joined.
    pub fn text(&self) -> String {
        self.content.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The link that begins with `before`, up to the end of its line.
    pub fn link(&self, before: &str) -> String {
        let text = self.text();
        let at = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}"));
        text[at..].split(['\r', '\n', '"', '<', ' ']).next().unwrap().to_owned()
    }
}
