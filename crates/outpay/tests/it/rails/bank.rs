//! What the tests of bank files share: the two rails as an operator configures them, payments, and the programs that check files without
//! any code of Outpay. `./test` installs them into target/peers/bank from tests/peers/bank/requirements.txt.

use ledger::{BookId, Provider};
use outpay::testing::auth::Secrets;
use outpay::testing::rails::ach::{Ach, AchConfig, PaymentNames};
use outpay::testing::rails::sepa::{Sepa, SepaConfig};
use outpay::testing::rails::{BatchPayment, BatchToWrite, Rail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A Friday, 2026-12-04T12:34:56Z.
pub const MADE_AT: i64 = 1_796_387_696_000_000;
pub const BATCH: &str = "bat_0f9a1c2e-3b4d-8e5f-a607-18293a4b5c6d";
pub const MESSAGE: &str = "0f9a1c2e3b4d8e5fa60718293a4b5c6d";

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| Secrets::derive(&[7; 32]));

pub fn order_id(provider: Provider, number: i64) -> String {
    SECRETS.ids().order_id(provider, BookId(2), number)
}

pub fn sepa_config() -> SepaConfig {
    serde_json::from_value(json!({
        "debtor_name": "Müller & Söhne GmbH", "iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX",
        "remittance": "Payout",
    }))
    .unwrap()
}

pub fn sepa() -> Sepa {
    Sepa::new("sepa".to_owned(), &sepa_config()).unwrap()
}

pub fn ach_config() -> AchConfig {
    serde_json::from_value(json!({
        "immediate_destination": "021000021", "immediate_destination_name": "Example Bank",
        "immediate_origin": "1123456789", "immediate_origin_name": "Example Inc",
        "company_name": "Example Inc", "company_id": "1123456789", "odfi_routing_number": "021000021",
    }))
    .unwrap()
}

pub fn ach() -> Ach {
    let names = PaymentNames::new(SECRETS.ids(), SECRETS.short_ids());
    Ach::new("ach".to_owned(), &ach_config(), names).unwrap()
}

/// A payment as the rail stores it.
pub fn payment(rail: &dyn Rail, number: i64, amount: i64, destination: &Value) -> BatchPayment {
    let order_id = order_id(rail.facts().provider, number);
    let destination = rail.destination(destination.as_object().unwrap()).unwrap();
    BatchPayment { withdrawal: number, order_id, amount, destination }
}

pub fn batch(payments: &[BatchPayment]) -> BatchToWrite<'_> {
    BatchToWrite { id: BATCH, number: 12, made_at: MADE_AT, payments }
}

pub fn peers() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/bank")
}

pub fn data(name: &str) -> String {
    std::fs::read_to_string(peers().join("data").join(name)).unwrap()
}

fn python() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let python = target.join("peers/bank/bin/python");
    assert!(python.exists(), "{} is missing: run ./test, which installs it", python.display());
    python
}

/// What a program said of a file: what it read, or what is wrong.
pub type Said = Result<Value, String>;

fn run(command: &mut Command, input: &[u8]) -> (bool, String, String) {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    let ended = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ended.status.success(), text(&ended.stdout), text(&ended.stderr))
}

/// Asks a script of tests/peers/bank about a file.
pub fn checked(script: &str, file: &[u8]) -> Said {
    let place = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(place.path(), file).unwrap();
    let (fits, said, wrong) = run(Command::new(python()).arg(peers().join(script)).arg(place.path()), &[]);
    if fits { Ok(serde_json::from_str(&said).unwrap()) } else { Err(wrong) }
}

/// Validates a file by a schema that a package of PyPI brings, with libxml2's `xmllint`.
pub fn validated(schema: &str, file: &[u8]) -> Result<(), String> {
    let place = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(place.path(), file).unwrap();
    let library = python().parent().unwrap().parent().unwrap().join("lib");
    let versions = std::fs::read_dir(library).unwrap().map(|entry| entry.unwrap().path());
    let mut schemas = versions.map(|version| version.join("site-packages").join(schema));
    let schema = schemas.find(|schema| schema.exists()).unwrap();
    let mut xmllint = Command::new("xmllint");
    let command = xmllint.arg("--noout").arg("--schema").arg(schema).arg(place.path());
    let (fits, _, wrong) = run(command, &[]);
    if fits { Ok(()) } else { Err(wrong) }
}

/// A bank's answer as the package pain001 writes it.
pub fn written(kind: &str, arguments: &Value) -> String {
    let input = serde_json::to_vec(arguments).unwrap();
    let (fits, said, wrong) = run(Command::new(python()).arg(peers().join("answers.py")).arg(kind), &input);
    assert!(fits, "{wrong}");
    said
}
