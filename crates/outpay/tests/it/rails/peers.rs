//! Counterparts as guards: each starts on a free port and is killed on drop. A missing peer is a loud failure, never
//! a skipped test.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running chain.
pub struct Peer {
    child: Child,
    pub url: String,
}

/// Foundry's chain.
pub struct Anvil;

/// Hardhat's chain: an EVM that shares no code with the first.
pub struct Hardhat;

impl Anvil {
    pub const CHAIN_ID: u64 = 31_337;

    pub fn start() -> Peer {
        Self::of_chain(Self::CHAIN_ID)
    }

    /// Of another chain.
    pub fn of_chain(chain_id: u64) -> Peer {
        let (system, machine) = match (std::env::consts::OS, std::env::consts::ARCH) {
            ("macos", "aarch64") => ("darwin", "arm64"),
            ("macos", _) => ("darwin", "amd64"),
            (system, "aarch64") => (system, "arm64"),
            (system, _) => (system, "amd64"),
        };
        let program = format!("@foundry-rs/anvil-{system}-{machine}/bin/anvil");
        let mut command = Command::new(installed(&program));
        command.args(["--port", "0", "--accounts", "2", "--chain-id", &chain_id.to_string()]);
        Peer::start(command, "Listening on ", "http://")
    }
}

impl Hardhat {
    pub const CHAIN_ID: u64 = 31_338;

    pub fn start() -> Peer {
        let mut command = Command::new("node");
        command.arg(installed("hardhat/internal/cli/cli.js")).current_dir(folder());
        command.args(["node", "--hostname", "127.0.0.1", "--port", "0"]);
        command.env("HARDHAT_DISABLE_TELEMETRY_PROMPT", "true");
        Peer::start(command, "JSON-RPC server at ", "")
    }
}

impl Peer {
    /// Starts it and waits for the line that names its address.
    fn start(mut command: Command, before: &str, scheme: &str) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        // If CI is set, Hardhat colours its output, and the address would end in an escape sequence.
        command.env("NO_COLOR", "1").env_remove("FORCE_COLOR").env_remove("CI");
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let url = loop {
            let mut line = String::new();
            let length = output.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "{command:?} ended before it listened");
            if let Some((_, address)) = line.trim().split_once(before) {
                assert!(!line.contains('\u{1b}'), "{command:?} colours its address: {line:?}");
                break format!("{scheme}{}", address.trim_end_matches('/'));
            }
        };
        // Drain the output, or the peer would block on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { child, url }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Prism between a client and `upstream`: it checks both by the description in tests/peers/prism, and writes what it finds into a header of
/// the answer.
pub fn prism(description: &str, upstream: &str) -> Peer {
    let mut command = node("prism", "node_modules/@stoplight/prism-cli/dist/index.js");
    command.args(["proxy", "-h", "127.0.0.1", "-p", "0", description, upstream]);
    Peer::start(command, "listening on ", "")
}

/// Node.js with a script in a folder of tests/peers that has packages of its own.
pub fn node(part: &str, script: &str) -> Command {
    let folder = folder().join(part);
    let installed = folder.join("node_modules");
    assert!(installed.exists(), "run ./test, or `npm ci --ignore-scripts` in tests/peers/{part}");
    let mut command = Command::new("node");
    command.arg(folder.join(script)).current_dir(folder);
    command
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers")
}

/// A file of the installed packages.
pub fn installed(name: &str) -> PathBuf {
    let path = folder().join("node_modules").join(name);
    assert!(
        path.exists(),
        "{name} is not installed: run ./test, or `npm ci --ignore-scripts && node compile.js` in tests/peers"
    );
    path
}

/// The Python of a folder that `./test` installs.
pub fn python(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder().join("../../target"), PathBuf::from);
    let python = target.join("peers").join(name).join("bin/python");
    assert!(python.exists(), "{} is missing: run ./test, which installs it", python.display());
    python
}

/// An address as people of TRON write it.
pub fn tron_address(address: alloy_primitives::Address) -> String {
    use sha2::{Digest, Sha256};
    let mut bytes = [&[0x41][..], address.as_slice()].concat();
    let sum = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&sum[..4]);
    bs58::encode(bytes).into_string()
}
