//! The guard in action: whatever a URL or a name says, nothing reaches an internal listener.
//! (src/webhooks/guard_tests.rs has the table of public addresses.)

use crate::receiver::{Answer, Receiver, ok};
use crate::webhooks::hooks::NOW;
use crate::world::OPEN;
use outpay::testing::clock::Clock;
use outpay::testing::webhooks::client::{KEPT_BODY, Lookup, WebhookClient, WebhookSent};
use outpay::testing::webhooks::guard::Guard;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Without TLS, so that only the address can be refused.
const PUBLIC_ONLY: Guard = Guard { allow_http: true, allow_private: false };

fn clock() -> Clock {
    Clock::manual(NOW)
}

async fn post(client: &WebhookClient, url: &str) -> WebhookSent {
    client.post(url, &[("signature", "s".to_owned())], b"{}".to_vec()).await
}

/// Gives these answers, one per look-up, repeating the last one; counts the look-ups.
fn resolver(answers: Vec<Vec<&'static str>>) -> (Lookup, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let questions = Arc::clone(&asked);
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let lookup: Lookup = Arc::new(move |_name| {
        *questions.lock() += 1;
        let mut left = answers.lock();
        let answer = if left.len() > 1 { left.pop_front() } else { left.front().cloned() };
        let addresses: Vec<IpAddr> =
            answer.unwrap_or_default().iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(addresses) })
    });
    (lookup, asked)
}

#[tokio::test]
async fn no_notation_of_this_machine_is_reached() {
    let inside = Receiver::open().await;
    let client = WebhookClient::new(PUBLIC_ONLY, clock());
    let port = inside.address.port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0x7F.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.1",
        "2130706433",
        "127.0.0.1.",
        "127.000.000.001",
        "127.0.0.2",
        "0.0.0.0",
        "0",
        "0x0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::FFFF:7F00:0001]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::1]",
        "[::ffff:0:127.0.0.1]",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "user@127.0.0.1",
        "user:p@localhost",
        "1.1.1.1@127.0.0.1",
    ];
    for host in hosts {
        let sent = post(&client, &format!("http://{host}:{port}/hook")).await;
        assert_eq!((sent.status, sent.error), (None, "address_refused"), "{host}");
    }
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn no_name_that_leads_inside_is_reached() {
    let inside = Receiver::open().await;
    let port = inside.address.port();
    for addresses in [
        vec!["127.0.0.1"],
        vec!["127.0.0.1", "10.0.0.1"],
        vec!["::1"],
        vec!["::1", "127.0.0.1"],
        vec!["::ffff:127.0.0.1"],
        vec!["::127.0.0.1"],
        vec!["0.0.0.0"],
        vec!["::"],
        vec!["64:ff9b::127.0.0.1"],
        vec!["64:ff9b:1::127.0.0.1"],
        vec!["2002:7f00:1::1"],
        vec!["2001:0:4136:e378:8000:63bf:80ff:fffe"],
        vec!["10.0.0.1"],
        vec!["100.64.0.1"],
        vec!["169.254.169.254"],
        vec!["172.16.0.1"],
        vec!["192.0.0.8"],
        vec!["192.168.0.1"],
        vec!["198.18.0.1"],
        vec!["224.0.0.1"],
        vec!["255.255.255.255"],
        vec!["fe80::1"],
        vec!["fd00::1"],
        vec!["ff02::1"],
    ] {
        let (lookup, asked) = resolver(vec![addresses.clone()]);
        let client = WebhookClient::with_lookup(PUBLIC_ONLY, clock(), lookup);
        let sent = post(&client, &format!("http://receiver.example:{port}/hook")).await;
        assert_eq!((sent.status, sent.error), (None, "address_refused"), "{addresses:?}");
        assert_eq!(*asked.lock(), 1);
    }
    assert!(inside.received().is_empty());
}

/// In 2000::/3 and unassigned: public, and never a real address.
const NOWHERE: &str = "2d00::1";

#[tokio::test]
async fn a_name_that_is_public_first_and_private_then_is_not_reached() {
    let inside = Receiver::open().await;
    let (lookup, asked) = resolver(vec![vec![NOWHERE], vec!["127.0.0.1"]]);
    let client = WebhookClient::with_lookup(PUBLIC_ONLY, clock(), lookup);
    let url = format!("http://rebinding.example:{}/hook", inside.address.port());
    // If there is a route to nowhere, do not wait for it to time out.
    let first = tokio::time::timeout(Duration::from_secs(2), post(&client, &url)).await;
    assert!(first.is_err() || first.is_ok_and(|sent| sent.error == "connect_failed"));
    let second = post(&client, &url).await;
    assert_eq!((second.status, second.error), (None, "address_refused"));
    assert_eq!(*asked.lock(), 2, "each attempt asks again");
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_tried() {
    let inside = Receiver::open().await;
    let (lookup, _) = resolver(vec![vec![NOWHERE, "127.0.0.1", "::1"]]);
    let client = WebhookClient::with_lookup(PUBLIC_ONLY, clock(), lookup);
    let url = format!("http://mixed.example:{}/hook", inside.address.port());
    let sent = tokio::time::timeout(Duration::from_secs(2), post(&client, &url)).await;
    assert!(sent.is_err() || sent.is_ok_and(|sent| sent.error == "connect_failed"));
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn what_is_let_through_is_reached() {
    let inside = Receiver::open().await;
    let (lookup, _) = resolver(vec![vec!["127.0.0.1"]]);
    let client = WebhookClient::with_lookup(OPEN, clock(), lookup);
    let sent = post(&client, &format!("http://receiver.example:{}/hook", inside.address.port())).await;
    assert_eq!((sent.status, sent.error, sent.body.as_slice()), (Some(200), "", b"ok".as_slice()));
    assert_eq!(inside.received().len(), 1, "so the tests above do not pass for another reason");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (receiver, inside) = (Receiver::open().await, Receiver::open().await);
    let client = WebhookClient::new(OPEN, clock());
    for status in [301, 302, 303, 307, 308] {
        let target = inside.url("/secrets");
        let answer = format!("HTTP/1.1 {status} -\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
        receiver.next("/hook", [Answer::Raw(answer)]);
        let sent = post(&client, &receiver.url("/hook")).await;
        assert_eq!(sent.status, Some(status));
        assert!(!sent.is_delivered());
    }
    assert!(inside.received().is_empty());
}

#[tokio::test]
async fn names_without_an_address_and_a_resolver_that_fails() {
    let (nothing, _) = resolver(vec![vec![]]);
    let failing: Lookup = Arc::new(|_name| Box::pin(async { Err(std::io::Error::other("no resolver")) }));
    for lookup in [nothing, failing] {
        let client = WebhookClient::with_lookup(PUBLIC_ONLY, clock(), lookup);
        assert_eq!(post(&client, "http://receiver.example/hook").await.error, "name_not_found");
    }
    let silent: Lookup = Arc::new(|_name| Box::pin(std::future::pending()));
    let client = WebhookClient::with_lookup(PUBLIC_ONLY, clock(), silent);
    assert_eq!(post(&client, "http://receiver.example/hook").await.error, "timeout");
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let receiver = Receiver::open().await;
    let client = WebhookClient::new(OPEN, clock());
    let long = "x".repeat(3 * KEPT_BODY);
    receiver.next("/hook", [Answer::Status(200, long.clone())]);
    let sent = post(&client, &receiver.url("/hook")).await;
    assert!(sent.is_delivered());
    assert_eq!(sent.body.len(), KEPT_BODY);
    // A body shorter than announced: the status decides.
    receiver.next("/hook", [Answer::Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc".to_owned())]);
    let sent = post(&client, &receiver.url("/hook")).await;
    assert_eq!((sent.status, sent.body.as_slice()), (Some(200), b"abc".as_slice()));
    // More headers than any real receiver sends.
    let headers: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    receiver.next("/hook", [Answer::Raw(format!("HTTP/1.1 200 OK\r\n{headers}\r\n"))]);
    assert_eq!(post(&client, &receiver.url("/hook")).await.status, None);
}

#[tokio::test]
async fn a_self_signed_certificate_is_not_trusted() {
    use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    });
    let client = WebhookClient::new(OPEN, clock());
    let sent = post(&client, &format!("https://localhost:{port}/hook")).await;
    assert_eq!((sent.status, sent.error), (None, "tls_failed"));
    assert!(!served.await.unwrap(), "no handshake, and so no request");
}

#[tokio::test]
async fn a_url_is_judged_again_at_every_attempt() {
    let receiver = Receiver::open().await;
    let strict = WebhookClient::new(Guard::default(), clock());
    for url in [receiver.url("/hook"), "https://127.0.0.1/hook".to_owned(), "nonsense".to_owned()] {
        assert_eq!(post(&strict, &url).await.error, "address_refused", "{url}");
    }
    receiver.next("/hook", [ok()]);
    assert!(receiver.received().is_empty());
}
