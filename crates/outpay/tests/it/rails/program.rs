//! The real program as a process of its own: one installation on SQLite in a folder deleted with the test, its
//! commands, and its server, which can be killed without warning.

use crate::rails::chain::{Chain, KEY};
use crate::wire::Call;
use parking_lot::Mutex;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The variable with the key of the worlds' treasury.
pub const TREASURY_ONE: &str = "TREASURY_ONE";

pub struct Program {
    folder: TempDir,
    /// Further variables of its commands.
    variables: Vec<(String, String)>,
}

/// A listening server.
pub struct Serving {
    pub address: SocketAddr,
    child: Child,
    /// Its log so far.
    log: Arc<Mutex<String>>,
}

impl Program {
    pub fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("outpay.toml"), configuration).unwrap();
        let program = Self { folder, variables: Vec::new() };
        program.json(&["init"]);
        program
    }

    /// The same with a variable for the commands that follow.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A command with these arguments, not started yet; it knows two treasuries.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_outpay"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTPAY_")) {
            command.env_remove(name);
        }
        command.args(arguments).arg("--data").arg(self.folder.path());
        command.env(TREASURY_ONE, KEY).env("TREASURY_TWO", "47".repeat(32));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.env("TREMENDOUS_KEY", crate::rails::tremendous_fake::KEY).env("TREMENDOUS_WEBHOOK_KEY", "w");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The `--json` output of a command that must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A business that can pay this much; returns its secret key.
    pub fn business(&self, cents: &str) -> String {
        let made = self.json(&["business", "create", "Shop"]);
        self.json(&["business", "enable-payouts", "Shop"]);
        self.json(&["business", "deposit", "Shop", cents, "--reference", "all"]);
        self.json(&["business", "transfer", "Shop", cents]);
        made["secret_key"].as_str().unwrap().to_owned()
    }

    /// Starts the server and waits until it listens.
    pub fn serve(&self, flags: &[&str]) -> Serving {
        let arguments = [&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"], flags].concat();
        let mut child = self.command(&arguments).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            let length = log.read_line(&mut line).unwrap();
            seen += &line;
            assert_ne!(length, 0, "the server ended: {seen}");
            if let Some((_, rest)) = line.split_once(r#""address":"http://"#) {
                break rest.split('"').next().unwrap().parse().unwrap();
            }
        };
        // Drain the output, or the server would block on a full pipe.
        let shared = Arc::new(Mutex::new(seen));
        let written = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut line = String::new();
            while log.read_line(&mut line).is_ok_and(|length| length > 0) {
                *written.lock() += &std::mem::take(&mut line);
            }
        });
        Serving { address, child, log: shared }
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("outpay.db")
    }
}

impl Serving {
    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.log.lock().clone()
    }

    pub fn call(&self, method: &str, target: &str) -> Call {
        Call::new(self.address, method, target)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be dead already, which is fine.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log.lock());
        }
    }
}

/// The table of a rail for the world's token, through `url`.
pub fn table(name: &str, world: &Chain, url: &str) -> String {
    let config = &world.config;
    format!(
        "[rails.crypto.{name}]\nchain = \"{}\"\nchain_id = {}\ncurrency = \"{}\"\ntoken = \"{}\"\ndecimals = {}\n\
         confirmations = {}\nrpc_url = \"{url}\"\nkey_env = \"{TREASURY_ONE}\"\ntimeout_seconds = 2\n",
        config.chain, config.chain_id, config.currency, config.token, config.decimals, config.confirmations
    )
}
