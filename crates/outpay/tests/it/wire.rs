//! A raw HTTP/1.1 client: what is sent is under the test's control to the byte, what comes back is kept to the byte.
//! Invariant: whatever a test asks, every answer carries a request id and may not be cached where it must not, and its
//! status and body are what the OpenAPI document promises.

use crate::described;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes; a test that hangs must fail and say where.
const PATIENCE: Duration = Duration::from_secs(60);

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One request.
#[derive(Clone)]
pub struct Call {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

/// A connection, kept alive between requests.
pub struct Connection {
    stream: Box<dyn Stream>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    head: String,
}

impl Call {
    pub fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { address, method, target, headers: Vec::new(), body: None }
    }

    /// To another target of the same server.
    pub fn to(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// To another server.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With an API key.
    pub fn key(self, key: &str) -> Self {
        self.header("Authorization", format!("Bearer {key}"))
    }

    /// With a payout hash in the preferred place.
    pub fn hash(self, hash: &str) -> Self {
        self.header("X-Payout-Hash", hash)
    }

    pub fn once(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("Content-Type", "application/json").body(body)
    }

    /// A body of which nothing but its length is said.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if let Some(body) = &self.body {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// Sends it on a connection of its own.
    pub async fn send(&self) -> Answer {
        self.send_on(&mut Connection::open(self.address).await).await
    }

    pub async fn send_on(&self, connection: &mut Connection) -> Answer {
        let answer = connection.exchange(&self.bytes(), self.method != "HEAD").await;
        answer.keeps_the_promises_of_all(&self.method, &self.target);
        answer
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream) }
    }

    /// Sends bytes and waits for one answer, which may come before all was sent.
    pub async fn exchange(&mut self, request: &[u8], has_body: bool) -> Answer {
        self.try_exchange(request, has_body)
            .await
            .expect("the server answers before it closes the connection")
    }

    /// The same, where the server may be killed meanwhile: `None` without a whole answer.
    pub async fn try_exchange(&mut self, request: &[u8], has_body: bool) -> Option<Answer> {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let writing = async {
            // A server that has seen enough closes its side; its answer says why.
            drop(writer.write_all(request).await);
            drop(writer.flush().await);
            std::future::pending::<()>().await;
        };
        let exchange = async {
            tokio::select! {
                answer = read_answer(&mut reader, has_body) => answer,
                () = writing => None,
            }
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
    }

    /// Only sends.
    pub async fn write(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Only reads; `None` where the connection ends before a whole answer.
    pub async fn read(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, read_answer(&mut self.stream, true)).await.expect("an answer in time")
    }
}

async fn read_answer(reader: &mut (impl AsyncRead + Unpin), has_body: bool) -> Option<Answer> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        (reader.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let mut body = bytes.split_off(head_end);
    let head = String::from_utf8(bytes).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer = Answer { status, body: Vec::new(), head };
    assert_eq!(answer.header("transfer-encoding"), None, "answers are of known length");
    let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    while has_body && body.len() < length {
        (reader.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    assert!(!has_body || body.len() == length, "the body is as long as the head says");
    answer.body = body;
    Some(answer)
}

impl Answer {
    /// Asserts status and body, to the byte.
    #[track_caller]
    pub fn is(&self, status: u16, body: impl AsRef<str>) -> &Self {
        assert_eq!((self.status, self.text()), (status, body.as_ref()));
        self
    }

    /// The body.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("bodies are UTF-8")
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn value(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header that may be there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{name} is there once");
        value
    }

    /// Was it given before?
    pub fn is_replayed(&self) -> bool {
        let replayed = self.header("idempotent-replayed");
        assert!(matches!(replayed, None | Some("true")));
        replayed.is_some()
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "))
    }

    /// Head and body as they came, without the two lines that differ between any two answers.
    pub fn comparable(&self) -> String {
        let of_its_own = |line: &&str| {
            // The last one is sent over TLS alone.
            let names = ["date: ", "x-request-id: ", "strict-transport-security: "];
            !names.iter().any(|name| line.starts_with(name))
        };
        let head: Vec<&str> = self.head.split("\r\n").filter(of_its_own).collect();
        head.join("\r\n") + self.text()
    }

    /// Contract, section 0; and the OpenAPI document knows this answer.
    fn keeps_the_promises_of_all(&self, method: &str, target: &str) {
        let about = format!("{method} {target}: {}{}", self.head, self.text());
        let id = self.header("outpay-request-id").or_else(|| self.header("x-request-id")).unwrap_or_default();
        assert!(id.len() == 36 && id.starts_with("req_"), "{about}");
        // The documentation is the same for all callers and may be kept, if it is asked for again each time.
        let is_documentation = ["/docs", "/openapi.json", "/openapi-3.0.json"].contains(&target)
            && [200, 304].contains(&self.status);
        let caching = if is_documentation { "no-cache" } else { "no-store" };
        assert_eq!(self.header("cache-control"), Some(caching), "{about}");
        let is_page = target == "/docs" && self.status == 200;
        let media = if is_page { "text/html; charset=utf-8" } else { "application/json" };
        let media = (self.status != 304).then_some(media);
        assert_eq!(self.header("content-type"), media, "{about}");
        let path = target.split('?').next().unwrap_or_default();
        if let Some(operation) = described::operation(&method.to_lowercase(), path)
            && let Err(wrong) = described::check_answer(operation, self.status, &self.body)
        {
            panic!("not as the OpenAPI document says: {wrong}; {about}");
        }
    }
}
