//! Two linters and a validator find nothing in either document, no error and no warning.

use super::peers::{documents, from_npm, from_pypi, ours, run};
use serde_json::Value;

#[test]
fn spectral_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = from_npm("spectral");
    command.arg("lint").args(documents(folder.path())).arg("--ruleset").arg(ours("spectral.yaml"));
    let found = run(command.args(["--format", "json", "--quiet", "--fail-severity", "hint"]));
    let found: Vec<Value> = serde_json::from_str(&found).unwrap();
    assert_eq!(found, Vec::<Value>::new());
}

#[test]
fn redocly_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for document in documents(folder.path()) {
        let mut command = from_npm("redocly");
        command.arg("lint").arg(document).arg("--config").arg(ours("redocly.yaml"));
        let found: Value = serde_json::from_str(&run(command.args(["--format", "json"]))).unwrap();
        assert_eq!(found["problems"], Value::Array(Vec::new()));
        assert_eq!((&found["totals"]["errors"], &found["totals"]["warnings"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_validator_takes_both_documents() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(from_pypi("openapi-spec-validator").args(documents(folder.path())));
    assert_eq!(told.matches(": OK").count(), 2, "{told}");
}
