//! `outpay doctor` on installations with a fault: each planted fault is told in a sentence, which docs/OPERATIONS.md lists, and
//! ends it with 1; a warning does not. Not here: healthy installations (doctor.rs).

use crate::cli::installation::{Installation, Ran};
use outpay::testing::clock::Clock;
use outpay::testing::mail_kind::MailKind;
use outpay::testing::store::{NewMail, newest_schema};
use serde_json::Value;
use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

struct Fault {
    grade: &'static str,
    what: &'static str,
    says: &'static str,
    /// Plants it on an installation with a business; returns what `doctor` is told beside.
    plant: fn(&Installation) -> Vec<String>,
}

const fn fails(what: &'static str, says: &'static str, plant: fn(&Installation) -> Vec<String>) -> Fault {
    Fault { grade: "fail", what, says, plant }
}

const fn warns(what: &'static str, says: &'static str, plant: fn(&Installation) -> Vec<String>) -> Fault {
    Fault { grade: "warn", what, says, plant }
}

const FAULTS: &[Fault] = &[
    fails("data folder", "does not exist; name the right one with --data, or run: outpay init", |_| {
        words(&["--data", "typo"])
    }),
    fails("installation", "there is no installation in", |at| {
        std::fs::create_dir(at.folder().join("empty")).unwrap();
        words(&["--data", "empty"])
    }),
    fails("installation", "was cut off; run again: outpay init", |at| {
        tampered(at, "DELETE FROM setting WHERE name = 'master_key_check'")
    }),
    fails("database", "file is not a database", |at| {
        std::fs::write(
            at.data().join("outpay.db"),
            "no database, but long enough to be read as one".repeat(90),
        )
        .unwrap();
        nothing()
    }),
    fails("migrations", "migrations are pending", |at| {
        tampered(at, &format!("DELETE FROM migration WHERE version = {}", newest_schema()))
    }),
    fails("migrations", "a newer Outpay has changed this database", |at| {
        tampered(at, "INSERT INTO migration (version) VALUES (9999)")
    }),
    fails("configuration", "outpay.toml is wrong: line 1", |at| configured(at, "[rail]\n")),
    fails("configuration", "cannot read the configuration", |_| words(&["--config", "typo.toml"])),
    fails("configuration", "which is a secret, and can be read by others; run: chmod 600", |at| {
        let file = at.write("open.toml", &rail(&format!("rpc_url = \"http://127.0.0.1:1\"\n{KEY}")));
        set_mode(at.folder(), 0o755);
        set_mode(Path::new(&file), 0o644);
        words(&["--config", &file])
    }),
    fails("configuration", "`post_to` in [heads]", |at| {
        configured(at, "[heads]\npost_to = \"http://169.254.169.254/heads\"\n")
    }),
    fails("configuration", "the address of a node, which is a secret, and can be read by others", |at| {
        set_mode(at.folder(), 0o755);
        set_mode(&at.data(), 0o755);
        configured(at, &rail(&format!("rpc_url = \"http://127.0.0.1:1\"\n{KEY}")))
    }),
    warns("configuration", "`public_url` is http", |at| {
        configured(at, "public_url = \"http://pay.example.com\"\n")
    }),
    fails("data folder", "others can write into", |at| {
        set_mode(&at.data(), 0o777);
        nothing()
    }),
    warns("data folder", "others can read", |at| {
        set_mode(&at.data(), 0o755);
        nothing()
    }),
    warns("database file", "others can read", |at| {
        set_mode(&at.data().join("outpay.db"), 0o644);
        nothing()
    }),
    fails("master key", "is missing: put it back", |at| {
        std::fs::remove_file(at.data().join("master.key")).unwrap();
        nothing()
    }),
    fails("master key", "belongs to another database", |at| {
        let key = at.data().join("master.key");
        std::fs::write(key, "cd".repeat(32)).unwrap();
        nothing()
    }),
    fails("master key", "must hold 64 hexadecimal digits", |at| {
        std::fs::write(at.data().join("master.key"), "half a key").unwrap();
        nothing()
    }),
    fails("master key", "can be read by others; run: chmod 6", |at| {
        set_mode(&at.data().join("master.key"), 0o644);
        nothing()
    }),
    fails("rail", "names no method", |at| configured(at, "[rails.limits.gift_crad]\nper_hour = 1\n")),
    warns("ceiling", "wait for more room", |at| {
        at.configure("[rails.limits.gift_card]\nper_hour = 1\n");
        tampered(
            at,
            "INSERT INTO withdrawal (book, number, payout_user, method, provider, amount, fees, destination, state, \
             outcome_unknown, reason_code, reason, created_at, changed_at) \
             VALUES (2, 1, 1, 'gift_card', 'gift_card', 2, 0, '{}', 3, 0, '', '', 1, 1)",
        )
    }),
    warns("funds", "does not say what it holds", |at| {
        configured(at, "[rails.limits.gift_card]\nmost_funds = 1\n")
    }),
    fails("screening", "the environment has no", |at| {
        let url = "url = \"https://screening.example.com/ask\"";
        configured(at, &format!("[screening]\n{url}\ntoken_env = \"DOCTOR_UNSET\"\n"))
    }),
    fails("mail", "mail cannot be used: the environment has no", |at| {
        configured(at, &mail("username = \"u\"\npassword_env = \"DOCTOR_UNSET\"\n", true))
    }),
    fails("mail", "`public_url` or --public-url must say", |at| configured(at, &mail("", false))),
    fails("mail", "books chose mails for their recipients", |at| {
        at.configure(&mail("tls = \"none\"\n", true));
        at.ok(&["mail", "set", "Acme", "all"]);
        configured(at, "")
    }),
    warns("mail", "cannot reset a forgotten password by themselves", |at| {
        tampered(
            at,
            "INSERT INTO member (number, email, name, password, used_step, created_at) VALUES (1, 'a@example.com', 'A', 'p', 0, 1)",
        )
    }),
    fails("mail server", "127.0.0.1:1: ", |at| {
        configured(at, &mail("tls = \"none\"\nport = 1\n", true));
        words(&["--network"])
    }),
    fails("rail", "usdc: the node cannot be used", |at| {
        configured(at, &rail(&format!("rpc_url = \"http://127.0.0.1:1\"\n{KEY}")))
    }),
    fails("rail", "the node is of chain 1, but chain 8453 is configured", |at| {
        configured(at, &rail(&format!("rpc_url = \"{}\"\n{KEY}", node_of_chain_one())))
    }),
    fails("rail", "cannot be used: the environment has no", |at| {
        configured(at, &rail("rpc_url_env = \"DOCTOR_UNSET\"\nkey_env = \"DOCTOR_UNSET\""))
    }),
    fails("rail", "can be read by others; run: chmod 600", |at| {
        let keystore = at.write("keystore.json", "{}");
        set_mode(at.folder(), 0o755);
        set_mode(Path::new(&keystore), 0o644);
        let keystore = format!("keystore = {keystore:?}\nkeystore_password_env = \"DOCTOR_TREASURY\"");
        configured(at, &rail(&format!("rpc_url = \"http://127.0.0.1:1\"\n{keystore}")))
    }),
    warns("rail", "is asked by http: answers can be read", |at| {
        // Documentation's network: there is no such node, which is a fault of its own.
        configured(at, &rail(&format!("rpc_url = \"http://192.0.2.1\"\n{KEY}")))
    }),
    fails("reconciliation", "more has left than our books say", |at| mismatch(at, 1)),
    warns("reconciliation", "differences are open", |at| mismatch(at, 0)),
    fails("webhook", "of \"Acme\": ", |at| {
        at.ok(&[
            "webhook",
            "set",
            "Acme",
            "http://127.0.0.1:1/hook",
            "--allow-http-webhooks",
            "--allow-private-webhooks",
        ]);
        words(&["--network", "--allow-http-webhooks", "--allow-private-webhooks"])
    }),
    fails("workers", "1 mails are waiting for a worker since", |at| {
        at.inside(async |platform| {
            let (recipient, data) = ("user@example.com".to_owned(), "{}".to_owned());
            let kind = MailKind::ClaimLink;
            let mail =
                NewMail { book: None, kind, sequence: None, recipient, user: 0, data, sealed: None, at: 1 };
            platform.store.order_mail(&mail).await.unwrap();
        });
        nothing()
    }),
    fails("certificate", "within 14 days: renew it", |at| certificate(at, 13)),
    fails("certificate", "the certificate ended at", |at| certificate(at, -1)),
    fails("certificate", "--tls-cert and --tls-key do not fit each other", |at| {
        let (first, second) = (certificate(at, 90), certificate(at, 90));
        words(&["--tls-cert", &first[1], "--tls-key", &second[3]])
    }),
    fails("certificate", "is not a PEM certificate", |at| {
        let paths = certificate(at, 90);
        words(&["--tls-cert", "typo.pem", "--tls-key", &paths[3]])
    }),
    fails("certificate", "--tls-key: ", |at| {
        let paths = certificate(at, 90);
        set_mode(Path::new(&paths[3]), 0o644);
        paths
    }),
    warns("doors", "the metrics are open to others", |_| words(&["--metrics-listen", "0.0.0.0:9100"])),
    warns("doors", "without TLS: set --tls-cert", |_| words(&["--listen", "0.0.0.0:8080"])),
    fails("doors", "--trusted-proxies trusts every address", |_| words(&["--trusted-proxies", "0.0.0.0/0"])),
    fails("entry times", "a clock was ahead", |at| tampered(at, "UPDATE journal SET at = at + 7200000000")),
    fails("recovery", "run: outpay recover --accept-loss", |at| {
        tampered(
            at,
            "INSERT INTO setting (name, value) VALUES ('recovery.needed', CAST('2026-01-02' AS BLOB))",
        )
    }),
];

const KEY: &str = "key_env = \"DOCTOR_TREASURY\"";

fn rail(more: &str) -> String {
    format!(
        "[rails.crypto.usdc]\nchain = \"Base\"\nchain_id = 8453\ncurrency = \"USDC\"\n\
         token = \"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\"\ndecimals = 6\ntimeout_seconds = 1\n{more}\n"
    )
}

fn mail(more: &str, has_url: bool) -> String {
    let url = if has_url { "public_url = \"https://pay.example.com\"\n" } else { "" };
    format!("{url}[mail]\nhost = \"127.0.0.1\"\nfrom = \"Payouts <payouts@example.com>\"\n{more}")
}

fn nothing() -> Vec<String> {
    Vec::new()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn configured(installation: &Installation, toml: &str) -> Vec<String> {
    installation.configure(toml);
    nothing()
}

fn tampered(installation: &Installation, sql: &str) -> Vec<String> {
    installation.tamper(sql);
    nothing()
}

/// The flags for a new certificate that ends in so many days.
fn certificate(installation: &Installation, days: i64) -> Vec<String> {
    let folder = tempfile::tempdir_in(installation.folder()).unwrap().keep();
    let day = |days: i64| Duration::from_secs(days.unsigned_abs() * 86_400);
    let now = SystemTime::UNIX_EPOCH + Duration::from_micros(Clock::System.now().unsigned_abs());
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    parameters.not_before = (now - day(300)).into();
    parameters.not_after = if days < 0 { now - day(days) } else { now + day(days) }.into();
    let made = parameters.self_signed(&key).unwrap();
    let written = |name: &str, text: &str| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    };
    let (chain, key) = (written("chain.pem", &made.pem()), written("key.pem", &key.serialize_pem()));
    words(&["--tls-cert", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()])
}

/// An open difference between a rail's books and ours.
fn mismatch(installation: &Installation, is_alarm: u8) -> Vec<String> {
    let columns = "rail, kind, subject, book, withdrawal, reference, rail_number, here_standing, there_standing, is_alarm, at, \
                   found_at, state, reason, actor, told";
    let values = format!("'usdc', 1, 'R-1', 0, 0, '', 'R-1', 0, 2, {is_alarm}, 1, 1, 1, '', 0, 1");
    tampered(installation, &format!("INSERT INTO reconciliation_mismatch ({columns}) VALUES ({values})"))
}

/// The address of a node that answers everything with 1.
fn node_of_chain_one() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"}") {
                let length = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..length]);
            }
            let body = r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#;
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    address
}

fn doctor(installation: &Installation, arguments: &[String]) -> Ran {
    let mut all = vec!["doctor"];
    all.extend(arguments.iter().map(String::as_str));
    // The last of two wins nowhere, so the folder is given once.
    let mut command = if arguments.iter().any(|word| word == "--data") {
        let mut command = crate::cli::installation::program();
        command.args(&all).current_dir(installation.folder());
        command
    } else {
        installation.command(&all)
    };
    Ran::from(command.env("DOCTOR_TREASURY", "46".repeat(32)).output().unwrap())
}

/// The table of faults in the documentation.
fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, from) = text.split_once("| fault | what `outpay doctor` says |").expect("a table of faults");
    from.split("\n\n").next().unwrap().replace('`', "")
}

mod sqlite {
    use super::*;

    #[test]
    fn every_planted_fault_is_told() {
        let documented = documented();
        let mut wrong = Vec::new();
        for Fault { grade, what, says, plant } in FAULTS {
            let installation = Installation::on_sqlite();
            installation.business("Acme");
            installation.ok(&["business", "deposit", "Acme", "100", "--reference", "r"]);
            let arguments = plant(&installation);
            let text = doctor(&installation, &arguments);
            let json = doctor(&installation, &[arguments.clone(), words(&["--json"])].concat());
            let all: Value = serde_json::from_str(&json.stdout)
                .unwrap_or_else(|error| panic!("{says}: {error}: {}{}", json.stdout, json.stderr));
            let is_it = |check: &&Value| {
                check["what"] == *what && check["detail"].as_str().is_some_and(|detail| detail.contains(says))
            };
            let found = all["checks"].as_array().unwrap().iter().find(is_it);
            let line = format!("{}  {what}", grade.to_uppercase());
            let is_told = text.stdout.lines().any(|told| told.starts_with(&line) && told.contains(says));
            if !is_told || found.is_none_or(|found| found["grade"] != *grade) {
                wrong.push(format!("{what}: {says}: not told in {}{}", text.stdout, text.stderr));
            }
            if *grade == "fail" && (text.code, json.code) != (1, 1) {
                wrong.push(format!("{what}: {says}: exit codes {} and {}", text.code, json.code));
            }
            if !documented.contains(&says.replace('`', "")) {
                wrong.push(format!("{what}: {says}: not in the table of docs/OPERATIONS.md"));
            }
        }
        println!("{} faults were planted", FAULTS.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_warning_ends_with_success() {
        let installation = Installation::on_sqlite();
        installation.business("Acme");
        set_mode(&installation.data(), 0o755);
        let ran = doctor(&installation, &words(&["--listen", "0.0.0.0:8080"]));
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        // The disk and the open files are the machine's: a full one warns too.
        for told in ["WARN  doors", "WARN  data folder"] {
            assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
        }
    }

    #[test]
    fn few_open_files_are_told() {
        let installation = Installation::on_sqlite();
        installation.business("Acme");
        let mut limited = std::process::Command::new("sh");
        let typed = installation.command(&["doctor"]);
        limited
            .args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""])
            .arg(typed.get_program())
            .args(typed.get_args());
        let ran = Ran::from(limited.output().unwrap());
        let line = ran.stdout.lines().find(|line| line.contains("open files")).unwrap();
        assert!(line.starts_with("WARN") && line.contains("LimitNOFILE=65536"), "{line}");
    }
}
