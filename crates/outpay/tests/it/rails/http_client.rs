//! The rails' HTTP client: limits on time and size, and where it does not go.

use outpay::testing::rails::client::{ClientLimits, RailClient};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const LIMITS: ClientLimits =
    ClientLimits { connect: Duration::from_secs(1), total: Duration::from_millis(500), answer: 1000 };

/// Answers one request with these bytes, then keeps the connection open.
async fn answering(bytes: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        assert!(length > 0, "a request was expected");
        stream.write_all(bytes.as_bytes()).await.ok();
        std::future::pending::<()>().await;
    });
    url
}

fn ok(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn an_answer_has_a_largest_size() {
    let client = RailClient::new(LIMITS).unwrap();
    let url = answering(ok(1000, &"x".repeat(1000))).await;
    assert_eq!(client.post_json(&url, Vec::new()).await.unwrap().1.len(), 1000);
    let url = answering(ok(1001, &"x".repeat(1001))).await;
    let error = client.post_json(&url, Vec::new()).await.unwrap_err();
    assert!(format!("{error:#}").contains("more than 1000 bytes"), "{error:#}");
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_given_up() {
    let client = RailClient::new(LIMITS).unwrap();
    for bytes in [String::new(), ok(100, "x"), "HTTP/1.1 200 OK\r\n".to_owned()] {
        let url = answering(bytes).await;
        let error = client.post_json(&url, Vec::new()).await.unwrap_err();
        assert!(!format!("{error:#}").contains("127.0.0.1"), "{error:#}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let client = RailClient::new(LIMITS).unwrap();
    let target = answering(ok(1, "x")).await;
    let moved = format!("HTTP/1.1 307 x\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
    let (status, _) = client.post_json(&answering(moved).await, Vec::new()).await.unwrap();
    assert_eq!(status, 307);
}
