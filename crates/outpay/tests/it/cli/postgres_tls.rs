//! PostgreSQL over TLS: who is trusted, by which name, and that a server that does not encrypt is refused.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use tokio_postgres::NoTls;

/// The certificate of the tests' PostgreSQL, for `localhost`.
const AUTHORITY: &str = "OUTPAY_TEST_POSTGRES_CA";

fn authority() -> String {
    std::env::var(AUTHORITY)
        .unwrap_or_else(|_| panic!("{AUTHORITY} is not set: run the tests by xtask postgres"))
}

/// The installation's URL with this host and these parameters.
fn url(installation: &Installation, host: &str, parameters: &str) -> String {
    let (before, rest) =
        installation.url().split_once("127.0.0.1").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!("{before}{host}{rest}?{parameters}")
}

fn run(installation: &Installation, url: &str, arguments: &[&str]) -> Ran {
    let mut command = crate::cli::installation::program();
    command.args(arguments).arg("--data").arg(installation.data()).env("OUTPAY_DATABASE", url);
    Ran::from(command.current_dir(installation.folder()).output().unwrap())
}

fn connection(installation: &Installation, url: &str) -> String {
    let ran = run(installation, url, &["doctor"]);
    let line = ran.stdout.lines().find(|line| line.contains(" connection "));
    line.unwrap_or_else(|| panic!("{}{}", ran.stdout, ran.stderr)).to_owned()
}

fn refused(installation: &Installation, url: &str, words: &str) {
    let ran = run(installation, url, &["business", "list"]);
    assert!(ran.code == 1 && ran.stderr.contains(words), "{url}: {}{}", ran.stdout, ran.stderr);
}

#[test]
fn the_server_proves_its_name_and_all_connections_are_encrypted() {
    let installation = &Installation::on_postgres();
    let secured = url(installation, "localhost", &format!("sslmode=verify-full&sslrootcert={}", authority()));
    for arguments in [&["init"][..], &["business", "create", "Acme"]] {
        let made = run(installation, &secured, arguments);
        assert_eq!(made.code, 0, "{}", made.stderr);
    }
    let line = connection(installation, &secured);
    assert!(line.starts_with("PASS") && line.contains("sslmode verify-full: TLSv1.3, "), "{line}");
    for arguments in [&["backup", "copy"][..], &["verify", "copy"], &["audit"]] {
        let ran = run(installation, &secured, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    }
    let server = Server::start_as(installation, |command| {
        let data = installation.data();
        *command = crate::cli::installation::program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]).arg("--data").arg(data);
        command.env("OUTPAY_DATABASE", &secured);
    });
    let counted = count(installation, "count(*)");
    assert!(counted >= 2, "the teller's connection and the pool's: {counted}");
    assert_eq!(count(installation, "count(*) FILTER (WHERE NOT s.ssl)"), 0);
    drop(server);
}

/// Of the server's connections.
fn count(installation: &Installation, what: &str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&installation.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = format!(
            "SELECT {what} FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) \
             WHERE a.datname = current_database() AND a.application_name = 'outpay'"
        );
        client.query_one(&sql, &[]).await.unwrap().get(0)
    })
}

#[test]
fn another_authority_and_another_name_are_refused() {
    let installation = &Installation::on_postgres();
    run_ok(installation, &installation.url());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = installation.write("other.pem", &other.cert.pem());
    let with = |host: &str, mode: &str, roots: &str| {
        url(installation, host, &format!("sslmode={mode}&sslrootcert={roots}"))
    };
    for mode in ["verify-full", "verify-ca", "require"] {
        refused(installation, &with("localhost", mode, &other), "name the authority with sslrootcert=FILE");
    }
    refused(
        installation,
        &with("127.0.0.1", "verify-full", &authority()),
        "connect by a name that it is for",
    );
    run_ok(installation, &with("127.0.0.1", "verify-ca", &authority()));
    run_ok(installation, &url(installation, "127.0.0.1", "sslmode=require"));
    run_ok(installation, &url(installation, "127.0.0.1", "sslmode=prefer"));
    let line = connection(installation, &url(installation, "127.0.0.1", "sslmode=prefer"));
    assert!(line.contains("sslmode prefer: TLSv1.3, "), "{line}");
    assert!(
        connection(installation, &installation.url())
            .contains("sslmode disable: not encrypted, to this machine")
    );
    let strange = url(installation, "localhost", "sslmode=allow");
    let ran = run(installation, &strange, &["business", "list"]);
    assert!(
        ran.stderr.contains("must be one of: disable, prefer, require, verify-ca, verify-full"),
        "{}",
        ran.stderr
    );
}

fn run_ok(installation: &Installation, url: &str) {
    for arguments in [&["init"][..], &["business", "create", &format!("Business {}", url.len())]] {
        let ran = run(installation, url, arguments);
        assert_eq!(ran.code, 0, "{url}: {}", ran.stderr);
    }
}

#[test]
fn a_server_that_does_not_encrypt_is_refused_with_what_to_set() {
    let installation = &Installation::on_postgres();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 8]);
            // The request for TLS, and the answer of a server without it.
            stream.read_exact(&mut request).unwrap();
            stream.write_all(b"N").unwrap();
        }
    });
    std::fs::create_dir_all(installation.data()).unwrap();
    let key = PathBuf::from(installation.write("key", &"ab".repeat(32)));
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::rename(key, installation.data().join("master.key")).unwrap();
    let url = format!("postgres://u@localhost:{port}/x?sslmode=verify-full&sslrootcert={}", authority());
    refused(installation, &url, "set sslmode=disable in the URL");
}

#[test]
fn a_client_key_that_others_can_read_is_refused() {
    let installation = &Installation::on_postgres();
    run_ok(installation, &installation.url());
    let made = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    let (certificate, key) = (
        installation.write("client.pem", &made.cert.pem()),
        installation.write("client.key", &made.signing_key.serialize_pem()),
    );
    let set_mode =
        |mode| std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    let with_client = url(
        installation,
        "localhost",
        &format!("sslmode=verify-full&sslrootcert={}&sslcert={certificate}&sslkey={key}", authority()),
    );
    set_mode(0o644);
    refused(installation, &with_client, "run: chmod 6");
    set_mode(0o600);
    run_ok(installation, &with_client);
}
