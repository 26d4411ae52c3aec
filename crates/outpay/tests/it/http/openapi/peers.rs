//! Third-party readers of the document: how to find and run them, and what they read.

use crate::rails::program::Program;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of tests/peers/openapi.
pub fn ours(name: &str) -> PathBuf {
    repository().join("tests/peers/openapi").join(name)
}

/// A program from npm.
pub fn from_npm(name: &str) -> Command {
    let mut command = Command::new(installed(&ours("node_modules/.bin").join(name)));
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    command
}

/// A program from PyPI.
pub fn from_pypi(name: &str) -> Command {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    Command::new(installed(&target.join("peers/openapi/bin").join(name)))
}

fn installed(program: &Path) -> &Path {
    assert!(program.exists(), "{} is missing: run ./test, which installs it", program.display());
    program
}

/// Runs it; what it prints. It must succeed.
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}:\n{told}{errors}", output.status);
    told
}

/// Both documents as files in this folder.
pub fn documents(folder: &Path) -> [PathBuf; 2] {
    let texts = [outpay::testing::http::openapi_document(), outpay::testing::http::openapi_3_0_document()];
    let files = ["openapi.json", "openapi-3.0.json"].map(|name| folder.join(name));
    for (file, text) in files.iter().zip(texts) {
        std::fs::write(file, text).unwrap();
    }
    files
}

/// A test key of a new business of this name that can pay.
pub fn funded(program: &Program, name: &str) -> String {
    let made = program.json(&["business", "create", name]);
    program.json(&["business", "enable-payouts", name]);
    let reference = format!("all of {name}");
    program.json(&["business", "deposit", name, "100000000", "--reference", &reference, "--test"]);
    program.json(&["business", "transfer", name, "90000000", "--test"]);
    made["test_secret_key"].as_str().unwrap().to_owned()
}
