//! The real program with crypto rails in its configuration: it starts without their chains, and not without their
//! secrets.

use crate::rails::chain::KEY;
use crate::rails::program::Program;
use std::io::{BufRead, BufReader, Read};

/// A rail on a chain whose node is down.
fn rail(name: &str, key: &str) -> String {
    format!(
        "[rails.crypto.{name}]\nchain = \"Base\"\nchain_id = 8453\ncurrency = \"USDC\"\n\
         token = \"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\"\ndecimals = 6\n\
         rpc_url = \"http://127.0.0.1:1/v3/s3cret\"\nkey_env = \"{key}\"\n"
    )
}

/// The error with which the server refuses to start.
fn refuses_to_start(configuration: &str) -> String {
    let output = Program::new(configuration).run(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(!said.contains("s3cret") && !said.contains(&KEY[4..20]), "{said}");
    said
}

#[test]
fn a_server_starts_while_a_chain_is_away() {
    let mut configuration = rail("usdc-base", "TREASURY_ONE") + &rail("usdc-two", "TREASURY_TWO");
    // Two tokens from one treasury.
    configuration += &rail("usdt-base", "TREASURY_ONE");
    let program = Program::new(&configuration);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let mut child = program.command(&serve).spawn().unwrap();
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
    let configuration = rail("usdc-base", "UNSET_VARIABLE");
    let said = refuses_to_start(&configuration);
    assert!(said.contains("usdc-base") && said.contains("UNSET_VARIABLE"), "{said}");
    let output = Program::new(&configuration).run(&["business", "create", "Shop"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
