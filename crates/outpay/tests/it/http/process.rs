//! The real program as a process of its own, serving a test's database on a free port, to be killed without warning.

use crate::database::Database;
use crate::http::api::MASTER_KEY;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: Option<JoinHandle<String>>,
}

/// The program on this database.
fn program(database: &Database, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outpay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTPAY_")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data").arg(database.folder()).arg("--database").arg(database.address());
    command.env("OUTPAY_MASTER_KEY", MASTER_KEY);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

impl Process {
    /// Starts it and waits until it listens.
    pub fn serve(database: &Database) -> Self {
        Self::serve_with(database, &[])
    }

    /// The same with more arguments.
    pub fn serve_with(database: &Database, arguments: &[&str]) -> Self {
        Self::start(database, "json", arguments)
    }

    /// The same with the log in this format.
    pub fn serve_with_log(database: &Database, format: &str) -> Self {
        Self::start(database, format, &[])
    }

    fn start(database: &Database, format: &str, arguments: &[&str]) -> Self {
        let made = program(database, &["init"]).status().unwrap();
        assert!(made.success(), "the installation is made");
        let mut command = program(database, &["serve", "--listen", "127.0.0.1:0", "--log-format", format]);
        command.args(arguments).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            let length = log.read_line(&mut line).unwrap();
            seen += &line;
            assert_ne!(length, 0, "the server ended: {seen}");
            if let Some((_, rest)) = line.split_once("://127.0.0.1:") {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                break SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
            }
        };
        // Drain the output, or the server would block on a full pipe.
        let rest = std::thread::spawn(move || {
            log.read_to_string(&mut seen).unwrap();
            seen
        });
        Self { address, child, log: Some(rest) }
    }

    /// Sends a signal, as in `-HUP`.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself; returns its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let ends = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(40), ends).await.expect("the process ends")
    }

    /// Sends SIGTERM; returns the whole log.
    pub async fn log(mut self) -> String {
        self.signal("-TERM");
        assert_eq!(self.ended().await, Some(0));
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already, which is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
