//! The real program with crypto rails in its configuration: it starts without their chains, and not without their secrets.

use crate::world::KEY;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A rail on a chain whose node is away.
fn rail(name: &str, key: &str) -> String {
    format!(
        "[rails.crypto.{name}]\nchain = \"Base\"\nchain_id = 8453\ncurrency = \"USDC\"\n\
         token = \"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\"\ndecimals = 6\n\
         rpc_url = \"http://127.0.0.1:1/v3/s3cret\"\nkey_env = \"{key}\"\n"
    )
}

fn program(configuration: &str) -> (TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outpay.toml"), configuration).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_outpay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OUTPAY_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(folder.path());
    command.env("TREASURY_ONE", KEY).env("TREASURY_TWO", "47".repeat(32));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    (folder, command)
}

/// The error with which the server does not start.
fn refuses_to_start(configuration: &str) -> String {
    let (_folder, mut command) = program(configuration);
    let output = command.args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(!said.contains("s3cret") && !said.contains(&KEY[4..20]), "{said}");
    said
}

#[test]
fn a_server_starts_while_a_chain_is_away() {
    let configuration = rail("usdc-base", "TREASURY_ONE") + &rail("usdc-two", "TREASURY_TWO");
    let (_folder, mut command) = program(&configuration);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains(r#""address":"http://"#) {
        assert_ne!(log.read_line(&mut seen).unwrap(), 0, "the server ended: {seen}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    log.read_to_string(&mut seen).unwrap();
    assert!(!seen.contains("s3cret") && !seen.contains(&KEY[4..20]), "{seen}");
}

#[test]
fn a_server_does_not_start_without_a_secret_and_other_commands_do() {
    let configuration = rail("usdc-base", "NOBODY_SET_THIS");
    let said = refuses_to_start(&configuration);
    assert!(said.contains("usdc-base") && said.contains("NOBODY_SET_THIS"), "{said}");
    let (_folder, mut command) = program(&configuration);
    let output = command.args(["business", "create", "Shop"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_rails_in_one_line_are_refused() {
    let configuration = rail("usdc-base", "TREASURY_ONE") + &rail("usdt-base", "TREASURY_ONE");
    let said = refuses_to_start(&configuration);
    assert!(said.contains("usdt-base") && said.contains("the same treasury"), "{said}");
}
