//! The client against a server that gives the answers it is told: which requests are sent, how often, under which key. Not here:
//! the real server (the product's own tests).

#![allow(clippy::unwrap_used, reason = "tests speak in unwraps")]
#![allow(clippy::disallowed_methods, reason = "a wait is measured")]

use outpay_client::schema::{CreateBody, NewKeyBody, RollKeyBody};
use outpay_client::{Bounds, Call, Error, Options, Outpay, OutpayRecipient, PageOptions, UserFilter};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "sk_test_secret";
const BUSY: &str = r#"{"error":"Busy; nothing was changed. Try again.","code":"busy"}"#;
const HASH: &str = r#"{"hash":"h"}"#;

#[derive(Clone, Debug)]
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// `None`: the connection is closed without an answer.
type Given = Option<(u16, &'static str, String)>;

struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn giving(answers: impl IntoIterator<Item = Given>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (asked, mut answers) = (Arc::default(), answers.into_iter().collect::<VecDeque<_>>());
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = answers.pop_front().expect("asked no more often than there are answers");
                converse(stream, answer, &log).await;
            }
        });
        Self { url, asked }
    }

    fn outpay(&self) -> Outpay {
        Outpay::with_options(KEY, &self.url, self.options()).unwrap()
    }

    fn options(&self) -> Options {
        Options {
            first_pause: Duration::from_millis(1),
            user_agent: Some("shop/2".to_owned()),
            ..Options::default()
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn keys(&self) -> Vec<Option<String>> {
        self.asked().iter().map(|asked| asked.headers.get("idempotency-key").cloned()).collect()
    }
}

async fn converse(mut stream: TcpStream, answer: Given, log: &Mutex<Vec<Asked>>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "a whole head");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "a whole body");
    }
    let body = String::from_utf8(bytes[end..].to_vec()).unwrap();
    log.lock().unwrap().push(Asked { line, headers, body });
    if let Some((status, headers, body)) = answer {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} -\r\nX-Request-Id: req_1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

fn answer(status: u16, body: impl Into<String>) -> Given {
    Some((status, "", body.into()))
}

fn busy() -> Given {
    answer(503, BUSY)
}

fn payout() -> CreateBody {
    CreateBody::new("user@example.com", 10_000)
}

#[tokio::test]
async fn a_post_is_sent_again_under_the_same_key_with_the_same_body() {
    let broken = answer(500, r#"{"error":"Internal server error"}"#);
    let server = Server::giving([None, busy(), broken, answer(201, HASH)]).await;
    assert_eq!(server.outpay().create_payout(&payout()).await.unwrap().hash, "h");
    let (asked, keys) = (server.asked(), server.keys());
    assert_eq!(asked.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0]) && keys[0].as_ref().unwrap().len() == 32, "{keys:?}");
    assert!(
        asked.iter().all(|one| one.body == r#"{"amount":10000,"email":"user@example.com"}"#),
        "{asked:?}"
    );
}

#[tokio::test]
async fn two_calls_have_two_keys_and_a_given_key_is_taken() {
    let server = Server::giving([answer(201, HASH), answer(201, HASH), answer(201, HASH)]).await;
    let outpay = server.outpay();
    outpay.create_payout(&payout()).await.unwrap();
    outpay.create_payout(&payout()).await.unwrap();
    outpay.create_payout(&payout()).idempotency_key("order 7").await.unwrap();
    let keys = server.keys();
    assert!(keys[0] != keys[1] && keys[2].as_deref() == Some("order 7"), "{keys:?}");
    for key in ["a\nb", "ü", "", &"x".repeat(256)] {
        let error = outpay.create_payout(&payout()).idempotency_key(key).await.unwrap_err();
        assert!(matches!(error, Error::Call(_)), "{error:?}");
    }
}

#[tokio::test]
async fn it_gives_up_after_the_retries_with_the_last_answer() {
    let server = Server::giving([busy(), busy(), busy(), busy()]).await;
    let error = server.outpay().get_balance().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!((error.status(), error.code(), error.request_id()), (Some(503), Some("busy"), Some("req_1")));
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_lost_connection_says_under_which_key_to_ask_again() {
    let server = Server::giving([None, None, None, None]).await;
    let error = server.outpay().create_payout(&payout()).idempotency_key("order-7").await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    assert_eq!(error.idempotency_key(), Some("order-7"));
}

#[tokio::test]
async fn retry_after_is_waited_for_up_to_a_limit() {
    let later = |header: &'static str| {
        Some((429, header, r#"{"error":"Too many requests","code":"rate_limited"}"#.to_owned()))
    };
    let server =
        Server::giving([later("Retry-After: 1\r\n"), answer(200, r#"{"balance":1,"payout_balance":2}"#)])
            .await;
    let started = Instant::now();
    assert_eq!(server.outpay().get_balance().await.unwrap().payout_balance, 2);
    assert!(started.elapsed() >= Duration::from_secs(1));
    let server = Server::giving([later("Retry-After: 3600\r\n")]).await;
    let error = server.outpay().get_balance().await.unwrap_err();
    let Error::RateLimited(said) = error else { panic!("{error:?}") };
    assert_eq!((said.retry_after, server.asked().len()), (Some(Duration::from_secs(3600)), 1));
}

async fn is_sent_once<T: serde::de::DeserializeOwned + std::fmt::Debug + 'static>(
    call: impl Fn(&Outpay) -> Call<T>,
) {
    let server = Server::giving([busy()]).await;
    let error = call(&server.outpay()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(server.keys(), [None]);
    let error = call(&server.outpay()).idempotency_key("1").await.unwrap_err();
    assert!(matches!(error, Error::Call("This call takes no idempotency key.")), "{error:?}");
}

#[tokio::test]
async fn what_has_no_key_is_sent_once() {
    is_sent_once(|outpay| outpay.create_api_key(&NewKeyBody::default())).await;
    is_sent_once(|outpay| outpay.roll_api_key("key_1", &RollKeyBody::default())).await;
    is_sent_once(|outpay| outpay.update_settings(&serde_json::json!({ "expiry_days": null }))).await;
    is_sent_once(|outpay| outpay.delete_webhook("whe_1")).await;
}

#[tokio::test]
async fn a_refusal_is_not_sent_again() {
    for status in [400, 401, 403, 404, 409, 422, 307] {
        let server = Server::giving([answer(status, r#"{"error":"No","code":"no"}"#)]).await;
        assert_eq!(server.outpay().create_payout(&payout()).await.unwrap_err().status(), Some(status));
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_try_that_takes_too_long_is_a_connection_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { timeout: Duration::from_millis(20), max_retries: 0, ..Options::default() };
    let error = Outpay::with_options(KEY, &url, options).unwrap().get_balance().await.unwrap_err();
    assert!(matches!(&error, Error::Connection { source, .. } if source.is_timeout()), "{error:?}");
}

#[tokio::test]
async fn a_request_names_its_credential_its_agent_and_its_id() {
    let server = Server::giving([answer(200, r#"{"balance":1,"payout_balance":2}"#)]).await;
    let answer = server.outpay().get_balance().request_id("mine").send().await.unwrap();
    assert_eq!(
        (answer.value.balance, answer.request_id.as_deref(), answer.is_replayed),
        (1, Some("req_1"), false)
    );
    let asked = &server.asked()[0];
    assert_eq!(asked.line, "GET /balance HTTP/1.1");
    assert_eq!(asked.headers["authorization"], "Bearer sk_test_secret");
    assert_eq!(asked.headers["x-request-id"], "mine");
    assert!(asked.headers["user-agent"].starts_with("shop/2 outpay-rust/"), "{asked:?}");
}

fn user(id: u32) -> String {
    format!(
        r#"{{"id":"usr_{id}","email":"a@example.com","status":"new word","balance":1,"pending":0,"created_at":"","expires_at":null}}"#
    )
}

#[tokio::test]
async fn lists_follow_their_cursors_to_the_end() {
    let first = format!(r#"{{"data":[{},{}],"has_more":true,"next_cursor":"c d"}}"#, user(1), user(2));
    let last = format!(r#"{{"data":[{}],"has_more":false,"next_cursor":null}}"#, user(3));
    let server = Server::giving([answer(200, first), answer(200, last)]).await;
    let filter = UserFilter {
        metadata: BTreeMap::from([("a&b".to_owned(), "x=y".to_owned())]),
        created: Bounds { gte: Some("2026-01-02T03:04:05Z".to_owned()), ..Bounds::default() },
        page: PageOptions { limit: Some(2), cursor: None },
        ..UserFilter::default()
    };
    let users = server.outpay().list_users(filter).all().await.unwrap();
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["usr_1", "usr_2", "usr_3"]);
    let filters =
        "GET /payout/users?metadata%5Ba%26b%5D=x%3Dy&created%5Bgte%5D=2026-01-02T03%3A04%3A05Z&limit=2";
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, [format!("{filters} HTTP/1.1"), format!("{filters}&cursor=c+d HTTP/1.1")]);
}

#[tokio::test]
async fn a_list_reads_no_more_than_it_needs_and_goes_in_no_circle() {
    let page = || answer(200, format!(r#"{{"data":[{}],"has_more":true,"next_cursor":"1"}}"#, user(1)));
    let server = Server::giving([page(), page()]).await;
    let mut users = server.outpay().list_users(UserFilter::default());
    assert!(users.next().await.unwrap().is_some());
    assert_eq!(server.asked().len(), 1);
    assert!(matches!(users.next().await, Err(Error::Call(_))));
}

#[tokio::test]
async fn events_go_on_by_their_cursor_alone() {
    let event = |sequence: u32| {
        format!(r#"{{"id":"evt_1","sequence":{sequence},"type":"new.type","created_at":"","data":{{}}}}"#)
    };
    let first = format!(r#"{{"data":[{}],"has_more":true,"next_cursor":"6"}}"#, event(6));
    let last = format!(r#"{{"data":[{}],"has_more":false,"next_cursor":null}}"#, event(7));
    let server = Server::giving([answer(200, first), answer(200, last)]).await;
    assert_eq!(server.outpay().list_events(5, PageOptions::default()).all().await.unwrap().len(), 2);
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, ["GET /payout/events?after=5 HTTP/1.1", "GET /payout/events?cursor=6 HTTP/1.1"]);
}

#[tokio::test]
async fn an_id_cannot_become_another_path() {
    let server = Server::giving([answer(404, r#"{"error":"Payout user not found"}"#)]).await;
    let error = server.outpay().get_user("../../balance?x=1#y").await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    assert_eq!(server.asked()[0].line, "GET /payout/users/..%2F..%2Fbalance%3Fx=1%23y HTTP/1.1");
    for id in ["", ".", ".."] {
        assert!(matches!(server.outpay().get_user(id).await, Err(Error::Call(_))));
    }
}

#[tokio::test]
async fn no_secret_is_printed() {
    let server = Server::giving([None, answer(401, r#"{"error":"Unauthorized"}"#)]).await;
    let options = Options { max_retries: 0, ..server.options() };
    let recipient = OutpayRecipient::with_options("gyrwhpig2gbf", &server.url, options).unwrap();
    let errors = [recipient.list_methods().await.unwrap_err(), recipient.list_methods().await.unwrap_err()];
    let refused = Outpay::new("sk_test_secret\n", &server.url).unwrap_err();
    let printed = format!("{recipient:?} {:?} {errors:?} {refused:?}", server.outpay());
    assert!(!printed.contains("gyrwhpig2gbf") && !printed.contains("secret"), "{printed}");
    for address in ["", "localhost", "mailto:a@example.com", "https://user:secret@example.com"] {
        assert!(matches!(Outpay::new(KEY, address), Err(Error::Call(_))), "{address}");
    }
}
