//! HTTPS: the same responses inside TLS 1.2 and 1.3 and over HTTP/2, nothing in plain text, certificates that are renewed, and
//! errors that name the problem.

use crate::http::api::{Api, UNAUTHORIZED};
use crate::http::process::Process;
use crate::wire::Connection;
use crate::world::{Server, local};
use outpay::testing::http::ServeConfig;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

crate::world::on_both_engines! {
    the_same_answers_over_tls_1_2_and_1_3,
    no_answer_outside_of_tls,
    no_start_without_a_usable_certificate,
    browsers_come_back_over_tls_alone,
    the_same_answers_over_http_2,
    http_2_is_bounded,
    a_certificate_is_read_again,
}

async fn the_same_answers_over_tls_1_2_and_1_3(world: &Api) {
    let business = world.paying_business(100).await;
    let (certificate, key) = certificate(world.database.folder());
    let server = world.second_server_with(https(&certificate, &key)).await;
    for version in [&TLS12, &TLS13] {
        let mut connection = Connection::over(connect(&server, &certificate, version).await);
        let call = world.get("/balance").key(&business.key);
        let inside = call.send_on(&mut connection).await;
        assert_eq!(inside.comparable(), call.send().await.comparable());
        let unauthorized = world.get("/balance").send_on(&mut connection).await;
        assert_eq!(unauthorized.comparable(), world.get("/balance").send().await.comparable());
        world.create(&business.key, "user@example.com", 10).send_on(&mut connection).await.value(201);
    }
    world.has_balances(&business.key, 0, 80).await;
    server.stop().await.unwrap();
}

async fn browsers_come_back_over_tls_alone(world: &Api) {
    let (certificate, key) = certificate(world.database.folder());
    let server = world.second_server_with(https(&certificate, &key)).await;
    for request in [world.get("/balance").bytes(), world.get("/p").bytes(), b"nonsense\r\n\r\n".to_vec()] {
        let mut connection = Connection::over(connect(&server, &certificate, &TLS13).await);
        let answer = connection.exchange(&request, true).await;
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{answer:?}");
    }
    server.stop().await.unwrap();
}

async fn the_same_answers_over_http_2(world: &Api) {
    let business = world.paying_business(100).await;
    let (certificate, key) = certificate(world.database.folder());
    let server = world.second_server_with(https(&certificate, &key)).await;
    let mut client = http2(&server, &certificate).await;
    let bearer = format!("Bearer {}", business.key);
    let create = r#"{"email":"user@example.com","amount":10}"#;
    for (method, path, key, body) in [
        ("GET", "/balance", bearer.as_str(), ""),
        ("GET", "/balance", "", ""),
        ("GET", "/nothing", bearer.as_str(), ""),
        ("GET", "/openapi.json", "", ""),
        ("POST", "/payout/create", bearer.as_str(), create),
        ("POST", "/payout/create", bearer.as_str(), "{"),
    ] {
        let (head, text) = exchange(&mut client, method, path, key, body).await;
        let mut call = world.call(method, path).at(server.address);
        if !key.is_empty() {
            call = call.header("Authorization", key);
        }
        if !body.is_empty() {
            call = call.json(body);
        }
        let plain = call.send_on(&mut Connection::over(connect(&server, &certificate, &TLS13).await)).await;
        assert_eq!((head.status.as_u16(), text.as_str()), (plain.status, plain.text()), "{method} {path}");
        assert!(head.headers.contains_key("x-request-id"));
    }
    world.has_balances(&business.key, 0, 80).await;
    server.stop().await.unwrap();
}

async fn http_2_is_bounded(world: &Api) {
    let (certificate, key) = certificate(world.database.folder());
    let server = world.second_server_with(https(&certificate, &key)).await;

    let mut client = http2(&server, &certificate).await;
    let long = "a".repeat(100_000);
    let (head, _) = exchange(&mut client, "GET", "/balance", &long, "").await;
    assert_eq!(head.status, 431, "a list of headers");

    // A client that resets everything it asks for is let go.
    let mut client = http2(&server, &certificate).await;
    let mut resets = 0;
    while let Ok(ready) = client.ready().await {
        client = ready;
        let request = request("GET", "/openapi.json", "");
        let Ok((_, mut stream)) = client.send_request(request, true) else { break };
        stream.send_reset(h2::Reason::CANCEL);
        resets += 1;
        assert!(resets < 100_000, "the connection goes on");
    }
    assert_eq!(
        exchange(&mut http2(&server, &certificate).await, "GET", "/balance", "", "").await.0.status,
        401
    );
    server.stop().await.unwrap();
}

async fn a_certificate_is_read_again(world: &Api) {
    let folder = world.database.folder();
    let (certificate, key) = certificate(folder);
    let flags = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let process = Process::serve_with(&world.database, &flags);
    assert!(is_served_with(process.address, &certificate).await);
    for is_told in [true, false] {
        // Renewed in place, as ACME clients do.
        self::certificate(folder);
        if is_told {
            process.signal("-HUP");
        }
        let renewed = async { while !is_served_with(process.address, &certificate).await {} };
        tokio::time::timeout(Duration::from_secs(60), renewed).await.expect("the new certificate is used");
    }
    assert!(process.log().await.contains("the certificate was read again"));

    let without_tls = Process::serve(&world.database);
    without_tls.signal("-HUP");
    world.get("/balance").at(without_tls.address).send().await.is(401, UNAUTHORIZED);
    assert!(without_tls.log().await.contains("there is no certificate to read again"));
}

/// Does a client that trusts this certificate alone get through?
async fn is_served_with(address: SocketAddr, certificate: &Path) -> bool {
    let connector = TlsConnector::from(Arc::new(trusting(certificate, &TLS13, &[b"http/1.1"])));
    let stream = TcpStream::connect(address).await.unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.is_ok()
}

type Client = h2::client::SendRequest<bytes::Bytes>;

async fn http2(server: &Server, certificate: &Path) -> Client {
    let stream = connect_with(server, certificate, &TLS13, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client
}

fn request(method: &str, path: &str, key: &str) -> http::Request<()> {
    let request = http::Request::builder().method(method).uri(format!("https://localhost{path}"));
    let request = request.header("content-type", "application/json");
    if key.is_empty() { request } else { request.header("authorization", key) }.body(()).unwrap()
}

async fn exchange(
    client: &mut Client,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> (http::response::Parts, String) {
    let (answer, mut stream) = client.send_request(request(method, path, key), body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(body.to_owned().into(), true).unwrap();
    }
    let (head, mut body) = answer.await.unwrap().into_parts();
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        bytes.extend_from_slice(&piece);
    }
    (head, String::from_utf8(bytes).unwrap())
}

async fn no_answer_outside_of_tls(world: &Api) {
    let (certificate, key) = certificate(world.database.folder());
    let server = world.second_server_with(https(&certificate, &key)).await;
    let request = world.get("/healthz").bytes();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, &request).await.unwrap();
    let mut bytes = Vec::new();
    // A TLS alert or nothing, and then the end.
    drop(tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes).await);
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    let mut connection = Connection::over(connect(&server, &certificate, &TLS13).await);
    world.get("/healthz").send_on(&mut connection).await.value(200);
    server.stop().await.unwrap();
}

async fn no_start_without_a_usable_certificate(world: &Api) {
    let (certificate, key) = certificate(world.database.folder());
    let other = world.database.folder().join("other");
    std::fs::create_dir(&other).unwrap();
    let (_, other_key) = self::certificate(&other);
    let nothing = world.database.folder().join("nothing.pem");
    let empty = world.database.folder().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let readable = other.join("readable.pem");
    std::fs::copy(&key, &readable).unwrap();
    std::fs::set_permissions(&readable, PermissionsExt::from_mode(0o644)).unwrap();
    for (certificate, key, words) in [
        (&nothing, &key, "--tls-cert"),
        (&certificate, &nothing, "--tls-key"),
        (&certificate, &empty, "--tls-key"),
        (&certificate, &certificate, "--tls-key"),
        (&empty, &key, "--tls-cert"),
        (&key, &key, "--tls-cert"),
        (&certificate, &other_key, "do not fit each other"),
        (&certificate, &readable, "run: chmod 6"),
    ] {
        let refused =
            outpay::testing::http::bind(https(certificate, key), world.platform.clone(), axum::Router::new())
                .await;
        let Err(error) = refused else { panic!("{} and {}", certificate.display(), key.display()) };
        assert!(format!("{error:#}").contains(words), "{error:#}");
    }
}

fn https(certificate: &Path, key: &Path) -> ServeConfig {
    ServeConfig { tls: Some((certificate.to_owned(), key.to_owned())), ..local() }
}

/// A self-signed certificate for localhost and its key, as PEM files.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    (certificate, key)
}

async fn connect(
    server: &Server,
    certificate: &Path,
    version: &'static SupportedProtocolVersion,
) -> TlsStream<TcpStream> {
    let stream = connect_with(server, certificate, version, &[b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    stream
}

async fn connect_with(
    server: &Server,
    certificate: &Path,
    version: &'static SupportedProtocolVersion,
    protocols: &[&[u8]],
) -> TlsStream<TcpStream> {
    let connector = TlsConnector::from(Arc::new(trusting(certificate, version, protocols)));
    let stream = TcpStream::connect(server.address).await.unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

fn trusting(
    certificate: &Path,
    version: &'static SupportedProtocolVersion,
    protocols: &[&[u8]],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}
