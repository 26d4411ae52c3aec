//! A receiver of webhooks on a free port of this machine: keeps every request to the byte, answers as it is told, path by
//! path.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Answer with this status and body.
    Status(u16, String),
    /// Answer with this status and these bytes in place of headers and body.
    Raw(String),
    /// Keep the sender waiting.
    Never,
    /// Close the connection.
    Close,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    script: Mutex<HashMap<String, VecDeque<Answer>>>,
    always: Mutex<HashMap<String, Answer>>,
    arrived: Notify,
}

pub fn ok() -> Answer {
    Answer::Status(200, "ok".to_owned())
}

pub fn status(status: u16) -> Answer {
    Answer::Status(status, format!("status {status}"))
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let serving = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What to answer on this path, in this order; then what [`Self::always`] says, or 200.
    pub fn next(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script.lock().entry(path.to_owned()).or_default().extend(answers);
    }

    pub fn always(&self, path: &str, answer: Answer) {
        self.shared.always.lock().insert(path.to_owned(), answer);
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().clone()
    }

    /// What came on this path.
    pub fn on(&self, path: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.path == path).collect()
    }

    /// Waits until this many requests came.
    pub async fn until(&self, count: usize) -> Vec<Received> {
        let wait = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                // A look now and then, should a notice have been between two looks.
                drop(tokio::time::timeout(Duration::from_millis(50), arrived).await);
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the requests come in time")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Received {
    /// A header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there once");
        value
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The event's name.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(stream, Arc::clone(&shared)));
    }
}

/// `None` where the sender goes away.
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let received = read(&mut stream, &mut bytes).await?;
        let path = received.path.clone();
        shared.received.lock().push(received);
        shared.arrived.notify_waiters();
        let scripted = shared.script.lock().get_mut(&path).and_then(VecDeque::pop_front);
        let answer = scripted.or_else(|| shared.always.lock().get(&path).cloned()).unwrap_or_else(ok);
        let text = match answer {
            Answer::Status(status, body) => {
                format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
            Answer::Raw(text) => text,
            Answer::Never => std::future::pending().await,
            Answer::Close => return None,
        };
        stream.write_all(text.as_bytes()).await.ok()?;
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        (stream.read_buf(bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + length {
        (stream.read_buf(bytes).await.ok()? > 0).then_some(())?;
    }
    let body = bytes[head_end..head_end + length].to_vec();
    bytes.drain(..head_end + length);
    Some(Received { method, path, headers, body })
}
