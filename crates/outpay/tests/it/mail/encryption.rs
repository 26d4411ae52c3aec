//! STARTTLS and authentication: nothing is sent in clear where TLS is configured, and only to the owner of the
//! certificate.

use crate::mail::post::{Post, config};
use crate::mail_server::MailServer;
use crate::world::MINUTE;
use outpay::testing::mail::{Encryption, MailConfig, MailWorker};
use outpay::testing::store::MailState;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::PathBuf;

crate::world::on_both_engines! {
    starttls_and_a_password,
    without_starttls_nothing_is_said,
    a_stranger_s_certificate_is_not_trusted,
}

/// A variable that every test's environment has; its value is the password.
const VARIABLE: &str = "CARGO_MANIFEST_DIR";

/// A server with a certificate that requires a password; and the certificate.
fn server(world: &Post) -> (MailServer, PathBuf) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = world.database.folder();
    let (certificate, key) = (folder.join("mail.pem"), folder.join("mail.key"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let password = std::env::var(VARIABLE).unwrap();
    let flags = [
        "--certificate",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
        "--password",
        &password,
    ];
    (MailServer::start_with(&flags), certificate)
}

fn encrypted(port: u16, ca_file: Option<PathBuf>, variable: &str) -> MailConfig {
    MailConfig {
        tls: Encryption::Starttls,
        ca_file,
        username: Some("outpay".to_owned()),
        password_env: Some(variable.to_owned()),
        ..config(port)
    }
}

async fn starttls_and_a_password(world: &Post) {
    let (server, certificate) = server(world);
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "user@example.com").await;
    // Cargo sets it for every test, and it is not the password.
    let wrong =
        world.second_process(Some(encrypted(server.port, Some(certificate.clone()), "CARGO_PKG_NAME"))).await;
    wrong.mail.check().unwrap();
    assert_eq!(MailWorker::new(wrong.mail.clone()).settle().await.unwrap(), 1);
    let row = &world.mails().await[0];
    assert_eq!(row.state, MailState::Pending, "that is the operator's to mend: {}", row.answer);
    assert!(row.answer.starts_with("AUTH: permanent error (535)"), "{}", row.answer);
    assert!(server.received().is_empty());
    let missing = world.second_process(Some(encrypted(server.port, None, "OUTPAY_NO_SUCH_VARIABLE"))).await;
    let error = missing.mail.check().unwrap_err().to_string();
    assert!(error.contains("OUTPAY_NO_SUCH_VARIABLE"), "{error}");
    world.platform.clock.advance(MINUTE);
    assert_eq!(MailWorker::new(missing.mail.clone()).settle().await.unwrap(), 0, "locked");
    let right = world.second_process(Some(encrypted(server.port, Some(certificate), VARIABLE))).await;
    assert_eq!(MailWorker::new(right.mail.clone()).settle().await.unwrap(), 1);
    let row = &world.mails().await[0];
    assert_eq!(row.state, MailState::Sent, "{}", row.answer);
    assert!(server.received()[0].is_encrypted);
}

async fn without_starttls_nothing_is_said(world: &Post) {
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "user@example.com").await;
    let plain = MailConfig { tls: Encryption::Starttls, ..config(world.server.port) };
    let strict = world.second_process(Some(plain)).await;
    assert_eq!(MailWorker::new(strict.mail.clone()).settle().await.unwrap(), 1);
    let row = &world.mails().await[0];
    assert_eq!(row.state, MailState::Pending);
    assert!(row.answer.contains("STARTTLS is not supported"), "{}", row.answer);
    assert!(world.server.received().is_empty());
}

async fn a_stranger_s_certificate_is_not_trusted(world: &Post) {
    let (server, certificate) = server(world);
    let book = world.book(&["claim_link"]).await;
    world.pay(book, "user@example.com").await;
    let open = |ca_file| MailConfig { tls: Encryption::Starttls, ca_file, ..config(server.port) };
    let strict = world.second_process(Some(open(None))).await;
    assert_eq!(MailWorker::new(strict.mail.clone()).settle().await.unwrap(), 1);
    let row = &world.mails().await[0];
    assert_eq!(row.state, MailState::Pending);
    assert!(row.answer.starts_with("STARTTLS: "), "{}", row.answer);
    // With the certificate the connection is trusted; then the server requires a password, over TLS.
    world.platform.clock.advance(MINUTE);
    let trusting = world.second_process(Some(open(Some(certificate)))).await;
    assert_eq!(MailWorker::new(trusting.mail.clone()).settle().await.unwrap(), 1);
    let row = &world.mails().await[0];
    assert!(row.answer.starts_with("MAIL: permanent error (530)"), "{}", row.answer);
    assert!(server.received().is_empty());
}
