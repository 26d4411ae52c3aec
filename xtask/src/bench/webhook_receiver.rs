//! A webhook receiver for the bench: a good one returns 200 at once, a bad one sometimes fails, stalls and dies.
//!
//! Not here: what was sent, and whether it was right. Invariant: every complete request is kept, with whether it was
//! answered with 200.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::clock;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const FAILED: &[u8] = b"HTTP/1.1 500 -\r\nContent-Length: 0\r\n\r\n";
/// How often a bad receiver dies, and for how long.
const DEATHS: usize = 3;
const DEAD: Duration = Duration::from_millis(300);
/// Of this many requests a bad receiver answers one with 500, closes the connection on one, and never answers one.
const FAILS: usize = 20;
const CLOSES: usize = 97;
const STALLS: usize = 9973;

#[derive(Clone, Copy)]
pub enum Manners {
    Good,
    /// With the number of deliveries to come, over which its deaths are spread.
    Bad {
        expected: usize,
    },
}

/// One complete request.
#[derive(Clone)]
pub struct Request {
    head: String,
    pub body: Vec<u8>,
    pub was_answered_with_200: bool,
}

pub struct Receiver {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    manners: Manners,
    count: AtomicUsize,
    kept: Mutex<Vec<Request>>,
    answered: Mutex<Vec<Instant>>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Receiver {
    pub async fn open(manners: Manners) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            manners,
            count: AtomicUsize::new(0),
            kept: Mutex::default(),
            answered: Mutex::default(),
        });
        let serving = tokio::spawn(live(listener, address, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    pub fn received(&self) -> Vec<Request> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// 200 responses per second, over the middle nine tenths of them: the rest waits for stalled ones.
    pub fn rate(&self) -> Option<f64> {
        let answered = self.shared.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, to) = (answered.len() / 20, answered.len() * 19 / 20);
        let time = *answered.get(to)? - *answered.get(from)?;
        Some((to - from) as f64 / time.as_secs_f64())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Runs, dies with all its connections, and restarts at the same address.
async fn live(mut listener: TcpListener, address: SocketAddr, shared: Arc<Shared>) {
    let mut deaths = 0;
    loop {
        let mut connections = JoinSet::new();
        let until = match shared.manners {
            Manners::Bad { expected } if deaths < DEATHS => expected * (deaths + 1) / (DEATHS + 1),
            _ => usize::MAX,
        };
        while shared.count.load(Ordering::Relaxed) < until {
            // A short timeout: the requests that decide arrive on connections that are open already.
            if let Ok(Ok((stream, _))) =
                tokio::time::timeout(Duration::from_millis(10), listener.accept()).await
            {
                connections.spawn(converse(stream, Arc::clone(&shared)));
            }
        }
        deaths += 1;
        drop((listener, connections));
        tokio::time::sleep(DEAD).await;
        listener = loop {
            match again(address) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
    }
}

fn again(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// `None` if the sender disconnects, or the receiver closes.
async fn converse(mut stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut bytes = Vec::with_capacity(2048);
    loop {
        let (head, body) = read(&mut stream, &mut bytes).await?;
        let number = shared.count.fetch_add(1, Ordering::Relaxed) + 1;
        let is_bad = matches!(shared.manners, Manners::Bad { .. });
        let keep = |was_answered_with_200| {
            if is_bad {
                let request = Request { head, body, was_answered_with_200 };
                shared.kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            }
        };
        if is_bad && number.is_multiple_of(STALLS) {
            keep(false);
            std::future::pending::<()>().await;
        } else if is_bad && number.is_multiple_of(CLOSES) {
            keep(false);
            return None;
        } else if is_bad && number.is_multiple_of(FAILS) {
            keep(false);
            stream.write_all(FAILED).await.ok()?;
        } else {
            keep(true);
            stream.write_all(OK).await.ok()?;
            shared.answered.lock().unwrap_or_else(PoisonError::into_inner).push(clock::now());
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        (stream.read_buf(bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let length = head
        .split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Some(0), |(_, value)| value.parse::<usize>().ok())?;
    while bytes.len() < head_end + length {
        (stream.read_buf(bytes).await.ok()? > 0).then_some(())?;
    }
    let body = bytes[head_end..head_end + length].to_vec();
    bytes.drain(..head_end + length);
    Some((head, body))
}
