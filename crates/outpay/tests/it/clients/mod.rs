//! The client libraries of `clients/` against the server as a process of its own, on both engines: every library creates, repeats,
//! lists, withdraws, meets each kind of error, and verifies webhooks; so does the quick start of its README. Not here: what they do
//! without a server (`clients/*/tests`).

mod rust;

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

crate::cli::on_both_engines! {
    the_client_for_node_works_against_this_server,
    the_client_for_python_works_against_this_server,
    the_client_for_rust_works_against_this_server,
}

/// A server with a business that can pay 100,000.00 in test mode.
struct Shop {
    server: Server,
    key: String,
}

impl Shop {
    fn open(installation: &Installation) -> Self {
        let key = installation.business("Shop").test_secret_key;
        installation.ok(&["business", "enable-payouts", "Shop"]);
        installation.ok(&["business", "deposit", "Shop", "10000000", "--reference", "all", "--test"]);
        installation.ok(&["business", "transfer", "Shop", "10000000", "--test"]);
        let server = Server::start_as(installation, |command| {
            command.args(["--allow-http-webhooks", "--allow-private-webhooks"]);
        });
        Self { server, key }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Runs the tests of a library; returns what they printed.
    fn try_out(&self, command: &mut Command) -> String {
        let command = command.env("OUTPAY_URL", self.url()).env("OUTPAY_KEY", &self.key);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{printed}");
        printed
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn built(path: &Path) -> &Path {
    assert!(path.exists(), "{} is missing: run ./test, or clients/check, which makes it", path.display());
    path
}

fn the_client_for_node_works_against_this_server(installation: &Installation) {
    let tests = repository().join("clients/typescript/build/test/server/server.test.js");
    let mut command = Command::new("node");
    command.arg("--test").arg(built(&tests));
    let printed = Shop::open(installation).try_out(&mut command);
    assert!(printed.contains("pass 10\n"), "{printed}");
}

fn the_client_for_python_works_against_this_server(installation: &Installation) {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    let mut command = Command::new(built(&target.join("peers/clients-python/bin/python")));
    let arguments = ["-B", "-m", "unittest", "discover", "--start-directory", "tests/server"];
    command.current_dir(repository().join("clients/python")).env("PYTHONPATH", "src").args(arguments);
    let printed = Shop::open(installation).try_out(&mut command);
    assert!(printed.contains("Ran 12 tests"), "{printed}");
}

fn the_client_for_rust_works_against_this_server(installation: &Installation) {
    rust::works_against(&Shop::open(installation));
}

/// The libraries' types are generated from this file, so that they need no server.
#[test]
fn the_libraries_are_made_of_this_server_s_document() {
    let path = repository().join("clients/openapi.json");
    let served = outpay::testing::http::openapi_document();
    if std::env::var_os("OUTPAY_BLESS").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == served, "clients/openapi.json is not what this server serves: run clients/generate");
}

/// What no library offers: the documents, what monitoring asks, a second way to list, and what providers of payments post.
const WITHOUT_A_METHOD: [&str; 7] = [
    "getDocs",
    "getOpenApi",
    "getOpenApi30",
    "getHealth",
    "getReadiness",
    "listOperationsByPost",
    "receiveRailNotice",
];

#[test]
fn every_operation_has_a_method_in_every_library() {
    let text = |path: &str| std::fs::read_to_string(repository().join("clients").join(path)).unwrap();
    let all = |paths: &[String]| paths.iter().map(|path| text(path)).collect::<String>();
    let node = all(&["outpay.ts", "administration.ts", "webhook_endpoints.ts", "recipient.ts"]
        .map(|name| format!("typescript/src/{name}")));
    let python = all(&["client.py", "resources.py", "administration.py", "webhook_endpoints.py"]
        .map(|name| format!("python/src/outpay/_async/{name}")));
    let rust =
        all(&["business.rs", "webhook_endpoints.rs", "recipient.rs"].map(|name| format!("rust/src/{name}")));
    let document: Value = serde_json::from_str(&text("openapi.json")).unwrap();
    let mut missing = Vec::new();
    let mut count = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if WITHOUT_A_METHOD.contains(&id) {
                continue;
            }
            count += 1;
            let calls = [
                (&node, format!("api.{}(\"{path}\"", method.to_uppercase())),
                (&python, format!("\"{path}\"")),
                (&rust, format!("pub fn {}(", snake_case(id))),
            ];
            missing.extend(
                calls.into_iter().filter(|(source, call)| !source.contains(call)).map(|(_, call)| call),
            );
        }
    }
    assert!(missing.is_empty() && count > 50, "{count} operations, without: {missing:?}");
}

fn snake_case(name: &str) -> String {
    let part = |letter: char| {
        if letter.is_uppercase() { format!("_{}", letter.to_lowercase()) } else { letter.to_string() }
    };
    name.chars().map(part).collect()
}

/// A package has to contain its licence, and the registries' tools take no file from outside of it.
#[test]
fn every_package_has_the_licence() {
    let licence = std::fs::read_to_string(repository().join("LICENSE")).unwrap();
    for library in ["typescript", "python", "rust"] {
        let path = repository().join("clients").join(library).join("LICENSE");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), licence, "{}", path.display());
    }
}
