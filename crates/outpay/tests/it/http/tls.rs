//! HTTPS: the same responses inside TLS 1.2 and 1.3, nothing in plain text, and errors that name the problem.

use crate::http::api::Api;
use crate::wire::Connection;
use crate::world::{Server, local};
use outpay::testing::http::ServeConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

crate::world::on_both_engines! {
    the_same_answers_over_tls_1_2_and_1_3,
    no_answer_outside_of_tls,
    no_start_without_a_usable_certificate,
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
    for (certificate, key, words) in [
        (&nothing, &key, "--tls-cert"),
        (&certificate, &nothing, "--tls-key"),
        (&certificate, &empty, "--tls-key"),
        (&certificate, &certificate, "--tls-key"),
        (&empty, &key, "--tls-cert"),
        (&key, &key, "--tls-cert"),
        (&certificate, &other_key, "do not fit each other"),
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
    (certificate, key)
}

async fn connect(
    server: &Server,
    certificate: &Path,
    version: &'static SupportedProtocolVersion,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    stream
}
